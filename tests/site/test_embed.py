"""Embeds that name what is not there."""

import re

import pytest

from pipeline import embed
from pipeline.execute import execute_stale
from pipeline.script import scripts
from pipeline.source import ROOT
from tests.site.small import build_site, edit, stops


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{{ demo#lines }}", "{{ absent#lines }}", "{{ absent#lines }}: there is no script examples/absent.py"),
        ("{{ demo#lines }}", "{{ demo#absent }}", "its tags are lines, matrix, sweep, accuracy"),
        ("0.1, test accuracy", "0.2, test accuracy", "there is no row '0.2'; there are 0.01, 0.1"),
        ("0.1, test accuracy", "0.1, accuracy", "there is no column 'accuracy'; there are l2, test accuracy"),
        ("{{ demo#accuracy }}", "{{ demo#sweep }}", "inside a sentence there is room for one line"),
        ("\\| 0.1, test", "| 0.1, test", "in a table the bar would end the cell"),
        ("{{ demo#sweep | table }}", "{{ demo#lines | table }}", "what the cell printed is no table"),
        ("\\lVert w \\rVert_1", "\\lVert w \\rVert_{1", "is not valid LaTeX"),
    ],
)
def test_a_wrong_embed_or_formula_stops_the_build_and_says_where(project, caplog, old, new, expected):
    chapter = project / "docs" / "learn" / "demo.md"
    edit(chapter, old, new)
    line = 1 + next(number for number, text in enumerate(chapter.read_text().splitlines()) if new.splitlines()[0] in text)
    stops(project, caplog, f"docs/learn/demo.md:{line}: ", expected)


def test_a_run_is_read_once_for_all_pages_of_a_build(project, monkeypatch):
    """The chapter embeds it, and so does the page of the script."""
    read = []
    whole = embed.results
    monkeypatch.setattr(embed, "results", lambda script: read.append(script.stem) or whole(script))
    build_site(project)
    assert read == ["demo"]


def test_a_number_inside_a_sentence_has_a_name_in_the_script(project, caplog):
    """The page shows the value alone: tests/site/test_hook.py."""
    edit(project / "examples" / "demo.py", "accuracy: {0.925", "{0.925")
    stops(project, caplog, "docs/learn/demo.md:", "{{ demo#accuracy }}: the printed line '0.925' does not say what it is", "`name: value`")


@pytest.mark.parametrize("script", scripts(), ids=lambda script: script.stem)
def test_every_printed_line_says_what_it_is(script):
    """Run alone, a script prints one line after the other, without the page's sentences around them."""
    execute_stale(ROOT)
    for number, cell in enumerate(script.run().cells):
        lines = "".join(output.text for output in cell.outputs if output.output_type == "stream").splitlines()
        unnamed = [line for line in lines if re.fullmatch(r"[-−+]?[\d.,]+%?", line.strip())]
        if len(lines) == 1 and not re.match(r"[^:]+: \S", lines[0]):
            unnamed = lines
        assert not unnamed, f"{script.name}:{script.line(number)}: this cell prints {unnamed[0]!r}; let it print `name: value`"
