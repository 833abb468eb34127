"""An example script: its cells, and the run of it that is kept.

A run is kept in `.cache/examples/<environment>/<stem>.ipynb`. It is stale when the script's code, a file of the project
that it read, the Python version, the version of a library, or the way figures are drawn has changed. Prose does not count.
"""

import copy
import functools
import hashlib
import importlib.metadata
import platform
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat

from pipeline.source import ROOT, SiteError

LIBRARIES = ("tensorflow", "keras", "scikit-learn", "scipy", "numpy", "matplotlib", "ipykernel", "matplotlib-inline")
_HERE = Path(__file__).parent


@functools.cache
def environment() -> str:
    """Return a short name for all that a run depends on besides the script: versions, and how figures are drawn."""
    parts = [platform.python_version()]
    parts += [f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES]
    drawing = [_HERE / "execute.py", _HERE / "kernel.py", _HERE / "matplotlibrc", *sorted((_HERE / "fonts").glob("*.ttf"))]
    parts += [hashlib.sha256(path.read_bytes()).hexdigest() for path in drawing]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


@functools.lru_cache(maxsize=64)
def _parse(text: str):
    return jupytext.reads(text, fmt="py:percent")


@dataclass(frozen=True)
class Script:
    """One example script.

    Attributes:
        path: the script, `examples/<stem>.py`.
        root: the project's folder.
    """

    path: Path
    root: Path = ROOT

    @property
    def stem(self) -> str:
        return self.path.stem

    @property
    def name(self) -> str:
        return self.path.relative_to(self.root).as_posix()

    @property
    def cache(self) -> Path:
        return self.root / ".cache" / "examples" / environment() / f"{self.stem}.ipynb"

    def read(self):
        """Return the script as a notebook without outputs, its cells named `<tag>` or `cell-<number>`."""
        notebook = copy.deepcopy(_parse(self.path.read_text(encoding="utf-8")))
        for number, cell in enumerate(notebook.cells, start=1):
            tags = cell.metadata.get("tags", [])
            cell["id"] = tags[0] if tags else f"cell-{number}"
        ids = [cell["id"] for cell in notebook.cells]
        twice = {name for name in ids if ids.count(name) > 1}
        if twice:
            raise SiteError(f"{self.name}: two cells carry the tag {sorted(twice)[0]!r}; rename one.")
        return notebook

    def code_cells(self) -> list:
        return [cell for cell in self.read().cells if cell.cell_type == "code"]

    def digest(self) -> str:
        """Return the SHA-256 of what a run depends on: the code cells, in order."""
        return hashlib.sha256("\n# %%\n".join(cell.source for cell in self.code_cells()).encode()).hexdigest()

    def line(self, index: int, offset: int = 1) -> int:
        """Return the line in the script of line `offset` of code cell number `index` (from 0)."""
        text = self.path.read_text(encoding="utf-8")
        position = 0
        for number, cell in enumerate(self.code_cells()):
            position = text.index(cell.source, position)
            if number == index:
                return text.count("\n", 0, position) + offset
            position += len(cell.source)
        raise IndexError(index)

    def run(self):
        """Return the kept run, a notebook of the code cells, or None if there is none or it is stale."""
        try:
            notebook = nbformat.read(self.cache, as_version=4)
        except (FileNotFoundError, nbformat.reader.NotJSONError):
            return None
        kept = notebook.metadata["run"]
        if kept["code"] != self.digest():
            return None
        for name, digest in kept["reads"].items():
            path = self.root / name
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                return None
        for kept_cell, cell in zip(notebook.cells, self.code_cells()):
            kept_cell["id"], kept_cell["metadata"] = cell["id"], cell.metadata  # tags may have changed since
        return notebook


def scripts(root: Path = ROOT) -> list[Script]:
    """Return the example scripts, sorted by name."""
    return [Script(path, root) for path in sorted((root / "examples").glob("*.py"))]
