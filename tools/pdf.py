"""Write the course, chapters and reference, as one PDF: `python -m tools.pdf` makes course.pdf out of the built site/."""

import sys
from pathlib import Path
from urllib.parse import unquote

import yaml
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from pipeline.chapters import pages
from pipeline.source import ROOT
from tools import chromium
from tools.stills import FLAGS, served

PDF = ROOT / "course.pdf"
STYLE, COMPOSE = (Path(__file__).with_suffix(kind) for kind in (".css", ".js"))
NUMBER = """(pages) => {
    for (const link of document.querySelectorAll(".pt-page")) link.dataset.page = pages[decodeURIComponent(link.hash.slice(1))] ?? "000";
}"""


def write(browser, site: Path, pdf: Path) -> None:
    """Print the chapters and the reference of the built `site` into the file `pdf`, with a running Chromium."""
    settings = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    addresses = [page.removesuffix(".md") + "/" for page in pages() if page.startswith(("learn/", "reference/"))]
    said = {key: settings[key] for key in ("site_name", "site_description", "site_url", "copyright")}
    with served(site) as address:
        page = browser.new_page()
        page.route("**/*.js", lambda route: route.abort())  # the theme's script has nothing to do on paper
        page.goto(address)
        page.add_style_tag(path=STYLE)
        page.evaluate(COMPOSE.read_text(encoding="utf-8"), {"site": address, "pages": addresses, **said})
        for numbered in (False, True):  # on which page something stands is known when all is laid out
            page.evaluate(NUMBER, _numbers(pdf) if numbered else {})
            page.pdf(path=pdf, format="A4", outline=True, tagged=True)
        page.close()


def _numbers(pdf: Path) -> dict[str, int]:
    """Return the page, counted from 1, to which each name in the file leads."""
    reader = PdfReader(pdf)
    targets = reader.named_destinations.items()
    return {unquote(name.removeprefix("/")): reader.get_destination_page_number(target) + 1 for name, target in targets}


def main() -> None:
    program = chromium.find()
    if program is None:
        sys.exit(chromium.HOW)
    with sync_playwright() as playwright:
        write(playwright.chromium.launch(executable_path=program, args=FLAGS), ROOT / "site", PDF)
    print(PDF.name)


if __name__ == "__main__":
    main()
