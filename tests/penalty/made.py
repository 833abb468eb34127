"""Comparisons made by hand, so that what is said about one can be tested without training anything."""

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import log_softmax
from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold

from penalty.compare import METHODS, Comparison, Settings
from penalty.table import Table

PENALTIES = ("L1", "L2", "L1L2")


def made_table(rows: int = 200, classes: int = 2, seed: int = 0) -> Table:
    """Return a table with numbers (some missing), categories and a date; classes=0 makes the target a number of variance 1.

    The target has nothing to do with the features. Of two classes the second (code 1) is rarer.
    """
    rng = np.random.default_rng(seed)
    features = pd.DataFrame({name: rng.normal(size=rows) for name in ("age", "visits", "income", "height")})
    features.loc[rng.random(rows) < 0.1, "income"] = np.nan
    features["plan"] = pd.Series(rng.choice(["basic", "family", "student"], rows), dtype=object)
    features["since"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 700, rows), unit="D")
    features["since"] = features["since"].astype("datetime64[ns]")
    if classes == 0:
        target, labels = rng.normal(size=rows), ()
    else:
        share = np.arange(classes, 0, -1) / np.arange(classes, 0, -1).sum()
        target = rng.permutation(np.searchsorted(np.cumsum(share), (np.arange(rows) + 0.5) / rows)).astype("int64")
        labels = ("no", "yes") if classes == 2 else tuple(f"kind {code}" for code in range(classes))
    return Table(features, target, "price" if classes == 0 else "churn", labels, None, None, ())


def _predictions(y, base, loss, rng):
    """Return predictions (rows, K or 1) for y whose mean loss is `loss`; base (K,) or (1,) is what predicting the base rate says."""
    if base.size == 1:
        error = rng.normal(size=len(y))
        return (y + error * np.sqrt(loss / np.mean(error**2)))[:, None]
    true, noise = np.eye(base.size)[y], rng.normal(scale=0.5, size=len(y))

    def logs(shift):
        return log_softmax(np.log(base) + true * (shift + noise)[:, None], axis=1)

    return np.exp(logs(brentq(lambda shift: -np.mean(logs(shift)[true > 0]) - loss, -50, 50)))


def made_comparison(
    rows: int = 200,
    classes: int = 2,
    seed: int = 0,
    effects: dict[str, float] | None = None,
    noise: float = 0.005,
    best: int = 5,
    unsteady: float = 0.0,
    unused: tuple[str, ...] = (),
) -> Comparison:
    """Return a comparison whose parts agree with each other: losses and accuracies with predictions, choices with inner losses.

    Args:
        rows, classes, seed: of the table; classes=0 for a numeric target.
        effects: by method, its mean loss minus that of the base rate; 0 for what is not named. The base rate's loss is about 0.64
            with two classes, 1.01 with three, and 1 for a number.
        noise: standard deviation of this difference over the outer folds.
        best: place in the grid of ten factors at which the inner losses are lowest.
        unsteady: standard deviation, in places of the grid, by which `best` varies over the outer folds.
        unused: columns whose first-layer weights under L1 are below 0.01 from the factor at `best` on.
    """
    rng, table, settings = np.random.default_rng(seed), made_table(rows, classes, seed), Settings()
    y, features, folds = table.target, table.features, settings.folds
    factors = np.array(settings.factors)
    places = np.arange(len(factors))
    l1 = np.concatenate([[0], factors, 0 * factors, factors / 2])
    l2 = np.concatenate([[0], 0 * factors, factors, factors / 2])
    penalty = ("none", *np.repeat(PENALTIES, len(factors)))
    place = np.concatenate([[0], *[places] * len(PENALTIES)])
    checkpoints, linear = np.array([5, 10, 20, 40, 80, 150, 220]), np.geomspace(0.001, 1000, 13)

    splitter = (RepeatedStratifiedKFold if classes else RepeatedKFold)(n_splits=folds, n_repeats=2, random_state=seed)
    train, test = (list(part) for part in zip(*splitter.split(features, y)))
    outer, names = len(test), np.array(penalty)
    mean_effect = np.array([(effects or {}).get(method, 0.0) for method in METHODS])

    losses, accuracies, chosen = np.zeros((outer, len(METHODS))), np.zeros((outer, len(METHODS))), np.zeros((outer, len(METHODS)), int)
    predictions = np.zeros((len(METHODS), rows, classes or 1))
    base_losses, outer_curve = np.zeros(outer), np.zeros((outer, len(names)))
    inner = np.zeros((outer + 1, settings.inner_folds, len(names)))
    stopping = np.zeros((outer + 1, settings.inner_folds, len(checkpoints)))
    linear_inner = np.zeros((outer + 1, settings.inner_folds, len(linear)))
    levels = dict(zip(METHODS, mean_effect))

    for fold in range(outer + 1):  # the last one is of all rows
        rows_in = train[fold] if fold < outer else np.arange(rows)
        base = np.bincount(y[rows_in], minlength=classes) / len(rows_in) if classes else y[rows_in].mean(keepdims=True)
        level = -np.sum(base * np.log(base)) if classes else y[rows_in].var()
        of_fold = level + rng.normal(scale=0.02, size=(settings.inner_folds, 1))
        centre = best if fold == outer else np.clip(np.rint(best + unsteady * rng.normal()), 0, len(factors) - 1)
        bend = np.where(names == "none", 0, 0.002 * (place - centre) ** 2)  # of the loss over the grid
        inner[fold] = of_fold + [levels[name] for name in names] + bend + rng.normal(scale=0.0005, size=inner[fold].shape)
        stopping[fold] = of_fold + levels["early stopping"] + 0.005 * np.abs(np.arange(len(checkpoints)) - 3)
        linear_inner[fold] = of_fold + levels["linear model"] + 0.002 * np.abs(np.arange(len(linear)) - 6)
        if fold == outer:
            break
        truth = y[test[fold]]
        at_base = -np.log(base[truth]) if classes else (truth - base) ** 2
        base_losses[fold] = at_base.mean()
        losses[fold] = base_losses[fold] + mean_effect + noise * rng.normal(size=len(METHODS))
        for number, method in enumerate(METHODS):
            said = _predictions(truth, base, losses[fold, number], rng)
            hits = np.mean(said.argmax(axis=1) == truth) if classes else 1 - losses[fold, number] / truth.var()
            accuracies[fold, number] = hits
            if fold < folds:
                predictions[number, test[fold]] = said
            own = np.flatnonzero(names == method)
            if own.size:
                chosen[fold, number] = own[inner[fold][:, own].mean(axis=0).argmin()]
                outer_curve[fold, own] = losses[fold, number] + bend[own] - bend[chosen[fold, number]]
        chosen[fold, METHODS.index("early stopping")] = stopping[fold].mean(axis=0).argmin()
        chosen[fold, METHODS.index("linear model")] = linear_inner[fold].mean(axis=0).argmin()

    largest_weight = rng.uniform(0.2, 0.8, (outer, len(names), features.shape[1]))
    strong = (names == "L1") & (place >= best)
    largest_weight[np.ix_(range(outer), np.flatnonzero(strong), [features.columns.get_loc(column) for column in unused])] = 0.004
    seconds = {method: 1.5 for method in METHODS} | {"all": 9.0}
    return Comparison(
        table=table,
        settings=settings,
        l1=l1,
        l2=l2,
        penalty=tuple(map(str, penalty)),
        train=train,
        test=test,
        losses=losses,
        base_losses=base_losses,
        accuracies=accuracies,
        chosen=chosen,
        inner=inner,
        outer_curve=outer_curve,
        stopping=stopping,
        checkpoints=checkpoints,
        linear=linear,
        linear_inner=linear_inner,
        predictions=predictions,
        largest_weight=largest_weight,
        seconds=seconds,
        notes=("stacked",),
    )
