"""The formulas of the pages, which tests read there and run, and why some displayed ones are run by no test.

A test reads a formula with `formula(page, left)` from `tests/formulas.py`. Directly behind a displayed formula that no test can run stands
a comment that says why: `<!-- not run: it names the parts only -->`.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.source import ROOT, SiteError, prose_lines


@dataclass(frozen=True)
class Displayed:
    """A displayed formula, `$$ … $$`.

    Attributes:
        page: address of its page below `docs/`, as in "learn/l2.md".
        line: line on which it begins.
        latex: its LaTeX, without the dollars.
        reason: why no test runs it, from the comment behind it; None without such a comment.
    """

    page: str
    line: int
    latex: str
    reason: str | None

    @property
    def statements(self) -> list[str]:
        """The LaTeX of what it states: an aligned one states a formula a row, and a row that begins behind `&` carries on the last."""
        found = []
        for row in re.sub(r"\\(begin|end)\{aligned\}", "", self.latex).split(r"\\"):
            if found and not row.split("&")[0].strip():
                found[-1] += row
            else:
                found.append(row)
        return [" ".join(statement.replace("&", " ").split()) for statement in found]


def displayed(root: Path = ROOT) -> list[Displayed]:
    """Return the displayed formulas of all pages, page by page and in order; those with a `reason` are declared not run."""
    docs = root / "docs"
    return [
        formula
        for path in sorted(docs.rglob("*.md"))
        for formula in displayed_in(path.read_text(encoding="utf-8"), path.relative_to(docs).as_posix())
    ]


def displayed_in(text: str, page: str = "") -> list[Displayed]:
    """Return the displayed formulas of one page's Markdown `text`; code in fences holds none."""
    lines = dict(prose_lines(text))
    prose = "\n".join(lines.get(number, "") for number in range(1, max(lines, default=0) + 1))
    return [
        Displayed(page, prose.count("\n", 0, match.start()) + 1, match[1].strip(), match[2])
        for match in re.finditer(r"\$\$(.+?)\$\$(?:\s*<!-- not run: (.+?) -->)?", prose, re.DOTALL)
    ]


def matching(page: str, left: str, root: Path = ROOT) -> list[str]:
    """Return the LaTeX of the formulas of a page that are, or else begin with, `left`: displayed ones, or else those in sentences."""
    path = root / "docs" / page
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    shown = [statement for formula in displayed_in(text) for statement in formula.statements]
    inline = [latex for _, line in prose_lines(text) for latex in re.findall(r"(?<!\$)\$([^$]+)\$(?!\$)", line)]
    for latexes in (shown, inline):
        begun = dict.fromkeys(latex for latex in latexes if begins(latex, left))
        if begun:
            return [latex for latex in begun if begins(left, latex)] or list(begun)
    return []


def find(page: str, left: str, root: Path = ROOT) -> str:
    """Return the LaTeX of the one formula that matches.

    Raises:
        SiteError: if none matches, or different ones do.
    """
    found = matching(page, left, root)
    if not found:
        shown = [statement[:40] for formula in displayed(root) if formula.page == page for statement in formula.statements]
        raise SiteError(f"docs/{page}: no formula begins with {left}; those displayed begin with {'; '.join(shown) or 'nothing'}.")
    if len(found) > 1:
        raise SiteError(f"docs/{page}: {len(found)} formulas begin with {left}; give more of the one meant: {'; '.join(found)}.")
    return found[0]


def begins(latex: str, left: str) -> bool:
    """Tell whether a formula begins with `left`; blanks and empty braces do not count."""
    return re.sub(r"\s|\{\}", "", latex).startswith(re.sub(r"\s|\{\}", "", left))


def read_by(code: ast.AST) -> list[tuple[str, str]]:
    """Return (page, left) of each formula that a test's code reads, as in `formula("learn/l2.md", "J(w) =")`."""
    calls = [node for node in ast.walk(code) if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "formula"]
    for call in calls:
        if not all(isinstance(argument, ast.Constant) for argument in call.args):
            written = ast.unparse(call)
            raise SiteError(
                f'{written}: give page and beginning themselves, as in formula("learn/l2.md", "J(w) ="), so that both can be found.'
            )
    return [tuple(argument.value for argument in call.args) for call in calls]
