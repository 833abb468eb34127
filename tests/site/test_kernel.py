"""What a figure becomes in the kernel."""

from xml.etree import ElementTree

from pipeline import results
from tests.site.small import demo


def test_figures_are_drawn_for_both_schemes(executed):
    figure = results.results(demo(executed))["lines"].figures[0]
    assert "#c8500a" in figure["light"] and "#f58442" not in figure["light"]
    assert "#f58442" in figure["dark"] and "#c8500a" not in figure["dark"]
    for scheme in ("light", "dark"):
        assert ElementTree.fromstring(figure[scheme]).tag.endswith("svg")
