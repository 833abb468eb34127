"""Keep the outcome of each claim's test for the ledger, and run the claims before the tests of the site that shows them."""

import platform
from pathlib import Path

import pytest

from pipeline import ledger

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
_outcomes = {}


def _proves_claim(item):
    return item.path.parent == TESTS


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: not _proves_claim(item))  # stable: claims first, else as collected


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if _proves_claim(item):
        name = item.function.__name__
        if report.failed:
            _outcomes[name] = "failed"
        elif report.skipped:
            _outcomes[name] = "skipped"
        elif report.when == "call":
            _outcomes.setdefault(name, "passed")
    return report


def pytest_runtest_teardown(item, nextitem):
    """After the last claim, keep the outcomes, so that the site built by the tests that follow shows them."""
    if _proves_claim(item) and (nextitem is None or not _proves_claim(nextitem)):
        import keras

        backend = keras.backend.backend()
        versions = {"Python": platform.python_version(), "Keras": keras.__version__, **_backend_version(backend)}
        ledger.record(ROOT, _outcomes, versions)


def _backend_version(backend):
    import importlib.metadata

    titles = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
    return {titles[backend]: importlib.metadata.version(backend)}
