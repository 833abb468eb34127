"""Draw each widget's still, what a page shows before and without its script: `python -m tools.stills` writes docs/widgets/<name>.html."""

import functools
import http.server
import re
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from pipeline.files import write_whole
from pipeline.source import ROOT
from tools import chromium

FOLDER = ROOT / "docs" / "widgets"
# The sandbox needs rights that a container lacks; the flags keep the browser itself off the network.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def names() -> list[str]:
    """Return the names of the widgets: of the modules that define an element of their own."""
    return [path.stem for path in sorted(FOLDER.glob("*.js")) if f'define("pt-{path.stem}"' in path.read_text(encoding="utf-8")]


def path(name: str) -> Path:
    return FOLDER / f"{name}.html"


def draw(browser, site: str, name: str) -> str:
    """Return the still that a module draws; `site` is an address, with a slash at its end, below which widgets/ is served."""
    page = browser.new_page()
    try:
        page.goto(site)
        return (
            re.sub(r"\s*\n\s*", "\n", page.evaluate(f"import('{site}widgets/{name}.js').then((module) => module.still())")).strip() + "\n"
        )
    finally:
        page.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def served(folder: Path):
    """Serve `folder`; yields the address, which ends with a slash."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def main() -> None:
    program = chromium.find()
    if program is None:
        sys.exit(chromium.HOW)
    with served(FOLDER.parent) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        for name in names():
            write_whole(path(name), draw(browser, site, name).encode())
            print(f"docs/widgets/{name}.html")


if __name__ == "__main__":
    main()
