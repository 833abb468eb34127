"""The folder that is kept: the report, the trained network with its preprocessing, and programs that use them."""

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

import joblib
import numpy as np
import pandas as pd

from penalty.compare import METHODS, Comparison, plan
from penalty.estimator import PenalizedClassifier, PenalizedRegressor
from penalty.page import MARK, TEMPLATES, Choice, page
from penalty.preprocessing import make_preprocessing
from penalty.table import Problem
from penalty.verdict import Verdict

FILES = ("report.html", "model.keras", "preprocessing.joblib", "predict.py", "results.csv", "chosen_model.py", "prepared.npz")


def write_report(comparison: Comparison, verdict: Verdict, findings, folder, costs: tuple[float, float] = (1, 1)) -> Path:
    """Write what is to be kept of a comparison, and return the path of its report.html.

    The network of the penalty with the lowest mean loss is trained on all rows, at the factor with the lowest inner loss: the losses in
    the report were measured at factors that were chosen in this way. All files are written beside each other and moved into the folder
    when the last one is whole. They replace those of an earlier report; whatever else is in the folder stays as it is.

    Args:
        comparison, verdict: what to report.
        findings: sentences on what could mislead.
        folder: where; it is made if it does not exist.
        costs: of a false alarm and of a miss, in any unit, both above 0; they matter for two classes.

    Raises:
        Problem: if the folder cannot be written to, or a file in it has one of our names but is not of an earlier report.
    """
    folder = Path(folder)
    check_folder(folder)
    table, settings = comparison.table, comparison.settings
    made = plan(table, settings)
    setting = int(np.flatnonzero((comparison.l1 == verdict.factor_minimum[0]) & (comparison.l2 == verdict.factor_minimum[1]))[0])
    choice = Choice(verdict.best, setting, *verdict.factor_minimum)
    preprocessing = make_preprocessing(table.features)
    X = np.asarray(preprocessing.fit_transform(table.features, table.target), "float32")
    estimator = (PenalizedClassifier if table.classes else PenalizedRegressor)(
        choice.l1,
        choice.l2,
        hidden_layer_sizes=settings.hidden_layer_sizes,
        epochs=made.epochs,
        batch_size=made.batch_size,
        random_state=settings.seed,
    ).fit(X, table.target)
    with _whole(folder) as new:
        estimator.model_.save(new / "model.keras")
        joblib.dump(preprocessing, new / "preprocessing.joblib")
        y = table.target if table.classes else (table.target - estimator.mean_) / estimator.scale_
        np.savez_compressed(new / "prepared.npz", X=X, y=y)
        _results(comparison).to_csv(new / "results.csv", index=False)
        _write(new / "predict.py", _predict(comparison, estimator, costs))
        _write(new / "chosen_model.py", _chosen_model(comparison, estimator, choice))
        _write(new / "report.html", page(comparison, verdict, findings, choice, costs))
    return folder / "report.html"


def check_folder(folder) -> None:
    """Make sure, before anything is computed, that a report can be written to a folder.

    Raises:
        Problem: if not, saying why.
    """
    folder = Path(folder)
    place = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not place.is_dir():
        raise Problem(f"{place} is a file; choose another name for the folder of the report.")
    if not os.access(place, os.W_OK):
        raise Problem(f"{place} cannot be written to; choose another folder for the report.")
    report = folder / "report.html"
    earlier = report.is_file() and MARK in report.read_text(encoding="utf-8", errors="replace")
    strange = [name for name in FILES if (folder / name).exists()]
    if strange and not earlier:
        raise Problem(f"{folder} has a file {strange[0]} that is not of an earlier report; choose another folder, or move the file away.")


@contextmanager
def _whole(folder: Path):
    """Yield a folder for new files, which are moved into `folder` when all of them are written; if that fails, `folder` is as before."""
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".new-", dir=folder) as new:  # on the same disk, so that moving is one step
            yield Path(new)
            for name in FILES:
                os.replace(Path(new) / name, folder / name)
    except OSError as error:
        raise Problem(f"The report could not be written to {folder}: {error.strerror or error}. Nothing in it has changed.") from error
    finally:
        if made:
            with suppress(OSError):  # it is not empty: all went well
                folder.rmdir()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _results(comparison: Comparison) -> pd.DataFrame:
    """Return one row for each outer fold and method: its loss and score, and what the fold chose."""
    rows = []
    for fold in range(len(comparison.test)):
        for place, method in enumerate(METHODS):
            chosen, network = comparison.chosen[fold, place], place < 4
            rows.append(
                {
                    "fold": fold + 1,
                    "method": method,
                    "loss": comparison.losses[fold, place],
                    "base_loss": comparison.base_losses[fold],
                    "accuracy" if comparison.table.classes else "r2": comparison.accuracies[fold, place],
                    "l1": comparison.l1[chosen] if network else None,
                    "l2": comparison.l2[chosen] if network else None,
                    "epochs": str(comparison.checkpoints[chosen]) if method == "early stopping" else None,
                    "C" if comparison.table.classes else "alpha": comparison.linear[chosen] if method == "linear model" else None,
                }
            )
    return pd.DataFrame(rows)


def _kind(values: pd.Series) -> str:
    return {"f": "number", "M": "date"}.get(values.dtype.kind, "category")


_LABELS = """
    predictions = pd.DataFrame({TARGET: np.array(CLASSES)[codes]})
    for number, label in enumerate(CLASSES):
        predictions[f"probability of {label}"] = output[:, number]
    return predictions"""
_TWO = """\
    output = np.hstack([1 - output, output])
    codes = (output[:, 1] > THRESHOLD).astype(int)"""
_MORE = "    codes = output.argmax(axis=1)"
_NUMBER = "    return pd.DataFrame({TARGET: output[:, 0] * SCALE + MEAN})"


def _predict(comparison: Comparison, estimator, costs: tuple[float, float]) -> str:
    """Return the program that predicts new rows, which needs nothing of this package."""
    table = comparison.table
    if not table.classes:
        constants, answer = (
            f"MEAN, SCALE = {float(estimator.mean_)!r}, {float(estimator.scale_)!r}  # of the target, undone at the end",
            _NUMBER,
        )
    elif len(table.classes) > 2:
        constants, answer = f"CLASSES = {table.classes!r}", _MORE + _LABELS
    else:
        threshold = costs[0] / (costs[0] + costs[1])
        constants = f"CLASSES = {table.classes!r}\nTHRESHOLD = {threshold!r}  # above this probability the second class is predicted"
        answer = _TWO + _LABELS
    columns = "".join(f"    {name!r}: {_kind(table.features[name])!r},\n" for name in table.features.columns)
    return _template("predict.txt").substitute(
        target=_one_line(table.name), columns=f"{{\n{columns}}}", constants=f"TARGET = {table.name!r}\n{constants}", answer=answer
    )


def _chosen_model(comparison: Comparison, estimator, choice: Choice) -> str:
    """Return the plain Keras code of the network that is kept."""
    table, (rows, inputs) = comparison.table, (len(comparison.table.target), estimator.n_features_in_)
    classes, hidden = len(table.classes), tuple(estimator.hidden_layer_sizes)
    last, activation, loss = {
        0: (1, None, "mean_squared_error"),
        2: (1, "sigmoid", "binary_crossentropy"),
    }.get(classes, (classes, "softmax", "sparse_categorical_crossentropy"))
    layers = [(units, "relu") for units in hidden] + [(last, activation)]
    code = "\n".join(
        f"    layers.Dense(\n        {units}, activation={f'{kind!r}' if kind else None},\n"
        f"        kernel_regularizer=regularizers.L1L2(l1={choice.l1!r}, l2={choice.l2!r}),\n"
        f"        kernel_initializer=initializers.GlorotUniform(seed={estimator.random_state + place}),\n    ),"
        for place, (units, kind) in enumerate(layers)
    )
    return _template("chosen_model.txt").substitute(
        summary=choice.words,
        rows=rows,
        inputs=inputs,
        y_note="" if classes else ", standardized",
        layers=code.replace("'", '"'),
        learning_rate=estimator.learning_rate,
        loss=loss,
        seed=estimator.random_state,
        batch_size=min(estimator.batch_size or rows, rows),
        epochs=estimator.epochs,
    )


def _one_line(text: str) -> str:
    """Return a name as it can stand in the heading of a program."""
    return " ".join(text.split()).replace("\\", "").replace('"""', "")


def _template(name: str) -> Template:
    return Template((TEMPLATES / name).read_text(encoding="utf-8"))
