"""The drawings of the report: SVG that takes its colours from the style of the page, and so is light or dark as the page is."""

import io
import re
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator, ScalarFormatter

from penalty.verdict import number

INK, SOFT, LINE = "#1c2430", "#4d5968", "#d9dee5"
COLOURS = {"none": "#5b6675", "L1": "#c8500a", "L2": "#1668c7", "L1L2": "#7a1f6b", "early stopping": INK, "linear model": INK}
MARKERS = {"none": "o", "L1": "s", "L2": "^", "L1L2": "D", "early stopping": "v", "linear model": "P"}
VARIABLES = {  # the colours of a drawing, by the names that they have in report.css
    "#5b6675": "--none",
    "#c8500a": "--l1",
    "#1668c7": "--l2",
    "#7a1f6b": "--l1l2",
    INK: "--ink",
    SOFT: "--soft",
    LINE: "--line",
}
_STYLE = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.5,
    "lines.linewidth": 2,
    "lines.markersize": 5,
    "svg.fonttype": "none",  # letters stay text, in the reader's own font
    "svg.hashsalt": "penalty",
    "text.color": INK,
    "xtick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.color": SOFT,
    "ytick.labelcolor": INK,
}
MOST_ROWS = 2000  # dots in a drawing
_WIDTH = 4.4  # inches: on a phone the letters are about 12 pixels high


@dataclass(frozen=True)
class Drawing:
    """A drawing: `svg` to stand in a page, with the text that says what is to be seen as its name."""

    svg: str
    alt: str


def digits(value: float) -> str:
    """Return a measured number with three significant digits, a true minus and no exponent: 0.0120, 1,230, −4.50."""
    if not np.isfinite(value):
        return "–"
    value = float(f"{value:.3g}")
    places = max(0, 2 - int(np.floor(np.log10(abs(value))))) if value else 0
    return f"{value:,.{places}f}".replace("-", "−")


@contextmanager
def _axes(drawn: dict, name: str, height: float, rows: tuple = (1,), width: float = _WIDTH):
    """Yield the axes of one drawing, one below the other, of these heights; its SVG is then in `drawn["svg"]`."""
    # All but the backend, which the context would not set back: a reader's window stays.
    default = {name: value for name, value in matplotlib.rcParamsDefault.items() if name != "backend"}
    with matplotlib.rc_context({**default, **_STYLE}):
        figure = Figure((width, height), layout="constrained")
        yield figure.subplots(len(rows), 1, sharex=True, squeeze=False, height_ratios=rows)[:, 0]
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawn["svg"] = _for_a_page(buffer.getvalue(), name, width)


def _for_a_page(svg: str, name: str, width: float) -> str:
    """Return matplotlib's SVG as an element among others: colours by name, names of its own, no font, no style for the whole page."""
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>|<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"#[0-9a-f]{6}\b", lambda colour: f"var({VARIABLES[colour[0]]})", svg)
    svg = re.sub(r"; font-family: [^;\"]*", "", svg).replace("xlink:href", "href")
    svg = re.sub(
        r'<svg .*?viewBox="([^"]*)".*?>', rf'<svg viewBox="\1" fill="currentColor" style="max-width: {100 * width:.0f}px">', svg, count=1
    )
    used = set(re.findall(r'(?:href="|url\()#([\w.]+)', svg))
    svg = re.sub(r' id="([\w.]+)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{name}-", svg)
    return re.sub(r"\s*\n\s*", "\n", svg).strip()


def _drawing(drawn: dict, alt: str) -> Drawing:
    return Drawing(drawn["svg"].replace("<svg ", f'<svg role="img" aria-label="{escape(alt)}" ', 1), alt)


def _logarithmic(axis, low: float, high: float) -> None:
    """Label powers of ten as people write them: 0.001, not 10⁻³."""
    axis.axes.set_xscale("log")
    axis.set_major_locator(LogLocator(numticks=6))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_locator(NullLocator())
    axis.axes.set_xlim(low / 1.5, high * 1.5)


class _Plain(ScalarFormatter):
    """Numbers at an axis: never with an exponent, thousands set off."""

    def __init__(self):
        super().__init__(useOffset=False)
        self.set_scientific(False)

    def __call__(self, value, pos=None):
        return f"{value:,.0f}".replace("-", "−") if abs(value) >= 10_000 else super().__call__(value, pos)


def _ticks(axis, count: int = 5) -> None:
    axis.set_major_locator(MaxNLocator(count))
    axis.set_major_formatter(_Plain())


def differences(names: list[str], means: np.ndarray, low: np.ndarray, high: np.ndarray, measure: str, base: str) -> Drawing:
    """Draw by how much the mean loss of each method differs from that of `base`, with intervals; all (methods,)."""
    drawn = {}
    with _axes(drawn, "differences", 0.8 + 0.34 * len(names)) as (axes,):
        axes.axvline(0, color=INK, linewidth=1, linestyle="--")
        for row, name in enumerate(names):
            axes.plot([low[row], high[row]], [row, row], color=COLOURS[name])
            axes.plot(means[row], row, MARKERS[name], color=COLOURS[name], markersize=7)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(f"{measure}, minus that of {base}")
        _ticks(axes.xaxis)
    said = "; ".join(f"{name} {digits(mean)} ({digits(a)} to {digits(b)})" for name, mean, a, b in zip(names, means, low, high))
    return _drawing(drawn, f"{measure.capitalize()} minus that of {base}, with 95% interval: {said}. Below zero is better than {base}.")


def factor_curve(
    name: str, factors: np.ndarray, losses: np.ndarray, minimum: int, one_error: int, none: float, limits: tuple[float, float], measure: str
) -> Drawing:
    """Draw the loss over the factor of one penalty, with its band and the two marked factors.

    Args:
        name: "L1", "L2" or "L1L2".
        factors: (settings,) strengths, ascending; losses: (inner folds, settings).
        minimum, one_error: entries of `factors` at the smallest mean loss and by the one-standard-error rule.
        none: mean loss without a penalty; limits: of the vertical axis, so that several drawings can be compared.
        measure: what the loss is.
    """
    mean, error = losses.mean(axis=0), losses.std(axis=0, ddof=1) / np.sqrt(len(losses))
    colour, drawn = COLOURS[name], {}
    with _axes(drawn, f"factor-{name}", 2.7, width=3.6) as (axes,):
        axes.axhline(none, color=COLOURS["none"], linewidth=1.2, linestyle=":")
        axes.annotate(
            "no penalty", (1, none), (0, 3), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right", fontsize=9.5
        )
        axes.fill_between(factors, mean - error, mean + error, color=colour, alpha=0.18, linewidth=0)
        axes.plot(factors, mean, color=colour)
        axes.plot(factors[minimum], mean[minimum], "o", color=colour, markersize=8)
        axes.plot(factors[one_error], mean[one_error], "s", color=colour, markersize=9, markerfacecolor="none", markeredgewidth=2)
        axes.set_title(name)
        axes.set_xlabel("l1 + l2" if name == "L1L2" else name.lower())
        axes.set_ylabel(measure)
        axes.set_ylim(limits)
        _logarithmic(axes.xaxis, factors[0], factors[-1])
        _ticks(axes.yaxis)
    return _drawing(
        drawn,
        f"{measure.capitalize()} over the factor of {name}, from {digits(mean[0])} at {number(factors[0])} to {digits(mean[-1])} at "
        f"{number(factors[-1])}. "
        f"The minimum is {digits(mean[minimum])} at {number(factors[minimum])}; the one-standard-error factor is "
        f"{number(factors[one_error])}, "
        f"with {digits(mean[one_error])}. Without a penalty it is {digits(none)}.",
    )


def chosen_factors(factors: dict[str, np.ndarray], tried: np.ndarray) -> Drawing:
    """Draw how often each factor was chosen: for each penalty an array (outer folds,), of the factors that were `tried`."""
    drawn, said = {}, []
    with _axes(drawn, "chosen", 0.9 + 0.5 * len(factors)) as (axes,):
        for row, (name, chosen) in enumerate(factors.items()):
            values, counts = np.unique(chosen, return_counts=True)
            axes.scatter(values, np.full(len(values), row), s=200 + 300 * counts / counts.sum(), color=COLOURS[name], alpha=0.25)
            for value, count in zip(values, counts):
                axes.text(value, row, str(count), ha="center", va="center", fontsize=9.5, fontweight="bold")
            said.append(f"{name}: " + ", ".join(f"{number(value)} in {count}" for value, count in zip(values, counts)))
        axes.set_yticks(range(len(factors)), factors)
        axes.set_ylim(len(factors) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("chosen factor")
        _logarithmic(axes.xaxis, tried.min(), tried.max())
    return _drawing(drawn, f"How many of the {len(chosen)} outer folds chose each factor. {'; '.join(said)}.")


def input_weights(names: list[str], weights: np.ndarray, penalty: str) -> Drawing:
    """Draw the largest first-layer weight of each input: `weights` (outer folds, inputs), the inputs in the order of `names`."""
    mean, drawn = weights.mean(axis=0), {}
    with _axes(drawn, "weights", 0.8 + 0.24 * len(names)) as (axes,):
        rows = np.arange(len(names))
        axes.hlines(rows, weights.min(axis=0), weights.max(axis=0), color=COLOURS[penalty], linewidth=4, alpha=0.3)
        axes.plot(mean, rows, MARKERS[penalty], color=COLOURS[penalty], markersize=6)
        axes.set_yticks(rows, [name if len(name) <= 22 else f"{name[:21]}…" for name in names], parse_math=False)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(left=0)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", color=LINE, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("largest |weight| in the first layer")
        _ticks(axes.xaxis)
    said = ", ".join(f"{name} {digits(value)}" for name, value in zip(names[:5], mean))
    return _drawing(
        drawn,
        f"Largest weight in the first layer by column, mean over the outer folds, in descending order: {said}{' …' * (len(names) > 5)}.",
    )


def calibration(observed: np.ndarray, predicted: np.ndarray, counts: np.ndarray, label: str, penalty: str, key: str) -> Drawing:
    """Draw a reliability diagram: observed share over mean predicted probability, and below it the rows of each bin; all (bins,).

    `key` tells it from the diagrams of other classes.
    """
    drawn, colour = {}, COLOURS[penalty]
    with _axes(drawn, key, 3.4, rows=(3, 1), width=3.6) as (above, below):
        above.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle="--")
        above.plot(predicted, observed, color=colour, marker=MARKERS[penalty])
        above.set(xlim=(-0.06, 1.06), ylim=(-0.03, 1.03))
        above.set_ylabel("observed share")
        below.vlines(predicted, 0, counts, color=colour, linewidth=7, alpha=0.5)
        for place, count in zip(predicted, counts):
            below.annotate(
                f"{count:,}" if count < 10_000 else f"{count / 1000:.0f}k",
                (place, count),
                (0, 2),
                textcoords="offset points",
                ha="center",
                fontsize=9,
            )
        below.set_ylim(0, counts.max() * 1.35)
        below.set_ylabel("rows")
        below.set_yticks([])
        below.set_xlabel(f"predicted probability of {label}", parse_math=False)
        for axes in (above, below):
            _ticks(axes.xaxis)
        _ticks(above.yaxis)
    said = "; ".join(f"{digits(o)} of {count:,} rows at {digits(p)}" for o, p, count in zip(observed, predicted, counts))
    return _drawing(drawn, f"Observed share of {label} over its predicted probability: {said}. On the dashed diagonal the two are equal.")


def predicted_and_true(truth: np.ndarray, predicted: np.ndarray, name: str, penalty: str) -> list[Drawing]:
    """Draw the true target and the residual over the prediction, (n,) each; every k-th row where there are more than MOST_ROWS."""
    step = -(-len(truth) // MOST_ROWS)
    truth, predicted = truth[::step], predicted[::step]
    residual, drawings = truth - predicted, []
    style = {"color": COLOURS[penalty], "linestyle": "none", "marker": "o", "markersize": 3.5, "alpha": 0.4, "markeredgewidth": 0}
    for label, values, line in ((f"true {name}", truth, predicted), ("residual, true − predicted", residual, 0 * predicted)):
        drawn = {}
        with _axes(drawn, f"numeric-{len(drawings)}", 2.9, width=3.6) as (axes,):
            axes.plot(predicted, values, **style)
            ends = [np.argmin(predicted), np.argmax(predicted)]
            axes.plot(predicted[ends], line[ends], color=INK, linewidth=1, linestyle="--")
            axes.set_xlabel(f"predicted {name}", parse_math=False)
            axes.set_ylabel(label, parse_math=False)
            _ticks(axes.xaxis, 4)
            _ticks(axes.yaxis)
        drawings.append(drawn)
    return [
        _drawing(
            drawings[0],
            f"True {name} over predicted {name} of {len(truth):,} rows; their correlation is "
            f"{digits(np.corrcoef(truth, predicted)[0, 1])}. "
            "On the dashed line the two are equal.",
        ),
        _drawing(
            drawings[1],
            f"Residual over predicted {name}: mean {digits(residual.mean())}, standard deviation {digits(residual.std())}. "
            "On the dashed line it is zero.",
        ),
    ]
