"""What a figure becomes in the kernel."""

from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from pipeline import kernel, results
from tests.site.small import demo


def test_figures_are_drawn_for_both_schemes(executed):
    figure = results.results(demo(executed))["lines"].figures[0]
    assert "#c8500a" in figure["light"] and "#f58442" not in figure["light"]
    assert "#f58442" in figure["dark"] and "#c8500a" not in figure["dark"]
    for scheme in ("light", "dark"):
        assert ElementTree.fromstring(figure[scheme]).tag.endswith("svg")


def test_letters_are_drawn_in_short_outlines(executed):
    light = results.results(demo(executed))["lines"].figures[0]["light"]
    assert light.count('transform="scale(0.25)"') >= len(set("Pathsweigtfactor"))
    assert "0.015625" not in light


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("<svg ", "<drawing ", "an SVG"),
        ("<metadata", "<about", "its metadata"),
        ("stroke: #c8500a", "stroke: rgb(200, 80, 10)", "a colour"),
        ("scale(0.015625)", "scale(0.02)", "the outline of a letter"),
    ],
)
def test_another_way_of_writing_svg_stops_the_build(monkeypatch, old, new, part):
    true = Figure.savefig

    def another(figure, buffer, **options):
        true(figure, buffer, **options)
        text = buffer.getvalue()
        assert old in text
        buffer.seek(0)
        buffer.truncate()
        buffer.write(text.replace(old, new))

    figure = Figure()
    figure.subplots().plot([1, 2], color="#c8500a")
    assert kernel._svg(figure)
    monkeypatch.setattr(Figure, "savefig", another)
    about, _ = kernel._figure_bundle(figure)
    assert about[kernel.FIGURE_TYPE] == {
        "error": f"matplotlib writes {part} in another way than _svg in pipeline/kernel.py expects; adapt it"
    }


def test_black_surfaces_and_letters_have_a_dark_counterpart():
    """Matplotlib writes no colour for them."""
    figure = Figure()
    axes = figure.subplots()
    axes.set_axis_off()
    axes.fill_between([1, 2], [1, 2], color="black", linewidth=0)
    axes.text(1, 1, "weights", color="black")
    light, dark = (ElementTree.fromstring(svg) for svg in kernel._in_both_schemes(figure))
    assert light.get("fill") == "#000000" and dark.get("fill") == kernel.DARK["#000000"]


def test_a_figure_without_a_letter_is_drawn():
    figure = Figure()
    figure.subplots().set_axis_off()
    assert kernel._svg(figure).startswith("<svg")


def test_any_failure_while_drawing_is_handed_on(monkeypatch):
    """IPython would print it and go on without the figure."""
    monkeypatch.setattr(kernel, "_tables", lambda figure: [][0])
    about, _ = kernel._figure_bundle(Figure())
    assert about[kernel.FIGURE_TYPE] == {"error": "IndexError: list index out of range"}
