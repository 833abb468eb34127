"""A table as the comparison takes it (stand-in until the reading of files is merged)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


class Problem(Exception):
    """Something that a person can set right, in one sentence."""


@dataclass(frozen=True)
class Table:
    """Features and target of a table, each row an example."""

    features: pd.DataFrame
    target: np.ndarray
    name: str
    classes: tuple[str, ...]
    groups: np.ndarray | None
    time: np.ndarray | None
    notes: tuple[str, ...]

    @property
    def task(self) -> str:
        return "classification" if self.classes else "regression"
