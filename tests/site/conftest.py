"""The built site, served as a host serves it below a path, and a real browser."""

import shutil
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from pipeline import execute
from tests.site.small import CHAPTER, CLAIMS, SCRIPT, write
from tools import stills
from tools.build import build

ROOT = Path(__file__).resolve().parent.parent.parent
PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
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
def site_dir(tmp_path_factory, worker_id):
    """The site, built strictly, once for all workers; its folder."""
    shared = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    folder, problem = shared / "host" / BASE, shared / "problem.txt"
    with FileLock(shared / "site.lock"):
        if not folder.is_dir() and not problem.is_file() and (said := build(folder)):
            problem.write_text(said, encoding="utf-8")
    if problem.is_file():
        pytest.fail(problem.read_text(encoding="utf-8"), pytrace=False)
    return folder


@pytest.fixture(scope="session")
def site_url(site_dir):
    """The address of the served site, with a slash at the end."""
    with stills.served(site_dir.parent) as address:
        yield f"{address}{BASE}/"


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
