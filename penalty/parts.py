"""What a worker does: the trainings of one part of a comparison, in one process and from seeds of its own.

A part is an outer fold, with the inner folds within its training rows, or all rows with theirs.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits

from penalty.compare import METHODS, Plan, Settings, plan
from penalty.estimator import PenalizedClassifier, PenalizedRegressor
from penalty.folds import Fold, inner_folds, outer_folds
from penalty.preprocessing import columns_of, make_preprocessing
from penalty.stack import Stack, train_stack
from penalty.table import Table

SMALLEST = float(np.log(np.finfo(float).eps))  # log-probabilities end here, as in scikit-learn's log_loss


@dataclass(frozen=True)
class Prepared:
    """A part before its networks are trained.

    Attributes:
        table, settings, plan: as for `compare`.
        splits: rows to train on and to test on, of each inner fold and then of the outer fold (no test rows if the part is all rows).
        X: for each split all rows (n, inputs), preprocessed as fitted on the split's training rows.
        columns: for each split the column that each input was made from (inputs,).
        seed: of the initial weights and the order of the rows.
    """

    table: Table
    settings: Settings
    plan: Plan
    splits: list[Fold]
    X: list[np.ndarray]
    columns: list[np.ndarray]
    seed: int


@threadpool_limits.wrap(limits=1)  # from some 10,000 rows on, NumPy's sums differ in the last digit with the number of threads
def train_part(table: Table, settings: Settings, number: int, width: int) -> dict[str, np.ndarray]:
    """Train everything that outer fold `number` asks for; the number behind the last fold means all rows, which leaves none to test.

    Args:
        width: inputs of the network when the preprocessing sees all rows, for one compiled model in all parts.

    Returns:
        Arrays named as in `Comparison`, each without its first axis, and `predictions` (methods, test rows, K or 1).
    """
    begun = time.perf_counter()
    part = prepare(table, settings, number)
    stack = (_train_stacked if part.plan.stacked else _train_apart)(part, width)
    result = score(part, stack)
    result["seconds"][-1] = time.perf_counter() - begun
    return result


def prepare(table: Table, settings: Settings, number: int, preprocess: Callable | None = None) -> Prepared:
    """Return the part `number` of a comparison, ready to be trained; `preprocess` stands in for `preprocessed` where tables are simple."""
    to_do = plan(table, settings)
    outer = outer_folds(table, settings.folds, to_do.repeats, settings.seed)
    everything = np.arange(len(table.target))
    train, test = outer[number] if number < len(outer) else (everything, everything[:0])
    splits = [*inner_folds(table, train, to_do.inner_folds, settings.seed), (train, test)]
    # Initial weights differ between the outer folds, so that intervals over these contain their chance too.
    seed = (settings.seed + 100 * (number + 1)) % 2**31 if number < len(outer) else settings.seed
    return Prepared(table, settings, to_do, splits, *(preprocess or preprocessed)(table, splits), seed)


def train(parts: list[Prepared], width: int) -> list[Stack]:
    """Train the networks of parts in one fit: parts of equal seed, settings and plan, of tables with equally many rows."""
    begun, first = time.perf_counter(), parts[0]
    X = [X.astype("float32") for part in parts for X in part.X]
    stack = train_stack(
        X,
        np.concatenate([_targets(part) for part in parts]),
        np.array([np.isin(np.arange(len(X[0])), rows) for part in parts for rows, _ in part.splits], float),
        first.plan.l1,
        first.plan.l2,
        classes=len(first.table.classes),
        hidden_layer_sizes=first.settings.hidden_layer_sizes,
        epochs=first.plan.epochs,
        batch_size=first.plan.batch_size,
        random_state=first.seed,
        checkpoints=tuple(first.plan.checkpoints[:-1]),
        width=max(width, *[each.shape[1] for each in X]),
    )
    ends = np.cumsum([len(part.splits) for part in parts])[:-1]
    pieces = zip(np.split(stack.outputs, ends), np.split(stack.first_kernel, ends), np.split(stack.checkpoints, ends, axis=1))
    return [Stack(*arrays, (time.perf_counter() - begun) / len(parts)) for arrays in pieces]


def score(part: Prepared, stack: Stack) -> dict[str, np.ndarray]:
    """Tune and test the methods of a part whose networks are trained; the result is that of `train_part`."""
    table, to_do, splits = part.table, part.plan, part.splits
    train, test = splits[-1]
    linear_begun = time.perf_counter()
    linear_inner, linear_chosen, linear_outputs = _linear(table, part.X, splits, to_do.linear)
    seconds = {"linear model": time.perf_counter() - linear_begun}
    epochs = np.concatenate([stack.checkpoints, stack.outputs[:, 0][None]])  # (checkpoints, splits, n, K or 1), the last is the end
    for method in METHODS[:4]:
        seconds[method] = stack.seconds * to_do.penalty.count(method) / len(to_do.penalty)
    seconds["early stopping"] = seconds["none"]

    def outputs_of(part: np.ndarray, split: int) -> np.ndarray:
        """Return the outputs (…, test rows, K or 1) of a split on its test rows, in the target's own unit."""
        rows = part[..., splits[split][1], :].astype(float)
        return np.maximum(rows, SMALLEST) if table.classes else rows * _scale(table, splits[split][0]) + _mean(table, splits[split][0])

    numbers = range(len(splits) - 1)
    inner = np.array([losses(table, splits[k][1], outputs_of(stack.outputs[k], k)) for k in numbers])
    stopping = np.array([losses(table, splits[k][1], outputs_of(epochs[:, k], k)) for k in numbers])
    chosen = [_best(inner, np.flatnonzero(np.array(to_do.penalty) == method)) for method in METHODS[:4]]
    chosen += [int(stopping.mean(axis=0).argmin()), linear_chosen]
    result = {"inner": inner, "stopping": stopping, "linear_inner": linear_inner, "chosen": np.array(chosen)}

    if len(test):
        refit = outputs_of(stack.outputs[-1], -1)  # (settings, test rows, K or 1)
        stopped = outputs_of(epochs[chosen[4], -1], -1)
        outputs = np.array([*refit[chosen[:4]], stopped, linear_outputs])  # (methods, test rows, K or 1)
        result |= {
            "losses": losses(table, test, outputs),
            "outer_curve": losses(table, test, refit),
            "base_losses": losses(table, test, _base(table, train, len(test))),
            "accuracies": _accuracies(table, test, outputs),
            "predictions": softmax(outputs, axis=-1) if table.classes else outputs,  # which sum to 1 in double precision
            "largest_weight": _largest_weight(stack.first_kernel[-1], part.columns[-1], table.features.shape[1]),
        }
    seconds["all"] = seconds["linear model"] + stack.seconds
    return result | {"seconds": np.array([seconds[name] for name in (*METHODS, "all")])}


def losses(table: Table, rows: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Return the mean cross-entropy (squared error) of outputs (…, rows, K or 1): log-probabilities (predictions)."""
    target = table.target[rows]
    if table.classes:
        return -outputs[..., np.arange(len(rows)), target].mean(axis=-1)
    return np.square(outputs[..., 0] - target).mean(axis=-1)


def _accuracies(table: Table, rows: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Return accuracy, or R² for a numeric target."""
    target = table.target[rows]
    if table.classes:
        return (outputs.argmax(axis=-1) == target).mean(axis=-1)
    return 1 - losses(table, rows, outputs) / (target.var() or np.nan)


def _base(table: Table, train: np.ndarray, rows: int) -> np.ndarray:
    """Return what predicting the base rate (the mean) of the training rows gives: (rows, K or 1)."""
    if not table.classes:
        return np.full((rows, 1), _mean(table, train))
    shares = np.bincount(table.target[train], minlength=len(table.classes)) / len(train)
    return np.tile(_log(shares), (rows, 1))


def _log(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities, np.finfo(float).eps))


def _mean(table: Table, rows: np.ndarray) -> float:
    return table.target[rows].mean()


def _scale(table: Table, rows: np.ndarray) -> float:
    return table.target[rows].std() or 1.0


def _best(inner: np.ndarray, settings: np.ndarray) -> int:
    """Return the one of `settings` with the lowest mean of inner (inner folds, settings); the first of equals."""
    return int(settings[inner[:, settings].mean(axis=0).argmin()])


def preprocessed(table: Table, splits: list[Fold]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return for each split all rows (n, p), and the column that each input comes from (p,), as fitted on the split's training rows."""
    X, columns = [], []
    for train, _ in splits:
        seen = table.features.iloc[train]
        preprocessing = make_preprocessing(seen).fit(seen)
        X.append(np.asarray(preprocessing.transform(table.features)))
        columns.append(table.features.columns.get_indexer(columns_of(preprocessing)))
    return X, columns


def _largest_weight(kernel: np.ndarray, columns: np.ndarray, number: int) -> np.ndarray:
    """Return (settings, number of columns) from a first kernel (settings, inputs, units); a column without an input has 0."""
    largest = np.zeros((len(kernel), number))
    sizes = np.abs(kernel[:, : len(columns)]).max(axis=2)
    np.maximum.at(largest, (slice(None), columns), sizes)
    return largest


def _linear(table: Table, X: list[np.ndarray], splits: list, grid: np.ndarray) -> tuple[np.ndarray, int, np.ndarray]:
    """Tune scikit-learn's linear model: return its inner losses (inner, grid), the choice, and its outputs (test rows, K or 1)."""

    def outputs(split: int, strengths: np.ndarray) -> np.ndarray:  # (strengths, test rows, K or 1)
        train, test = splits[split]
        if not table.classes:  # one solution of several targets, each with a strength of its own
            model = Ridge(strengths).fit(X[split][train], np.tile(table.target[train, None], len(strengths)))
            return model.predict(X[split][test]).reshape(len(test), -1).T[..., None]
        probabilities = np.zeros((len(strengths), len(test), len(table.classes)))  # a rare class may be missing from the training rows
        for place, strength in enumerate(strengths):
            model = LogisticRegression(C=strength, max_iter=1000).fit(X[split][train], table.target[train])
            probabilities[place][:, model.classes_] = model.predict_proba(X[split][test])
        return _log(probabilities)

    inner = np.array([losses(table, splits[k][1], outputs(k, grid)) for k in range(len(splits) - 1)])
    chosen = int(inner.mean(axis=0).argmin())
    return inner, chosen, outputs(-1, grid[[chosen]])[0] if len(splits[-1][1]) else np.zeros((0, 1))


def _targets(part: Prepared) -> np.ndarray:
    """Return the target (splits, n) that networks are trained on: codes, or numbers standardized by each split's training rows."""
    table = part.table
    if table.classes:
        return np.tile(table.target, (len(part.splits), 1))
    return np.array([(table.target - _mean(table, rows)) / _scale(table, rows) for rows, _ in part.splits])


def _train_stacked(part: Prepared, width: int) -> Stack:
    return train([part], width)[0]


def _train_apart(part: Prepared, width: int) -> Stack:
    """Train each network by itself, as an estimator on its own rows; the numbers of early stopping are trained to so many epochs each."""
    begun = time.perf_counter()
    table, to_do, splits = part.table, part.plan, part.splits
    X = [each.astype("float32") for each in part.X]
    kind = PenalizedClassifier if table.classes else PenalizedRegressor

    def outputs(split: int, setting: int, epochs: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the outputs (n, K or 1), standardized as those of a stack, and the first kernel, padded to the width of all."""
        rows = splits[split][0]
        network = kind(
            l1=float(to_do.l1[setting]),
            l2=float(to_do.l2[setting]),
            hidden_layer_sizes=part.settings.hidden_layer_sizes,
            epochs=epochs,
            batch_size=to_do.batch_size,
            random_state=part.seed,
        ).fit(X[split][rows], table.target[rows])
        kernel = np.asarray(network.model_.layers[0].kernel)
        kernel = np.pad(kernel, [(0, width - len(kernel)), (0, 0)])
        if not table.classes:
            return (network.predict(X[split])[:, None] - network.mean_) / network.scale_, kernel
        probabilities = np.zeros((len(table.target), len(table.classes)))  # a rare class may be missing from the training rows
        probabilities[:, network.classes_] = network.predict_proba(X[split])
        return _log(probabilities), kernel

    numbers, grid = range(len(splits)), range(len(to_do.l1))
    width = max(width, *[each.shape[1] for each in X])
    trained = [[outputs(split, setting, to_do.epochs) for setting in grid] for split in numbers]
    stops = [[outputs(split, 0, int(epochs))[0] for split in numbers] for epochs in to_do.checkpoints[:-1]]
    every = np.array([[of_setting[0] for of_setting in of_split] for of_split in trained])
    return Stack(
        outputs=every,
        first_kernel=np.array([[of_setting[1] for of_setting in of_split] for of_split in trained]),
        checkpoints=np.array(stops).reshape(len(stops), *every[:, 0].shape),
        seconds=time.perf_counter() - begun,
    )
