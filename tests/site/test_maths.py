"""Formulas."""

import re
from xml.etree import ElementTree

import markdown
import numpy as np
import pytest
from PIL import Image

from pipeline import maths
from pipeline.source import SiteError
from tools import golden


def test_formulas_become_mathml():
    html = markdown.markdown("Let $w_1^2$ cost $5 or $6.\n\n$$\n\\frac{1}{2}\n$$\n", extensions=["pipeline.maths"])
    assert "<msubsup><mi>w</mi><mn>1</mn><mn>2</mn></msubsup>" in html
    assert "cost $5 or $6." in html
    aligned = markdown.markdown("$$\n\\begin{aligned} a &= b \\\\ c &< d \\end{aligned}\n$$\n", extensions=["pipeline.maths"])
    assert aligned.count("<mtd") == 4 and "amp;" not in aligned.replace("&amp;", "") and "<mi>amp" not in aligned
    assert "<mfrac><mn>1</mn><mn>2</mn></mfrac>" in html and 'display="block"' in html


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\lVert w \rVert_1", ["<mo", "‖", "<mi>w</mi>", "<mn>1</mn>"]),
        (r"\operatorname*{arg\,min}_w", ["arg", "min", "<mi>w</mi>"]),
        (r"\hat{y} = \sigma(x^\top w + b)", ["<mover", "σ", "⊤"]),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", ["<mtable", "<mtr", "<mtd"]),
        (r"\lvert w_j \rvert \le \tfrac{\lambda}{2}", ["≤", "<mfrac", "λ"]),
    ],
)
def test_the_formulas_of_our_kind_come_out_right(latex, expected):
    mathml = maths.to_mathml(latex)
    ElementTree.fromstring(mathml)
    for part in expected:
        assert part in mathml


def read(text):
    return markdown.markdown(text, extensions=["pipeline.maths"])


def test_no_line_breaks_between_a_formula_and_what_stands_around_it():
    html = read("Of $w$, ($n$) and *more* $k$-fold in $n$ *rows* $p$.")
    assert re.findall(r"</math>(.*?)</span>(.?)", html) == [(",", " "), (")", " "), ("-fold", " "), ("", " "), (".", "<")]
    assert re.findall(r"(.)<span[^>]*>(.*?)<math", html) == [(" ", ""), (" ", "("), (" ", ""), (" ", ""), (" ", "")]
    assert "</span><br" in read("All of $w$<br>and more")  # a tag stays outside


def test_the_script_of_a_sized_bracket_is_that_of_the_group():
    html = read(r"$\Bigl[ a \Bigl( b \Bigr)^2 c \Bigl( d \Bigr) \bigl| e \bigr|_1 \Bigr]_j^2$")
    (formula,) = ElementTree.fromstring(html).iter("semantics")
    scripted = [element for element in formula.iter() if element.tag in ("msub", "msup", "msubsup")]
    assert ["".join(element[0].itertext()) for element in scripted] == ["[a(b)2c(d)|e|1]", "(b)", "|e|"]


def test_a_bracket_of_another_row_stays_where_it_is():
    html = read(r"$\begin{aligned} \Bigl( a \\ b \Bigr)^2 \end{aligned}$")
    assert re.search(r"<mi>b</mi><msup><mo[^>]*>\)</mo><mn>2</mn></msup>", html)


def test_radicals_are_as_tall_as_brackets():
    html = read(r"$\sqrt{n} + \sqrt[3]{n}$")
    assert len(re.findall(r"<mspace[^>]*/><mi>n</mi>", html)) == 2
    assert re.search(r"<mroot><mrow>.*?</mrow><mn>3</mn></mroot>", html)


def test_the_name_of_a_function_is_read():
    assert re.search("<mi>ln</mi>.*\u2061.*<mi>p</mi>", read(r"$\ln p$"))


def test_a_formula_written_in_another_way_stops_the_build():
    paragraph = ElementTree.fromstring('<p><span class="arithmatex">$w$</span></p>')
    with pytest.raises(
        SiteError, match=r"the formula '\$w\$': pymdown-extensions [\d.]+ writes it in another way than pipeline/maths.py expects"
    ):
        maths._ToMathML(markdown.Markdown()).run(paragraph)


# The boxes of all elements with a name, in order: {left, right, top, bottom}, in pixels.
BOXES = "(name) => [...document.querySelectorAll(name)].map((element) => element.getBoundingClientRect().toJSON())"


def boxes(browser, latex, name):
    with golden.shown(browser, [latex]) as page:
        return page.evaluate(BOXES, name)


def test_scripts_of_all_letters_and_brackets_are_at_one_height(browser):
    for latex, name in (
        (r"x_a y_a q_a \beta_a f_a (w)_a \lVert w \rVert_a", "msub"),
        (r"x^a d^a \lambda^a (w)^a \lVert w \rVert^a", "msup"),
    ):
        heights = [round(box["bottom"], 1) for box in boxes(browser, latex, f"{name} > :last-child")]
        assert len(heights) >= 5 and len(set(heights)) == 1, f"{latex} has its scripts at {heights}; see as_in_tex in tools/fonts.py"


def test_a_bracket_is_as_tall_with_an_exponent_as_without(browser):
    heights = [box["height"] for box in boxes(browser, r"\Bigl( w \Bigr)^2", "mo")]
    assert heights == pytest.approx([heights[0]] * 2) and heights[0] > 20


def test_radicals_stand_on_the_line_and_leave_no_gap(browser):
    latex = r"\sqrt{n} \sqrt[3]{n} \sqrt{y} \sqrt{k}"
    roots, letters = boxes(browser, latex, "msqrt, mroot"), boxes(browser, latex, "mi")
    depths = [round(root["bottom"] - letters[0]["bottom"], 1) for root in roots]
    assert max(depths) < 7 and max(depths[:3]) - min(depths[:3]) < 0.5, f"√ hangs {depths} pixels below the line"
    assert roots[0]["right"] - letters[0]["right"] < 1, "a gap behind the root; see as_in_tex in tools/fonts.py"


def test_rows_of_fractions_do_not_touch_and_have_no_margin(browser):
    latex = r"\begin{aligned} \frac{1}{w_j} &= a \\ \frac{1}{w_j} &= b \end{aligned}"
    above, below = boxes(browser, latex, "mfrac")
    assert below["top"] - above["bottom"] > 8
    assert boxes(browser, latex, "mtable")[0]["left"] == pytest.approx(above["left"], abs=1)


def moved(strip, drawn):
    """Return the share of a formula's ink, 0 to 1, that another drawing has elsewhere; both are grey on white."""
    ink, other = (255 - np.asarray(picture, dtype=float) for picture in (strip, drawn))
    return np.abs(ink - other).sum() / (ink.sum() + other.sum())


def test_twenty_hard_formulas_look_as_they_did(browser, tmp_path):
    """Within a fiftieth of the ink of each; a root of another size, in the longest of them, is a fortieth."""
    before = Image.open(golden.PICTURE)
    made, here = before.text["Chromium"], golden.major(browser)
    if made != here:
        pytest.skip(f"tests/site/formulas.png was drawn by Chromium {made}, and this is {here}: python -m tools.golden renews it")
    now = golden.draw(browser)
    now.save(tmp_path / "formulas.png")
    assert before.size == now.size == (golden.WIDTH, golden.HEIGHT * len(golden.FORMULAS)), "python -m tools.golden draws all formulas anew"
    for at, latex in enumerate(golden.FORMULAS):
        strip = (0, at * golden.HEIGHT, golden.WIDTH, (at + 1) * golden.HEIGHT)
        share = moved(before.crop(strip), now.crop(strip))
        assert share < 0.02, (
            f"{share:.0%} of the ink of {latex} is elsewhere than in tests/site/formulas.png; compare {tmp_path}/formulas.png, "
            "and if that is right: python -m tools.golden"
        )


def test_a_sign_that_moves_by_a_pixel_is_seen():
    picture = np.full((40, 40), 255)
    picture[10:30, 10:12] = 0
    assert moved(picture, picture) == 0
    other = picture.copy()
    other[10:30] = np.roll(picture[10:30], 1, axis=1)
    assert moved(picture, other) == 0.5
