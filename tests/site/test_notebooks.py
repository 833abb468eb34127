"""The pages and downloads made of an example."""

import json
import os
import shutil
from pathlib import Path

import mkdocs_jupyter.config

from pipeline import notebooks
from tests.site.small import build_site, demo, edit


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


def test_a_changed_template_renders_the_examples_anew(project, tmp_path, monkeypatch):
    page = Path("examples") / "demo" / "index.html"
    before = (build_site(project, "first") / page).read_text(encoding="utf-8")
    templates = shutil.copytree(notebooks.TEMPLATES, tmp_path / "templates")
    edit(templates / "mkdocs_html" / "notebook.html.j2", "{{", "changed {{")
    monkeypatch.setattr(notebooks, "TEMPLATES", templates)
    monkeypatch.setattr(mkdocs_jupyter.config.settings, "templates_dir", str(templates))
    after = (build_site(project, "second") / page).read_text(encoding="utf-8")
    assert "changed" in after and "changed" not in before


def test_the_first_sentence_of_a_script_describes_its_page(executed):
    assert notebooks.description(demo(executed)) == "A small example, with w^2."
