// Make the page that shows the site the whole course. Each page of the site becomes a section: its ids get the section's name in front,
// links between the pages stay in the document, all others lead to the published site. Answers are collected at the end.
async ({site, pages, site_name, site_description, site_url, copyright}) => {
    const made = (tag, className, content = "") => Object.assign(document.createElement(tag), {className, innerHTML: content});
    const named = (page) => page.split("/").at(-2);
    const known = new Map(pages.map((page) => [new URL(page, site).href, named(page)]));
    const texts = await Promise.all(pages.map((page) => fetch(new URL(page, site)).then((answer) => answer.text())));
    const answers = made("section", "pt-part", "<h1 id='answers'>Answers to the exercises</h1>");
    const sections = pages.map((page, place) => {
        const read = new DOMParser().parseFromString(texts[place], "text/html");
        const section = made("section", "pt-part", read.querySelector("article").innerHTML);
        const own = named(page);
        for (const dark of section.querySelectorAll(".pt-dark, .headerlink, .pt-data")) dark.remove();
        for (const piece of section.querySelectorAll("[id]")) piece.id = `${own}:${piece.id}`;
        section.id = own;
        for (const image of section.querySelectorAll("img")) {
            image.src = new URL(image.getAttribute("src"), new URL(page, site));
            image.loading = "eager";
        }
        for (const link of section.querySelectorAll("a[href]")) {
            const target = new URL(link.getAttribute("href"), new URL(page, site));
            const [whole, hash] = target.href.split("#");
            if (known.has(whole)) link.href = "#" + known.get(whole) + (hash ? ":" + decodeURIComponent(hash) : "");
            else link.href = target.href.replace(site, site_url);
        }
        for (const details of section.querySelectorAll("details")) details.open = true;
        const solved = [...section.querySelectorAll(".pt-answer")];
        if (solved.length) {
            answers.append(made("h2", "", section.querySelector("h1").innerHTML));
            answers.lastChild.id = `answers:${own}`;
        }
        solved.forEach((details, number) => {
            const id = `${own}:answer-${number + 1}`;
            const there = `<a class="pt-page" href="#${id}">${details.querySelector("summary").innerHTML}</a>`;
            details.replaceWith(made("p", "pt-answered", there));
            details.id = id;
            answers.append(details);
        });
        return section;
    });
    sections.push(answers);
    const contents = made("ul", "");
    for (const section of sections) {
        const lines = made("ul", "");
        for (const heading of section.querySelectorAll("h1, h2")) {
            const line = made("li", "", `<a class="pt-page" href="#${heading.id}"><span>${heading.innerHTML}</span></a>`);
            if (heading.tagName === "H1") { contents.append(line); line.append(lines); } else lines.append(line);
        }
    }
    const list = made("nav", "pt-part pt-contents", "<h1>Contents</h1>");
    list.append(contents);
    const lines = [`<strong>${site_name}</strong>`, site_description, `<a href="${site_url}">${site_url}</a>`, copyright];
    const title = made("section", "pt-title", lines.map((line) => `<p>${line}</p>`).join(""));
    const article = made("article", "md-content__inner md-typeset");
    article.append(title, list, ...sections);
    const content = made("main", "md-content");
    content.append(article);
    document.body.replaceChildren(content);
    document.title = site_name;
    await Promise.all([...document.images].map((image) => image.decode()));
    await document.fonts.ready;
}
