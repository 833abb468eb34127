"""What a run has shown, as numbers, for the tests of sentences that say so."""

import re

import numpy as np

from pipeline.results import Shown, parse_table


def number(text: str) -> float:
    """Return the number that a printed `text` begins with, as in "81.3%" or "−0.5 (−0.8 to −0.2)".

    Raises:
        ValueError: if it begins with none.
    """
    begins = re.match(r"[-−+]?\d[\d,]*(\.\d+)?(e[-−+]?\d+)?", text.strip())
    if not begins:
        raise ValueError(f"{text!r} does not begin with a number")
    return float(begins[0].replace("−", "-").replace(",", ""))


class Observed:
    """What one tagged cell has shown.

    Args:
        shown: the cell's printed text and figures, as the pages embed them.
    """

    def __init__(self, shown: Shown):
        self.text = shown.text
        self._shown = shown
        self._tables = [table for figure in shown.figures for table in figure["tables"]]

    def entry(self, row: str, column: str) -> str:
        """Return one entry of the printed table, as it stands there."""
        return self._shown.entry(row, column)

    def number(self, row: str, column: str) -> float:
        """Return the number in one entry of the printed table."""
        return number(self.entry(row, column))

    def column(self, name: str) -> dict[str, float]:
        """Return the numbers in one column of the printed table, by row."""
        _, rows = parse_table(self.text)
        return {row[0]: self.number(row[0], name) for row in rows}

    def value(self) -> float:
        """Return the number in the one line that the cell printed, as in "weights kept: 12"."""
        return number(self._shown.value())

    def points(self, series: str, panel: str = "") -> np.ndarray:
        """Return the (n, 2) points of one series of the drawn figures, by its label; `panel` is the title of its axes.

        Raises:
            ValueError: if there is none, or more than one; it names those that there are.
        """
        found = {}
        for table in self._tables:
            for name, *point in table["rows"] if len(table["columns"]) == 3 else ():
                found.setdefault((table["title"], name), []).append(point)
        fits = [points for (title, name), points in found.items() if name == series and panel in ("", title)]
        if len(fits) != 1:
            raise ValueError(f"there are {len(fits)} series {series!r} in panel {panel!r}; there are {sorted(found)}")
        return np.array(fits[0], dtype=float)

    def image(self, panel: str = "") -> np.ndarray:
        """Return the values of the one drawn image, rows by columns; `panel` is the title of its axes.

        Raises:
            ValueError: if there is none, or more than one.
        """
        images = [table for table in self._tables if " \\ " in table["columns"][0] and panel in ("", table["title"])]
        if len(images) != 1:
            titles = [table["title"] for table in self._tables]
            raise ValueError(f"there are {len(images)} images in panel {panel!r}; the titles are {titles}")
        return np.array([row[1:] for row in images[0]["rows"]], dtype=float)
