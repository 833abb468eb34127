"""Markdown extension: `$…$` and `$$…$$` become MathML when the page is built.

The reader needs no script, and a formula that is wrong stops the build.
"""

import html
import re

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


class _ToMathML(Treeprocessor):
    def run(self, root):
        for element in root.iter():
            if element.get("class") == "arithmatex":
                display = element.tag == "div"
                written = re.fullmatch(r"\\[(\[](.*)\\[)\]]", html.unescape(element.text or "").strip(), re.DOTALL)
                if written is None:
                    raise unlike(f"the formula {element.text!r}", "pymdown-extensions", "writes it", "maths.py")
                mathml = to_mathml(written[1], display)
                element.text = self.md.htmlStash.store(mathml)
                element.set("class", "pt-maths")
                if display:  # a long formula scrolls on a phone, for the keyboard too
                    element.set("tabindex", "0")


class Maths(Extension):
    def extendMarkdown(self, md):
        ArithmatexExtension(generic=True, preview=False).extendMarkdown(md)
        md.treeprocessors.register(_ToMathML(md), "maths", 15)  # after inline parsing (20)


def makeExtension(**options):
    return Maths(**options)
