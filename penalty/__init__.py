"""Which penalty, how strong, and how sure: L1, L2 and both, compared on a table of one's own."""

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
