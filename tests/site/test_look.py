"""The palette: told apart by everyone, seen on both grounds, the same in figures, pages and widgets."""

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import rc_params_from_file

from pipeline.kernel import DARK
from tests.site.conftest import ROOT

CSS = (ROOT / "docs" / "stylesheets" / "site.css").read_text(encoding="utf-8")
SERIES = ("none", "l1", "l2", "l1l2")
# What is left of red, green and blue light for eyes that lack one kind of cone: Machado, Oliveira and Fernandes (2009),
# doi:10.1109/TVCG.2009.113, severity 1.
CONES = {
    "all": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def properties(scheme):
    """Return {"l1": "#c8500a", …}, the colours that site.css sets for a scheme."""
    which = '="slate"' if scheme == "slate" else ""  # the light colours are those of every scheme on paper
    rule = re.search(rf"\[data-md-color-scheme{which}\] \{{(.*?)\}}", CSS, re.DOTALL)[1]
    return dict(re.findall(r"--pt-([\w-]+): (#[0-9a-f]{6});", rule)) | {"page": re.search(r"--md-default-bg-color: (#\w{6})", rule)[1]}


def linear(colour):
    channels = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one, other, opacity=1.0):
    """Return the contrast of two colours, 1 to 21, as WCAG 2.2 defines it; the first is painted onto the second with an `opacity`."""
    channels = [opacity * int(one[at : at + 2], 16) + (1 - opacity) * int(other[at : at + 2], 16) for at in (1, 3, 5)]
    painted = "#" + "".join(f"{round(channel):02x}" for channel in channels)
    low, high = sorted(linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (painted, other))
    return (high + 0.05) / (low + 0.05)


def marks(svg, ground):
    """Return the contrast with the `ground` of all that an SVG paints, in order: fills and strokes, with what groups hand down."""
    found = []

    def walk(element, handed):
        if element.tag.rpartition("}")[2] in ("defs", "metadata", "clipPath"):
            return
        own = dict(re.findall(r"([\w-]+)\s*:\s*([^;]+)", element.get("style", "")))
        own |= {name: element.get(name) for name in ("fill", "stroke", "opacity", "fill-opacity", "stroke-opacity") if element.get(name)}
        opacity = float(own.pop("opacity", 1)) * handed["opacity"]
        handed = handed | {name: value.strip() for name, value in own.items()} | {"opacity": opacity}
        if element.tag.rpartition("}")[2] not in ("svg", "g"):
            for part in ("fill", "stroke"):
                if not (colour := handed[part]).startswith(("none", "url(")):  # a pattern has its own marks
                    found.append(contrast(colour, ground, opacity * float(handed.get(f"{part}-opacity", 1))))
        for child in element:
            walk(child, handed)

    walk(ElementTree.fromstring(svg), {"fill": "#000000", "stroke": "none", "opacity": 1.0})  # as SVG begins
    return np.array(found)


def oklab(light):
    """Return lightness and two hues, in which equal distances look equal: Ottosson (2020), Oklab."""
    cones = np.array([[0.4122215, 0.5363325, 0.0514460], [0.2119035, 0.6806995, 0.1073970], [0.0883025, 0.2817188, 0.6299787]])
    hues = np.array([[0.2104543, 0.7936178, -0.0040720], [1.9779985, -2.4285922, 0.4505937], [0.0259040, 0.7827718, -0.8086758]])
    return hues @ np.cbrt(cones @ np.clip(light, 0, 1))


@pytest.mark.parametrize("scheme", ["default", "slate"])
def test_the_four_colours_stand_out_from_the_page(scheme):
    colours = properties(scheme)
    assert min(contrast(colours[name], colours["page"]) for name in SERIES) >= 3
    assert min(contrast(colours[name], colours["page"]) for name in ("ink", "ink-soft", "link")) >= 4.5


@pytest.mark.parametrize("scheme", ["default", "slate"])
@pytest.mark.parametrize("eyes", CONES)
def test_the_four_colours_are_told_apart(scheme, eyes):
    seen = {name: oklab(np.array(CONES[eyes]) @ linear(properties(scheme)[name])) for name in SERIES}
    distances = {pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]]) for pair in itertools.combinations(SERIES, 2)}
    assert min(distances.values()) > 0.07, distances  # a just noticeable difference is about 0.02


def test_red_and_green_would_not_pass():
    red, green = (oklab(np.array(CONES["deuteranopia"]) @ linear(colour)) for colour in ("#c05040", "#6e7d35"))
    assert np.linalg.norm(red - green) < 0.07


def test_figures_have_the_colours_of_the_page():
    light, dark = properties("default"), properties("slate")
    style = rc_params_from_file(ROOT / "pipeline" / "matplotlibrc", use_default_template=False)
    assert [entry["color"] for entry in style["axes.prop_cycle"]] == [light[name] for name in SERIES]
    for name in (*SERIES, "ink", "ink-soft", "line", "panel", "page"):
        assert DARK[light[name]] == dark[name]


def _faint(light, dark):
    """Return the contrasts (light, dark) of the marks of a figure that are less than two thirds as distinct in the dark."""
    pair = [marks(svg, properties(scheme)["page"]) for svg, scheme in ((light, "default"), (dark, "slate"))]
    assert len(pair[0]) == len(pair[1]) > 0
    return [(one, other) for one, other in zip(*pair) if np.log(other) < np.log(one) * 2 / 3]


def test_every_mark_of_every_figure_is_as_distinct_in_the_dark(site_dir):
    figures = sorted((site_dir / "figures").rglob("*-dark.svg"))
    assert len(figures) > 30
    for dark in figures:
        light = dark.with_name(dark.name.replace("-dark", ""))
        faint = _faint(light.read_text(encoding="utf-8"), dark.read_text(encoding="utf-8"))
        assert not faint, (
            f"{dark.name}: contrast {faint[0][0]:.1f} in the light and {faint[0][1]:.1f} in the dark scheme; see DARK in kernel.py"
        )


def test_a_mark_without_a_colour_is_black_and_faint_in_the_dark():
    figure = '<svg xmlns="http://www.w3.org/2000/svg"><g style="{}opacity: 0.2"><path d="M0 0h9v9z"/></g></svg>'
    assert _faint(figure.format(""), figure.format(""))
    assert not _faint(figure.format(""), figure.format("fill: #e6eaf0; "))
