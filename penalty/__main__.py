"""The command: python -m penalty table.csv --target churn"""

import argparse
import os
import sys
import textwrap
from importlib.resources import files
from pathlib import Path

import numpy as np

from penalty.table import Problem, Table, describe, memory_needed, read_table

SHIPPED = files("penalty") / "members.csv"
WIDTH = 80
SECTIONS = """\
what you get:
  On the screen and in a folder:
  - what is in the table, and what in it could mislead,
  - no penalty, L1, L2, both, early stopping and a linear model, compared on
    the same folds, each with its factor chosen inside them,
  - which penalty, how strong, and how sure: in sentences that the numbers
    support, also if they are "no penalty is clearly better".
  The folder has report.html (open it in a browser), model.keras and
  preprocessing.joblib, predict.py (applies both to new rows), chosen_model.py
  (the model in plain Keras), and results.csv.

the table:
  A CSV file (commas, UTF-8, names in the first line) or a Parquet file, with a
  line for each example. Numbers, text, yes/no, dates as 2024-12-31 and empty
  cells are welcome. A target of more than 20 different numbers is predicted as
  a number, any other as classes; rows without a target are left out.

examples:
  python -m penalty
      The table that ships with the package: 16 columns, as messy as most.
  python -m penalty table.csv --target churn --leave-out id --costs 1 5
      A missed churner costs five times as much as a false alarm.
  python -m penalty sales.parquet --target price --time sold --workers 4
      Later sales are predicted from earlier ones, by four processes.

Ctrl-C stops; what is finished is kept, and the same command goes on from there.

exit codes:
  0    the report is written
  2    the table or an option cannot be used; one sentence says why
  130  stopped by Ctrl-C
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str):
        raise Problem(f"{message[0].upper()}{message[1:]} (python -m penalty --help shows the options).")


def main(argv: list[str] | None = None) -> int:
    """Run the command with these arguments (those of the process if None), and return its exit code."""
    try:
        options = _parser().parse_args(argv)
        output = Path(options.output or f"{Path(options.table).stem}_report")
        try:
            _run(options, output)
        except KeyboardInterrupt:
            kept = (output / "parts").is_dir() and any((output / "parts").iterdir())
            went = "The finished parts are kept, and the same command goes on from there." if kept else "No part was finished yet."
            print(f"\nStopped. {went}", file=sys.stderr)
            return 130
        except MemoryError:
            raise Problem("The memory does not suffice: take fewer rows, columns or --workers, or a larger machine.") from None
        except OSError as error:
            raise Problem(f"Writing to {output} has failed ({error.strerror or error}): make room, or choose another --output.") from None
        finally:
            for folder in (output / "parts", output):  # one without anything in it is none
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
    except Problem as problem:
        print(_wrapped(str(problem)), file=sys.stderr)
        return 2
    return 0


def _run(options: argparse.Namespace, output: Path) -> None:
    if options.table != str(SHIPPED) and options.target is None:
        raise Problem(f"Say which column of {options.table} is to be predicted, with --target COLUMN.")
    _check_output(output)
    table = read_table(options.table, options.target or "churned", time=options.time, groups=options.groups, leave_out=options.leave_out)
    _check_options(table, options)
    print(_heading(f"What is in {Path(options.table).name}"), describe(table), *_items(table.notes), sep="\n")

    # From here on it takes time: scikit-learn's trees, then TensorFlow.
    from penalty.findings import findings

    found = findings(table, options.folds)
    print(_heading("What could mislead"), *(_items(found) or ["Nothing of what was looked for was found."]), sep="\n", flush=True)

    from penalty.compare import Settings, compare, plan
    from penalty.report import check_folder, write_report
    from penalty.verdict import verdict

    settings = Settings(folds=options.folds, hidden_layer_sizes=tuple(options.hidden), seed=options.seed)
    check_folder(output)
    print(_heading("The comparison"))
    _state_what_it_takes(table, plan(table, settings), settings, options)
    comparison = compare(table, settings, workers=options.workers, dask=options.dask, folder=output, progress=_progress)
    print("", _scores(comparison), sep="\n")
    said = verdict(comparison)
    print(
        _heading("Which penalty, how strong, and how sure"), _wrapped(said.sentences[0]), *_items(said.sentences[1:]), sep="\n", flush=True
    )
    report = write_report(comparison, said, found, output, costs=tuple(options.costs or (1, 1)))
    print(_heading("What is kept"), f"{report}\nOpen it in a browser; the model and predict.py are in the same folder.", sep="\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m penalty",
        usage="python -m penalty [TABLE --target COLUMN] [options]",
        description=textwrap.fill(
            "Which penalty, how strong, and how sure? Compares L1, L2 and L1L2 weight regularization of a Keras network on your own table.",
            WIDTH,
        ),
        epilog=SECTIONS,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=26, width=WIDTH),
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("table", metavar="TABLE", nargs="?", default=str(SHIPPED), help="CSV or Parquet file; without one, the table that ships")
    add("--target", metavar="COLUMN", help="the column to predict")
    add("--leave-out", metavar="COLUMN", nargs="+", default=[], help="columns that are not to be used, such as a leak")
    add("--time", metavar="COLUMN", help="when a row was observed: train on earlier rows, test on later ones")
    add("--groups", metavar="COLUMN", help="equal for rows that belong together (visits of a patient): they stay in one fold")
    add("--hidden", metavar="UNITS", nargs="*", type=_whole(1), default=[16], help="units of each hidden layer (16); none: a linear model")
    add("--folds", metavar="K", type=_whole(2), default=5, help="folds on which the methods are compared (5)")
    add("--costs", metavar=("ALARM", "MISS"), nargs=2, type=_positive, help="costs of a false alarm and a miss, of two classes (1 1)")
    add("--seed", metavar="N", type=_whole(0), default=0, help="of folds and initial weights (0): same seed, same report")
    add("--output", metavar="FOLDER", help="for the report (named like the table, TABLE_report)")
    add("--workers", metavar="N", type=_whole(1), default=1, help="processes on this machine (1)")
    add("--dask", metavar="ADDRESS", help="scheduler of a Dask cluster that does the work, as tcp://10.0.0.1:8786")
    return parser


def _whole(least: int):
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return int(text)

    return number


def _positive(text: str) -> float:
    try:
        if 0 < float(text) < float("inf"):
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")


def _check_output(folder: Path) -> None:
    """Make sure that the report can be written, before anything is read."""
    if folder.exists() and not folder.is_dir():
        raise Problem(f"{folder} is a file: choose another name for the folder of the report with --output.")
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    if not existing.is_dir():
        raise Problem(f"{existing} is a file, so that no folder can be made in it: choose another --output.")
    if not os.access(existing, os.W_OK):
        raise Problem(f"{existing.absolute()} cannot be written to: choose another folder for the report with --output.")


def _check_options(table: Table, options: argparse.Namespace) -> None:
    """Make sure that the options suit the table."""
    if options.costs and len(table.classes) != 2:
        raise Problem(f"--costs are for a target of two classes, and {table.name!r} is not one: leave them out.")
    if table.time is not None:
        most, what = int(table.time.max()), f"times of {options.time!r} after the first"
    elif table.groups is not None:
        most, what = int(table.groups.max()) + 1, f"groups of {options.groups!r}"
    elif table.classes:
        most, what = np.bincount(table.target).max(), "rows of the most frequent class"
    else:
        most, what = len(table.target), "rows"
    if options.folds > most:
        raise Problem(f"{options.folds} folds are more than the {most} {what}: choose fewer with --folds.")


def _state_what_it_takes(table: Table, plan, settings, options: argparse.Namespace) -> None:
    parts, splits = settings.folds * plan.repeats + 1, plan.inner_folds + 1
    needed = memory_needed(table, splits, len(plan.l1), 1 if options.dask else min(options.workers, parts))
    print(
        _wrapped(
            f"{parts * splits * len(plan.l1):,} networks are trained on {len(table.target):,} rows, in {parts} parts, "
            f"with about {needed / 1e9:.1f} GB of memory."
        ),
        flush=True,
    )
    if needed > _memory():
        raise Problem(
            f"The comparison needs about {needed / 1e9:.1f} GB of memory, and this machine has {_memory() / 1e9:.1f} GB: "
            "take fewer rows, columns or --workers, or a larger machine."
        )


def _memory() -> float:
    """Return the bytes of memory of this machine; infinite where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):
        return float("inf")


def _progress(done: int, total: int, seconds: float | None) -> None:
    if done:
        left = f", about {_duration(seconds)} left" if seconds else ""
        print(f"{done:>3} of {total} parts done{left}", flush=True)


def _duration(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _scores(comparison) -> str:
    """Return mean loss and score of each method on the outer folds as a table."""
    from penalty.compare import METHODS

    classes = bool(comparison.table.classes)
    loss, score = ("cross-entropy", "accuracy") if classes else ("mean squared error", "R²")
    losses = [*comparison.losses.mean(axis=0), comparison.base_losses.mean()]
    scores = [*(f"{value:.3f}" for value in comparison.accuracies.mean(axis=0)), ""]
    lines = [f"{'method':<14}  {loss:>{len(loss)}}  {score:>8}"]
    for method, mean, text in zip((*METHODS, "base rate" if classes else "the mean"), losses, scores):
        lines.append(f"{method:<14}  {format(mean, '.4f' if classes else ',.4g'):>{len(loss)}}  {text:>8}".rstrip())
    return "\n".join(lines)


def _heading(text: str) -> str:
    return f"\n{text}\n{'─' * min(len(text), WIDTH)}"


def _items(sentences) -> list[str]:
    return [textwrap.fill(sentence, WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False) for sentence in sentences]


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    sys.exit(main())
