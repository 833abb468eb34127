"""What a cell has put out reads well, and is the same in every run."""

from types import SimpleNamespace

import pytest

from pipeline import execute, results
from pipeline.tidy import clean
from tests.site.small import demo, edit, stops


def test_the_value_of_a_last_line_is_not_shown(project):
    """A figure or what is printed is meant to be seen; `model.fit(…)` as a last line would leave an address in memory."""
    edit(project / "examples" / "demo.py", 'print(f"accuracy: {0.925:.3f}")', 'print(f"{0.925:.3f}")\nobject()')
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
    assert clean(printed) == "Epoch 1/2\n25/25 ━━ loss: 0.5\n"
    assert clean("25/25 - 1s - 38ms/step - loss: 0.5\n") == "25/25 - loss: 0.5\n"


@pytest.mark.parametrize("verbose", [1, 2])
@pytest.mark.parametrize("values", [[("loss", 0.5), ("accuracy", 0.25)], []])
def test_progress_of_the_keras_in_use_is_the_same_however_long_it_takes(monkeypatch, capsys, verbose, values):
    from keras.src.utils import progbar

    printed = []
    for seconds in ([0, 1e-5, 2e-5, 3e-5], [0, 0.24, 0.241, 0.242], [0, 3, 6, 9], [0, 90, 180, 270]):
        monkeypatch.setattr(progbar, "time", SimpleNamespace(time=iter(seconds).__next__))
        bar = progbar.Progbar(3, verbose=verbose)
        for step in (1, 2, 3):
            bar.update(step, values)
        printed.append(capsys.readouterr().out)
    assert len(set(printed)) == len(printed)  # the times do differ
    assert len({clean(text) for text in printed}) == 1
    assert clean(printed[0]).strip().startswith("3/3")


@pytest.mark.parametrize(
    "line",
    [
        "25/25 ━━ 0s, 2ms/step, loss: 0.5",
        "25/25 [====] - ETA: 0s - loss: 0.5",
        "25/25 ━━ 1:05 - loss: 0.5",
        "25/Unknown 3s - loss: 0.5",
        "Epoch 1/2 ━━ 31 ms - loss: 0.5",
        "loss 0.5 (31.5ms/step)",
    ],
)
def test_progress_in_another_form_stops_the_build(line):
    with pytest.raises(ValueError, match=r"Keras prints its progress in another way than pipeline/tidy\.py expects"):
        clean(f"Epoch 1/2\n{line}\n")


def test_what_is_no_progress_is_left_as_it_is():
    text = "Epoch 1/2\n1/2 of the rows: 3 s.e.\nchapter 3/4\nit took 12 steps\nl2    test\n0.1   0.95\n"
    assert clean(text) == text


def test_progress_in_another_form_says_where(project, caplog):
    edit(project / "examples" / "demo.py", 'print(f"accuracy: {0.925:.3f}")', 'print("25/25 after 2ms")')
    line = 1 + demo(project).path.read_text().splitlines().index('print("25/25 after 2ms")')
    stops(project, caplog, f"examples/demo.py:{line}: '25/25 after 2ms' looks like progress with a time in it")
