"""The pages and downloads made of an example."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from pipeline import notebooks
from tests.site.small import build_site, demo, edit, stops, write


def test_downloads_hold_outputs_and_nothing_of_the_machine(project):
    site = build_site(project)
    text = (site / "examples" / "demo" / "demo.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert [cell["id"] for cell in notebook["cells"]] == ["cell-1", "cell-2", "lines", "matrix", "sweep", "accuracy"]
    assert "image/svg+xml" in notebook["cells"][2]["outputs"][0]["data"]
    for private in (str(project), str(Path.home()), os.uname().nodename, "site-packages"):
        assert private not in text
    for download in (text, (site / "examples" / "demo" / "demo.py").read_text(encoding="utf-8")):
        assert "https://the-penalty-term.github.io/the-penalty-term/learn/demo/#idea" in download


def test_a_script_links_to_another_one_on_the_site_and_in_downloads(project):
    write(project / "examples" / "another.py", "# %% [markdown]\n# # Another\n#\n# As [the first](demo.py).\n\n# %%\nprint(1)\n")
    edit(project / "examples" / "demo.py", "../docs/learn/demo.md#idea", "another.py")
    site = build_site(project)
    assert 'href="../another/"' in (site / "examples" / "demo" / "index.html").read_text(encoding="utf-8")
    assert "(https://the-penalty-term.github.io/the-penalty-term/examples/demo/)" in (site / "examples/another/another.py").read_text()


def _page(project, site):
    return (build_site(project, site) / "examples" / "demo" / "index.html").read_text(encoding="utf-8")


def test_a_printed_table_is_a_table_and_other_lines_stay_as_printed(project):
    page = _page(project, "site").replace(' class="pt-number"', "")
    assert "<th>l2</th><th>test accuracy</th>" in re.sub(r"\s*\n\s*", "", page)
    assert re.findall(r'<pre class="pt-output"[^>]*>(.*)', page) == ["accuracy: 0.925</pre>"]


@pytest.fixture
def templates(tmp_path, monkeypatch):
    """A copy of the templates, lent in the place of the project's own."""
    copy = shutil.copytree(notebooks.TEMPLATES, tmp_path / "templates")
    monkeypatch.setattr(notebooks, "TEMPLATES", copy)
    return copy


def test_a_changed_template_renders_the_examples_anew(project, templates):
    assert "changed" not in _page(project, "first")
    edit(next(templates.rglob("notebook.html.j2")), "{{", "changed {{")
    assert "changed" in _page(project, "second")


def test_an_example_rendered_in_another_way_stops_the_build(project, templates, caplog):
    """As it would be if mkdocs-jupyter took its own template."""
    edit(next(templates.rglob("notebook.html.j2")), "<!-- cells -->", "")
    stops(project, caplog, "examples/demo.py: mkdocs-jupyter ", "renders an example, without pipeline/templates, in another way than")


def test_what_is_made_of_an_example_is_kept_until_something_in_it_changes(project, monkeypatch):
    made = []
    whole = notebooks.page_notebook
    monkeypatch.setattr(notebooks, "page_notebook", lambda script, *rest: made.append(script.stem) or whole(script, *rest))

    def build_makes(times):
        made.clear()
        page = _page(project, "site")
        assert len(made) == times
        return page

    script, chapter = project / "examples" / "demo.py", project / "docs" / "learn" / "demo.md"
    build_makes(1)
    edit(chapter, "## Idea", "One more sentence.\n\n## Idea")
    build_makes(0)
    edit(script, "A small example", "An example that is small")
    assert "An example that is small" in build_makes(1)
    run = demo(project).run()
    run.cells[-1].outputs[0].text = run.cells[-1].outputs[0].text.replace("0.925", "0.935")
    demo(project).keep(run.cells, {name: run.metadata["run"][name] for name in ("libraries", "reads")})
    assert "0.935" in build_makes(1)
    edit(project / "mkdocs.yml", "https://the-penalty-term.github.io/", "https://elsewhere.example/")
    build_makes(1)
    edit(project / "mkdocs.yml", "permalink: '#'", "permalink: '§'")
    assert "§" in build_makes(1)
    (kept,) = (project / ".cache" / "made").iterdir()
    kept.write_bytes(kept.read_bytes()[:5000])
    build_makes(1)
    build_makes(0)


def test_the_first_sentence_of_a_script_describes_its_page(executed):
    assert notebooks.description(demo(executed)) == "A small example, with w^2."


def test_anchors_of_old_headings_are_no_part_of_the_description(project):
    edit(project / "examples" / "demo.py", "# A small example", '# <a id="old-heading"></a>\n# A small example')
    assert notebooks.description(demo(project)) == "A small example, with w^2."
