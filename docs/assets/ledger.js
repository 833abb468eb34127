/** The filter of the ledger: it leaves the claims that hold, in their sentence or the name of their test, every word in the box. */
{
  const box = document.querySelector(".pt-filter input");
  const said = document.querySelector(".pt-filter output");
  const chapters = [...document.querySelectorAll(".pt-chapter")].map((chapter) => ({
    chapter,
    claims: [...chapter.querySelectorAll("li")].map((line) => ({
      line,
      text: `${line.textContent} ${line.querySelector("a").hash}`.toLowerCase(),
    })),
  }));

  const filter = () => {
    const words = box.value.toLowerCase().split(" ").filter(Boolean);
    let all = 0;
    let found = 0;
    for (const { chapter, claims } of chapters) {
      for (const { line, text } of claims) line.hidden = !words.every((word) => text.includes(word));
      const here = claims.filter(({ line }) => !line.hidden).length;
      chapter.hidden = here === 0;
      chapter.open = words.length > 0 && here > 0;
      all += claims.length;
      found += here;
    }
    said.textContent = words.length > 0 ? `${found} of ${all} claims match` : "";
  };

  box.addEventListener("input", filter);
  if (box.value) filter(); // the browser has kept what was typed before
}
