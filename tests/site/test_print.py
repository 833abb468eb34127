"""A page on paper, and the course as one PDF."""

import re

import pytest
from pypdf import PdfReader

from pipeline.chapters import chapters
from tests.site.conftest import LAPTOP
from tests.site.test_browser import _pages
from tools import pdf

A4 = {"width": 657, "height": 900}  # 174 millimetres between the margins, in CSS pixels
# What stands beyond the right edge, or would have to be scrolled.
CUT = """[...document.querySelectorAll(".md-content *")].filter((piece) => {
    const box = piece.getBoundingClientRect(), style = getComputedStyle(piece);
    if (!box.width || !box.height || style.position === "absolute") return false;
    const scrolls = piece.scrollWidth > piece.clientWidth + 1 || piece.scrollHeight > piece.clientHeight + 1;
    return box.right > innerWidth + 1 || (style.overflow !== "visible" && scrolls);
}).map((piece) => `${piece.tagName} ${piece.className}: ${piece.textContent.trim().slice(0, 60)}`)"""
SHOWN = "pieces => pieces.filter((piece) => piece.checkVisibility({contentVisibilityAuto: true})).length"


@pytest.fixture(scope="module")
def paper(browser):
    """A page of paper, to be printed on from the dark scheme."""
    context = browser.new_context(viewport=A4, color_scheme="dark")
    page = context.new_page()
    page.emulate_media(media="print", color_scheme="dark")
    yield page
    context.close()


@pytest.mark.parametrize("address", [page for page in _pages() if page != "404.html"], ids=lambda address: address or "home")
def test_nothing_is_cut_on_paper(paper, site_url, address):
    paper.goto(site_url + address)
    cut = paper.evaluate(CUT)
    assert not cut, f"cut on paper: {'; '.join(cut)}"


def test_the_dark_scheme_prints_as_the_light_one(paper, browser, site_url):
    paper.goto(f"{site_url}learn/l1/")
    light = browser.new_page(viewport=LAPTOP, color_scheme="light")
    light.goto(f"{site_url}learn/l1/")
    for selector in ("body", "h1", "code .kn", "code .s2", ".md-typeset p a", "figcaption"):
        colours = [page.locator(selector).first.evaluate("piece => getComputedStyle(piece).color") for page in (paper, light)]
        assert colours[0] == colours[1], f"{selector} is printed in {colours[0]}"
    light.close()
    assert paper.locator("body").get_attribute("data-md-color-scheme") == "slate"
    assert paper.locator(".pt-dark").evaluate_all(SHOWN) == 0
    assert paper.locator(".pt-light").evaluate_all(SHOWN) == paper.locator(".pt-light").count() > 0


def test_a_handout_has_proofs_and_leaves_out_what_only_a_screen_needs(paper, site_url):
    paper.route("**/*.js", lambda route: route.abort())  # which would unfold the proofs
    paper.goto(f"{site_url}learn/l1/")
    paper.unroute("**/*.js")
    for selector in (".md-header", ".md-footer", ".md-sidebar", ".headerlink", ".md-code__nav", ".pt-data", ".pt-answer"):
        assert paper.locator(selector).evaluate_all(SHOWN) == 0, f"{selector} is printed"
    proofs = paper.locator("details:not(.pt-data, .pt-answer) > p")
    assert proofs.evaluate_all(SHOWN) == proofs.count() > 0
    paper.locator(".pt-answer").first.evaluate("details => { details.open = true }")
    assert paper.locator(".pt-answer").evaluate_all(SHOWN) == 1


def test_the_theme_leaves_answers_as_the_reader_left_them(paper, site_url):
    paper.goto(f"{site_url}learn/l1/")
    paper.wait_for_function("window.document$")
    paper.evaluate("dispatchEvent(new Event('beforeprint'))")
    paper.wait_for_selector("details:not(.pt-answer)[open]", state="attached")
    assert paper.locator(".pt-answer[open]").count() == 0
    assert paper.locator("details:not(.pt-answer, [open])").count() == 0


@pytest.fixture(scope="module")
def course(browser, site_dir, tmp_path_factory):
    """The course in print, read."""
    path = tmp_path_factory.mktemp("print") / "course.pdf"
    pdf.write(browser, site_dir, path)
    return PdfReader(path)


def _links(page):
    return [link for link in (entry.get_object() for entry in page.get("/Annots", [])) if link["/Subtype"] == "/Link"]


def _words(page):
    """Return the text of a page, which begins with its number."""
    return re.sub(r"\s+", " ", page.extract_text())


def test_every_chapter_begins_on_the_page_that_the_contents_say_and_lead_to(course):
    outline = {entry.title: course.get_destination_page_number(entry) for entry in course.outline if not isinstance(entry, list)}
    targets = {name: course.get_destination_page_number(target) for name, target in course.named_destinations.items()}
    listed = course.pages[1 : min(outline[chapter.title] for chapter in chapters())]
    contents = " ".join(map(_words, listed))
    linked = {targets[link["/Dest"]] for page in listed for link in _links(page)}
    assert _words(course.pages[0]).startswith("The Penalty Term L1, L2 and") and contents.startswith("2 Contents")
    for title in [*(chapter.title for chapter in chapters()), "Glossary", "References", "Answers to the exercises"]:
        start = outline[title]
        assert _words(course.pages[start]).startswith(f"{start + 1} {title}"), f"page {start + 1} has another number or title"
        assert f"{title} {start + 1}" in contents, f"the contents name another page than {start + 1} for {title}"
        assert start in linked, f"the contents do not lead to {title}"


def test_links_between_pages_stay_in_the_document(course):
    links = [link for page in course.pages for link in _links(page)]
    addresses = [link["/A"]["/URI"] for link in links if "/A" in link]
    outside = [address for address in addresses if "127.0.0.1" in address or re.search("penalty-term/(learn|reference)/", address)]
    assert addresses and not outside, f"these links leave the document: {outside[:5]}"
    assert {link["/Dest"] for link in links if "/Dest" in link} <= set(course.named_destinations)


def test_a_proof_with_its_formulas_and_the_way_to_an_answer_are_in_it(course):
    start = course.get_destination_page_number(course.named_destinations["/l1"])
    text = " ".join(_words(page) for page in course.pages[start : start + 15])
    assert "where 𝑆 is called soft-thresholding" in text and "Exactly one case applies to each 𝑣" in text
    assert re.search(r"Answer to exercise 1, page \d+", text)
