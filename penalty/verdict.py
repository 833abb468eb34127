"""What a comparison supports, in numbers and in sentences. Only NumPy and SciPy are needed here."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy import stats

from penalty.compare import METHODS, Comparison

CHOICES = METHODS[:4]  # what the verdict is about: no penalty and the three penalties
LEFT_OUT = 0.01  # a weight below it counts as zero: Adam at its constant rate of 0.01 keeps moving it around zero, within about one step
STEADY = 0.8  # share of the outer folds that has to choose nearly the same factor
NAMED = 5  # columns that a sentence names one by one


@dataclass(frozen=True)
class Interval:
    """A mean difference and its interval, in the unit of the differences, and the two-sided p-value of no difference."""

    mean: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Pair:
    """Loss of `a` minus loss of `b`: mean over the outer folds, 95% interval, p-value, and the p-value adjusted for the number of pairs."""

    a: str
    b: str
    mean: float
    low: float
    high: float
    p: float
    adjusted: float

    @property
    def clear(self) -> bool:
        """Whether the difference is beyond chance, at the level of 5%."""
        return self.adjusted < 0.05


@dataclass(frozen=True)
class Spread:
    """Strengths (l1 + l2) that the outer folds chose, and the share of folds within a factor of three of the median."""

    low: float
    median: float
    high: float
    share: float


@dataclass(frozen=True)
class Verdict:
    """What `verdict` returns.

    Attributes:
        sentences: the verdict first, then what belongs to it; only one when the features say nothing.
        best: of none and the penalties, the one with the lowest mean loss.
        factor_minimum, factor_one_se: (l1, l2) of `best` with the lowest inner loss over all rows, and by the one-standard-error rule.
        pairs: of all methods; `a` is the one with the lower mean loss.
        against_base: each method against the base rate (the mean); their p-values are one-sided.
        informative: whether one of the six methods is clearly better than the base rate.
        clear: whether `best` is clearly better than the other three.
        stable: by penalty, how the chosen factors vary.
        left_out: by column, in how many outer folds L1 left it out (all of its first-layer weights are below 0.01); only columns
            that it left out in at least one.
    """

    sentences: tuple[str, ...]
    best: str
    factor_minimum: tuple[float, float]
    factor_one_se: tuple[float, float]
    pairs: tuple[Pair, ...]
    against_base: tuple[Pair, ...]
    informative: bool
    clear: bool
    stable: dict[str, Spread]
    left_out: dict[str, int]


def corrected_interval(differences, test_share: float, level: float = 0.95) -> Interval:
    """Return the mean of paired differences with an interval for folds that share training rows.

    mean ± t · √((1/J + test_share) · s²), t with J − 1 degrees of freedom

    The plain variance s²/J would treat the folds as independent, and its intervals are too narrow. The correction was made for repeated
    hold-out, J random divisions of the same rows, and for differences that hardly depend on which rows are drawn for training. For
    repeated k-fold cross-validation it is an approximation in common use. In the tests, 95% intervals cover the true difference in 90 to
    97% of tables with hold-out, and in 92 to 99% with five folds repeated twice.

    Args:
        differences: (J,) one for each fold, J at least 2.
        test_share: test rows divided by training rows, at least 0; 1/4 for five folds.
        level: of the interval.

    Raises:
        ValueError: if there are fewer than two differences.

    Source: Nadeau and Bengio (2003), Machine Learning 52, section 4; for repeated k-fold Bouckaert and Frank (2004), PAKDD.
    """
    differences = np.asarray(differences, float)
    folds = len(differences)
    if folds < 2:
        raise ValueError("An interval needs the differences of at least two folds.")
    mean = differences.mean()
    error = np.sqrt((1 / folds + test_share) * differences.var(ddof=1))
    if error == 0:  # the folds agree exactly
        return Interval(float(mean), float(mean), float(mean), float(mean == 0))
    half = error * stats.t.ppf((1 + level) / 2, folds - 1)
    return Interval(float(mean), float(mean - half), float(mean + half), float(2 * stats.t.sf(abs(mean) / error, folds - 1)))


def holm(p) -> np.ndarray:
    """Return p-values (m,) adjusted for their number: the chance of any false "p < 0.05" among them is at most 5%, however they depend.

    Source: Holm (1979), Scandinavian Journal of Statistics 6.
    """
    p = np.asarray(p, float)
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(np.arange(len(p), 0, -1) * p[order]))
    return adjusted


def one_standard_error(inner_losses, strengths) -> tuple[int, int]:
    """Return the places of the lowest mean loss and of the strongest penalty that is not more than one standard error above it.

    Args:
        inner_losses: (folds, factors).
        strengths: (factors,) in any order.

    Source: Breiman and others (1984), section 3.4.3; James and others, An Introduction to Statistical Learning, section 6.2.
    """
    mean = np.mean(inner_losses, axis=0)
    lowest = int(mean.argmin())
    error = np.std(inner_losses, axis=0, ddof=1)[lowest] / np.sqrt(len(inner_losses))
    return lowest, int(np.where(mean <= mean[lowest] + error, strengths, -np.inf).argmax())


def wilson(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share, `successes` of `n`; (0, 1) for no rows, which say nothing."""
    if n == 0:
        return 0.0, 1.0
    return tuple(map(float, stats.binomtest(int(successes), int(n)).proportion_ci(level, method="wilson")))


def number(value: float, digits: int = 3) -> str:
    """Return a number for a sentence: at most `digits` significant digits, no exponent, a true minus."""
    value = float(f"{value:.{digits}g}")
    text = f"{value:,.0f}" if abs(value) >= 100 else np.format_float_positional(value, trim="-")
    return text.replace("-", "−") if value else "0"


def verdict(comparison: Comparison) -> Verdict:
    """Say which penalty, how strong, and how sure.

    Two families of pairs are adjusted by Holm's method, each for itself: the six pairs of none and the penalties decide which penalty;
    the nine with early stopping or the linear model decide whether a penalized network is needed. Each family has all of its pairs, so
    that it does not matter that the best method was picked after seeing the losses.

    The features say something if a method is better than the base rate. This question has one direction, because features without
    information can only make the predictions worse, so each of its p-values is one-sided. It is asked of six methods, of which the best
    would often be better by chance. With Holm's adjustment over the six, at most about 5 in 100 tables without information are called
    informative.
    """
    losses = dict(zip(METHODS, comparison.losses.T))
    share = np.mean([len(test) / len(train) for train, test in zip(comparison.train, comparison.test)])
    ranked = sorted(METHODS, key=lambda method: losses[method].mean())
    found = {(a, b): corrected_interval(losses[a] - losses[b], share) for a, b in combinations(ranked, 2)}
    deciding = [pair for pair in found if set(pair) <= set(CHOICES)]
    pairs = _adjusted({pair: found[pair] for pair in deciding}) + _adjusted({pair: found[pair] for pair in found if pair not in deciding})

    against_base = {(a, "base rate"): corrected_interval(losses[a] - comparison.base_losses, share) for a in METHODS}
    against_base = _adjusted({pair: _one_sided(interval) for pair, interval in against_base.items()})

    best = next(method for method in ranked if method in CHOICES)
    minimum, one_se = _recommended(comparison, best) if best != "none" else (0, 0)
    chosen = dict(zip(METHODS, comparison.chosen.T))
    strengths = comparison.l1 + comparison.l2
    largest = comparison.largest_weight[np.arange(len(comparison.test)), chosen["L1"]]  # (outer, columns)
    counts = zip(comparison.table.features.columns, (largest < LEFT_OUT).sum(axis=0).tolist())
    result = Verdict(
        sentences=(),
        best=best,
        factor_minimum=(float(comparison.l1[minimum]), float(comparison.l2[minimum])),
        factor_one_se=(float(comparison.l1[one_se]), float(comparison.l2[one_se])),
        pairs=pairs,
        against_base=against_base,
        informative=any(pair.clear for pair in against_base),
        clear=all(pair.clear for pair in pairs if pair.a == best and pair.b in CHOICES),
        stable={penalty: _spread(strengths[chosen[penalty]]) for penalty in CHOICES[1:]},
        left_out={column: count for column, count in counts if count},
    )
    return replace(result, sentences=tuple(_sentences(result, comparison)))


def _adjusted(found: dict[tuple[str, str], Interval]) -> tuple[Pair, ...]:
    adjusted = holm([interval.p for interval in found.values()])
    return tuple(Pair(a, b, **vars(interval), adjusted=float(p)) for ((a, b), interval), p in zip(found.items(), adjusted))


def _one_sided(interval: Interval) -> Interval:
    """Return the interval with the p-value of "not below zero"."""
    return replace(interval, p=interval.p / 2 if interval.mean < 0 else 1 - interval.p / 2)


def _recommended(comparison: Comparison, penalty: str) -> tuple[int, int]:
    """Return the settings with the lowest inner loss over all rows and by the one-standard-error rule."""
    own = np.flatnonzero(np.array(comparison.penalty) == penalty)
    lowest, strongest = one_standard_error(comparison.inner[-1][:, own], (comparison.l1 + comparison.l2)[own])
    return int(own[lowest]), int(own[strongest])


def _spread(strengths) -> Spread:
    median = np.median(strengths)
    near = np.abs(np.log(strengths / median)) <= np.log(3)
    return Spread(float(strengths.min()), float(median), float(strengths.max()), float(near.mean()))


WITH = {
    "none": "without a penalty",
    **{penalty: f"with {penalty}" for penalty in CHOICES[1:]},
    "early stopping": "with early stopping",
    "linear model": "with scikit-learn's linear model",
}

CALLED = {"none": "the network without a penalty", "linear model": "scikit-learn's linear model"}


def _sentences(result: Verdict, comparison: Comparison) -> list[str]:
    """Return what the numbers support, the verdict first."""
    loss = "mean cross-entropy" if comparison.table.task == "classification" else "mean squared error"
    against_base = _against_base(result, comparison, loss)
    if not result.informative:
        return [against_base]
    rivals = _rivals(result, loss)
    if not any(pair.clear for pair in result.against_base if pair.a in CHOICES):  # then no choice between them is worth a word
        return [against_base, *rivals]
    factor = _factor(result, comparison, loss) if result.best != "none" else []
    return [_penalty(result, loss), against_base, *factor, *rivals, _inputs(result, comparison)]


def _listed(words: list[str], last: str = "and") -> str:
    """Return "a", "a and b" or "a, b and c"."""
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _interval(pair: Pair) -> str:
    adjusted = f"= {number(pair.adjusted, 2)}" if pair.adjusted >= 0.001 else "below 0.001"
    return f"(95% interval of the difference {number(pair.low, 2)} to {number(pair.high, 2)}, adjusted p {adjusted})"


def _lower(pair: Pair) -> str:
    return f"{number(-pair.mean, 2)} lower than {WITH[pair.b]} {_interval(pair)}"


def _against_base(result: Verdict, comparison: Comparison, loss: str) -> str:
    """Say which methods predict the target, if any does."""
    name, base = comparison.table.name, "the base rate" if comparison.table.task == "classification" else "the mean"
    clear = [pair for pair in result.against_base if pair.clear]
    lowest = min(clear or result.against_base, key=lambda pair: pair.mean)
    lowest_loss = comparison.losses[:, METHODS.index(lowest.a)].mean()
    base_loss = f"{number(comparison.base_losses.mean())} with {base}"
    numbers = f"the {loss} is {number(lowest_loss)} {WITH[lowest.a]} and {base_loss} {_interval(lowest)}"
    if not clear:
        nothing = f"The features say nothing about {name} that these rows could show"
        return f"{nothing}, because no method predicts it clearly better than {base}: {numbers}."
    if len(clear) == len(METHODS):
        return f"Every method predicts {name} clearly better than {base}: {numbers}."
    if len(clear) > len(METHODS) / 2:
        rest = _listed([CALLED.get(pair.a, pair.a) for pair in result.against_base if not pair.clear])
        return f"All methods except {rest} predict {name} clearly better than {base}: {numbers}."
    return f"Only {_listed([WITH[pair.a] for pair in clear])} is {name} predicted clearly better than by {base}: {numbers}."


def _penalty(result: Verdict, loss: str) -> str:
    """Say whether one of none and the penalties is clearly the best."""
    best, own = result.best, [pair for pair in result.pairs if {pair.a, pair.b} <= set(CHOICES)]
    mine = [pair for pair in own if pair.a == best]  # in the order of the losses
    lowest = f"The {loss} {WITH[best]} is {_lower(mine[0])}."
    if result.clear and best == "none":
        return f"A penalty makes the predictions worse on these data: L1, L2 and L1L2 are each clearly worse than no penalty. {lowest}"
    if result.clear:
        return f"{best} is clearly better than the other penalties and than no penalty. {lowest}"
    if not any(pair.clear for pair in own):
        return f"No penalty is clearly better than another, or than no penalty, on these data. {lowest}"
    helpful = [penalty for penalty in CHOICES if any(pair.clear and (pair.a, pair.b) == (penalty, "none") for pair in own)]
    if best in helpful:
        against_none = next(pair for pair in mine if pair.b == "none")
        return (
            f"{_listed(helpful)} {'is' if len(helpful) == 1 else 'are'} clearly better than no penalty: "
            f"the {loss} {WITH[best]} is {_lower(against_none)}. "
            f"But {best} is not clearly better than {_listed([pair.b for pair in mine if not pair.clear], 'or')}. {lowest}"
        )
    clear = _listed([f"lower {WITH[pair.a]} than {WITH[pair.b]}" for pair in own if pair.clear])
    return f"No choice is clearly the best on these data. Only these differences are clear: the {loss} is {clear}. {lowest}"


def _factor(result: Verdict, comparison: Comparison, loss: str) -> list[str]:
    """Say which factor of the best penalty to take, and how far to trust it."""
    minimum, one_se = (
        _listed([f"{name} = {number(value)}" for name, value in zip(("l1", "l2"), factors) if value])
        for factors in (result.factor_minimum, result.factor_one_se)
    )
    one_se = "the same factor" if one_se == minimum else one_se
    lowest = f"In cross-validation over all rows, {result.best} has the lowest {loss} at {minimum}"
    said = [f"{lowest}, and the one-standard-error rule takes {one_se}."]
    strengths = (comparison.l1 + comparison.l2)[np.array(comparison.penalty) == result.best]
    if sum(result.factor_minimum) == strengths.max():
        said.append("This factor is the strongest that was tried, so a stronger one may be better.")
    if sum(result.factor_minimum) == strengths.min():
        said.append("This factor is the weakest that was tried, so a weaker one may be as good.")
    spread = result.stable[result.best]
    if spread.share < STEADY:
        said.append(
            f"The factor is uncertain: the outer folds chose strengths from {number(spread.low)} to {number(spread.high)}, "
            f"and only {number(100 * spread.share)}% of them are within a factor of three of the median, {number(spread.median)}."
        )
    return said


def _rivals(result: Verdict, loss: str) -> list[str]:
    """Say whether early stopping or a linear model does as well as the best of none and the penalties, or better."""
    stopping, linear = (next(pair for pair in result.pairs if {pair.a, pair.b} == {result.best, rival}) for rival in METHODS[4:])
    said = []
    if stopping.clear and stopping.b == result.best:
        said.append(f"Early stopping is clearly better: the {loss} {WITH[stopping.a]} is {_lower(stopping)}.")
    if not linear.clear or linear.b == result.best:
        how = "is clearly better than" if linear.clear else "may be as good as"
        said.append(f"Scikit-learn's linear model {how} the network: the {loss} {WITH[linear.a]} is {_lower(linear)}.")
    return said


def _inputs(result: Verdict, comparison: Comparison) -> str:
    """Say which columns L1 leaves out in more than half of the outer folds."""
    names = [str(column) for column, count in result.left_out.items() if count > len(comparison.test) / 2]
    if not names:
        return "In most outer folds, L1 leaves out none of the columns."
    named = f": {_listed(names)}" if len(names) <= NAMED else ""
    share = f"{len(names):,} of {comparison.table.features.shape[1]:,} columns"
    return f"In most outer folds, L1 leaves out {share}, because all of their first-layer weights are below {LEFT_OUT}{named}."
