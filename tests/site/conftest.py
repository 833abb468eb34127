"""The built site, served as a host serves it below a path, and a real browser."""

import functools
import http.server
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import sync_playwright

from pipeline import execute
from tests.site.small import CHAPTER, CLAIMS, SCRIPT, write
from tools import chromium
from tools.build import build

ROOT = Path(__file__).resolve().parent.parent.parent
BASE = "the-penalty-term"  # the site stands below its host, as on GitHub Pages
_told = set()


def pytest_collection_modifyitems(items):
    """Run what needs the browser last: while Playwright runs, nothing else can start an event loop of its own."""
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Say once, not for every test, that the site could not be built or that there is no browser."""
    report = yield
    if report.when == "setup" and report.failed:
        text = report.longreprtext
        if text in _told:
            report.longrepr = "as above"
        _told.add(text)
    return report


@pytest.fixture(scope="session")
def site_dir(tmp_path_factory):
    """The site, built strictly; its folder."""
    folder = tmp_path_factory.mktemp("host") / BASE
    if problem := build(folder):
        pytest.fail(problem, pytrace=False)
    return folder


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def served(folder):
    """Serve `folder`; yields the address, which ends with a slash."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def site_url(site_dir):
    """The address of the served site, with a slash at the end."""
    with served(site_dir.parent) as address:
        yield f"{address}{BASE}/"


@pytest.fixture(scope="session")
def browser():
    """Chromium, driven by Playwright; without one the tests fail, they are never skipped."""
    path = chromium.find()
    if path is None:
        pytest.fail(chromium.HOW, pytrace=False)
    with sync_playwright() as playwright:
        # The sandbox needs rights that a container lacks; the flags keep the browser itself off the network.
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
        running = playwright.chromium.launch(executable_path=path, args=flags)
        yield running
        running.close()


@pytest.fixture(scope="session")
def executed(tmp_path_factory):
    """A small project with this project's settings, its one script executed."""
    root = tmp_path_factory.mktemp("project")
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    for name in ("nav", "watch", "extra_css"):
        del settings[name]
    settings["theme"]["custom_dir"] = str(ROOT / "pipeline" / "theme")
    settings["hooks"] = [str(ROOT / "pipeline" / "hook.py")]
    write(root / "mkdocs.yml", yaml.safe_dump(settings))
    write(root / "docs" / "index.md", "# Home\n")
    write(root / "docs" / "learn" / "demo.md", CHAPTER)
    write(root / "docs" / "ledger.md", "# Ledger\n\n{{ ledger }}\n")
    shutil.copytree(ROOT / "docs" / "assets", root / "docs" / "assets")
    write(root / "examples" / "demo.py", SCRIPT)
    write(root / "tests" / "test_demo.py", CLAIMS)
    execute.execute_stale(root)
    return root


@pytest.fixture
def project(executed, tmp_path):
    """A copy of the small project, its run still current."""
    return shutil.copytree(executed, tmp_path / "project")
