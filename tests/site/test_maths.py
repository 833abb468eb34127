"""Formulas."""

from xml.etree import ElementTree

import markdown
import pytest

from pipeline import maths
from pipeline.source import SiteError


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


def test_a_formula_written_in_another_way_stops_the_build():
    paragraph = ElementTree.fromstring('<p><span class="arithmatex">$w$</span></p>')
    with pytest.raises(
        SiteError, match=r"the formula '\$w\$': pymdown-extensions [\d.]+ writes it in another way than pipeline/maths.py expects"
    ):
        maths._ToMathML(markdown.Markdown()).run(paragraph)
