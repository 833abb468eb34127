"""Execute the example scripts: once, in parallel, and only those whose kept run is stale."""

import asyncio
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.files import write_whole
from pipeline.kernel import FIGURE_TYPE
from pipeline.script import Script, scripts
from pipeline.source import ROOT, SiteError

_HERE = Path(__file__).parent


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
