"""Executing the examples: where it stops, what it says, what it leaves."""

import asyncio
import errno
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from pipeline import execute, results
from pipeline.script import Script
from pipeline.source import ROOT, SiteError
from tests.site.small import demo, edit, stops, write


def test_a_raising_cell_stops_the_build_and_says_where(project, caplog):
    edit(project / "examples" / "demo.py", 'print(f"accuracy: {0.925:.3f}")', 'answer = 1\nanswer / 0\nprint("0.925")')
    line = 1 + (project / "examples" / "demo.py").read_text().splitlines().index("answer / 0")
    stops(project, caplog, f"examples/demo.py:{line}: ZeroDivisionError: division by zero")
    assert demo(project).run() is None


def test_scripts_run_side_by_side(project, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    meet = "import time\nfrom pathlib import Path\nhere = Path(__file__).parent\n(here / '{mine}').touch()\n"
    meet += "while not (here / '{other}').exists():\n    time.sleep(0.05)\n"  # alone it would wait for ever
    write(project / "examples" / "first.py", meet.format(mine="a.flag", other="b.flag"))
    write(project / "examples" / "second.py", meet.format(mine="b.flag", other="a.flag"))
    assert len(execute.execute_stale(project)) == 2


def test_a_full_disk_is_said_in_one_sentence_and_leaves_nothing_half_written(project, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    edit(project / "examples" / "demo.py", "0.925", "0.926")
    before = demo(project).cache.read_bytes()
    monkeypatch.setattr(execute.os, "replace", full)
    with pytest.raises(SiteError, match="No space left on device"):
        execute.execute_stale(project)
    assert demo(project).cache.read_bytes() == before
    assert not list((project / ".cache").rglob(".part-*"))


def test_a_temporary_folder_that_cannot_be_made_is_said_in_one_sentence(project, monkeypatch):
    edit(project / "examples" / "demo.py", "0.925", "0.926")
    monkeypatch.setattr(execute.tempfile, "tempdir", str(project / "absent"))
    with pytest.raises(
        SiteError, match=r"demo\.py could not be executed \(.+absent/.+\); make room or give write access, then run again\."
    ):
        execute.execute_stale(project)


def test_a_python_that_dies_is_said_in_one_sentence(project, caplog):
    edit(project / "examples" / "demo.py", "0.925", "0.926")
    edit(project / "examples" / "demo.py", "# %%\nimport", "# %%\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)\nimport")
    stops(project, caplog, "examples/demo.py: Python died while running it, most often for want of memory.")


def test_output_that_does_not_come_is_not_left_out_silently(project, monkeypatch):
    async def never(*_):
        await asyncio.sleep(600)

    monkeypatch.setattr(execute._Client, "iopub_timeout", 0.1)
    monkeypatch.setattr(execute._Client, "_async_poll_output_msg", never)
    edit(project / "examples" / "demo.py", "0.925", "0.926")
    with pytest.raises(SiteError, match=r"examples/demo\.py: what a cell printed did not come within a minute"):
        execute.execute_stale(project)


def test_a_python_that_cannot_be_started_is_said_in_one_sentence(project, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", str(project))
    edit(project / "examples" / "demo.py", "0.925", "0.926")
    with pytest.raises(
        SiteError, match=r"examples/demo\.py: no Python could be started to run it \(.+\); free memory or disk, then run again"
    ):
        execute.execute_stale(project)


def test_a_failure_in_the_kernels_own_part_says_where(project, tmp_path, monkeypatch):
    pipeline = shutil.copytree(ROOT / "pipeline", tmp_path / "pipeline")
    edit(pipeline / "kernel.py", "    import matplotlib\n    from cycler", "    import matplotlib.absent\n    from cycler")
    line = 1 + (pipeline / "kernel.py").read_text().splitlines().index("    import matplotlib.absent")
    monkeypatch.setattr(execute, "_HERE", pipeline)
    edit(project / "examples" / "demo.py", "0.925", "0.926")
    with pytest.raises(
        SiteError, match=rf"pipeline/kernel\.py:{line}: ModuleNotFoundError: .+ \(before or after the cells of examples/demo\.py\)"
    ):
        execute.execute_stale(project)


def test_a_script_finds_only_its_own_names(project):
    """It has to run alone, so it imports what it needs, and may call things as it likes."""
    write(project / "examples" / "names.py", '# %% tags=["names"]\nprint("sys" in globals())\npipeline = kernel = None\n')
    execute.execute_stale(project)
    assert results.results(Script(project / "examples" / "names.py", project))["names"].text == "False\n"


def test_the_first_of_two_failures_stops_the_build_in_one_sentence(project):
    write(project / "examples" / "first.py", "1 / 0\n")
    write(project / "examples" / "second.py", "import time\ntime.sleep(600)\n")
    with pytest.raises(SiteError, match=r"examples/first\.py:1: ZeroDivisionError: division by zero"):
        execute.execute_stale(project)


def test_an_interrupted_build_stops_its_kernels_keeps_what_has_run_and_says_one_sentence(project):
    slow = "import os, time\nfrom pathlib import Path\nPath(__file__).with_suffix('.pid').write_text(str(os.getpid()))\ntime.sleep(600)\n"
    begun = [project / "examples" / f"slow{number}.pid" for number in range(min(2, os.cpu_count()))]
    for path in begun:
        write(path.with_suffix(".py"), slow)
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--config-file", str(project / "mkdocs.yml")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not all(path.exists() and path.read_text() for path in begun):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate()
    assert process.returncode == 130
    said = [line for line in (out + said).splitlines() if line.strip() and not line.startswith("executing examples/slow")]
    assert said == ["Stopped; what has run is kept. Run again to go on."]
    for path in begun:
        with pytest.raises(ProcessLookupError):
            os.kill(int(path.read_text()), 0)
        write(path.with_suffix(".py"), "print('done')\n")
    assert demo(project).run() is not None
    assert [script.stem for script in execute.execute_stale(project)] == [path.stem for path in begun]
