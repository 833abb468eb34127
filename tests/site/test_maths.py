"""Formulas."""

import re
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
    assert "<mi>ln</mi><mo>\u2061</mo>" in read(r"$\ln p$")


def test_a_formula_written_in_another_way_stops_the_build():
    paragraph = ElementTree.fromstring('<p><span class="arithmatex">$w$</span></p>')
    with pytest.raises(
        SiteError, match=r"the formula '\$w\$': pymdown-extensions [\d.]+ writes it in another way than pipeline/maths.py expects"
    ):
        maths._ToMathML(markdown.Markdown()).run(paragraph)
