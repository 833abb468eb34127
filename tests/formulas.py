"""Evaluate the formulas of the pages, as they are displayed, with numbers.

`formula("learn/l2.md", r"w_j \\leftarrow")(w_j=3.0, η=0.1, λ_2=0.1, dL_dw_j=0.0)` is what that page writes behind the arrow, so
that a claim's test compares the page itself with Keras, SciPy or a finite difference. What is read is the MathML that the page shows.

- A symbol is given by keyword as it looks: `λ_2`, `y_hat`, `x_bar`, `w_star`, `TP`, `data_loss`; a partial derivative is `dL_dw_j`.
- A symbol with an index is given whole (`w_j=3.0`), or as an array (`w=weights`) and its index. An index counts from 1 and may be an array:
  `j=np.arange(1, p + 1)` stands for all columns. A sum or a maximum sets its own index.
- A value that is a function is applied to the bracket, or else the one factor, behind it.
- A matrix and what follows are multiplied as matrices, all else entry by entry; `·` between vectors is the scalar product.
"""

import ast
import functools
import inspect
import itertools
import unicodedata
from xml.etree import ElementTree

import numpy as np
from scipy.special import comb

from pipeline.formulas import find, matching, read_by
from pipeline.maths import to_mathml
from pipeline.source import ROOT, SiteError

RELATIONS = {"=": np.isclose, "←": np.isclose, "≤": np.less_equal, "≥": np.greater_equal, "<": np.less, ">": np.greater, "≠": np.not_equal}
REDUCTIONS = {"∑": sum, "max": functools.partial(functools.reduce, np.maximum)}
KNOWN = {"e": np.e, "exp": np.exp, "ln": np.log, "sign": np.sign, "max": lambda *values: REDUCTIONS["max"](values)}
BRACKETS = {"(": np.asarray, "[": np.asarray, "|": np.abs, "‖": np.linalg.norm, "⌈": np.ceil}
KINDS = {**dict.fromkeys("([⌈", "open"), **dict.fromkeys(")]⌉", "close"), **dict.fromkeys(RELATIONS, "relation"), "∑": "reduction"}
KINDS |= {"prefix": "open", "postfix": "close", "if": "remark", "for every": "remark", ",": "comma", ";": "comma"}
SCRIPTS = {"msub": "_", "munder": "_", "msup": "^", "mover": "^", "msubsup": "_^", "munderover": "_^"}
ACCENTS = {"ˆ": "_hat", "¯": "_bar", "∗": "_star"}


def formula(page, left):
    """Return the one formula of `docs/<page>` that begins with the LaTeX `left`: a displayed one, or else one inside a sentence.

    Args:
        page: address below `docs/`, as in "learn/l2.md".
        left: beginning of a displayed formula, of a row of an aligned one, or of what stands between two dollars; blanks do not count.

    Raises:
        SiteError: if no formula begins so, or different ones do.
    """
    latex = find(page, left, ROOT)
    mathml = to_mathml(latex, display=True).replace("&ApplyFunction;", "")
    return Formula(f"docs/{page}: the formula {latex}", _tokens(ElementTree.fromstring(mathml)))


def told(test):
    """Return a sentence on each formula that a test's function reads, for when it fails."""
    code = ast.parse(inspect.getsource(test))
    read = [(page, latex) for page, left in read_by(code) for latex in matching(page, left, ROOT)]
    return [f"docs/{page}: the formula {latex} is run by this test. Mend the formula, or the test." for page, latex in read]


class Formula:
    """A formula: its sides, the relations between them, and the condition (“if …”) under which they hold.

    Args:
        where: the page and the formula, for what an error says.
        tokens: what the formula is made of, as (kind, value).
    """

    def __init__(self, where, tokens):
        self.where = where
        (statement, *remarks), words = _split(tokens, "remark")
        self.condition = Formula(where, remarks[0]) if words == ["if"] else None
        self.parts, self.relations = _split(statement, "relation")

    def __call__(self, *positional, **values):
        """Return the value of the last side; of a = b = c, b and c have to agree. Where it begins S(v, t), v and t may come in order."""
        if orders := set(self.relations) - {"=", "←", ":"}:
            raise SiteError(f"{self.where} with its {orders.pop()} gives no value; ask whether it `holds`.")
        if positional:
            inside = self.parts[0][self.parts[0].index(("open", "(")) + 1 : -1]
            values |= zip(map(_spelled, _split(inside, "comma")[0]), positional, strict=True)
        first, *others = self._values(self.parts[1:] or self.parts, values)
        if not all(np.allclose(first, other) for other in others):
            raise SiteError(f"{self.where} has sides that differ, {' and '.join(map(str, [first, *others]))}; mend the page or the values.")
        return first

    def holds(self, **values):
        """Return whether the sides are related as it says, entry by entry, = up to rounding; True where its condition is not met."""
        pairs = itertools.pairwise(self.sides(**values))
        related = [RELATIONS[relation](*pair) for relation, pair in zip(self.relations, pairs)]
        unmet = ~self.condition.holds(**values) if self.condition else False
        return np.all(related, axis=0) | unmet

    def sides(self, **values):
        """Return the values of all sides."""
        return self._values(self.parts, values)

    def _values(self, parts, values):
        return [_Reader(self.where, part, KNOWN | values).whole() for part in parts]


class _Reader:
    """Reads tokens from left to right and returns what they come to; `sum`, `product` and `factor` are the levels of precedence."""

    def __init__(self, where, tokens, values):
        self.where, self.tokens, self.values, self.at = where, [*tokens, ("end", "its end")], values, 0

    @property
    def next(self):
        return self.tokens[self.at]

    def take(self, kind, *values):
        """Step over the next token if it is of `kind`, or one of `values`, and return its value; else return None."""
        if self.next[0] != kind or (values and self.next[1] not in values):
            return None
        self.at += 1
        return self.tokens[self.at - 1][1]

    def part(self, tokens):
        """Return the value of a part with tokens of its own, as a numerator or an exponent."""
        return _Reader(self.where, tokens, self.values).whole()

    def whole(self):
        value = self.sum()
        self.expect("end")
        return value

    def expect(self, kind):
        if self.take(kind) is None:
            advice = "write it otherwise, or put <!-- not run: why --> behind it"
            raise SiteError(f"{self.where} cannot be evaluated at {_spelled([self.next])}; {advice}.")

    def sum(self):
        value = -self.product() if self.take("sign", "−") else self.product()
        while sign := self.take("sign", "+", "−", "±"):
            term = self.product()
            value = np.array([value - term, value + term]) if sign == "±" else value + (term if sign == "+" else -term)
        return value

    def product(self):
        value = self.factor()
        while (sign := self.take("sign", "⋅", "/")) or self.next[0] in ("name", "number", "open", "box", "reduction"):
            factor = self.factor()
            factor = 1 / factor if sign == "/" else factor
            fewer, more = sorted((np.ndim(value), np.ndim(factor)))
            value = value @ factor if fewer and (more == 2 or sign == "⋅") else value * factor
        return value

    def factor(self):
        """Return a number, a symbol, a bracket, a fraction, a root or a sum, with the powers behind it."""
        if number := self.take("number"):
            value = float(number)
        elif bracket := self.take("open"):
            value, order = self.arguments(), self.take("_")  # a norm may say which, as ‖w‖₁
            value = BRACKETS[bracket](*value, *([self.part(order)] if order else []))
        elif box := self.take("box"):
            value = box[0](*map(self.part, box[1:]))
        elif sign := self.take("reduction"):
            value = self.reduction(REDUCTIONS[sign])
        elif name := self.take("name"):
            value = self.reduction(REDUCTIONS[name]) if name in REDUCTIONS and self.next[0] == "_" else self.symbol(name)
        else:
            self.expect("number")
        return self.powers(value)

    def powers(self, value):
        while exponent := self.take("^"):
            if exponent == [("name", "⊤")]:
                value = value[None] if value.ndim == 1 else value.T
            else:
                power = self.part(exponent)
                value = np.linalg.inv(value) if np.ndim(value) == 2 and power == -1 else value**power
        return value

    def arguments(self):
        """Return the values up to the closing bracket."""
        found = [self.sum()]
        while self.take("comma"):
            found.append(self.sum())
        self.expect("close")
        return found

    def reduction(self, combine):
        """Combine the products that follow, one for each value of the index: over all j, from i = 1 to n, or over i ∈ B."""
        (_, index), *bounds = self.take("_")
        upper, begin, outer = self.take("^"), self.at, self.values
        if not bounds:
            rows = range(1, self.extent(index) + 1)
        elif upper:
            rows = range(int(self.part(bounds[1:])), int(self.part(upper)) + 1)
        else:
            rows = self.part(bounds[1:])
        found = []
        for row in rows:
            self.at, self.values = begin, outer | {index: row}
            found.append(self.product())
        self.values = outer
        return combine(found)

    def extent(self, index):
        """Return the length, along `index`, of the first array ahead that bears it."""
        for (_, name), (kind, scripts) in itertools.pairwise(self.tokens[self.at :]):
            if kind == "_" and ("name", index) in scripts and name in self.values:
                return np.shape(self.values[name])[scripts.index(("name", index))]
        raise SiteError(f"{self.where} sums over {index}; give the array that bears this index by its name.")

    def symbol(self, name):
        """Return the value of the symbol that begins with `name`, or of the function of this name at what follows."""
        letters = [value for _, value in itertools.takewhile(lambda token: token[0] == "name", self.tokens[self.at :])]
        for count in range(len(letters), 0, -1):  # TP is one symbol if it has a value, and else T times P
            if (joined := "".join([name, *letters[:count]])) in self.values:
                name, self.at = joined, self.at + count
                break
        index = self.take("_") or []
        whole = _spelled([("name", name), *([("_", index)] if index else [])])
        if whole not in self.values and name not in self.values:
            raise SiteError(f"{self.where} needs a value for {whole}; give it by keyword, {whole}=….")
        value = self.values[whole] if whole in self.values else np.asarray(self.values[name])[self.positions(index)]
        if not callable(value):
            return np.asarray(value)
        if self.next != ("open", "("):
            return value(self.factor())
        self.take("open")
        first, *others = self.arguments()
        return value(first, *others) if others else value(self.powers(first))  # E (y − f)² is the mean of the squares

    def positions(self, index):
        reader = _Reader(self.where, index, self.values)
        return tuple(np.asarray(reader.factor(), dtype=int) - 1 for kind, _ in index if kind != "_")


def _tokens(node):
    """Return a MathML element as a list of (kind, value); a script, fraction or root holds the tokens of its parts."""
    parts = [_tokens(child) for child in node if child.tag != "annotation"]
    text = unicodedata.normalize("NFKC", node.text or "").strip()  # as Python reads the name of a keyword
    tag = node.tag
    if tag in ("math", "semantics", "mrow", "mpadded"):
        return list(itertools.chain(*parts))
    if tag == "mspace" or (tag == "mo" and not text):
        return []
    if tag == "mn":
        return [("number", text)]
    if tag in ("mi", "mtext"):
        label = [("relation", ":")] if text.endswith(":") else []
        return [(KINDS.get(text, "name"), text.rstrip(":").replace(" ", "_")), *label]
    if tag == "mo":
        return [(KINDS.get(text) or KINDS.get(node.get("form"), "sign"), text)]
    if tag in SCRIPTS and (accent := ACCENTS.get(node[-1].text)):
        return [("name", _spelled(parts[0]) + accent)]
    if tag in SCRIPTS:
        return [*parts[0], *zip(SCRIPTS[tag], parts[1:])]
    if tag == "mfrac" and parts[0][0] == ("name", "∂"):
        return [("name", f"{_spelled(parts[0])}_{_spelled(parts[1])}".replace("∂", "d"))]
    boxes = {"mfrac": comb if node.get("linethickness") else np.divide, "msqrt": np.sqrt}
    return [("box", (boxes[tag], *parts))] if tag in boxes else [("unknown", f"<{tag}>")]


def _spelled(tokens):
    """Return a symbol's tokens as the keyword that gives its value, as "w_j"."""
    return "".join("_" + _spelled(value) if kind == "_" else str(value) for kind, value in tokens)


def _split(tokens, mark):
    """Return the parts of `tokens` between those of kind `mark` that stand outside brackets, and the values of these."""
    parts, marks, depth = [[]], [], 0
    for kind, value in tokens:
        depth += (kind == "open") - (kind == "close")
        if kind == mark and depth == 0:
            marks.append(value)
            parts.append([])
        else:
            parts[-1].append((kind, value))
    return parts, marks
