"""Formulas of the pages: how they are found and evaluated, and that each is run by a test or says why it is not."""

import ast
import re

import numpy as np
import pytest

import tests.formulas
from pipeline.formulas import begins, displayed, displayed_in, read_by
from pipeline.ledger import Ledger
from pipeline.source import ROOT, SiteError
from tests.formulas import formula, told
from tests.site.small import edit, write

rng = np.random.default_rng(0)
X, w, y = rng.normal(size=(7, 3)), rng.normal(size=3), rng.normal(size=7)
n, p = X.shape
columns = np.arange(1, p + 1)

PAGE = """# Page

```latex
$$
code = 1
$$
```

$$
a = b
$$

$$
\\begin{aligned}
J(w) ={} & L(w) \\\\
& {} + P(w) \\\\
g_j &= 0 && \\text{if } w_j = 0
\\end{aligned}
$$
<!-- not run: the parts are named only -->

where $L = 2$ and $P$ are parts.
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Write a page of a project of its own, and return its address."""

    def write_page(text):
        write(tmp_path / "docs" / "page.md", text)
        monkeypatch.setattr(tests.formulas, "ROOT", tmp_path)
        return "page.md"

    return write_page


def test_displayed_formulas_are_found_with_line_and_reason():
    first, second = displayed_in(PAGE, "page.md")
    assert (first.line, first.statements, first.reason) == (9, ["a = b"], None)
    assert (second.line, second.reason) == (13, "the parts are named only")
    assert second.statements == ["J(w) ={} L(w) {} + P(w)", r"g_j = 0 \text{if } w_j = 0"]


GOLDEN = [
    (
        r"w_j \leftarrow (1 - 2 \eta \lambda_2) \, w_j - \eta \frac{\partial L}{\partial w_j}",
        {"w_j": w, "η": 0.1, "λ_2": 3, "dL_dw_j": 5},
        0.4 * w - 0.5,
    ),
    (r"P(w) = \lambda_1 \sum_{j=1}^{p} \lvert w_j \rvert + \lambda_2 \sum_j w_j^2", {"w": [3, -4], "p": 2, "λ_1": 0.1, "λ_2": 0.2}, 5.7),
    (r"\frac{1}{n} \lVert y - X w \rVert^2", {"n": n, "X": X, "w": w, "y": y}, np.mean((y - X @ w) ** 2)),
    (
        r"\left( \tfrac{1}{n} X^\top X + \lambda_2 I \right)^{-1} \tfrac{1}{n} X^\top y",
        {"X": X, "y": y, "n": n, "λ_2": 0.3, "I": np.eye(p)},
        np.linalg.solve(X.T @ X / n + 0.3 * np.eye(p), X.T @ y / n),
    ),
    (
        r"-\frac{2}{n} \sum_{i=1}^{n} x_{ij} (y_i - \hat{y}_i)",
        {"x": X, "y": y, "y_hat": X @ w, "n": n, "j": columns},
        -2 / n * X.T @ (y - X @ w),
    ),
    (
        r"\frac{2}{n} \max_j \Bigl\lvert \sum_{i=1}^{n} x_{ij} (y_i - \bar{y}) \Bigr\rvert",
        {"x": X, "y": y, "y_bar": y.mean(), "n": n},
        2 / n * np.abs(X.T @ (y - y.mean())).max(),
    ),
    (r"S(v, t) = \operatorname{sign}(v) \max(\lvert v \rvert - t, 0)", {"v": np.array([3, -4, 0.4]), "t": 0.5}, [2.5, -3.5, 0]),
    (r"\frac{S(v, \lambda_1 / 2)}{1 + \lambda_2}", {"S": lambda v, t: v - t, "v": 3, "λ_1": 1, "λ_2": 0.25}, 2),
    (r"v_j \cdot w = \frac{d_j^2}{d_j^2 + 4} \; v_j \cdot \hat{w}", {"v_j": X[0], "w_hat": w, "d_j": 2}, X[0] @ w / 2),
    (r"\text{df} = \sum_{j=1}^{p} \frac{d_j^2}{d_j^2 + n \lambda_2}", {"d": [1, 2, 3], "p": 3, "n": 2, "λ_2": 0.5}, 1 / 2 + 4 / 5 + 9 / 10),
    (r"N(n, p) = 2 \sum_{k=0}^{p} \binom{n - 1}{k}", {"n": 5, "p": 2}, 22),
    (r"h(u) = -u \ln u - (1 - u) \ln (1 - u)", {"u": 0.3}, -0.3 * np.log(0.3) - 0.7 * np.log(0.7)),
    (r"\frac{1}{2s} \exp\Bigl(-\frac{\lvert w_j \rvert}{s}\Bigr)", {"s": 2, "w_j": -4}, np.exp(-2) / 4),
    (r"\frac{1}{1 + e^{-(w \cdot x_i + b)}}", {"w": w, "x_i": X[0], "b": 1}, 1 / (1 + np.exp(-(w @ X[0] + 1)))),
    (r"\tfrac{1}{2} L + \alpha \lVert w \rVert_1 + \lVert w \rVert^2", {"L": 4, "α": 0.5, "w": [3, -4]}, 30.5),
    (r"\text{MCC} = \frac{TP \cdot TN - FP \cdot FN}{R}", {"TP": 5, "TN": 7, "FP": 2, "FN": 3, "R": 4}, 29 / 4),
    (r"\bar{d} \pm t \sqrt{ s_d^2 \left( \frac{1}{m} + v \right)}", {"d_bar": 3, "t": 2, "s_d": 4, "m": 2, "v": 1.75}, [-9, 15]),
    (r"\text{steps} = \left\lceil \frac{n}{m} \right\rceil", {"n": 7, "m": 3}, 3),
    (
        r"\frac{1}{m} \sum_{i \in B} \ell(y_i, \hat{y}_i)",
        {"m": 2, "B": [1, 3], "y": y, "y_hat": 0 * y, "l": lambda y, z: y - z},
        (y[0] + y[2]) / 2,
    ),
    (r"\frac{1}{T} \sum_{t=1}^{T} J_{B_t}(w_t)", {"T": 2, "B": [2, 1], "J": [lambda w: w, lambda w: 10 * w], "w": [3, 4]}, 17),
    (r"\operatorname{E} (y - f)^2 = \sigma^2", {"σ": 3}, 9),
    (r"\operatorname{E} (y - f)^2 + \operatorname{E} y", {"E": np.mean, "y": y, "f": 1}, np.mean((y - 1) ** 2) + y.mean()),
    (r"\text{ceiling} = (1 - f) + \frac{f}{K} = 1 - f \left( 1 - \frac{1}{K} \right)", {"f": 0.3, "K": 3}, 0.8),
    (r"\text{new rows:} \quad \sigma^2 \Bigl(1 + \frac{p}{n - p - 1}\Bigr)", {"σ": 2, "n": 8, "p": 3}, 7),
    (r"\bar{x}^{\top} w - w_2 - x^*", {"x_bar": X[0], "w": w, "x_star": 1}, X[0] @ w - w[1] - 1),
    (
        r"\begin{aligned} w \leftarrow w - \eta \bigl( & 2 (w - v) \\ & {} + \lambda_1 \operatorname{sign}(w) \bigr) \end{aligned}",
        {"w": 3, "η": 0.1, "v": 1, "λ_1": 5},
        2.1,
    ),
]


@pytest.mark.parametrize(("latex", "values", "expected"), GOLDEN, ids=[latex for latex, _, _ in GOLDEN])
def test_formulas_of_our_kind_are_evaluated(page, latex, values, expected):
    np.testing.assert_allclose(np.squeeze(evaluate(page, latex, values)), expected, rtol=1e-12)


def evaluate(page, latex, values):
    text = f"$$\n{latex}\n$$\n"
    return formula(page(text), displayed_in(text)[0].statements[0])(**values)


@pytest.mark.parametrize(("latex", "values", "expected"), GOLDEN, ids=[latex for latex, _, _ in GOLDEN])
def test_a_wrong_sign_or_number_gives_another_value(page, latex, values, expected):
    """Each + and −, and each digit that is no index, behind the first relation is changed once."""
    start = min((match.end() for match in re.finditer(r"\\leftarrow|(?<!_{i|_{j|_{k|_{t)=", latex)), default=0)
    for match in re.finditer(r"[+-]|(?<!_)\d", latex[start:]):
        wrong = {"+": "-", "-": "+"}.get(match[0]) or str(int(match[0]) + 1)
        at = start + match.start()
        try:
            with np.errstate(all="ignore"):
                value = np.squeeze(evaluate(page, latex[:at] + wrong + latex[at + 1 :], values))
        except (SiteError, IndexError):
            continue
        assert not np.allclose(value, expected), f"{match[0]} at {at} may as well be {wrong}"


def test_orders_and_conditions_hold_or_do_not(page):
    below = formula(page(r"$$\lvert g_j \rvert \le \lambda_1 \text{ if } w_j = 0$$"), r"\lvert g_j")
    np.testing.assert_array_equal(below.holds(g_j=np.array([1, -3, 3]), λ_1=2, w_j=np.array([0, 0, 1])), [True, False, True])
    every = formula(page(r"$$\lvert u \rvert \ge s u \quad \text{for every } u$$"), r"\lvert u")
    np.testing.assert_array_equal(every.holds(u=np.array([-1, 1]), s=-2), [False, True])
    above = formula(page(r"Assign class 1 if $q > \frac{a}{a + b}$."), "q >")
    assert above.holds(q=0.6, a=1, b=1) and not above.holds(q=0.4, a=1, b=1)


def test_a_formula_that_is_meant_whole_may_begin_another(page):
    assert formula(page("Between $a - b$ and $a - b = 2 c$."), "a - b")(a=3, b=1) == 2


def test_a_test_that_fails_names_its_formulas(page):
    page("$$a = b$$ and $$c = d$$")
    assert told(reads_one) == ["docs/page.md: the formula a = b is run by this test. Mend the formula, or the test."]


def reads_one():
    formula("page.md", "a =")


def test_arguments_come_by_name_or_in_order(page):
    threshold = formula(page(r"$$S(v, t) = v - 2 t$$"), "S(v, t)")
    assert threshold(5, 1) == threshold(v=5, t=1) == 3


@pytest.mark.parametrize(
    ("text", "left", "values", "expected"),
    [
        ("$$a = b$$ and $$c = d$$", "e", {}, "docs/page.md: no formula begins with e; those displayed begin with a = b; c = d."),
        ("$$a = b$$ and $$a = d$$", "a", {}, "docs/page.md: 2 formulas begin with a; give more of the one meant: a = b; a = d."),
        (
            "$$a = b + \\lambda_2$$",
            "a",
            {"b": 1},
            "docs/page.md: the formula a = b + \\lambda_2 needs a value for λ_2; give it by keyword, λ_2=….",
        ),
        ("$$a = w_j$$", "a", {"w": [1]}, "docs/page.md: the formula a = w_j needs a value for j; give it by keyword, j=…."),
        (
            "$$a = \\int b$$",
            "a",
            {"b": 1},
            "docs/page.md: the formula a = \\int b cannot be evaluated at ∫; write it otherwise, or put <!-- not run: why --> behind it.",
        ),
        ("$$a \\le b$$", "a", {"b": 1}, "docs/page.md: the formula a \\le b with its ≤ gives no value; ask whether it `holds`."),
        (
            "$$a = b = 2 b$$",
            "a",
            {"b": 1},
            "docs/page.md: the formula a = b = 2 b has sides that differ, 1 and 2.0; mend the page or the values.",
        ),
        (
            "$$a = \\sum_j w_j$$",
            "a",
            {},
            "docs/page.md: the formula a = \\sum_j w_j sums over j; give the array that bears this index by its name.",
        ),
    ],
)
def test_what_cannot_be_run_is_said_in_one_sentence(page, text, left, values, expected):
    with pytest.raises(SiteError) as said:
        formula(page(text), left)(**values)
    assert str(said.value) == expected


def test_every_displayed_formula_is_run_by_a_test_or_says_why_not():
    files = {path.name: read_by(ast.parse(path.read_text(encoding="utf-8"))) for path in sorted((ROOT / "tests").glob("test_*.py"))}
    missing, doubled = [], []
    for shown in displayed():
        for statement in shown.statements:
            tests = [file for file, read in files.items() if any(page == shown.page and begins(statement, left) for page, left in read)]
            if tests and shown.reason:
                doubled.append(
                    f"docs/{shown.page}:{shown.line}: {statement} is declared not run, but {tests[0]} runs it; delete the comment."
                )
            if not tests and not shown.reason:
                missing.append(f"docs/{shown.page}:{shown.line}: {statement}")
    if missing:
        how = "read each in its claim's test, with formula(page, left), or put <!-- not run: why --> directly behind it"
        pytest.fail("\n".join([f"These formulas are run by no test; {how}:", *missing]), pytrace=False)
    assert not doubled, "\n".join(doubled)


def test_a_result_counts_for_the_formulas_that_its_test_has_read(project):
    def digest():
        return Ledger(project).tests["test_twice_two"].digest

    edit(project / "docs" / "learn" / "demo.md", "Twice two is $4$.", r"Twice two is $2 \cdot 2 = 4$.")
    edit(project / "tests" / "test_demo.py", "assert 2 * 2 == 4", 'assert formula("learn/demo.md", "2") == 4')
    before = digest()
    edit(project / "docs" / "learn" / "demo.md", r"2 \cdot 2", "2 + 2")
    assert digest() != before
    edit(project / "docs" / "learn" / "demo.md", "$2 + 2 = 4$", "four")
    assert digest() != before  # a formula that is gone fails the test that reads it, and nothing else


def test_a_formula_whose_page_is_not_written_out_is_said():
    with pytest.raises(SiteError, match=r"formula\(PAGE, 'J'\): give page and beginning themselves"):
        read_by(ast.parse("formula(PAGE, 'J')"))
