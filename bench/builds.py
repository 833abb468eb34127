"""How long builds take: cold, warm, and from a saved sentence to the page that shows it."""

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from pipeline.script import scripts
from pipeline.source import ROOT

_PARTS = ("docs", "examples", "penalty", "pipeline", "tests", "mkdocs.yml")
_QUIET = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}


def copy_project(folder: Path) -> None:
    """Copy what a build needs into `folder`, without the cache: there a build is cold, and an edit is nobody's loss."""
    for name in _PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)


def time_scripts() -> dict[str, float]:
    """Return the seconds that each example, by its stem, takes by itself, one after the other, in the environment of the build."""
    times = {}
    environment = {**os.environ, "MPLBACKEND": "agg", "TF_CPP_MIN_LOG_LEVEL": "3"}
    for script in scripts():
        with tempfile.TemporaryDirectory() as folder:
            begin = time.perf_counter()
            subprocess.run(
                [sys.executable, str(script.path)], cwd=folder, env={**environment, "TMPDIR": folder}, capture_output=True, check=True
            )
            times[script.stem] = time.perf_counter() - begin
    return times


def build(project: Path, *options: str) -> float:
    """Build `project` into its folder `site/` and return the seconds that this took.

    Raises:
        RuntimeError: if the build fails; with its last line.
    """
    begin = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", *options], cwd=project, env=_QUIET, capture_output=True, text=True, check=False
    )
    if run.returncode != 0:
        raise RuntimeError((run.stdout + run.stderr).strip().splitlines()[-1])
    return time.perf_counter() - begin


def edit(project: Path, page: str, times: int = 3) -> float:
    """Save a new sentence in docs/<page> under `mkdocs serve`; return the median seconds until the served page shows it."""
    base = re.search(r"^site_url: *https?://[^/]+(/.*?)/?$", (project / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}{base[1] if base else ''}/{page.removesuffix('.md')}/"
    path = project / "docs" / page
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, "-m", "mkdocs", "serve", "--quiet", "-a", f"127.0.0.1:{port}"]
        server = subprocess.Popen(command, cwd=project, env=_QUIET, stdout=log, stderr=log)
        try:
            _wait(server, url, "</html>")
            taken = []
            for number in range(times):
                time.sleep(1.5)  # as a person, who reads what the last save did
                word = f"sentence-number-{number}"
                with open(path, "a", encoding="utf-8") as file:
                    file.write(f"\nThis is {word}.\n")
                begin = time.perf_counter()
                _wait(server, url, word)
                taken.append(time.perf_counter() - begin)
        finally:
            server.terminate()
            server.wait()
    return statistics.median(taken)


def _wait(server: subprocess.Popen, url: str, text: str, limit: float = 600) -> None:
    end = time.perf_counter() + limit
    while time.perf_counter() < end:
        if server.poll() is not None:
            raise RuntimeError(f"mkdocs serve stopped with {server.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=limit) as answer:
                if text in answer.read().decode("utf-8"):
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.02)
    raise RuntimeError(f"{url} did not show {text!r} within {limit:.0f} s")
