"""Turn an executed example into what the site offers: the page, the script and the notebook to download."""

import hashlib
import html
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import nbformat

from pipeline.kernel import FIGURE_TYPE
from pipeline.script import Script
from pipeline.source import Page, SiteError

TEMPLATES = Path(__file__).parent / "templates"  # what the project lends to mkdocs-jupyter
# A link from a script to a page of the site, as in [the chapter](../docs/learn/l2.md#maths).
_TO_PAGE = re.compile(r"(?<=\]\()\.\./docs/(?P<page>[\w/.-]+\.md)(?P<anchor>#[\w-]+)?(?=\))")


def resolve_links(script: Script, text: str, address: Callable[[str], str | None]) -> str:
    """Return `text` with its links to pages replaced; `address` gives a page's URL, or None if there is no such page.

    Raises:
        SiteError: if a link leads to a page that does not exist.
    """

    def resolve(match):
        url = address(match["page"])
        if url is None:
            raise SiteError(f"{Page.locate(match[0])}there is no page docs/{match['page']}.")
        return url + (match["anchor"] or "")

    Page.path, Page.root = script.path, script.root
    return _TO_PAGE.sub(resolve, text)


def script_download(script: Script, address) -> bytes:
    """Return the script with its links made absolute."""
    return resolve_links(script, script.path.read_text(encoding="utf-8"), address).encode()


def _merged(script: Script, address):
    """Return the script as it stands now with the outputs of its run, whose code is the same."""
    notebook, run = script.read(), script.run()
    if run is None:
        raise SiteError(f"{script.name} has no current run; `mkdocs build` makes one.")
    outputs = iter(run.cells)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            executed = next(outputs)
            cell.outputs, cell.execution_count = executed.outputs, executed.execution_count - 1
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = cell.execution_count
        else:
            cell.source = resolve_links(script, cell.source, address)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def notebook_download(script: Script, address) -> bytes:
    """Return the executed notebook: outputs kept, links absolute, nothing in it that tells of the machine."""
    notebook = _merged(script, address)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(FIGURE_TYPE, None)
    return nbformat.writes(notebook).encode()


def page_notebook(script: Script, address, convert: Callable[[str], str]) -> bytes:
    """Return the notebook that mkdocs-jupyter renders.

    Each cell carries its finished HTML, made by `convert` from Markdown with the extensions of every other page, so that
    headings, formulas, code and figures are the same there; `templates/` only puts them one below the other.
    """
    notebook = _merged(script, address)
    # mkdocs-jupyter keeps what it has rendered as long as the notebook is the same.
    templates = b"".join(path.read_bytes() for path in sorted(TEMPLATES.rglob("*.*")))
    notebook.metadata["rendered_with"] = [hashlib.sha256(templates).hexdigest(), version("mkdocs-jupyter"), version("nbconvert")]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.metadata["html"] = convert(cell.source)
            continue
        # The chapter explains this code and is found by its words; here they would double the index that each page loads.
        parts = [f'<div data-search-exclude markdown="1">\n\n```python\n{cell.source}\n```\n\n</div>']
        tags = cell.metadata.get("tags", [])
        text = "".join(output.text for output in cell.outputs if output.output_type == "stream")
        if text:
            parts.append(f'<pre class="pt-output" tabindex="0" data-search-exclude>{html.escape(text.rstrip())}</pre>')
        if any(FIGURE_TYPE in output.get("data", {}) for output in cell.outputs):
            parts.append(f"{{{{ {script.stem}#{tags[0]} }}}}")
        cell.metadata["html"] = convert("\n\n".join(parts))
        cell.outputs = []
    return nbformat.writes(notebook).encode()


def description(script: Script) -> str:
    """Return the first sentence of prose in the script, for search engines."""
    prose = next((cell.source for cell in script.read().cells if cell.cell_type == "markdown"), "")
    body = " ".join(line for line in prose.splitlines() if line and not line.startswith("#"))
    return re.split(r"(?<=[.!?]) ", re.sub(r"\[([^\]]+)\]\([^)]*\)|[`*$]", r"\1", body))[0]
