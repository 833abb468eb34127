"""An example script: its cells, and the run of it that is kept.

A run is kept in `.cache/examples/<stem>.ipynb`, with all that it was made from. It is stale when one of these has changed:

- the script's code; prose does not count;
- a file of the project that the script has read (`_Reads` in `kernel.py` says what counts as such);
- the Python version;
- the version of a library of `LIBRARIES` in `kernel.py` that it has loaded. Matplotlib and NumPy, which draw, always are. ipykernel and
  matplotlib-inline do not count: they carry text and figures from the script to `kernel.py` and `tidy.py`, and draw nothing;
- what draws and tidies, the same for all scripts: `kernel.py`, `tidy.py`, `matplotlibrc` and the fonts.
"""

import copy
import functools
import hashlib
import importlib.metadata
import json
import platform
import re
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat

from pipeline.files import read_text, write_whole
from pipeline.source import ROOT, SiteError

_HERE = Path(__file__).parent


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@functools.cache
def drawing() -> str:
    """Return the SHA-256 of what draws and tidies what the scripts show."""
    paths = [_HERE / "kernel.py", _HERE / "tidy.py", _HERE / "matplotlibrc", *sorted((_HERE / "fonts").glob("*.ttf"))]
    return _sha256(b"".join(path.read_bytes() for path in paths))


def _code(cells: list) -> str:
    """Return the SHA-256 of the code of `cells`, in order."""
    return _sha256("\n# %%\n".join(cell.source for cell in cells).encode())


def _seal(notebook: dict) -> str:
    """Return the SHA-256 of a run as it is kept, by which a damaged one is known."""
    return _sha256(json.dumps([notebook["cells"], notebook["metadata"]["run"]], sort_keys=True).encode())


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
        return self.root / ".cache" / "examples" / f"{self.stem}.ipynb"

    def read(self):
        """Return the script as a notebook without outputs, its cells named `<tag>` or `cell-<number>`.

        Raises:
            SiteError: if the script cannot be read, or a cell's tag cannot be, is no name, or is another cell's too.
        """
        try:
            notebook = copy.deepcopy(_parse(read_text(self.path)))
        except nbformat.ValidationError as error:
            raise SiteError(f'{self.name}: a cell begins with what is no tag ({error.message}); write `# %% tags=["weights"]`.') from None
        for number, cell in enumerate(notebook.cells, start=1):
            if unread := cell.metadata.get("incorrectly_encoded_metadata"):
                raise SiteError(f'{self.name}: a cell begins with `# %% {unread}`, which is no tag; write `# %% tags=["weights"]`.')
            tags = cell.metadata.get("tags", [])
            cell["id"] = tags[0] if tags else f"cell-{number}"
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", cell["id"]):
                raise SiteError(f"{self.name}: the tag {cell['id']!r} gives no address; use letters, digits, - and _ only.")
        ids = [cell["id"] for cell in notebook.cells]
        twice = {name for name in ids if ids.count(name) > 1}
        if twice:
            raise SiteError(f"{self.name}: two cells carry the tag {sorted(twice)[0]!r}; rename one.")
        return notebook

    def code_cells(self) -> list:
        return [cell for cell in self.read().cells if cell.cell_type == "code"]

    def code(self) -> str:
        """Return the SHA-256 of the script's code."""
        return _code(self.code_cells())

    def line(self, index: int, offset: int = 1) -> int:
        """Return the line in the script of line `offset` of code cell number `index` (from 0)."""
        text = read_text(self.path)
        position = 0
        for number, cell in enumerate(self.code_cells()):
            position = text.index(cell.source, position)
            if number == index:
                return text.count("\n", 0, position) + offset
            position += len(cell.source)
        raise IndexError(index)

    def keep(self, cells: list, used: dict) -> None:
        """Keep the run that gave the code `cells` their outputs.

        Args:
            cells: the code cells as they were executed.
            used: {"libraries": {name: version}, "reads": {file of the project: SHA-256 of its bytes}}.

        Raises:
            SiteError: if it cannot be written.
        """
        run = {"code": _code(cells), "python": platform.python_version(), "drawing": drawing(), **used}
        notebook = json.loads(nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata={"run": run})))
        notebook["metadata"]["seal"] = _seal(notebook)
        write_whole(self.cache, json.dumps(notebook, indent=1).encode())

    def run(self):
        """Return the kept run, a notebook of the code cells, or None if there is none, or it is stale or damaged."""
        cells = self.code_cells()
        try:
            text = self.cache.read_text(encoding="utf-8")
            notebook = json.loads(text)
            kept = notebook["metadata"]["run"]
            if notebook["metadata"]["seal"] != _seal(notebook) or kept != self._now(cells, kept):
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        notebook = nbformat.reads(text, as_version=4)
        for kept_cell, cell in zip(notebook.cells, cells):
            kept_cell["id"], kept_cell["metadata"] = cell["id"], cell.metadata  # tags may have changed since
        return notebook

    def _now(self, cells: list, kept: dict) -> dict:
        """Return what a run would be made from now, if it used the libraries and files that the `kept` one has."""

        def version(library):
            try:
                return importlib.metadata.version(library)
            except importlib.metadata.PackageNotFoundError:
                return None

        def digest(name):
            path = self.root / name
            return _sha256(path.read_bytes()) if path.is_file() else None

        return {
            "code": _code(cells),
            "python": platform.python_version(),
            "drawing": drawing(),
            "libraries": {name: version(name) for name in kept["libraries"]},
            "reads": {name: digest(name) for name in kept["reads"]},
        }


def scripts(root: Path = ROOT) -> list[Script]:
    """Return the example scripts, sorted by name."""
    return [Script(path, root) for path in sorted((root / "examples").glob("*.py"))]
