"""Links, fragments and addresses that others rely on."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from pipeline.chapters import scripts
from tests.site.conftest import BASE, ROOT
from tools import permalinks
from tools.permalinks import headings, ids, published

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
    assert checked.returncode == 0, (
        f"Links of the built site lead nowhere; mend them in the page or script:\n{checked.stdout}{checked.stderr}"
    )
    total = int(re.search(r"(\d+) Total", checked.stdout)[1])
    assert total > 50, f"lychee saw {total} links only; see whether the site is whole, and how lychee is called here"


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


def missing(site: Path, published: Iterable[str]) -> list[str]:
    """Return the published addresses that lead nowhere any more: the page is gone, or is there without the id."""
    lost = []
    for address in sorted(published):
        page, _, name = address.partition("#")
        path = site / page if page.endswith(".html") else site / page / "index.html"
        moved = path.is_file() and 'http-equiv="refresh"' in path.read_text(encoding="utf-8")
        if not moved and not (path.is_file() and name in ids(path, r"\w+")):
            lost.append(address)
    return lost


def test_published_addresses_still_lead_somewhere(site_dir):
    lost = missing(site_dir, published())
    assert not lost, (
        f'published and gone: {", ".join(lost)}. Others link there. Keep <a id="…"></a> where its content went; '
        "or, for a page that moved, say where to in redirect_maps in mkdocs.yml."
    )


def test_new_headings_are_in_the_list_of_published_ones(site_dir):
    new = sorted(headings(site_dir) - published())
    assert not new, f"not in tests/site/permalinks.txt: {', '.join(new)}. To publish them, for good: .venv/bin/python -m tools.permalinks"


def test_a_lost_address_is_found_and_a_redirect_saves_it(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.html").write_text('<h2 id="kept">Kept</h2>')
    assert missing(tmp_path, ["a/#kept"]) == []
    assert missing(tmp_path, ["a/#gone", "b/#idea"]) == ["a/#gone", "b/#idea"]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "index.html").write_text('<meta http-equiv="refresh" content="0; url=../a/">')
    assert missing(tmp_path, ["b/#idea"]) == []


def test_the_three_trees_have_the_same_stems():
    """A chapter is a page, a script and a file of tests with one name; it may have more scripts, and other pages tests."""
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests").glob("test_*.py")}
    chapters = {path.stem for path in (ROOT / "docs" / "learn").glob("*.md")}
    others = {path.stem for path in (ROOT / "docs").rglob("*.md")} - chapters
    programs = scripts()
    uneven = sorted(stem for stem in chapters if stem not in tests or stem not in programs.get(stem, []))
    assert not uneven, f"{', '.join(uneven)}: a chapter needs docs/learn/<stem>.md, examples/<stem>.py and tests/test_<stem>.py, all three"
    for chapter, stems in programs.items():
        page = (ROOT / "docs" / "learn" / f"{chapter}.md").read_text(encoding="utf-8")
        idle = [stem for stem in stems[1:] if f"{{{{ {stem}#" not in page or f"(../examples/{stem}.ipynb)" not in page]
        assert not idle, f"docs/learn/{chapter}.md does not link or shows nothing of examples/{idle[0]}.py"
    alone = sorted(tests - chapters - others)
    assert not alone, f"tests/test_{alone[0]}.py proves the claims of no page; name it as the page is named"


REFERENCE = re.compile(r"^(.+)\n((?:.+\n)*)\{: #([\w-]+) \}$", re.MULTILINE)
TERM = re.compile(r"^\*\*(.+?)\*\*: (?:.+\n)+\[[^\]]+\]\(\.\./learn/\w+\.md[^)]*\)\n\{: #([\w-]+) \}$", re.MULTILINE)


def reference_problems(text: str, cited: set[str]) -> list[str]:
    """Return what is wrong with the page of references `text`, of which the pages cite `cited`."""
    entries = REFERENCE.findall(text)
    problems = [f"{name} is cited by no page; cite it or take it out" for *_, name in entries if name not in cited]
    problems += [f"{name} is cited but not there; add its entry" for name in cited - {name for *_, name in entries}]
    for (before, *_), (first, _, name) in pairwise(entries):
        if first < before:
            problems.append(f"{name} is not in alphabetical order; move it")
    for first, more, name in entries:
        if not re.search(r"\((19|20)\d\d\)\. ", first):
            problems.append(f"{name} names no year; write it as (2014) and a full stop after the authors")
        if "https://" not in more:
            problems.append(f"{name} has no address; add its DOI or, where the journal gives none, another https address of the source")
        if "Taken:" not in more:
            problems.append(f"{name} does not say what is taken from it; add a line that begins with “Taken:”")
    return problems


def test_the_references_are_those_that_are_cited():
    """lychee finds a citation without its reference; this finds an idle reference, or one that says not what is taken."""
    text = (ROOT / "docs" / "reference" / "references.md").read_text(encoding="utf-8")
    cited = set(re.findall(r"references\.md#([\w-]+)", "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))))
    assert text.count("\n{: #") == len(REFERENCE.findall(text)) > 10, (
        "an entry in docs/reference/references.md is not written as the others are"
    )
    problems = reference_problems(text, cited)
    assert not problems, "docs/reference/references.md: " + "; ".join(problems)


def test_a_wrong_reference_is_said_with_its_remedy():
    entry = "Name, A. (2014). Title.\n[address](https://a.org/)\nTaken: a thought.\n{: #name-2014 }\n"
    assert reference_problems(entry, {"name-2014"}) == []
    for right, wrong, remedy in (
        ("[address](https://a.org/)", "no address", "add its DOI or"),
        ("(2014)", "2014", "names no year"),
        ("Taken:", "Used:", "begins with “Taken:”"),
        ("#name-2014", "#other", "cited by no page"),
    ):
        assert remedy in reference_problems(entry.replace(right, wrong, 1), {"name-2014"})[0]
    assert "alphabetical" in reference_problems(entry + "\n" + entry.replace("Name", "Able"), {"name-2014"})[0]


def test_the_glossary_is_in_alphabetical_order():
    text = (ROOT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")
    terms = TERM.findall(text)
    whole = {term for term, _ in terms}
    odd = [term for term in re.findall(r"^\*\*(.+?)\*\*", text, re.MULTILINE) if term not in whole]
    assert not odd, (
        f"docs/reference/glossary.md: {', '.join(odd)}: write “**word**: a sentence.”, below it a link to its chapter, then {{: #id }}"
    )
    assert len(terms) > 40
    for (before, _), (term, name) in pairwise([("", ""), *terms]):
        assert before.lower() < term.lower(), f"docs/reference/glossary.md: {term} is not in alphabetical order; move it"
        assert name == term.lower().replace(" ", "-"), (
            f"docs/reference/glossary.md: the id of {term} is to be {term.lower().replace(' ', '-')}"
        )


def test_the_addresses_of_the_project_are_the_same_everywhere():
    settings = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    for ours, theirs in (("url", "site_url"), ("repository-code", "repo_url")):
        assert citation[ours] == settings[theirs], f"CITATION.cff: make {ours} what {theirs} is in mkdocs.yml, {settings[theirs]}"


def test_new_headings_are_added_and_counted(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(permalinks, "PERMALINKS", tmp_path / "permalinks.txt")
    monkeypatch.setattr(permalinks, "ROOT", tmp_path)
    (tmp_path / "permalinks.txt").write_text("gone/#kept\n")

    def build(folder):
        folder.mkdir()
        (folder / "index.html").write_text('<h1 id="home">Home</h1>')
        return ""

    monkeypatch.setattr(permalinks, "build", build)
    permalinks.main()
    permalinks.main()
    assert (tmp_path / "permalinks.txt").read_text() == "#home\ngone/#kept\n"
    assert capsys.readouterr().out == "added #home\npermalinks.txt: 1 new address.\npermalinks.txt: no new addresses.\n"
    monkeypatch.setattr(permalinks, "build", lambda folder: "a page is broken")
    with pytest.raises(SystemExit, match="a page is broken"):
        permalinks.main()
