"""The same content as a project without our pipeline has it: stock Material and stock mkdocs-jupyter.

Its pages have what costs nothing: no fonts from elsewhere, formulas left as LaTeX, no widget's script, figures as plain images.
So it is the lightest form of such a site, not the fullest.
"""

import re
import shutil
from pathlib import Path

import yaml

from pipeline import ledger, notebooks, results
from pipeline.script import Script, scripts

_EMBED = re.compile(r"\{\{ *([\w-]+)#([\w-]+)[^}]*\}\}")


def plain(text: str, shown: dict[str, dict[str, results.Shown]], up: str) -> str:
    """Return a page's Markdown without our syntax: figures as images, printed text as code, markers gone."""

    def embed(match):
        cell = shown[match[1]][match[2]]
        if cell.figures:
            return "\n".join(f"![{about['alt']}]({up}{address}.svg)" for address, about in zip(cell.addresses, cell.figures, strict=True))
        if match.start() == 0 or text[match.start() - 1] == "\n":
            return f"```\n{cell.text.rstrip()}\n```\n"
        return f"`{(cell.text.splitlines() or [''])[0]}`"

    return _EMBED.sub(embed, ledger.MARKER.sub("", text).replace(ledger.LEDGER, ""))


def make(project: Path, folder: Path, execute: bool) -> None:
    """Write into `folder` what a stock project would have of the built `project`.

    With `execute`, mkdocs-jupyter runs the scripts itself; else it gets the executed notebooks.
    """
    ours = yaml.load((project / "mkdocs.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    docs = folder / "docs"
    shown = {script.stem: results.results(script) for script in scripts(project)}
    for path in sorted((project / "docs").rglob("*.md")):
        name = path.relative_to(project / "docs")
        page = docs / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(plain(path.read_text(encoding="utf-8"), shown, "../" * (len(name.parts) - 1)), encoding="utf-8")
    for script in scripts(project):
        _example(script, docs, execute)
    endings = [entry for entry in ours["markdown_extensions"] if not str(entry).startswith("pipeline.")]
    settings = {
        "site_name": ours["site_name"],
        "site_url": ours["site_url"],
        "theme": {"name": "material", "font": "false"},
        "plugins": ["search", {"mkdocs-jupyter": {"execute": execute}}],
        "markdown_extensions": endings,
    }
    text = yaml.safe_dump(settings).replace("'false'", "false").replace("'true'", "true")
    (folder / "mkdocs.yml").write_text(text, encoding="utf-8")


def _example(script: Script, docs: Path, execute: bool) -> None:
    (docs / "examples").mkdir(exist_ok=True)
    if execute:
        shutil.copy(script.path, docs / "examples")
    else:
        (docs / "examples" / f"{script.stem}.ipynb").write_bytes(notebooks.notebook_download(script, lambda page: f"../../{page}"))
    for address, content in results.files(script).items():
        if address.endswith(".svg") and not address.endswith("-dark.svg"):
            (docs / address).parent.mkdir(parents=True, exist_ok=True)
            (docs / address).write_bytes(content)
