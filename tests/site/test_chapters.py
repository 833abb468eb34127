"""Chapters: registered once, listed everywhere, laid out by one command."""

import pytest

from pipeline.chapters import Chapter, chapters, scripts
from pipeline.source import ROOT, SiteError
from tests.site.small import build_site, edit, stops, write
from tools import chapter

NAV = "nav:\n- index.md\n- Learn:\n    - Demo: learn/demo.md\n- Examples:\n    - Demo, the script: examples/demo.ipynb\n- ledger.md\n"
README = "# Small\n\n| chapter | page | script | tests |\n|---|---|---|---|\n| Old | a | b | c |\n\nMore.\n"


@pytest.fixture
def registered(project):
    """The small project with its one chapter in nav, a README and a home page that list it."""
    settings = (project / "mkdocs.yml").read_text(encoding="utf-8")
    write(project / "mkdocs.yml", settings + NAV)
    write(project / "README.md", README)
    write(project / "docs" / "index.md", "# Home\n\n{{ chapters }}\n")
    page = project / "docs" / "learn" / "demo.md"
    write(page, "---\ntitle: Demo\noutcome: draw two lines\n---\n\n" + page.read_text(encoding="utf-8"))
    return project


def test_the_chapters_are_those_of_nav(registered):
    assert chapters(registered) == [Chapter("demo", "Demo", "draw two lines")]


def test_the_home_page_lists_them(registered):
    home = (build_site(registered) / "index.html").read_text(encoding="utf-8")
    assert '<a href="learn/demo/">Demo</a>: draw two lines.</li>' in home


def test_an_experiment_belongs_to_the_chapter_with_the_longest_name(registered):
    edit(registered / "mkdocs.yml", "learn/demo.md", "learn/demo.md\n    - Demo, both: learn/demo_both.md")
    write(registered / "docs" / "learn" / "demo_both.md", "---\ntitle: Both\noutcome: draw both\n---\n\n# Both\n")
    for stem in ("demo_both", "demo_both_again", "demo_more"):
        write(registered / "examples" / f"{stem}.py", "# %%\nprint(1)\n")
    assert scripts(registered) == {"demo": ["demo", "demo_more"], "demo_both": ["demo_both", "demo_both_again"]}
    table = chapter.readme(registered)
    assert "| [examples/demo.py](examples/demo.py), [examples/demo_more.py](examples/demo_more.py) |" in table
    write(registered / "examples" / "demos.py", "# %%\nprint(1)\n")
    with pytest.raises(SiteError, match=r"examples/demos\.py belongs to no chapter; name it"):
        scripts(registered)


@pytest.mark.parametrize("key", ["title", "outcome"])
def test_a_chapter_that_does_not_say_what_the_lists_need_is_named(registered, caplog, key):
    edit(registered / "docs" / "learn" / "demo.md", f"{key}: ", f"not-{key}: ")
    stops(registered, caplog, f"docs/learn/demo.md: the front matter has no {key}; say it")


def test_a_page_in_nav_that_is_not_there_is_named(registered):
    edit(registered / "mkdocs.yml", "learn/demo.md", "learn/absent.md")
    with pytest.raises(SiteError, match=r"nav names learn/absent\.md, and there is no docs/learn/absent\.md"):
        chapters(registered)


def test_the_readme_of_this_project_lists_its_chapters():
    listed = (ROOT / "README.md").read_text(encoding="utf-8") == chapter.readme()
    assert listed, "README.md lists other chapters than nav in mkdocs.yml and the pages' titles; python -m tools.chapter renews it"


def test_one_command_lays_out_a_chapter_that_builds(registered):
    made = chapter.lay_out("early_stopping", "Early: stopping", registered)
    assert made == [
        "docs/learn/early_stopping.md", "examples/early_stopping.py", "tests/test_early_stopping.py", "mkdocs.yml", "README.md",
    ]  # fmt: skip
    assert [known.stem for known in chapters(registered)] == ["demo", "early_stopping"]
    site = build_site(registered)
    page = (site / "learn" / "early_stopping" / "index.html").read_text(encoding="utf-8")
    assert "<td>0.1</td>" in page.replace(' class="pt-number"', "") and "2.50" in page
    assert '<h1 id="early-stopping">Early: stopping' in page
    readme = (registered / "README.md").read_text(encoding="utf-8")
    assert "| Old |" not in readme and "| Early: stopping | [docs/learn/early_stopping.md]" in readme and readme.endswith("\n\nMore.\n")


@pytest.mark.parametrize(
    ("stem", "said"), [("demo", "docs/learn/demo.md is there already"), ("Early stopping", "cannot name a page"), ("../x", "cannot name")]
)
def test_a_stem_that_will_not_do_is_refused_and_nothing_is_written(registered, stem, said):
    before = {path: path.read_bytes() for path in registered.rglob("*") if path.is_file()}
    with pytest.raises(SiteError, match=said):
        chapter.lay_out(stem, "Title", registered)
    assert {path: path.read_bytes() for path in registered.rglob("*") if path.is_file()} == before
