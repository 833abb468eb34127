"""Chapters: registered once, listed everywhere, told apart from their scripts, laid out by one command."""

import json
import re
from html import unescape

import pytest

from pipeline.chapters import Chapter, chapters, script_title, scripts
from pipeline.source import ROOT, SiteError
from tests.site.small import build_site, edit, stops, write
from tools import chapter

NAV = "nav:\n- index.md\n- Learn:\n    - Demo: learn/demo.md\n- Examples:\n    - examples/demo.ipynb\n- ledger.md\n"
HEAD = """
<div class="pt-head" markdown>
**7 minutes** · you need: nothing

By the end you can:

- draw `two` lines, and $w$;
- read them.
</div>
"""
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
    edit(page, "{#demo}\n", "{#demo}\n" + HEAD)
    return project


def test_the_chapters_are_those_of_nav(registered):
    assert chapters(registered) == [Chapter("demo", "Demo", "draw two lines", 7)]


def test_the_home_page_lists_them(registered):
    home = (build_site(registered) / "index.html").read_text(encoding="utf-8")
    assert '<a href="learn/demo/">Demo</a> <small>7 minutes</small> <span>Draw two lines.</span></li>' in home


def test_a_script_is_told_apart_from_its_chapter(registered):
    write(registered / "examples" / "demo_more.py", "# %% [markdown]\n# # Demo: more of `it`\n# More of it.\n\n# %%\nprint(1)\n")
    edit(registered / "mkdocs.yml", "examples/demo.ipynb", "examples/demo.ipynb\n    - examples/demo_more.ipynb")
    site = build_site(registered)
    own = (site / "examples" / "demo" / "index.html").read_text(encoding="utf-8")
    assert '<h1 id="demo">Demo: the script<a ' in own, re.findall("<h1.*</h1>", own)
    assert "<title>Demo: the script - " in own
    more = (site / "examples" / "demo_more" / "index.html").read_text(encoding="utf-8")
    assert re.search('<h1 id="demo-more-of-it">Demo: more of <code>it</code>, the script<a ', more)
    assert 'property="og:title" content="Demo: more of it, the script"' in more
    for title in ("Demo", "Demo: the script", "Demo: more of it, the script"):
        assert re.search(rf'class="md-nav__link">\s*<span class="md-ellipsis">\s*{title}\s*<', own + more), f"{title} is not in the menu"
    found = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))["docs"]
    titles = {entry["location"]: entry["title"] for entry in found}
    assert titles["learn/demo/"] == "Demo chapter" and titles["examples/demo/"] == "Demo: the script"
    for stem, page in (("demo", own), ("demo_more", more)):
        assert f'<a href="../../learn/demo/">Chapter: Demo</a> <span><a href="{stem}.py" download' in page


def test_the_head_of_a_chapter_links_all_that_there_is_of_its_scripts(registered):
    write(registered / "examples" / "demo_more.py", "# %% [markdown]\n# # More\n# More of it.\n\n# %%\nprint(1)\n")
    edit(registered / "mkdocs.yml", "examples/demo.ipynb", "examples/demo.ipynb\n    - examples/demo_more.ipynb")
    site = build_site(registered)
    head = re.search('<div class="pt-head">.*?</div>', (site / "learn" / "demo" / "index.html").read_text(encoding="utf-8"), re.DOTALL)[0]
    links = re.findall('<a href="(.*?)".*?>(.*?)</a>', head)
    assert [label for _, label in links] == ["The script", ".py", ".ipynb", "Colab", "More", ".py", ".ipynb", "Colab"]
    assert links[3][0].endswith("/blob/gh-pages/examples/demo/demo.ipynb")
    for address, _ in links[:3] + links[4:7]:
        assert (site / "learn" / "demo" / address).exists(), f"the head of the chapter links {address}, which is not there"


def test_a_reader_goes_from_chapter_to_chapter(registered):
    site = build_site(registered)
    page = (site / "learn" / "demo" / "index.html").read_text(encoding="utf-8")
    assert 'rel="next" href="../../ledger/"' in page and 'rel="prev" href="../.."' in page
    assert not re.search('rel="(next|prev)"|md-footer__link', (site / "examples" / "demo" / "index.html").read_text(encoding="utf-8"))


def test_no_two_pages_have_the_same_title(site_dir):
    pages = {path.parent.relative_to(site_dir).as_posix(): path.read_text(encoding="utf-8") for path in site_dir.rglob("index.html")}
    for what in ("<title>(.*?)</title>", r"<h1[^>]*>(.*?)(?:<a class=.headerlink|</h1>)", 'property="og:title" content="(.*?)"'):
        titles = {address: found[1] for address, text in pages.items() if (found := re.search(what, text, re.DOTALL))}
        twice = [address for address, title in titles.items() if list(titles.values()).count(title) > 1]
        assert titles and not twice, f"{', '.join(sorted(twice))} have one title, “{titles[twice[0]]}”; change it in one of them"


def test_the_title_of_a_script_has_one_colon():
    assert script_title("L2") == "L2: the script"
    assert script_title("Elastic net: L1 and L2") == "Elastic net: L1 and L2, the script"
    assert len({script_title(known.title) for known in chapters()}) == len(chapters())


def test_every_page_says_what_a_preview_shows(site_dir):
    for path in site_dir.rglob("index.html"):
        text, where = path.read_text(encoding="utf-8"), path.parent.relative_to(site_dir)
        if 'http-equiv="refresh"' in text:
            continue
        told = dict(re.findall('<meta property="og:(.*?)" content="(.*?)">', text))
        assert all(told.get(name) for name in ("title", "description", "url", "image", "image:alt", "type")), f"{where}: {sorted(told)}"
        assert unescape(f"<title>{told['title']} - ") in unescape(text), f"{where}: a preview has another title than the page"


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
