"""Links, fragments and addresses that others rely on."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from tests.site.conftest import BASE, ROOT, build

PERMALINKS = Path(__file__).parent / "permalinks.txt"
ADD = "python -m tests.site.test_links"
ADDRESS = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)["site_url"]


def _lychee(site_dir):
    """Run lychee over the built site; its links of the kind https://…/the-penalty-term/… are looked for in it as well."""
    program = shutil.which("lychee", path=str(Path(sys.executable).parent)) or shutil.which("lychee")
    remap = f"{re.escape(ADDRESS)} {site_dir.as_uri()}/"
    command = [program, "--offline", "--include-fragments", "--no-progress", "--root-dir", str(site_dir.parent)]
    command += ["--index-files", "index.html", "--remap", remap, str(site_dir)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_link_and_fragment_leads_somewhere(site_dir):
    checked = _lychee(site_dir)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    total = int(re.search(r"(\d+) Total", checked.stdout)[1])
    assert total > 50


@pytest.mark.parametrize(
    ("link", "leads"),
    {
        "#here": True,
        "#there": False,
        "other/": True,
        "absent/": False,
        "other/#idea": True,
        "other/#gone": False,
        f"/{BASE}/other/#idea": True,
        f"/{BASE}/other/#gone": False,
        "/other/": False,
        f"{ADDRESS}other/#idea": True,
        f"{ADDRESS}absent/": False,
    }.items(),
)
def test_a_link_that_leads_nowhere_is_found(tmp_path, link, leads):
    site = tmp_path / BASE
    (site / "other").mkdir(parents=True)
    (site / "other" / "index.html").write_text('<!doctype html><h2 id="idea">Idea</h2>')
    (site / "index.html").write_text(f'<!doctype html><h1 id="here">A</h1><a href="{link}">a</a>')
    assert (_lychee(site).returncode == 0) == leads


def _ids(path: Path, tags: str) -> list[str]:
    return re.findall(rf'<(?:{tags})\b[^>]*?\sid="([^"]+)"', path.read_text(encoding="utf-8"))


def headings(site: Path) -> set[str]:
    """Return "page#id" for each heading of the site's pages, and each entry of the glossary and the references."""
    pages = {path.relative_to(site).as_posix().removesuffix("index.html"): path for path in site.rglob("*.html")}
    return {f"{page}#{name}" for page, path in pages.items() for name in _ids(path, "h[1-6]|p")}


def missing(site: Path, published: list[str]) -> list[str]:
    """Return the published addresses that lead nowhere any more: the page is gone, or is there without the id."""
    lost = []
    for address in published:
        page, _, name = address.partition("#")
        path = site / page if page.endswith(".html") else site / page / "index.html"
        moved = path.is_file() and 'http-equiv="refresh"' in path.read_text(encoding="utf-8")
        if not moved and not (path.is_file() and name in _ids(path, r"\w+")):
            lost.append(address)
    return lost


def published() -> list[str]:
    return PERMALINKS.read_text(encoding="utf-8").split()


def test_published_addresses_still_lead_somewhere(site_dir):
    lost = missing(site_dir, published())
    assert not lost, (
        f'published and gone: {", ".join(lost)}. Others link there. Keep <a id="…"></a> where its content went; '
        "or, for a page that moved, say where to in redirect_maps in mkdocs.yml."
    )


def test_new_headings_are_in_the_list_of_published_ones(site_dir):
    new = sorted(headings(site_dir) - set(published()))
    assert not new, f"not in tests/site/permalinks.txt: {', '.join(new)}. To publish them, for good: {ADD}"


def test_a_lost_address_is_found_and_a_redirect_saves_it(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.html").write_text('<h2 id="kept">Kept</h2>')
    assert missing(tmp_path, ["a/#kept"]) == []
    assert missing(tmp_path, ["a/#gone", "b/#idea"]) == ["a/#gone", "b/#idea"]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "index.html").write_text('<meta http-equiv="refresh" content="0; url=../a/">')
    assert missing(tmp_path, ["b/#idea"]) == []


def test_the_three_trees_have_the_same_stems():
    """A chapter is a page, a script and a file of tests with one name; other pages have no script, and tests if they make claims."""
    scripts = {path.stem for path in (ROOT / "examples").glob("*.py")}
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests").glob("test_*.py")}
    chapters = {path.stem for path in (ROOT / "docs" / "learn").glob("*.md")}
    others = {path.stem for path in (ROOT / "docs").rglob("*.md")} - chapters
    assert scripts == chapters == tests & chapters
    assert tests - chapters == {"index", "notation"} <= others


def test_the_references_are_those_that_are_cited():
    """lychee finds a citation without its reference; this finds an idle reference, or one that says not what is taken."""
    text = (ROOT / "docs" / "reference" / "references.md").read_text(encoding="utf-8")
    entries = re.findall(r"^(.+)\n((?:.+\n)*)\{: #([\w-]+) \}$", text, re.MULTILINE)
    names = [name for *_, name in entries]
    cited = set(re.findall(r"references\.md#([\w-]+)", "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))))
    assert len(entries) > 10
    assert sorted(first for first, *_ in entries) == [first for first, *_ in entries]
    assert set(names) == cited
    for first, more, name in entries:
        assert re.search(r"\((19|20)\d\d\)\. ", first), name
        assert "https://" in more and "Taken:" in more, name


def test_the_glossary_is_in_alphabetical_order():
    text = (ROOT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^\*\*(.+?)\*\*: .+ \[[^\]]+\]\(\.\./learn/\w+\.md[^)]*\)\n\{: #([\w-]+) \}$", text, re.MULTILINE)
    assert len(terms) == text.count("\n**") > 40
    assert [term for term, _ in terms] == sorted((term for term, _ in terms), key=str.lower)
    assert all(name == term.lower().replace(" ", "-") for term, name in terms)


def test_the_addresses_of_the_project_are_the_same_everywhere():
    settings = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["url"] == settings["site_url"]
    assert citation["repository-code"] == settings["repo_url"]


if __name__ == "__main__":  # add the headings of the site as it is now
    with tempfile.TemporaryDirectory() as made:
        if problem := build(Path(made)):
            sys.exit(problem)
        PERMALINKS.write_text("\n".join(sorted(headings(Path(made)) | set(published()))) + "\n", encoding="utf-8")
