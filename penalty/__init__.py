"""Which penalty, how strong, and how sure: L1, L2 and both, compared on a table of one's own.

The command (`__main__.py`) goes through the modules in this order: `table` reads, `findings` looks for what misleads, `compare`
trains (`folds`, `preprocessing`, `parts` with `stack` or `estimator`, on the `engines`), `verdict` judges, and `report` writes
(`page`, `figures`).
"""

import importlib

_HOMES = {
    "PenalizedClassifier": "estimator",
    "PenalizedRegressor": "estimator",
    "Problem": "table",
    "Settings": "compare",
    "compare": "compare",
    "read_table": "table",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str):
    """Load what is asked for, and no more: help and an error about a table do not wait for TensorFlow."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
