"""Execute the example scripts: once, in parallel, and only those whose kept run is stale."""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.script import Script, scripts
from pipeline.source import ROOT, SiteError
from pipeline.tidy import tidy

_HERE = Path(__file__).parent


class _Client(NotebookClient):
    """Runs the cells of one script in a kernel of its own, and stops that when it is done, fails or is cancelled.

    NotebookClient takes Ctrl-C from asyncio, for the kernel that was started last, and leaves out what a cell printed that comes
    four seconds late.
    """

    iopub_timeout = 60
    raise_on_iopub_timeout = True

    @asynccontextmanager
    async def async_setup_kernel(self, **options):
        kernel = self.create_kernel_manager()
        done = False
        try:
            await self.async_start_new_kernel(**options)
            await self.async_start_new_kernel_client()
            yield
            done = True
        except RuntimeError:
            if asyncio.current_task().cancelling():  # nbclient takes it for the death of the kernel
                raise asyncio.CancelledError from None
            raise
        finally:
            if self.kc:
                self.kc.stop_channels()
            if kernel.has_kernel:
                await kernel.shutdown_kernel(now=not done)


async def _execute(script: Script, advance) -> None:
    cells = script.code_cells()
    here, root, path = str(_HERE.parent), str(script.root), str(script.path)
    # A script may call something of its own `kernel` or `pipeline`, and has to import `sys` itself.
    first = f"import sys; sys.path.insert(0, {here!r}); from pipeline import kernel; sys.path.pop(0); kernel.start({root!r}, {path!r})"
    last = "from pipeline import kernel; print(kernel.used_as_json())"
    around = [nbformat.v4.new_code_cell(f"{first}; del sys, kernel"), nbformat.v4.new_code_cell(last)]
    notebook = nbformat.v4.new_notebook(cells=[around[0], *cells, around[1]])
    client = _Client(notebook, timeout=None, kernel_name="python3", record_timing=False, extra_arguments=["--IPKernelApp.log_level=40"])
    client.on_cell_executed = lambda **_: advance()
    surroundings = {
        **os.environ,
        "MATPLOTLIBRC": str(_HERE / "matplotlibrc"),
        "KERAS_BACKEND": "tensorflow",  # the scripts use it; the tests may run on another
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONHASHSEED": "0",
    }
    try:
        with tempfile.TemporaryDirectory() as folder:
            await client.async_execute(env=surroundings, cwd=folder, stderr=subprocess.DEVNULL)  # TensorFlow's greetings
    except CellExecutionError as error:
        raise SiteError(_where(script, notebook.cells, error)) from None
    except DeadKernelError:
        raise SiteError(f"{script.name}: Python died while running it, most often for want of memory.") from None
    except RuntimeError as error:
        raise SiteError(f"{script.name}: no Python could be started to run it ({error}); free memory or disk, then run again.") from None
    except CellTimeoutError:
        raise SiteError(f"{script.name}: what a cell printed did not come within a minute; run again when less else runs.") from None
    except OSError as error:
        raise SiteError(f"{script.name} could not be executed ({error}); make room or give write access, then run again.") from None
    for index, cell in enumerate(cells):
        try:
            cell.outputs = tidy(cell.outputs)
        except ValueError as error:
            raise SiteError(f"{script.name}:{script.line(index)}: {error}.") from None
    script.keep(cells, json.loads(around[1].outputs[0].text))


def _where(script: Script, cells: list, error: CellExecutionError) -> str:
    """Return what went wrong in one of `cells`, the script's between two of ours, and in which line of which file."""
    failed = next(number for number, cell in enumerate(cells) if any(output.output_type == "error" for output in cell.outputs))
    trace = re.sub(r"\x1b\[[0-9;]*m", "", error.traceback)
    if failed in (0, len(cells) - 1):
        line = re.findall(r"kernel\.py:(\d+)", trace)[-1:] or ["1"]
        return f"pipeline/kernel.py:{line[0]}: {error.ename}: {error.evalue} (before or after the cells of {script.name})."
    inside = re.search(r"Cell In\[\d+\], line (\d+)", trace)
    return f"{script.name}:{script.line(failed - 1, int(inside[1]) if inside else 1)}: {error.ename}: {error.evalue}"


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

        try:
            async with asyncio.TaskGroup() as group:  # if one fails, the others are stopped
                for script in stale:
                    group.create_task(execute(script))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None


def execute_stale(root: Path = ROOT) -> list[Script]:
    """Execute the scripts whose kept run is stale, on all cores, and return them.

    Raises:
        SiteError: if a cell raises (script, line and error), or a run cannot be kept.
        SystemExit: if a person presses Ctrl-C.
    """
    stale = [script for script in scripts(root) if script.run() is None]
    if stale:
        try:
            asyncio.run(_execute_all(stale))
        except KeyboardInterrupt:
            print("Stopped; what has run is kept. Run again to go on.", file=sys.stderr)
            raise SystemExit(130) from None  # as shells count it: 128 and the number of the signal
    return stale
