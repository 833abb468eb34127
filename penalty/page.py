"""The report as one HTML file: every number in it is one of the comparison."""

import platform
import re
from dataclasses import dataclass
from html import escape
from importlib.metadata import version
from importlib.resources import files

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix

from penalty import figures
from penalty.compare import METHODS, Comparison, plan
from penalty.figures import digits
from penalty.verdict import LEFT_OUT, Verdict, number, one_standard_error, wilson

PENALTIES = ("L1", "L2", "L1L2")
MOST_INPUTS, MOST_CLASSES = 20, 4  # in a drawing; the tables have all
TEMPLATES = files("penalty") / "templates"  # also where the package is one zip file
MARK = '<meta name="generator" content="penalty">'


@dataclass(frozen=True)
class Choice:
    """The network that is kept: `method` is none, L1, L2 or L1L2, `setting` its entry of the comparison's grid."""

    method: str
    setting: int
    l1: float
    l2: float

    @property
    def words(self) -> str:
        """Return its factors as they are given to Keras."""
        return ", ".join(f"{name}={number(value)}" for name, value in (("l1", self.l1), ("l2", self.l2)) if value) or "no penalty"


def page(comparison: Comparison, verdict: Verdict, findings, choice: Choice, costs: tuple[float, float]) -> str:
    """Return the report; the same arguments give the same text."""
    looks = _classes(comparison, choice, costs) if comparison.table.classes else _numeric(comparison, choice)
    sections = {
        "comparison": ("Comparison", "The comparison", _comparison(comparison, verdict)),
        "factor": ("Factor", "How strong: the loss over the factor", _factors(comparison)),
        "inputs": ("Inputs", "Which columns the network uses", _inputs(comparison, verdict, choice)),
        **looks,
        "table": ("Table", "What is in the table", _contents(comparison)),
        "mislead": ("What could mislead", "What could mislead", _findings(findings)),
        "method": ("Method", "How it was done", _method(comparison)),
        "limits": ("Limits", "What this report cannot know", _items(LIMITS)),
        "folder": ("Folder", "What is in this folder", _folder(comparison, choice)),
    }
    links = "".join(f'<li><a href="#{key}">{short}</a></li>' for key, (short, _, _) in sections.items())
    body = "".join(
        f'<section aria-labelledby="{key}">\n<h2 id="{key}">{title}</h2>\n{text}\n</section>\n'
        for key, (_, title, text) in sections.items()
    )
    title = f"Which penalty for “{escape(comparison.table.name)}”?"
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
{MARK}
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p class="soft">{_summary(comparison)}</p>
</header>
<main>
{_verdict(comparison, verdict, findings, choice)}
<nav aria-label="Contents"><ul>{links}</ul></nav>
{body}</main>
</body>
</html>
"""


# Pieces of HTML

_NUMBERS = re.compile(r"[−–<±\d.,%() ]+((to|of|±)[−\d.,%() ]+)*".replace(" ", r"\s"))  # what is set to the right


def _table(header: list[str], rows: list[list[str]], caption: str, best: int | None = None) -> str:
    """Return a table whose first column names its rows; it scrolls by itself where it is too wide."""
    kinds = [' class="n"' if column and all(_NUMBERS.fullmatch(row[column]) for row in rows) else "" for column in range(len(header))]
    head = "".join(f'<th scope="col"{kind}>{escape(text)}</th>' for text, kind in zip(header, kinds))
    lines = []
    for place, (first, *others) in enumerate(rows):
        cells = "".join(f"<td{kind}>{escape(text)}</td>" for text, kind in zip(others, kinds[1:]))
        lines.append(f'<tr{" class=best" if place == best else ""}><th scope="row">{escape(first)}</th>{cells}</tr>')
    body = "\n".join(lines)
    return _scrolling(
        f"<table><caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>", caption
    )


def _scrolling(table: str, caption: str) -> str:
    return f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(caption.partition(". ")[0])}">{table}</div>'


def _figure(drawings: list[figures.Drawing], caption: str) -> str:
    drawn = "\n".join(drawing.svg for drawing in drawings)
    row = f'<div class="row">{drawn}</div>' if len(drawings) > 1 else drawn
    return f"<figure>{row}<figcaption>{escape(caption)}</figcaption></figure>"


def _folded(summary: str, text: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{text}</details>"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _items(sentences) -> str:
    return "<ul>" + "".join(f"<li>{escape(str(sentence))}</li>" for sentence in sentences) + "</ul>"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%".replace("-", "−")


def _range(pair) -> str:
    return f"{number(pair.low, 2)}\xa0to\xa0{number(pair.high, 2)}"  # as precise as the sentences of the verdict


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _count(count: int, one: str) -> str:
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def _listed(names) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


# What a comparison is asked for in more than one place


def _measure(comparison: Comparison) -> str:
    return "cross-entropy" if comparison.table.classes else "mean squared error"


def _mean(comparison: Comparison) -> str:
    return "Mean cross-entropy" if comparison.table.classes else "Mean squared error"


def _score(comparison: Comparison, method: int) -> str:
    mean = comparison.accuracies[:, method].mean()
    return _percent(mean) if comparison.table.classes else digits(mean)


def _strengths(comparison: Comparison, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the entries of the grid that belong to a penalty, and their factors l1 + l2."""
    own = np.flatnonzero(np.array(comparison.penalty) == method)
    return own, (comparison.l1 + comparison.l2)[own]


def _used(comparison: Comparison, method: str) -> np.ndarray:
    """Return (outer folds, columns): the largest first-layer weight at the factor that each fold chose."""
    return comparison.largest_weight[np.arange(len(comparison.test)), comparison.chosen[:, METHODS.index(method)]]


def _held_out(comparison: Comparison, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Return target and prediction of the rows that were in a test fold of the first repetition."""
    predictions = comparison.predictions[METHODS.index(method)]
    kept = np.isfinite(predictions).all(axis=1)
    return comparison.table.target[kept], predictions[kept]


# Sections


def _summary(comparison: Comparison) -> str:
    table = comparison.table
    rows, columns = table.features.shape
    target = f"{len(table.classes)} classes" if table.classes else "a numeric target"
    return f"{_count(rows, 'row')}, {_count(columns, 'column')} besides the target, {target}, {_count(len(comparison.test), 'outer fold')}"


def _verdict(comparison: Comparison, verdict: Verdict, findings, choice: Choice) -> str:
    method = METHODS.index(choice.method)
    facts = {
        "Kept in model.keras": choice.words if choice.method == "none" else f"{choice.method}, {choice.words}",
        _mean(comparison): digits(comparison.losses[:, method].mean()),
        "That of the base rate" if comparison.table.classes else "That of the mean": digits(comparison.base_losses.mean()),
        "Accuracy" if comparison.table.classes else "R²": _score(comparison, method),
    }
    listed = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    first, *others = verdict.sentences
    more = _paragraph(" ".join(others)) if others else ""
    if findings:
        things = _count(len(findings), "thing")
        more += f'<p><a href="#mislead">{things} in this table could mislead</a>. Read this before you rely on the result.</p>'
    return (
        f'<section class="verdict" aria-labelledby="verdict">\n<h2 id="verdict">The verdict</h2>\n<p class="answer">{escape(first)}</p>\n'
        f"{more}\n<dl>{listed}</dl>\n</section>"
    )


def _comparison(comparison: Comparison, verdict: Verdict) -> str:
    measure, score = _measure(comparison), "Accuracy" if comparison.table.classes else "R²"
    base = "the base rate" if comparison.table.classes else "the mean"
    against = {pair.a: pair for pair in verdict.against_base}
    rows = [
        [name, digits(mean), f"{number(against[name].mean, 2)} ({_range(against[name])})", _score(comparison, place)]
        for place, (name, mean) in enumerate(zip(METHODS, comparison.losses.mean(axis=0)))
    ]
    methods = _table(
        ["Method", measure.capitalize(), f"Minus {base} (95% interval)", score],
        rows,
        f"{_mean(comparison)} of each method on the test rows of the outer folds. Below zero, a method predicts better than {base}, "
        f"whose {measure} is {digits(comparison.base_losses.mean())}. Bold: the lowest mean.",
        int(comparison.losses.mean(axis=0).argmin()),
    )
    drawn = figures.differences(
        list(METHODS), *(np.array([getattr(against[name], part) for name in METHODS]) for part in ("mean", "low", "high")), measure, base
    )
    figure = _figure(
        [drawn],
        f"{_mean(comparison)} of each method minus that of predicting {base}, over the outer folds. Marks are means, lines 95% intervals. "
        "To compare two methods, look at their paired difference below, not at how their lines overlap, because both were tested on "
        "the same rows.",
    )
    return methods + figure + _pairs(verdict, _mean(comparison))


def _pairs(verdict: Verdict, mean: str) -> str:
    def table(pairs, caption):
        rows = [
            [f"{pair.a} and {pair.b}", f"{number(pair.mean, 2)} ({_range(pair)})", _p(pair.adjusted), "yes" if pair.clear else "no"]
            for pair in pairs
        ]
        return _table(["Methods", "Difference (95% interval)", "Adjusted p", "Clear?"], rows, caption)

    networks = [pair for pair in verdict.pairs if {pair.a, pair.b} <= {"none", *PENALTIES}]
    others = [pair for pair in verdict.pairs if pair not in networks]
    caption = (
        f"{mean} of the first method minus that of the second, on the same outer folds. A difference is clear if its p value, adjusted "
    )
    return (
        "<h3>Is a difference real?</h3>"
        + table(networks, f"Penalties in pairs. {caption}for the {len(networks)} pairs of this table, is below 0.05.")
        + _folded(
            "Pairs with early stopping or the linear model",
            table(others, f"Other pairs. {caption}for the {len(others)} pairs of this table, is below 0.05."),
        )
    )


def _factors(comparison: Comparison) -> str:
    inner, measure = comparison.inner[-1], _measure(comparison)
    mean, error = inner.mean(axis=0), inner.std(axis=0, ddof=1) / np.sqrt(len(inner))
    room = 0.05 * (max((mean + error).max(), mean[0]) - (mean - error).min())
    limits = (mean - error).min() - room, max((mean + error).max(), mean[0]) + room
    drawings, chosen, columns = [], {}, []
    for name in PENALTIES:
        own, strengths = _strengths(comparison, name)
        marks = one_standard_error(inner[:, own], strengths)
        drawings.append(figures.factor_curve(name, strengths, inner[:, own], *marks, mean[0], limits, measure))
        chosen[name] = (comparison.l1 + comparison.l2)[comparison.chosen[:, METHODS.index(name)]]
        columns.append([f"{digits(mean[place])} ± {digits(error[place])}" for place in own])
    curves = _figure(
        drawings,
        f"{_mean(comparison)} in the inner folds over all rows, for each factor of each penalty. The band is one standard error. "
        "The dot marks the minimum; the square marks the largest factor whose loss is within one standard error of it. "
        "The dotted line is the network without a penalty. The factor of L1L2 is l1 + l2.",
    )
    rows = [[number(strength), *entries] for strength, *entries in zip(strengths, *columns)]
    numbers = _folded(
        "The numbers behind these curves", _table(["Factor", *PENALTIES], rows, f"{_mean(comparison)} ± standard error by factor.")
    )
    stable = _figure(
        [figures.chosen_factors(chosen, strengths)],
        "The factor that each outer fold chose by itself, and in how many folds. If the numbers lie close together, the choice is stable; "
        "if they are spread out, another sample of rows could have led to another factor.",
    )
    folds = [[str(fold + 1), *(_setting(comparison, fold, name) for name in METHODS[1:])] for fold in range(len(comparison.test))]
    unit = "C" if comparison.table.classes else "alpha"
    every = _table(
        ["Fold", *METHODS[1:-2], "Epochs of early stopping", f"{unit} of the linear model"], folds, "What each outer fold chose."
    )
    return curves + numbers + "<h3>Is the choice stable?</h3>" + stable + _folded("What each fold chose", every)


def _setting(comparison: Comparison, fold: int, method: str) -> str:
    """Return what a fold chose for a method: a factor, the number of epochs, or C (alpha)."""
    place = comparison.chosen[fold, METHODS.index(method)]
    if method == "early stopping":
        return str(comparison.checkpoints[place])
    return number(comparison.linear[place] if method == "linear model" else comparison.l1[place] + comparison.l2[place])


def _inputs(comparison: Comparison, verdict: Verdict, choice: Choice) -> str:
    columns, outer = list(comparison.table.features.columns), len(comparison.test)
    mostly = [f"{name} ({count} of {outer})" for name, count in verdict.left_out.items() if count > outer / 2]
    left_out = (
        f"At the factors that the folds chose, L1 leaves out {_listed(mostly or ['no column'])} in more than half of the folds. "
        f"A column is left out of a fold if all of its weights are below {LEFT_OUT}."
    )
    weights = _used(comparison, choice.method)
    order = np.argsort(-weights.mean(axis=0), kind="stable")
    shown = order[:MOST_INPUTS]
    drawn = figures.input_weights([columns[place] for place in shown], weights[:, shown], choice.method)
    of = "without a penalty" if choice.method == "none" else f"with {choice.method}"
    some = f" The {MOST_INPUTS} largest of {len(columns)} are shown." if len(columns) > MOST_INPUTS else ""
    figure = _figure(
        [drawn],
        f"The largest weight of each column in the first layer, {of}. Marks are means over the outer folds, bars reach from the "
        "smallest to the largest fold. A number counts by its weight per standard deviation, a category by the largest weight of its "
        f"inputs of 0 and 1.{some} A large weight says that the network uses a column, not that the column causes the target.",
    )
    methods = ("none", *PENALTIES)
    by_method = {method: _used(comparison, method).mean(axis=0) for method in methods}
    rows = [
        [columns[place], *(digits(by_method[method][place]) for method in methods), f"{verdict.left_out.get(columns[place], 0)} of {outer}"]
        for place in order
    ]
    every = _table(
        ["Column", *methods, "Left out by L1"], rows, "Largest weight of each column in the first layer, mean over the outer folds."
    )
    return _paragraph(left_out) + figure + _folded("The numbers of all columns", every)


def _classes(comparison: Comparison, choice: Choice, costs: tuple[float, float]) -> dict[str, tuple[str, str, str]]:
    truth, probabilities = _held_out(comparison, choice.method)
    return {
        "errors": ("Errors", "Which errors it makes", _errors(comparison.table.classes, truth, probabilities, costs)),
        "calibration": (
            "Calibration",
            "Can its probabilities be believed?",
            _calibration(comparison.table.classes, truth, probabilities, choice),
        ),
    }


def _errors(classes: tuple[str, ...], truth: np.ndarray, probabilities: np.ndarray, costs: tuple[float, float]) -> str:
    intro = "Each row is predicted once, by a network that was not trained on it (the outer folds of the first repetition)."
    if len(classes) > 2:
        predicted = probabilities.argmax(axis=1)
        return _paragraph(intro) + _confusion(classes, truth, predicted, "The most probable class is predicted.")
    alarm, miss = costs
    threshold = alarm / (alarm + miss)
    blocks = [_confusion(classes, truth, probabilities[:, 1] > 0.5, f"“{classes[1]}” is predicted above a probability of 0.5.")]
    if threshold == 0.5:
        intro += (
            " A false alarm is taken to cost as much as a miss, so the threshold with the lowest expected cost is 0.5, the default. "
            "If one of the two errors costs more on your data, state both costs, and the threshold that follows stands here beside it."
        )
    else:
        intro += (
            f" A false alarm (“{classes[1]}” predicted, “{classes[0]}” true) costs {number(alarm)} and a miss {number(miss)}. "
            f"The expected cost is lowest if “{classes[1]}” is predicted above a probability of "
            f"{number(alarm)} / ({number(alarm)} + {number(miss)}) = {digits(threshold)}."
        )
        blocks.append(
            _confusion(classes, truth, probabilities[:, 1] > threshold, f"“{classes[1]}” is predicted above {digits(threshold)}.")
        )
        totals = [
            alarm * ((truth == 0) & chosen).sum() + miss * ((truth == 1) & ~chosen).sum()
            for chosen in (probabilities[:, 1] > 0.5, probabilities[:, 1] > threshold)
        ]
        intro += (
            f" On these {len(truth):,} rows the errors cost {number(totals[0])} at 0.5, and {number(totals[1])} at {digits(threshold)}."
        )
    return _paragraph(intro) + f'<div class="pair">{"".join(f"<div>{block}</div>" for block in blocks)}</div>'


def _confusion(classes: tuple[str, ...], truth: np.ndarray, predicted: np.ndarray, rule: str) -> str:
    """Return the confusion matrix and the rates that follow from it, with Wilson intervals."""
    counts = confusion_matrix(truth, predicted, labels=range(len(classes)))
    head = "".join(f'<th scope="col">{escape(label)}</th>' for label in classes)
    lines = []
    for label, row in zip(classes, counts):
        cells = "".join(
            f'<td style="background: color-mix(in srgb, var(--ink) {22 * count / max(row.sum(), 1):.0f}%, var(--panel))">{count:,}</td>'
            for count in row
        )
        lines.append(f'<tr><th scope="row">{escape(label)}</th>{cells}</tr>')
    caption = f"Confusion matrix. {rule} Rows are the true classes, columns the predicted ones."
    body = "\n".join(lines)
    matrix = (
        f'<table class="confusion"><caption>{escape(caption)}</caption>\n'
        f'<thead><tr><th scope="col">true, predicted</th>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table>"
    )
    right, true, said = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    rates = {"Accuracy": (right.sum(), counts.sum())}
    if len(classes) == 2:
        rates |= {f"Recall of {classes[1]}": (right[1], true[1]), f"Precision of {classes[1]}": (right[1], said[1])}
        rates |= {f"Specificity (recall of {classes[0]})": (right[0], true[0])}
    else:
        rates |= {f"Recall of {label}": (right[code], true[code]) for code, label in enumerate(classes)}
        rates |= {f"Precision of {label}": (right[code], said[code]) for code, label in enumerate(classes)}
    rows = [[name, *_rate(int(hits), int(of))] for name, (hits, of) in rates.items()]
    return _scrolling(matrix, rule) + _table(["Rate", "Rows", "Share", "95% interval"], rows, f"Rates with Wilson intervals. {rule}")


def _rate(hits: int, of: int) -> list[str]:
    if of == 0:
        return [f"{hits}\xa0of\xa0{of}", "–", "–"]
    low, high = wilson(hits, of)
    return [f"{hits:,}\xa0of\xa0{of:,}", _percent(hits / of), f"{_percent(low)}\xa0to\xa0{_percent(high)}"]


def _calibration(classes: tuple[str, ...], truth: np.ndarray, probabilities: np.ndarray, choice: Choice) -> str:
    codes = [1] if len(classes) == 2 else np.argsort(-np.bincount(truth, minlength=len(classes)), kind="stable")[:MOST_CLASSES]
    drawings = []
    for code in codes:
        probability = np.clip(probabilities[:, code], 0, 1)
        observed, predicted = calibration_curve(truth == code, probability, n_bins=10)
        bins = np.searchsorted(np.linspace(0, 1, 11)[1:-1], probability)  # as calibration_curve forms them
        counts = np.bincount(bins, minlength=10)
        drawings.append(figures.calibration(observed, predicted, counts[counts > 0], classes[code], choice.method, f"calibration-{code}"))
    some = (
        f" Of {len(classes)} classes, the {MOST_CLASSES} most frequent ones are shown."
        if len(codes) < len(classes) and len(classes) > 2
        else ""
    )
    return _figure(
        drawings,
        "Share of rows that belong to the class, over the predicted probability, in ten bins of equal width; below it their rows. "
        "Where the curve is on the dashed diagonal, the probabilities are right; where it is below, they are too high. "
        f"A bin with few rows says little.{some}",
    )


def _numeric(comparison: Comparison, choice: Choice) -> dict[str, tuple[str, str, str]]:
    truth, predictions = _held_out(comparison, choice.method)
    shown = min(len(truth), figures.MOST_ROWS)
    some = f" {shown:,} of {len(truth):,} rows are shown." if shown < len(truth) else ""
    text = _figure(
        figures.predicted_and_true(truth, predictions[:, 0], comparison.table.name, choice.method),
        "Each dot is a row, predicted by a network that was not trained on it. First the true value over the predicted one, then "
        f"the residual, true minus predicted. If the residuals bend or fan out, the network misses something.{some}",
    )
    return {"errors": ("Errors", "Which errors it makes", text)}


def _contents(comparison: Comparison) -> str:
    table, features = comparison.table, comparison.table.features
    rows = [[name, *_column(features[name])] for name in features.columns]
    columns = _table(["Column", "Kind", "Missing", "Values"], rows, f"The columns of the table besides the target, {table.name}.")
    if len(rows) > MOST_INPUTS:
        columns = _folded(f"The {len(rows):,} columns", columns)
    if table.classes:
        counts = np.bincount(table.target, minlength=len(table.classes))
        shares = [[label, f"{count:,}", _percent(count / counts.sum())] for label, count in zip(table.classes, counts)]
        target = _table(
            ["Class", "Rows", "Share"], shares, f"The classes of {table.name}. Predicting these shares for each row is the base rate."
        )
    else:
        low, middle, high = np.percentile(table.target, (0, 50, 100))
        target = _paragraph(
            f"{table.name} reaches from {digits(low)} to {digits(high)}; its median is {digits(middle)}, "
            f"its mean {digits(table.target.mean())}, its standard deviation {digits(table.target.std())}."
        )
    return target + (_items(table.notes) if table.notes else "") + columns


def _column(values) -> list[str]:
    """Return kind, share of missing values, and the values in short of one column of a table."""
    missing, known = values.isna().mean(), values.dropna()
    share = _percent(missing) if missing else "0%"
    if known.empty:
        return ["empty", share, "–"]
    if values.dtype.kind == "M":
        return ["date", share, f"{known.min():%Y-%m-%d} to {known.max():%Y-%m-%d}"]
    if values.dtype.kind == "f":
        return ["number", share, f"{number(known.min())} to {number(known.max())}, median {number(known.median())}"]
    counts = known.value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable")
    most = ", ".join(f"{label} {_percent(count / len(known))}" for label, count in counts[:3].items())
    return ["category", share, f"{len(counts)}: {most}{', …' if len(counts) > 3 else ''}"]


def _findings(findings) -> str:
    if not findings:
        return _paragraph(
            "Nothing of what was looked for was found: columns that give the target away, identifiers, copies of rows, "
            "groups, an order in time, rare classes, constant columns."
        )
    return _items(findings)


def _method(comparison: Comparison) -> str:
    table, settings = comparison.table, comparison.settings
    made = plan(table, settings)
    outer, inner = len(comparison.test), comparison.inner.shape[1]
    layers = " and ".join(str(units) for units in settings.hidden_layer_sizes)
    network = f"a network with {layers} hidden units (ReLU)" if layers else "a network without a hidden layer"
    batches = f"batches of {made.batch_size:,} rows" if made.batch_size else "all rows in one batch"
    drawn = "in the order of time" if table.time is not None else "of whole groups" if table.groups is not None else "drawn at random"
    sentences = [
        f"Every method was tested on the same {outer} outer folds, {drawn}. Within the training rows of each fold, {inner} inner "
        f"folds chose the factor, the number of epochs or the strength of the linear model by {_measure(comparison)}. "
        "So no test row took part in a choice.",
        f"Each training is {network}, trained with Adam for {made.epochs} epochs, {batches}. The penalty is on the kernels of all "
        "layers, not on the biases.",
        "Numbers were standardized, a missing one filled with the median and marked by an input of its own. A date became its day, "
        "weekday and month, a category an input of 0 or 1; rare ones share one. All was learned from the training rows of each fold alone.",
        "L1L2 is a mix in which l1 and l2 are both above zero. Its factor in this report is their sum.",
        "Intervals and p values allow for outer folds that share training rows (Nadeau and Bengio, 2003). The p values are adjusted "
        "by Holm's method.",
        "The network that is kept has the factor at the minimum, because the losses above were measured at factors chosen in this way.",
        *comparison.notes,
        f"The seed is {settings.seed}. Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in ("keras", "tensorflow", "scikit-learn", "pandas", "numpy"))
        + ".",
    ]
    seconds = ", ".join(f"{'in all' if name == 'all' else name} {digits(value)}" for name, value in comparison.seconds.items())
    return _items(sentences) + f'<p id="seconds" class="soft">Seconds: {escape(seconds)}.</p>'


LIMITS = (
    "Costs. What a false alarm and a miss cost is yours to say; a model with a lower loss can still be the more expensive one.",
    "Causes. A weight shows what the network uses, not what would happen if you changed the input.",
    "Drift. New rows are assumed to come from where these rows came from. If prices, people or sensors change, measure again.",
    "How the table was made. A value that was filled in after the outcome, or rows that were left out, cannot be seen in the table itself.",
    "Other models. Only this network and a linear model were compared; trees, for example, were not.",
)


def _folder(comparison: Comparison, choice: Choice) -> str:
    name = escape(comparison.table.name)
    contents = {
        "model.keras": f"the network with {escape(choice.words)}, trained on all rows",
        "preprocessing.joblib": "what turns a row into the numbers that the network reads, fitted on all rows; as any pickle, load "
        "it only if you trust its source",
        "predict.py": f"predicts {name} for new rows: <code>python predict.py new.csv</code>",
        "results.csv": "loss, score and choice of each method in each outer fold",
        "chosen_model.py": "the same network in plain Keras, to read and to change",
        "prepared.npz": "your rows as numbers, for chosen_model.py; keep it as safe as the table",
    }
    return "<ul>" + "".join(f"<li><code>{file}</code>: {text}</li>" for file, text in contents.items()) + "</ul>"
