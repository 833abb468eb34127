"""Turn an executed example into what the site offers: the page, the figures, the script and the notebook to download."""

import functools
import hashlib
import html
import json
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import nbformat
from markdown import Markdown

from pipeline import results
from pipeline.files import kept
from pipeline.kernel import FIGURE_TYPE
from pipeline.script import Script
from pipeline.source import Page, SiteError

TEMPLATES = Path(__file__).parent / "templates"  # what the project lends to mkdocs-jupyter
_MAKERS = ("markdown", "pymdown-extensions", "pygments", "math-core", "jupytext", "nbformat")
# A link from a script to a page, as in [the chapter](../docs/learn/l2.md#maths), or to another script, as in [more](l2_real.py).
_LINK = re.compile(r"(?<=\]\()(?:\.\./docs/(?P<page>[\w/.-]+\.md)|(?P<script>[\w-]+)\.py)(?P<anchor>#[\w-]+)?(?=\))")
_EMBEDDED = re.compile(r"\{\{ *([\w-]+)#")


def resolve_links(script: Script, text: str, address: Callable[[str], str | None]) -> str:
    """Return `text` with its links to pages and scripts replaced; `address` gives a page's URL, or None if there is no such page.

    Raises:
        SiteError: if a link leads to a page or a script that does not exist.
    """

    def resolve(match):
        url = address(match["page"] or f"examples/{match['script']}.ipynb")
        if url is None:
            there = f"page docs/{match['page']}" if match["page"] else f"script examples/{match['script']}.py"
            raise SiteError(f"{Page.locate(match[0])}there is no {there}.")
        return url + (match["anchor"] or "")

    Page.path, Page.root = script.path, script.root
    return _LINK.sub(resolve, text)


@functools.cache  # the code that runs, even if its file has changed since
def _made_with() -> str:
    """Return what names the code and the libraries that make something of an example."""
    code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return " ".join([hashlib.sha256(code).hexdigest(), *map(version, _MAKERS)])


@functools.cache  # to look up versions for each example takes longer than all the rest
def _renderers() -> tuple[str, str]:
    return version("mkdocs-jupyter"), version("nbconvert")


def _rendered_with() -> list[str]:
    """Return what names the template and the libraries that render its page."""
    templates = b"".join(path.read_bytes() for path in sorted(TEMPLATES.rglob("*.j2")))
    return [hashlib.sha256(templates).hexdigest(), *_renderers()]


def files(script: Script, here, on_the_web, reader: Callable[[], Markdown], settings: str) -> dict[str, bytes]:
    """Return what is made of an example, by its address in the site; it is kept, and made anew when something that it depends on changes.

    Args:
        script: the example; it has a current run.
        here: gives the URL of a page as the site's own pages link to it, or None if there is no such page.
        on_the_web: the same for what is downloaded.
        reader: makes the Markdown reader of the page.
        settings: names the reader's extensions and their options.

    Raises:
        SiteError: if the script or its run cannot be shown.
    """
    folder = f"examples/{script.stem}"
    download = resolve_links(script, script.path.read_text(encoding="utf-8"), on_the_web).encode()

    def make() -> bytes:
        made = {
            **results.files(script),
            f"{folder}/{script.stem}.ipynb": notebook_download(script, on_the_web),
            page_address(script): page_notebook(script, here, reader().convert),
        }
        return json.dumps({address: content.decode() for address, content in made.items()}).encode()

    shown = [script, *(Script(script.path.with_name(f"{stem}.py"), script.root) for stem in _EMBEDDED.findall(download.decode()))]
    sources = [path.read_bytes() for other in shown for path in (other.path, other.cache) if path.is_file()]
    links = resolve_links(script, script.path.read_text(encoding="utf-8"), here).encode()
    depends = b"\0".join([*map(str.encode, [_made_with(), *_rendered_with(), settings]), links, download, *sources])
    made = json.loads(kept(script.root / ".cache" / "made" / f"{script.stem}.json", depends, make))
    return {f"{folder}/{script.stem}.py": download} | {address: content.encode() for address, content in made.items()}


def page_address(script: Script) -> str:
    """Return the address of the notebook that becomes the script's page, below `docs/` if it were there."""
    return f"examples/{script.stem}.ipynb"


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
    notebook.metadata["rendered_with"] = _rendered_with()  # mkdocs-jupyter keeps what it has rendered as long as the notebook is the same
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.metadata["html"] = convert(cell.source)
            continue
        # The chapter explains this code and is found by its words; here they would double the index that each page loads.
        parts = [f'<div data-search-exclude markdown="1">\n\n```python\n{cell.source}\n```\n\n</div>']
        tags = cell.metadata.get("tags", [])
        text = "".join(output.text for output in cell.outputs if output.output_type == "stream")
        if text and tags and _is_table(text):
            parts.append(f'<div data-search-exclude markdown="1">\n\n{{{{ {script.stem}#{tags[0]} | table }}}}\n\n</div>')
        elif text:
            parts.append(f'<pre class="pt-output" tabindex="0" data-search-exclude>{html.escape(text.rstrip())}</pre>')
        if any(FIGURE_TYPE in output.get("data", {}) for output in cell.outputs):
            parts.append(f"{{{{ {script.stem}#{tags[0]} }}}}")
        cell.metadata["html"] = convert("\n\n".join(parts))
        cell.outputs = []
    return nbformat.writes(notebook).encode()


def heading(script: Script) -> str:
    """Return the first heading of the script, without Markdown; its name, if it has none."""
    found = re.search(r"^# (.+)", _first_prose(script), re.MULTILINE)
    return re.sub(r"[`*$]", "", found[1]).strip() if found else script.stem


def _first_prose(script: Script) -> str:
    return next((cell.source for cell in script.read().cells if cell.cell_type == "markdown"), "")


def _is_table(text: str) -> bool:
    """Say whether printed text is one table of two columns or more, each with a head."""
    try:
        header, _ = results.parse_table(text)
    except ValueError:
        return False
    return len(header) > 1 and all(header[1:])


def description(script: Script) -> str:
    """Return the first sentence of prose in the script, for search engines."""
    prose = re.sub(r"<[^>]*>", "", _first_prose(script))  # anchors of old headings
    body = " ".join(line for line in prose.splitlines() if line and not line.startswith("#"))
    return re.split(r"(?<=[.!?]) ", re.sub(r"\[([^\]]+)\]\([^)]*\)|[`*$]", r"\1", body))[0]


def downloads(stem: str, folder: str, name: str, repository: str) -> str:
    """Return the links to what can be taken along of a script.

    Args:
        stem: of the script.
        folder: where its page is, as seen from the one that has the links.
        name: what stands before the endings, "" where the script has been named.
        repository: address of the repository on GitHub, from which Colab opens the notebook.
    """
    github = repository.replace("https://github.com/", "")
    colab = f"https://colab.research.google.com/github/{github}/blob/gh-pages/examples/{stem}/{stem}.ipynb"
    links = [f'<a href="{folder}{stem}{end}" download aria-label="{stem}{end}">{name}{end}</a>' for end in (".py", ".ipynb")]
    return f'<span>{" ".join(links)} <a href="{colab}" aria-label="{stem} in Colab">Colab</a></span>'
