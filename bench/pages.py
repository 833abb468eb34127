"""Lighthouse on built pages, as a phone sees them that a static host serves."""

import functools
import gzip
import http.server
import json
import os
import statistics
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools import chromium, node

VERSION = node.version("lighthouse")  # 13 needs Node 22
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
_TEXT = (".html", ".css", ".js", ".json", ".svg", ".xml", ".txt", ".csv", ".ipynb", ".py")


@dataclass(frozen=True)
class Measured:
    """What Lighthouse found on a page.

    Attributes:
        scores: 0 to 100, in the order of CATEGORIES.
        bytes: over the wire, compressed, headers included.
        html: bytes of the page itself, uncompressed: what a browser has to parse.
        lcp: largest contentful paint, in seconds on Lighthouse's simulated phone.
        failed: titles of the audits that cost points, by category, performance left out.
    """

    scores: tuple[int, ...]
    bytes: int
    html: int
    lcp: float
    failed: tuple[str, ...]


class _Host(http.server.SimpleHTTPRequestHandler):
    """Serve files as GitHub Pages does: text compressed, ten minutes in the cache, connections kept open."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or the second answer on a connection waits 40 ms for an acknowledgement
    base = "/"

    def do_GET(self):
        if not self.path.startswith(self.base):
            self.send_error(404)
            return
        self.path = "/" + self.path[len(self.base) :]
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Cache-Control", "max-age=600")
        content = _compressed(path) if path.suffix in _TEXT else path.read_bytes()
        if path.suffix in _TEXT:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@functools.cache
def _compressed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), 6)


@contextmanager
def served(site: Path, base: str):
    """Serve `site` below the path `base`; yields the address, which ends with a slash."""
    handler = type("Host", (_Host,), {"base": base})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{base}"
    server.shutdown()
    server.server_close()


def _run(program: Path, url: str, browser: str) -> dict:
    flags = "--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
    command = [node.program("node"), str(program), url, "--quiet", "--output=json", f"--chrome-flags={flags}"]
    command += [f"--only-categories={','.join(CATEGORIES)}"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "CHROME_PATH": browser})
    if run.returncode != 0:
        raise node.Missing(f"Lighthouse failed on {url}: {(run.stderr.strip() or 'no reason given').splitlines()[-1]}")
    return json.loads(run.stdout)


def addresses(site: Path) -> list[str]:
    """Return the addresses of all pages of a built site, as in "learn/l2/"; "" is home. Redirects do not count."""
    found = sorted(site.rglob("index.html"))
    return [
        "" if path.parent == site else f"{path.parent.relative_to(site).as_posix()}/"
        for path in found
        if 'http-equiv="refresh"' not in path.read_text(encoding="utf-8")
    ]


def measure(site: Path, base: str, address: str, runs: int) -> Measured:
    """Return the medians of several runs of Lighthouse on one page.

    Raises:
        node.Missing: if Node, Lighthouse or a browser is not there.
    """
    program = node.package("lighthouse") / "cli" / "index.js"
    browser = chromium.find()
    if browser is None:
        raise node.Missing("neither Chromium nor Chrome is installed here")
    with served(site, base) as url:
        reports = [_run(program, url + address, browser) for _ in range(runs)]
    scores = tuple(round(100 * statistics.median(report["categories"][name]["score"] or 0 for report in reports)) for name in CATEGORIES)
    audits = [report["audits"] for report in reports]
    failed = [
        audits[0][reference["id"]]["title"]
        for name in CATEGORIES[1:]
        for reference in reports[0]["categories"][name]["auditRefs"]
        if reference["weight"] and audits[0][reference["id"]]["score"] not in (None, 1)
    ]
    return Measured(
        scores,
        round(statistics.median(audit["total-byte-weight"]["numericValue"] for audit in audits)),
        (site / address / "index.html").stat().st_size,
        statistics.median(audit["largest-contentful-paint"]["numericValue"] for audit in audits) / 1000,
        tuple(dict.fromkeys(failed)),
    )
