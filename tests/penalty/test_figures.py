"""The drawings of the report: text that a page can carry, in colours that follow it."""

import re
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest

from penalty import figures

NAMES = ["none", "L1", "L2", "L1L2", "early stopping", "linear model"]
FACTORS = np.geomspace(0.0001, 1, 5)
LOSSES = np.array([[0.5, 0.4, 0.3, 0.35, 0.6], [0.52, 0.42, 0.31, 0.35, 0.62]])


def drawings():
    """Every kind of drawing once, with names that SVG, HTML and matplotlib would read as code."""
    strange = 'a <b> & "c" $x^2$'
    rng = np.random.default_rng(0)
    truth = rng.normal(size=50)
    return [
        figures.differences(NAMES, np.arange(6) - 3.0, np.arange(6) - 4.0, np.arange(6) - 2.0, "cross-entropy", "the base rate"),
        *(figures.factor_curve(name, FACTORS, LOSSES, 2, 3, 0.55, (0.2, 0.7), "cross-entropy") for name in ("L1", "L2", "L1L2")),
        figures.chosen_factors({"L1": FACTORS[[1, 1, 2]], "L2": FACTORS[[3, 3, 3]]}, FACTORS),
        figures.input_weights(["age", strange], np.array([[0.5, 0.1], [0.7, 0.0]]), "L2"),
        figures.calibration(np.array([0.1, 0.8]), np.array([0.2, 0.7]), np.array([90, 12_345]), strange, "L1", "calibration-1"),
        *figures.predicted_and_true(truth, truth + rng.normal(size=50), strange, "none"),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0001, "0.000100"),
        (-0.04567, "−0.0457"),
        (1, "1.00"),
        (0.9999, "1.00"),
        (12.345, "12.3"),
        (-123.4, "−123"),
        (1_234_567, "1,230,000"),
        (0, "0"),
        (1e-7, "0.000000100"),
        (np.nan, "–"),
    ],
)
def test_measured_numbers_have_three_significant_digits(value, text):
    assert figures.digits(value) == text


def test_a_reader_keeps_the_window_and_the_style_of_matplotlib():
    with matplotlib.rc_context():
        matplotlib.rcParams["backend"], matplotlib.rcParams["lines.linewidth"] = "svg", 7
        drawings()
        assert (matplotlib.rcParams["backend"], matplotlib.rcParams["lines.linewidth"]) == ("svg", 7)


def test_every_drawing_is_an_image_with_a_name():
    for drawing in drawings():
        root = ElementTree.fromstring(drawing.svg)
        assert root.get("role") == "img"
        assert root.get("aria-label") == drawing.alt
        assert len(drawing.alt) > 50


def test_colours_are_those_of_the_page_and_letters_are_in_its_font():
    for drawing in drawings():
        assert not re.search(r"#[0-9a-f]{6}\b", drawing.svg)
        assert set(re.findall(r"var\((--\w+)\)", drawing.svg)) <= set(figures.VARIABLES.values())
        assert "font-family" not in drawing.svg
        assert "<style" not in drawing.svg  # it would hold for the whole page


def test_names_within_drawings_are_used_and_told_apart():
    seen = []
    for drawing in drawings():
        names = re.findall(r' id="([^"]*)"', drawing.svg)
        used = re.findall(r'(?:href="|url\()#([^")]*)', drawing.svg)
        assert set(names) == set(used)
        seen += names
    assert len(seen) == len(set(seen))


def test_names_of_columns_stand_as_they_are():
    texts = ["".join(ElementTree.fromstring(drawing.svg).itertext()) for drawing in drawings()]
    assert sum('a <b> & "c" $x^2$' in text for text in texts) == 4


def test_same_numbers_make_the_same_drawing():
    assert drawings() == drawings()


def test_curve_stands_where_its_numbers_are():
    svg = ElementTree.fromstring(figures.factor_curve("L1", FACTORS, LOSSES, 2, 3, 0.55, (0.2, 0.7), "loss").svg)
    paths = [path.get("d") for path in svg.iter("path") if path.get("style", "").startswith("fill: none; stroke: var(--l1)")]
    points = np.array([[float(number) for number in pair] for pair in re.findall(r"[ML] ([\d.]+) ([\d.]+)", paths[0])])
    assert np.allclose(np.diff(points[:, 0]), np.diff(points[:, 0])[0])  # equal steps of the logarithm
    slope, start = np.polyfit(points[:, 1], LOSSES.mean(axis=0), 1)
    assert slope < 0  # up is more
    assert np.allclose(slope * points[:, 1] + start, LOSSES.mean(axis=0))


def test_alt_text_of_a_curve_names_both_factors_and_the_level_without_a_penalty():
    alt = figures.factor_curve("L1", FACTORS, LOSSES, 2, 3, 0.55, (0.2, 0.7), "cross-entropy").alt
    for part in ("0.305 at 0.01", "one-standard-error factor is 0.1", "Without a penalty it is 0.550"):
        assert part in alt


def test_many_rows_are_drawn_in_part():
    values = np.arange(10_001.0)
    drawing = figures.predicted_and_true(values, values, "price", "L2")[0]
    assert 1000 < drawing.svg.count("<use ") <= figures.MOST_ROWS + 50
    assert "correlation is 1.00" in drawing.alt
