"""Every page in a real browser: small and large, light and dark."""

import gzip
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from pipeline import claims
from pipeline.ledger import Ledger
from tests.site.conftest import LAPTOP, PHONE, ROOT
from tools.policy import policy
from tools.stills import served

# Each page is loaded twice; what moves while it loads is so seen at both sizes.
LOADED_AT = {"light": PHONE, "dark": LAPTOP}
WATCH = """
    window.shifts = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shifts += entry.value; }))
        .observe({type: "layout-shift", buffered: true});
"""
# Contrast is what takes axe long. Of the pieces of code, cells and symbols that look the same it looks at one on a page.
ONE_OF_EACH = """
    const seen = new Set();
    for (const piece of document.querySelectorAll(".highlight span, td, math *")) {
        const style = getComputedStyle(piece);
        let ground = piece;
        while (ground && getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
        const look = [style.color, ground && getComputedStyle(ground).backgroundColor, style.fontSize, style.fontWeight].join();
        const judged = piece.textContent.trim().length > 1; // axe does not judge a single character
        if (seen.has(look) || !judged) piece.dataset.seen = ""; else seen.add(look);
    }
"""
# What of the setting of text and formulas went wrong where, one sentence each.
ILL_SET = r"""() => {
    const found = [];
    const laid = (piece) => [...piece.getClientRects()].filter((box) => box.width > 0);
    const range = document.createRange();
    for (const formula of document.querySelectorAll("math:not([display=block])")) {
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        texts.currentNode = formula;
        let next = texts.nextNode();
        while (formula.contains(next)) next = texts.nextNode();
        if (!next || !/^[%.,;:!?)\]”]/.test(next.data)) continue;
        range.setStart(next, 0);
        range.setEnd(next, 1);
        const [sign] = laid(range);
        if (sign && sign.left < formula.getBoundingClientRect().right - 1)
            found.push(`“${next.data[0]}” stands on another line than its formula ${formula.textContent}`);
    }
    for (const link of document.querySelectorAll(".headerlink")) {
        range.selectNodeContents(link.parentElement);
        range.setEndBefore(link);
        const [end, sign] = [laid(range).at(-1), laid(link).at(-1)];
        if (end && sign && sign.left < end.right - 1) found.push(`“${link.parentElement.textContent}” wraps before its #`);
    }
    for (const mark of document.querySelectorAll(".pt-claim"))
        for (const {width, height} of laid(mark))
            if (Math.min(width, height) < 24) found.push(`the mark ${mark.href} is ${width} × ${height} pixels, less than 24`);
    for (const box of document.querySelectorAll("div.pt-maths, .pt-table, .pt-output")) {
        const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
        if (box.hasAttribute("tabindex") !== scrolls)
            found.push(`${box.textContent} is ${scrolls ? "no tab stop but scrolls" : "a tab stop but does not scroll"}`);
    }
    for (const bracket of document.querySelectorAll("mo[minsize]")) {
        const size = parseFloat(getComputedStyle(bracket).fontSize) * parseFloat(bracket.getAttribute("minsize"));
        if (laid(bracket).some(({height}) => height < 0.9 * size))
            found.push(`a bracket is smaller than \\big makes it in ${bracket.closest("math").textContent}`);
    }
    return found;
}"""


def _pages():
    """The addresses of all pages: those of docs/, of the examples and of the ledger, and the one for an address that is not there."""
    pages = []
    for path in sorted((ROOT / "docs").rglob("*.md")):
        name = path.relative_to(ROOT / "docs").with_suffix("").as_posix()
        pages.append("" if name == "index" else f"{name}/")
    pages += [f"examples/{path.stem}/" for path in sorted((ROOT / "examples").glob("*.py"))]
    pages += [claims.address(page).replace(".md", "/") for page in Ledger(ROOT).pages]
    return [*pages, "404.html"]


def test_the_list_of_pages_is_that_of_the_site(site_dir):
    built = {path.relative_to(site_dir).as_posix() for path in site_dir.rglob("*.html")}
    moved = {name for name in built if 'http-equiv="refresh"' in (site_dir / name).read_text(encoding="utf-8")}
    assert {f"{page}index.html" if not page.endswith(".html") else page for page in _pages()} == built - moved


@pytest.fixture(scope="module")
def contexts(browser):
    """One browser context for each scheme, shared by the pages."""
    made = {scheme: browser.new_context(viewport=size, color_scheme=scheme) for scheme, size in LOADED_AT.items()}
    yield made
    for context in made.values():
        context.close()


@pytest.mark.parametrize("scheme", LOADED_AT)
@pytest.mark.parametrize("address", _pages(), ids=lambda address: address or "home")
def test_page(contexts, site_url, address, scheme):
    examine(contexts[scheme], site_url + address, scheme)


def examine(context, url, scheme):
    """Load a page in a context of the `scheme` and assert all that is promised of every page."""
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(WATCH)
    try:
        page.goto(url)
        page.wait_for_function("!window.__md_scope || window.document$")  # the script of the theme has run, if there is one
        # Lazy figures load as they come near: ask for all of them, then wait for those that this scheme shows.
        page.evaluate("for (const image of document.images) image.loading = 'eager'")
        page.wait_for_function("[...document.images].every((image) => image.complete)")
        host = re.match(r"https?://[^/]+/", url)[0]
        elsewhere = [request for request in asked if not request.startswith((host, "data:", "blob:"))]
        assert not elsewhere, f"the page asks another host: {', '.join(elsewhere)}"
        assert page.evaluate("window.shifts") < 0.01, "something moved while the page was loading"
        _figures_of_the_scheme(page, scheme)
        # What is folded away has to fit and to be accessible too.
        page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
        for size in (PHONE, LAPTOP):
            page.set_viewport_size(size)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= size["width"], f"at {size['width']} pixels the page is {width} wide and scrolls sideways"
            page.evaluate(
                "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
            )  # what follows a new size is done
            ill_set = page.evaluate(ILL_SET)
            assert not ill_set, f"at {size['width']} pixels " + "; ".join(ill_set)
            if size is LAPTOP or scheme == "light":  # on a phone the colours are those of the laptop
                _accessible(page, contrast=size is LAPTOP)
        assert not said, f"the console says: {'; '.join(said)}"
    finally:
        page.close()


def _accessible(page, contrast):
    if contrast:
        page.evaluate(ONE_OF_EACH)
        page.add_style_tag(content="* { background-image: none !important; }")  # axe does not judge text on a shade
    options = {"resultTypes": ["violations"], "preload": False, "rules": {"color-contrast": {"enabled": contrast}}}
    found = Axe().run(page, context={"include": [["html"]], "exclude": [["[data-seen]"]]}, options=options)
    violations = [f"{rule['id']} ({rule['help']}): {node['html']}" for rule in found.response["violations"] for node in rule["nodes"]]
    assert not violations, "axe-core: " + "; ".join(violations)


def _figures_of_the_scheme(page, scheme):
    images = page.evaluate("""[...document.images].map((image) => ({
        source: image.src.split("/").pop(), alt: image.getAttribute("alt"), loaded: image.naturalWidth > 0,
        shown: getComputedStyle(image).display !== "none",
        scheme: image.classList.contains("pt-light") ? "light" : image.classList.contains("pt-dark") ? "dark" : ""}))""")
    for image in images:
        assert image["loaded"], f"{image['source']} did not load"
        if image["scheme"]:
            assert image["shown"] == (image["scheme"] == scheme), f"{image['source']} in the {scheme} scheme"
            assert image["alt"].strip(), f"{image['source']} has no alt text"


DEFECTS = {
    "<script>console.error('broken')</script>": "the console says: broken",
    "<script>absent()</script>": "absent is not defined",
    '<img src="absent.svg" alt="a">': "absent.svg did not load",
    '<img src="http://127.0.0.2:9/there.svg" alt="a">': "asks another host: http://127.0.0.2:9/there.svg",
    '<img src="pixel.svg" class="pt-dark" alt="a">': "pixel.svg in the light scheme",
    '<img src="pixel.svg" class="pt-light" alt="">': "pixel.svg has no alt text",
    '<div style="width: 400px">a</div>': "at 390 pixels the page is 40[0-9] wide",
    '<details><summary>a</summary><pre style="width: 400px">a</pre></details>': "at 390 pixels the page is 40[0-9] wide",
    '<div class="highlight"><span>words</span> <span style="color: #bbb">words</span></div>': "color-contrast",
    '<div class="highlight"><span style="color: #bbb">(</span> <span style="color: #bbb">words</span></div>': "color-contrast",
    "<table><tr><td>words<td style='background: #666'>words</table>": "color-contrast",
    "<p style='color: #bbb'>words": "color-contrast",
    '<button class="md-icon"></button>': "button-name",
    '<p style="width: 2em"><math><mi>wwwwwww</mi></math>,': "“,” stands on another line than its formula wwwwwww",
    '<h2 style="width: 1em">words <a class="headerlink" href="#">#</a></h2>': "“words #” wraps before its #",
    '<p>words<a class="pt-claim" href="#a">✓</a>': "the mark .*#a is .* pixels, less than 24",
    '<div class="pt-maths" tabindex="0">words</div>': "words is a tab stop but does not scroll",
    '<div class="pt-maths" style="width: 2em; overflow: auto">words</div>': "words is no tab stop but scrolls",
    '<math><msup><mo minsize="3em">)</mo><mn>2</mn></msup></math>': r"a bracket is smaller than \\big makes it in \)2",
}


def _examine_made(contexts, folder, body):
    whole = f'<!doctype html><html lang="en"><title>a</title><body style="background: #fff"><main><h1>a</h1>{body}</main>'
    (folder / "index.html").write_text(whole)
    (folder / "pixel.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>')
    (folder / "favicon.ico").touch()
    with served(folder) as url:
        examine(contexts["light"], url, "light")


def test_a_page_without_defect_passes(contexts, tmp_path):
    _examine_made(contexts, tmp_path, '<img src="pixel.svg" class="pt-light" alt="a"><p>words')


@pytest.mark.parametrize(("defect", "said"), DEFECTS.items(), ids=DEFECTS.values())
def test_a_defect_of_a_page_is_found(contexts, tmp_path, defect, said):
    with pytest.raises(AssertionError, match=said):
        _examine_made(contexts, tmp_path, defect)


def test_pages_can_be_read_without_scripts(browser, site_url):
    """Formulas, figures and text are in the HTML as delivered."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site_url}learn/quickstart/")
    assert page.locator("math").first.is_visible()
    assert page.locator(".pt-row img.pt-light").first.is_visible()
    assert "$" not in re.sub(r"<(code|pre|annotation).*?</\1>", "", page.locator("article").inner_html(), flags=re.DOTALL)
    context.close()


@pytest.mark.parametrize("stem", [path.stem for path in sorted((ROOT / "docs" / "learn").glob("*.md"))])
def test_a_chapter_weighs_less_than_150_kb(browser, site_url, stem):
    """All that a phone asks for before the reader scrolls, text compressed as a static host does."""
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    answers = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(f"{site_url}learn/{stem}/", wait_until="networkidle")
    sizes = {answer.url: len(gzip.compress(answer.body(), 6)) for answer in answers if answer.ok}
    context.close()
    assert len(sizes) > 4
    assert sum(sizes.values()) < 150_000, sorted(sizes.items(), key=lambda item: -item[1])


def test_pages_work_from_the_disk(browser, site_dir):
    context = browser.new_context()
    page = context.new_page()
    failed = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto((Path(site_dir) / "learn" / "quickstart" / "index.html").as_uri())
    page.evaluate("document.fonts.ready")
    fonts = page.evaluate("[...document.fonts].filter((font) => font.status === 'loaded').map((font) => font.family.replaceAll('\"', ''))")
    assert "Penalty Sans" in fonts
    assert page.evaluate("getComputedStyle(document.body).getPropertyValue('--pt-ink').trim()") != ""
    # Modules and workers need a server, and so does loading a font ahead; the style sheet loads it all the same.
    assert [url for url in failed if not url.endswith((".js", ".json", ".woff2"))] == []
    context.close()


def test_the_reader_can_choose_the_scheme_and_it_stays(browser, site_url):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page = context.new_page()
    page.goto(f"{site_url}learn/quickstart/")
    assert page.locator("body").get_attribute("data-md-color-scheme") == "default"
    page.get_by_title("Dark colours").click()
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    page.goto(site_url)
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    context.close()


def test_search_finds_a_word_of_a_page_and_of_an_example(browser, site_url):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site_url, wait_until="networkidle")
    box = page.get_by_role("textbox", name="Search")
    assert not any("search" in url for url in asked)  # the words of the whole site are loaded for those who search
    box.click()
    box.press_sequentially("confusion matrix")
    for address in ("learn/quickstart/", "examples/quickstart/"):
        page.locator(f".md-search-result__link[href*='{address}']").first.wait_for(state="attached")
    context.close()


def test_the_script_of_the_theme_is_asked_for_after_the_first_paint(browser, site_url):
    """Nothing is painted before the style sheet has come; here it comes late."""
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))

    def late(route):
        page.wait_for_timeout(500)
        asked.append("painted")
        route.continue_()

    page.route("**/site.*.css", late)
    page.goto(f"{site_url}learn/quickstart/", wait_until="networkidle")
    (bundle,) = [name for name in asked if name.startswith("bundle.")]
    assert asked.index("painted") < asked.index(bundle)
    context.close()


def test_code_can_be_copied_on_chapters_and_examples(browser, site_url):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    for address in ("learn/quickstart/", "examples/quickstart/"):
        page.goto(site_url + address)
        fences = page.locator(".highlight pre > code").count()
        assert fences > 0
        expect(page.locator(".md-code__button")).to_have_count(fences)
        for size in (PHONE, LAPTOP):
            page.set_viewport_size(size)
            button, code = (page.locator(f".highlight {name}").first for name in (".md-code__button", "pre > code"))
            assert min(button.bounding_box()[side] for side in ("width", "height")) >= 24
            assert button.bounding_box()["x"] >= code.bounding_box()["x"] + code.bounding_box()["width"], "the button hides code"
        # Three to one is asked of a sign; the colour of lesser text, which test_look.py holds to more, gives it.
        page.mouse.move(0, 0)
        seen, wanted = button.evaluate("""(button) => {
            const ink = document.body.appendChild(document.createElement("i"));
            ink.style.color = "var(--pt-ink-soft)";
            return [getComputedStyle(button).color, getComputedStyle(ink).color];
        }""")
        assert seen == wanted
    context.close()


def test_an_example_page_has_the_headings_of_its_script(browser, site_url):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{site_url}examples/quickstart/")
    headings = [text.removesuffix("#").strip() for text in page.locator("article :is(h2, h3)").all_inner_texts()]
    listed = page.locator(".md-sidebar--secondary .md-nav__link").all_inner_texts()
    assert headings and [text.strip() for text in listed] == headings
    context.close()


def test_the_first_screen_of_a_laptop_says_what_this_is_and_where_to_begin(browser, site_url):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.goto(site_url, wait_until="networkidle")
    start = page.get_by_role("link", name="Start")
    there = [page.locator("h1"), start, page.get_by_role("link", name="All chapters"), page.locator(".pt-slider input")]
    there += [page.locator(f".md-tabs a:has-text('{name}')") for name in ("Learn", "Examples", "Reference", "Ledger")]
    for piece in there:
        box = piece.bounding_box()
        assert box and box["y"] + box["height"] <= 720, f"{piece} is below the first screen"
    ground = page.evaluate("[...document.querySelectorAll('article a')].map((link) => getComputedStyle(link).backgroundColor)")
    assert sum(colour != "rgba(0, 0, 0, 0)" for colour in ground) == 1  # one call to action
    columns = page.evaluate("new Set([...document.querySelectorAll('.pt-chapters li')].map((card) => card.offsetLeft)).size")
    assert columns == 3
    page.locator(".pt-chapters li").nth(5).click(position={"x": 5, "y": 5})  # the whole card leads there
    expect(page.locator("h1")).to_contain_text("L2 regularization")
    context.close()


@pytest.mark.parametrize(("address", "current"), {"learn/l2/": ["Learn", "L2"], "examples/l2/": ["Examples", "L2: the script"]}.items())
def test_the_current_page_is_marked_by_more_than_colour(browser, site_url, address, current):
    context = browser.new_context(viewport=LAPTOP)
    page = context.new_page()
    page.goto(site_url + address)
    marked = page.locator("[aria-current]:visible")
    assert [text.strip() for text in marked.all_inner_texts()] == current
    weight = "(link) => Number(getComputedStyle(link).fontWeight)"
    for link in marked.all():
        other = link.locator("xpath=ancestor::ul[1]/li/a[not(@aria-current)]").first
        assert link.evaluate(weight) > other.evaluate(weight), f"{link.inner_text()} is no bolder than its neighbours"
    page.set_viewport_size(PHONE)
    page.locator(".md-header label[for='__drawer']").click()
    expect(marked).to_have_text(current[1:])
    assert marked.evaluate(weight) > 600, f"{current[1]} is not bold in the menu of a phone"
    context.close()


def test_an_address_that_is_not_there_offers_the_search_and_three_links(browser, site_url):
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    page.goto(f"{site_url}404.html")
    assert page.locator("article li a").count() == 3
    page.get_by_role("searchbox").fill("lasso")
    page.keyboard.press("Enter")
    expect(page.locator(".md-search-result__link").first).to_be_visible()
    assert page.get_by_role("textbox", name="Search").input_value() == "lasso"
    context.close()


def test_the_site_works_under_a_strict_policy(browser, site_dir, site_url):
    """No browser blocks anything under the header that `python -m tools.policy` prints for those who host the site."""
    strict = policy(site_dir)
    assert "script-src 'self' 'sha256-" in strict and not re.search(r"script-src [^;]*unsafe|default-src (?!'none')", strict)
    blocked = []
    context = browser.new_context()
    context.expose_function("blocked", lambda *what: blocked.append(what))
    context.add_init_script("document.addEventListener('securitypolicyviolation', (e) => blocked(e.effectiveDirective, e.blockedURI))")

    def with_policy(route):
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": strict})

    context.route("**/*", with_policy)
    page = context.new_page()
    for address in ("", "learn/l2/", "learn/quickstart/", "examples/l2/", "ledger/", "404.html"):
        page.goto(site_url + address, wait_until="networkidle")
        page.evaluate("for (const image of document.images) image.loading = 'eager'")
        page.get_by_role("textbox", name="Search").press_sequentially("lasso")
        expect(page.locator(".md-search-result__link").first).to_be_visible()
    page.goto(f"{site_url}404.html")
    page.get_by_role("searchbox").focus()
    page.keyboard.press("Enter")
    expect(page, "the policy blocks the search of 404.html").to_have_url(f"{site_url}?q=")
    intrude = "document.body.append(Object.assign(document.createElement('script'), {text: '1'}))"
    page.evaluate(f"new Promise((done) => {{ addEventListener('securitypolicyviolation', () => done()); {intrude} }})")
    context.unroute_all(behavior="ignoreErrors")  # what the last page still loads is nobody's error
    context.close()
    assert blocked == [("script-src-elem", "inline")], blocked  # the intruder, and nothing else
