"""Markdown extension: `$…$` and `$$…$$` become MathML when the page is built.

The reader needs no script, and a formula that is wrong stops the build.
"""

import html
import re
from xml.etree import ElementTree

from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from math_core import LatexError, LatexToMathML
from pymdownx.arithmatex import ArithmatexExtension

from pipeline.source import Page, SiteError, unlike

# The LaTeX goes along as an annotation, which is what a reader gets who copies the formula.
_converter = LatexToMathML(annotation=True)


def to_mathml(latex: str, display: bool = False) -> str:
    """Return `latex`, one formula without its dollars, as a MathML element.

    Raises:
        SiteError: if math-core cannot read the formula.
    """
    try:
        return _converter.convert_with_local_state(latex, displaystyle=display)
    except LatexError as error:
        raise SiteError(f"{Page.locate(latex.strip())}the formula {latex.strip()!r} is not valid LaTeX: {error}") from None


def _drawn_well(mathml: str) -> str:
    """Return the formula with what browsers need to draw it as TeX does."""
    formula = ElementTree.fromstring(mathml.replace("&ApplyFunction;", "\u2061"))  # the one name that XML does not know
    for element in list(formula.iter()):
        _group_brackets(element)
        if element.tag in ("msqrt", "mroot"):
            # The smallest √ is taller than a letter, and would hang from its line; a strut, no taller than leaves room for a y, lifts it.
            row = element if element.tag == "msqrt" else _to_row(element, 0, 1)
            row.insert(0, ElementTree.Element("mspace", {"height": "0.66em"}))
    return ElementTree.tostring(formula, encoding="unicode")


def _group_brackets(row) -> None:
    r"""Give the script of a sized bracket, as in `\Bigl( w \Bigr)^2`, the whole group as its base: a bracket that is one stays small."""
    opened = []
    for child in list(row):
        bracket = child[0] if child.tag in ("msub", "msup", "msubsup") else child
        if not bracket.get("minsize"):
            continue
        if not opened or bracket.text not in (*")]}⟩⌉⌋", opened[-1].text):
            opened.append(child)
        elif bracket is child:
            opened.pop()
        else:
            at = list(row).index(child)
            group = _to_row(row, list(row).index(opened.pop()), at)
            row.remove(group)
            group.append(bracket)
            child[0] = group


def _to_row(parent, start: int, end: int):
    """Put the children `start` to `end` of `parent` into a row of their own, and return it."""
    row = ElementTree.Element("mrow")
    row.extend(parent[start:end])
    parent[start:end] = [row]
    return row


# What stands around an inline formula without a space; not what Markdown has put aside (U+0002), such as a tag.
_BEFORE, _AFTER = re.compile(r"[(\[“‘]*$"), re.compile(r"[^\s\x02]*")


class _ToMathML(Treeprocessor):
    def run(self, root):
        for parent in root.iter():
            for at, element in enumerate(parent):
                if element.get("class") == "arithmatex":
                    self._draw(element)
                    if element.tag == "span":
                        self._keep_together(parent, at)

    def _draw(self, element):
        display = element.tag == "div"
        written = re.fullmatch(r"\\[(\[](.*)\\[)\]]", html.unescape(element.text or "").strip(), re.DOTALL)
        if written is None:
            raise unlike(f"the formula {element.text!r}", "pymdown-extensions", "writes it", "maths.py")
        element.text = self.md.htmlStash.store(_drawn_well(to_mathml(written[1], display)))
        element.set("class", "pt-maths")

    def _keep_together(self, parent, at):
        """Take into the formula's own element, which no line breaks, what stands around it without a space: `($x$,` or `$k$-fold`."""
        formula = parent[at]
        holder, name = (parent[at - 1], "tail") if at else (parent, "text")
        before = _BEFORE.search(getattr(holder, name) or "")[0]
        after = _AFTER.match(formula.tail or "")[0]
        setattr(holder, name, (getattr(holder, name) or "").removesuffix(before))
        formula.text = f"{before}{formula.text}{after}"
        formula.tail = (formula.tail or "").removeprefix(after)


class Maths(Extension):
    def extendMarkdown(self, md):
        ArithmatexExtension(generic=True, preview=False).extendMarkdown(md)
        md.treeprocessors.register(_ToMathML(md), "maths", 15)  # after inline parsing (20)


def makeExtension(**options):
    return Maths(**options)
