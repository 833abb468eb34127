"""Execute the example scripts: once, in parallel, and only those whose result could have changed.

A run is kept in `.cache/examples/<environment>/<stem>.ipynb`. It is stale when the script's code, a file of the project
that it read, the Python version, the version of a library, or the way figures are drawn has changed. Prose does not count.
"""

import asyncio
import copy
import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.kernel import FIGURE_TYPE
from pipeline.source import ROOT, SiteError

LIBRARIES = ("tensorflow", "keras", "scikit-learn", "scipy", "numpy", "matplotlib", "ipykernel", "matplotlib-inline")
_HERE = Path(__file__).parent


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that the file is there whole or not at all.

    Raises:
        SiteError: if the disk is full or the folder cannot be written.
    """
    handle = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, handle = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(handle, path)
    except OSError as error:
        if handle and os.path.exists(handle):
            os.unlink(handle)
        raise SiteError(f"{path} could not be written ({error.strerror}); make room or give write access, then run again.") from None


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


def _clean(text: str) -> str:
    """Return printed text without terminal codes and without the times in Keras's progress lines."""
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    text = re.sub(r"[^\n]*\r(?!\n)", "", text)  # what the terminal would have overwritten
    while "\b" in text:
        text = re.sub(r"[^\b\n]?\b", "", text, count=1)
    return re.sub(r"(\d+/\d+ (?:- |\S+ ))\d+(?:s|ms)(?: -)? \d+(?:s|ms|us)/(?:step|epoch) - ", r"\1", text)


def _tidy(outputs: list) -> list:
    """Join the pieces of each stream, and drop what was not meant to be shown: log lines, and the value of a last line."""
    tidy = []
    for output in outputs:
        plain = output.get("data", {}).get("text/plain", "<")
        if output.output_type == "display_data" and FIGURE_TYPE not in output.data and not plain.startswith("<"):
            output = nbformat.v4.new_output("stream", text=plain)  # Keras's model.summary() in a notebook
        if output.output_type == "execute_result" or output.get("name") == "stderr":
            continue
        if output.output_type == "stream" and tidy and tidy[-1].output_type == "stream":
            tidy[-1].text += output.text
        else:
            tidy.append(output)
    for output in tidy:
        if output.output_type == "stream":
            output.text = _clean(output.text)
    return tidy


async def _execute(script: Script, advance) -> None:
    notebook = script.read()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    here, root, path = str(_HERE.parent), str(script.root), str(script.path)
    start_up = (
        f"import sys; sys.path.insert(0, {here!r}); import pipeline.kernel; sys.path.pop(0); pipeline.kernel.start({root!r}, {path!r})"
    )
    notebook.cells = [
        nbformat.v4.new_code_cell(start_up),
        *cells,
        nbformat.v4.new_code_cell("print(pipeline.kernel.reads_as_json())"),
    ]
    client = NotebookClient(
        notebook, timeout=None, kernel_name="python3", record_timing=False, extra_arguments=["--IPKernelApp.log_level=40"]
    )
    client.on_cell_executed = lambda **_: advance()
    surroundings = {
        **os.environ,
        "MATPLOTLIBRC": str(_HERE / "matplotlibrc"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONHASHSEED": "0",
    }
    try:
        with tempfile.TemporaryDirectory() as folder:
            await client.async_execute(env=surroundings, cwd=folder, stderr=subprocess.DEVNULL)  # TensorFlow's greetings
    except CellExecutionError as error:
        failed = next(
            number for number, cell in enumerate(notebook.cells) if any(o.output_type == "error" for o in cell.get("outputs", []))
        )
        if failed in (0, len(cells) + 1):
            raise
        trace = re.sub(r"\x1b\[[0-9;]*m", "", error.traceback)
        inside = re.search(r"Cell In\[\d+\], line (\d+)", trace)
        line = script.line(failed - 1, int(inside[1]) if inside else 1)
        raise SiteError(f"{script.name}:{line}: {error.ename}: {error.evalue}") from None
    except DeadKernelError:
        raise SiteError(f"{script.name}: Python died while running it, most often for want of memory.") from None
    reads = json.loads(notebook.cells[-1].outputs[0].text)
    reads.pop(script.name, None)
    for cell in cells:
        cell.outputs = _tidy(cell.outputs)
        cell.metadata.pop("execution", None)
    notebook.cells = cells
    notebook.metadata["run"] = {"code": script.digest(), "reads": reads}
    write_whole(script.cache, nbformat.writes(notebook).encode())


async def _execute_all(stale: list[Script]) -> None:
    gate = asyncio.Semaphore(os.cpu_count() or 1)
    columns = (TextColumn("executing"), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:

        async def execute(script):
            async with gate:
                total = len(script.code_cells()) + 2
                task = progress.add_task(script.name, total=total)
                await _execute(script, lambda: progress.advance(task))
                progress.update(task, completed=total)

        running = [asyncio.create_task(execute(script)) for script in stale]
        try:
            await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


def execute_stale(root: Path = ROOT) -> list[Script]:
    """Execute the scripts whose kept run is stale, on all cores, and return them.

    Raises:
        SiteError: if a cell raises (script, line and error), or a run cannot be kept.
    """
    stale = [script for script in scripts(root) if script.run() is None]
    if stale:
        asyncio.run(_execute_all(stale))
    return stale
