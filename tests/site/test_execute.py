"""Executing the examples: where it stops, what it says, what it leaves."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from pipeline import execute, results
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


def test_an_interrupted_run_leaves_the_cache_valid(project):
    write(
        project / "examples" / "slow.py",
        "import time\nfrom pathlib import Path\n(Path(__file__).parent / 'begun.flag').touch()\ntime.sleep(600)\n",
    )
    command = f"from pathlib import Path; from pipeline import execute; execute.execute_stale(Path({str(project)!r}))"
    process = subprocess.Popen([sys.executable, "-c", command], cwd=ROOT, stderr=subprocess.PIPE)
    while not (project / "examples" / "begun.flag").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode != 0
    assert demo(project).run() is not None
    write(project / "examples" / "slow.py", "print('done')\n")
    assert [script.stem for script in execute.execute_stale(project)] == ["slow"]


def test_the_value_of_a_last_line_is_not_shown(project):
    """A figure or what is printed is meant to be seen; `model.fit(…)` as a last line would leave an address in memory."""
    edit(project / "examples" / "demo.py", 'print(f"accuracy: {0.925:.3f}")', 'print(f"accuracy: {0.925:.3f}")\nobject()')
    execute.execute_stale(project)
    assert "object at" not in demo(project).cache.read_text()


def test_what_keras_displays_in_a_notebook_is_shown_as_text(project):
    code = (
        'from IPython.display import display\ndisplay({"text/plain": "Layer (type)", "text/html": "<b>Layer</b>"}, raw=True)\nprint("end")'
    )
    edit(project / "examples" / "demo.py", 'print(f"accuracy: {0.925:.3f}")', code)
    execute.execute_stale(project)
    assert results.results(demo(project))["accuracy"].text == "Layer (type)end\n"


def test_times_and_terminal_codes_are_left_out_of_keras_progress():
    printed = "Epoch 1/2\n\x1b[1m 1/25\x1b[0m \x1b[32m━\x1b[0m \x1b[1m5s\x1b[0m 240ms/step - loss: 0.9"
    printed += "\r\x1b[1m25/25\x1b[0m ━━ 0s 2ms/step - loss: 0.5\n"
    assert execute._clean(printed) == "Epoch 1/2\n25/25 ━━ loss: 0.5\n"
    assert execute._clean("25/25 - 1s - 38ms/step - loss: 0.5\n") == "25/25 - loss: 0.5\n"
