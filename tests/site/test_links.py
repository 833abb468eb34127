"""Links, fragments and addresses that others rely on."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from tests.site.conftest import BASE, ROOT

PERMALINKS = Path(__file__).parent / "permalinks.txt"


def _lychee(site_dir):
    """Run lychee over the built site; its links of the kind https://…/the-penalty-term/… are looked for in it as well."""
    program = shutil.which("lychee", path=str(Path(sys.executable).parent)) or shutil.which("lychee")
    address = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["site_url"]
    remap = f"{re.escape(address)} {site_dir.as_uri()}/"
    command = [program, "--offline", "--include-fragments", "--no-progress", "--root-dir", str(site_dir.parent)]
    command += ["--index-files", "index.html", "--remap", remap, str(site_dir)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_link_and_fragment_leads_somewhere(site_dir):
    checked = _lychee(site_dir)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    total = int(re.search(r"(\d+) Total", checked.stdout)[1])
    assert total > 50


def test_a_broken_link_or_fragment_is_found(tmp_path):
    site = tmp_path / BASE
    site.mkdir()
    (site / "index.html").write_text('<!doctype html><h1 id="here">A</h1><a href="#here">a</a>')
    assert _lychee(site).returncode == 0
    (site / "index.html").write_text('<!doctype html><h1 id="here">A</h1><a href="#there">a</a>')
    assert _lychee(site).returncode != 0
    (site / "index.html").write_text('<!doctype html><a href="absent/">a</a>')
    assert _lychee(site).returncode != 0


def headings(site: Path) -> set[str]:
    """Return "page#id" for each heading of the site's pages."""
    found = set()
    for path in sorted(site.rglob("*.html")):
        page = path.relative_to(site).as_posix().removesuffix("index.html")
        article = re.search(r"<article.*?</article>", path.read_text(encoding="utf-8"), re.DOTALL)
        found |= {f"{page}#{name}" for name in re.findall(r'<h[1-6] id="([^"]+)"', article[0] if article else "")}
    return found


def anchors(site: Path, page: str) -> set[str] | None:
    """Return the ids on a page; None for a page that is not there, everything for one that leads elsewhere."""
    path = site / page / "index.html" if not page.endswith(".html") else site / page
    if not path.is_file():
        return None
    return set(re.findall(r'\bid="([^"]+)"', path.read_text(encoding="utf-8")))


def missing(site: Path, published: list[str]) -> list[str]:
    """Return the published addresses that lead nowhere any more."""
    lost = []
    for address in published:
        page, _, name = address.partition("#")
        ids = anchors(site, page)
        moved = ids is not None and 'http-equiv="refresh"' in (site / page / "index.html").read_text(encoding="utf-8")
        if ids is None or (name not in ids and not moved):
            lost.append(address)
    return lost


def test_published_addresses_still_lead_somewhere(site_dir):
    lost = missing(site_dir, PERMALINKS.read_text(encoding="utf-8").split())
    assert not lost, (
        f"published and gone: {', '.join(lost)}. Others link there. Keep the id with an empty []() {{#id}} where its content "
        "went, or, for a page that moved, add it to redirect_maps in mkdocs.yml."
    )


def test_new_headings_are_in_the_list_of_published_ones(site_dir):
    published = set(PERMALINKS.read_text(encoding="utf-8").split())
    new = sorted(headings(site_dir) - published)
    assert not new, f"add to tests/site/permalinks.txt, so that they stay for good:\n{chr(10).join(new)}"


def test_a_lost_address_is_found_and_a_redirect_saves_it(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.html").write_text('<h2 id="kept">Kept</h2>')
    assert missing(tmp_path, ["a/#kept"]) == []
    assert missing(tmp_path, ["a/#gone", "b/#idea"]) == ["a/#gone", "b/#idea"]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "index.html").write_text('<meta http-equiv="refresh" content="0; url=../a/">')
    assert missing(tmp_path, ["b/#idea"]) == []


def test_the_three_trees_have_the_same_stems():
    """A chapter is a page, a script and a file of tests with one name; the home page has no script."""
    scripts = {path.stem for path in (ROOT / "examples").glob("*.py")}
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests").glob("test_*.py")}
    pages = {path.stem for path in (ROOT / "docs").glob("*/*.md")}
    assert scripts == tests - {"index"} == pages


def test_the_addresses_of_the_project_are_the_same_everywhere():
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["url"] == settings["site_url"]
    assert citation["repository-code"] == settings["repo_url"]
