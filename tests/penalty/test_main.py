"""The command: what it prints, what it hands on, what it leaves behind, and how it ends."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penalty.__main__ as command
import penalty.compare
import penalty.report
from penalty.table import Problem
from tests.penalty.made import made_comparison

SECTIONS = [
    "What is in members.csv",
    "What could mislead",
    "The comparison",
    "Which penalty, how strong, and how sure",
    "What is kept",
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder, with a table in it."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"age": rng.normal(size=60), "plan": rng.choice(["a", "b"], 60), "day": np.arange(60), "clinic": np.arange(60) % 9})
    data.assign(churn=np.where(np.arange(60) % 3, "no", "yes"), price=rng.normal(size=60)).to_csv("table.csv", index=False)
    return tmp_path


@pytest.fixture
def quick(monkeypatch):
    """Train with few epochs and factors."""
    settings = partial(penalty.compare.Settings, epochs=20, factors=(0.01, 0.1), repeats=1, inner_folds=2)
    monkeypatch.setattr(penalty.compare, "Settings", settings)


@pytest.fixture
def handed(monkeypatch):
    """Train nothing, write nothing but a folder with a part; return what compare and write_report are called with."""
    calls = {}

    def compare(table, settings, **options):
        calls.update(table=table, settings=settings, **options)
        (Path(options["folder"]) / "parts").mkdir(parents=True)
        (Path(options["folder"]) / "parts" / "0.npz").touch()
        options["progress"](0, 3, None)
        options["progress"](1, 3, 400.0)
        options["progress"](3, 3, 0.0)
        return made_comparison()

    def write_report(comparison, verdict, findings, folder, costs):
        calls.update(costs=costs, findings=findings, report=folder)
        return Path(folder) / "report.html"

    monkeypatch.setattr(penalty.compare, "compare", compare)
    monkeypatch.setattr(penalty.report, "write_report", write_report)
    return calls


CHURN = ["table.csv", "--target", "churn"]


def test_without_arguments_the_shipped_table_goes_all_the_way_and_goes_on_from_its_parts(folder, quick, capsys):
    assert command.main(["--folds", "2"]) == 0
    lines = capsys.readouterr().out.split("\n")
    assert [line for line in lines if line in SECTIONS] == SECTIONS
    assert max(map(len, lines)) <= 80
    assert any("'refund' alone predicts the target" in line for line in lines)
    assert "  1 of 3 parts done" in "\n".join(lines)
    names = {path.name for path in (folder / "members_report").iterdir()}
    assert {"report.html", "model.keras", "preprocessing.joblib", "predict.py", "results.csv", "parts"} <= names
    assert {path.name for path in folder.iterdir()} == {"table.csv", "members_report"}

    assert command.main(["--folds", "2"]) == 0
    again = capsys.readouterr().out.split("\n")
    assert "  1 of 3 parts done" not in "\n".join(again) and "  3 of 3 parts done" in again
    assert [line for line in again if "parts done" not in line] == [line for line in lines if "parts done" not in line]


def test_a_full_disk_gets_a_sentence_and_leaves_nothing(folder, quick, monkeypatch, capsys):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    assert command.main([*CHURN, "--folds", "2"]) == 2
    assert "No space left on device" in " ".join(capsys.readouterr().err.split())
    assert [path.name for path in folder.iterdir()] == ["table.csv"]


def test_a_full_disk_at_the_report_keeps_the_parts(folder, handed, monkeypatch, capsys):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(penalty.report, "write_report", full)
    assert command.main(CHURN) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert said == "Writing to table_report has failed (No space left on device): make room, or choose another --output."
    assert [path.name for path in (folder / "table_report").iterdir()] == ["parts"]


def test_a_problem_in_mid_search_ends_with_code_2_and_leaves_no_empty_folder(folder, monkeypatch, capsys):
    def compare(table, settings, folder, **options):
        (Path(folder) / "parts").mkdir(parents=True)
        raise Problem("A worker was killed: use fewer.")

    monkeypatch.setattr(penalty.compare, "compare", compare)
    assert command.main(CHURN) == 2
    assert capsys.readouterr().err == "A worker was killed: use fewer.\n"
    assert [path.name for path in folder.iterdir()] == ["table.csv"]


def test_ctrl_c_keeps_the_finished_part_and_says_so(folder, handed, monkeypatch, capsys):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(penalty.report, "write_report", interrupted)
    assert command.main(CHURN) == 130
    assert capsys.readouterr().err == "\nStopped. The finished parts are kept, and the same command goes on from there.\n"
    assert (folder / "table_report" / "parts" / "0.npz").exists()


def test_ctrl_c_before_a_part_is_finished_leaves_nothing(folder, monkeypatch, capsys):
    def interrupted(table, settings, folder, **options):
        (Path(folder) / "parts").mkdir(parents=True)
        raise KeyboardInterrupt

    monkeypatch.setattr(penalty.compare, "compare", interrupted)
    assert command.main(CHURN) == 130
    assert capsys.readouterr().err == "\nStopped. No part was finished yet.\n"
    assert [path.name for path in folder.iterdir()] == ["table.csv"]


def test_too_little_memory_gets_a_sentence(monkeypatch, capsys):
    def full(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr(command, "read_table", full)
    assert command.main(CHURN) == 2
    assert "The memory does not suffice" in capsys.readouterr().err


def test_defaults_are_handed_on(handed):
    assert command.main(CHURN) == 0
    assert handed["settings"] == penalty.compare.Settings()
    assert (handed["workers"], handed["dask"], handed["costs"]) == (1, None, (1, 1))
    assert str(handed["folder"]) == str(handed["report"]) == "table_report"
    assert handed["table"].name == "churn" and handed["table"].time is None and handed["table"].groups is None
    assert [finding.kind for finding in handed["findings"]] == ["identifier"]  # the column "day"


def test_options_are_handed_on(handed):
    options = "--time day --hidden 8 4 --folds 3 --seed 7 --output here --costs 1 2.5 --workers 2 --dask tcp://127.0.0.1:1"
    assert command.main([*CHURN, *options.split()]) == 0
    assert handed["settings"] == penalty.compare.Settings(folds=3, hidden_layer_sizes=(8, 4), seed=7)
    assert (handed["workers"], handed["dask"], handed["costs"]) == (2, "tcp://127.0.0.1:1", (1, 2.5))
    assert str(handed["report"]) == "here" and handed["table"].time is not None


def test_groups_are_handed_on_and_no_hidden_layer_is_allowed(handed):
    assert command.main([*CHURN, "--groups", "clinic", "--hidden"]) == 0
    assert handed["table"].groups.max() == 8 and handed["settings"].hidden_layer_sizes == ()


def test_columns_can_be_left_out(handed):
    assert command.main([*CHURN, "--leave-out", "clinic"]) == 0
    assert "clinic" not in handed["table"].features and "day" in handed["table"].features


def test_progress_says_what_is_left(handed, capsys):
    command.main(CHURN)
    lines = capsys.readouterr().out.split("\n")
    assert [line for line in lines if "parts done" in line] == ["  1 of 3 parts done, about 7 min left", "  3 of 3 parts done"]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (59, "59 s"), (89, "89 s"), (90, "2 min"), (3000, "50 min"), (5400, "2 h"), (40000, "11 h")]
)
def test_a_duration_is_rounded(seconds, said):
    assert command._duration(seconds) == said


def test_networks_and_memory_are_stated_before_the_training_starts(handed, capsys):
    command.main([*CHURN, "--hidden", "8"])
    shown = " ".join(capsys.readouterr().out.split())
    networks = (
        (2 * 5 + 1) * (5 + 1) * (1 + 3 * 10)
    )  # outer folds and all rows; inner folds and the refit; no penalty and ten factors of each
    assert f"{networks:,} networks are trained on 60 rows, in 11 parts, with about 1.1 GB of memory. 1 of 3 parts done" in shown


def test_the_scores_of_the_methods_are_printed_beside_the_base_rate(handed, capsys):
    command.main(CHURN)
    lines = [line.split("  ") for line in capsys.readouterr().out.split("\n")]
    comparison = made_comparison()
    for place, method in enumerate(penalty.compare.METHODS):
        (line,) = [[entry.strip() for entry in line if entry] for line in lines if line[0] == method and len(line) > 2]
        assert line == [method, f"{comparison.losses[:, place].mean():.4f}", f"{comparison.accuracies[:, place].mean():.3f}"]
    (line,) = [[entry.strip() for entry in line if entry] for line in lines if line[0] == "base rate"]
    assert line == ["base rate", f"{comparison.base_losses.mean():.4f}"]


def test_help_reads_like_documentation(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["--help"])
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert max(map(len, shown.split("\n"))) <= 80
    for heading in ("what you get:", "the table:", "examples:", "exit codes:"):
        assert f"\n{heading}\n" in shown
    for name in penalty.report.FILES:
        assert name == "prepared.npz" or name in shown
    assert shown.count("\n  python -m penalty") == 3


def test_examples_of_the_help_are_valid(handed, capsys):
    lines = [line.split()[3:] for line in command.SECTIONS.split("\n") if line.startswith("  python -m penalty")]
    for arguments in lines:
        command._parser().parse_args(arguments)


def test_help_and_bad_input_do_not_wait_for_tensorflow():
    code = (
        "import sys; from penalty.__main__ import main; assert main(['none.csv', '--target', 'y']) == 2;"
        "assert main(['table.csv', '--target', 'y']) == 2; assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_package_runs_as_a_module():
    ended = subprocess.run([sys.executable, "-m", "penalty", "none.csv", "--target", "y"], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", "There is no file none.csv: check its name.\n")
