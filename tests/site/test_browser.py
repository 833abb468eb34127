"""Every page in a real browser: small and large, light and dark."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.site.conftest import ROOT

SIZES = {"phone": (390, 844), "laptop": (1280, 900)}


def _pages():
    """The addresses of all pages: those of docs/, of the examples, and the one for an address that is not there."""
    pages = []
    for path in sorted((ROOT / "docs").rglob("*.md")):
        name = path.relative_to(ROOT / "docs").with_suffix("").as_posix()
        pages.append("" if name == "index" else f"{name}/")
    pages += [f"examples/{path.stem}/" for path in sorted((ROOT / "examples").glob("*.py"))]
    return [*pages, "404.html"]


def test_the_list_of_pages_is_that_of_the_site(site_dir):
    built = {path.relative_to(site_dir).as_posix() for path in site_dir.rglob("*.html")}
    assert {f"{page}index.html" if not page.endswith(".html") else page for page in _pages()} == built


@pytest.fixture(scope="module")
def contexts(browser):
    """One browser context for each size and scheme, shared by the pages."""
    made = {
        (size, scheme): browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        for size, (width, height) in SIZES.items()
        for scheme in ("light", "dark")
    }
    yield made
    for context in made.values():
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("address", _pages())
def test_page(contexts, site_url, address, size, scheme):
    page = contexts[size, scheme].new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script("""
        window.shifts = 0;
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shifts += entry.value; }))
            .observe({type: "layout-shift", buffered: true});
    """)
    page.goto(site_url + address)
    # Lazy figures load as they come near: ask for all of them, then wait for those that this scheme shows.
    page.evaluate("for (const image of document.images) image.loading = 'eager'")
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    try:
        assert said == []
        host = re.match(r"https?://[^/]+/", site_url)[0]
        assert [url for url in asked if not url.startswith((host, "data:", "blob:"))] == []
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= SIZES[size][0], f"the page is {width} pixels wide and scrolls sideways"
        assert page.evaluate("window.shifts") < 0.01, "something moved while the page was loading"
        _figures_of_the_scheme(page, scheme)
        # What is folded away has to be accessible too.
        page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    finally:
        page.close()


def _figures_of_the_scheme(page, scheme):
    figures = page.evaluate("""[...document.querySelectorAll(".pt-row img")].map((image) => ({
        scheme: image.className.replace("pt-", ""), drawn: image.naturalWidth > 0 && image.getClientRects().length > 0,
        shown: getComputedStyle(image).display !== "none", alt: image.alt.trim()}))""")
    for figure in figures:
        assert figure["shown"] == (figure["scheme"] == scheme)
        assert figure["drawn"] or not figure["shown"]
        assert figure["alt"]


def test_pages_can_be_read_without_scripts(browser, site_url):
    """Formulas, figures and text are in the HTML as delivered."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site_url}learn/quickstart/")
    assert page.locator("math").first.is_visible()
    assert page.locator(".pt-row img.pt-light").first.is_visible()
    assert "$" not in re.sub(r"<(code|pre|annotation).*?</\1>", "", page.locator("article").inner_html(), flags=re.DOTALL)
    context.close()


def test_pages_work_from_the_disk(browser, site_dir):
    context = browser.new_context()
    page = context.new_page()
    failed = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto((Path(site_dir) / "learn" / "quickstart" / "index.html").as_uri())
    assert page.evaluate("document.fonts.check('16px \"Penalty Sans\"')")
    assert page.evaluate("getComputedStyle(document.body).getPropertyValue('--pt-ink').trim()") != ""
    assert [url for url in failed if not url.endswith((".js", ".json"))] == []  # modules and workers need a server
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
    page.goto(site_url)
    page.get_by_role("textbox", name="Search").fill("confusion matrix")
    results = page.locator(".md-search-result__link")
    results.first.wait_for()
    addresses = [results.nth(number).get_attribute("href") for number in range(results.count())]
    assert any("learn/quickstart/" in address for address in addresses)
    assert any("examples/quickstart/" in address for address in addresses)
    context.close()


def test_code_can_be_copied_on_chapters_and_examples(browser, site_url):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    for address in ("learn/quickstart/", "examples/quickstart/"):
        page.goto(site_url + address)
        fences = page.locator(".highlight pre > code").count()
        page.locator(".md-code__button").first.wait_for(state="attached")
        assert fences > 0 and page.locator(".md-code__button").count() == fences
    context.close()


def test_an_example_page_has_the_headings_of_its_script(browser, site_url):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{site_url}examples/quickstart/")
    headings = [text.removesuffix("#").strip() for text in page.locator("article :is(h2, h3)").all_inner_texts()]
    listed = page.locator("[data-md-component=toc] .md-nav__link").all_inner_texts()
    assert headings and [text.strip() for text in listed] == headings
    context.close()
