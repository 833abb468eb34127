"""The displayed formulas of the pages, and why some of them are run by no test.

A test runs a formula that it reads with `tests.formulas.formula`. One that no test can run is followed by a comment that says why:
`<!-- not run: it names the parts only -->`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.source import ROOT, prose_lines


@dataclass(frozen=True)
class Displayed:
    """A displayed formula, `$$ … $$`.

    Attributes:
        page: address of its page below `docs/`, as in "learn/l2.md".
        line: line on which it begins.
        latex: its LaTeX, without the dollars.
        reason: why no test runs it, from the comment directly after it; None without such a comment.
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
