"""The built site, served as a host serves it below a path, and a real browser."""

import functools
import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from pipeline import chromium

ROOT = Path(__file__).resolve().parent.parent.parent
BASE = "the-penalty-term"  # the site stands below its host, as on GitHub Pages


@pytest.fixture(scope="session")
def site_dir(tmp_path_factory):
    """The site, built strictly; its folder."""
    folder = tmp_path_factory.mktemp("host") / BASE
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.fixture(scope="session")
def site_url(site_dir):
    """The address of the served site, with a slash at the end."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=site_dir.parent)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{BASE}/"
    server.shutdown()


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
