"""Read a table of the reader's own, and say what is in it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Table:
    """A table that is ready for a comparison.

    Attributes:
        features: (n, columns), index 0 … n − 1; float64 (numbers, NaN for missing; booleans as 0 and 1), object (str or None: categories) or datetime64[ns].
        target: (n,) codes 0 … K − 1 of the classes (int64), or float64.
        name: of the target's column.
        classes: the labels in the order of the codes; () when the target is numeric.
        groups: (n,) int codes, or None; the column is not among the features.
        time: (n,) int64 rank, equal for ties, or None; the rows are sorted by it, and the column is not among the features.
        notes: what reading changed, each a sentence.
    """

    features: pd.DataFrame
    target: np.ndarray
    name: str
    classes: tuple[str, ...]
    groups: np.ndarray | None
    time: np.ndarray | None
    notes: tuple[str, ...]

    @property
    def task(self) -> str:
        """Return "classification" or "regression"."""
        return "classification" if self.classes else "regression"
