"""Keep the outcome of each claim's test for the ledger, give observations what a run has shown, and lend a browser."""

import functools
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from pipeline import ledger
from pipeline.building import alone
from pipeline.execute import execute_stale
from pipeline.results import results
from pipeline.script import Script
from tests import formulas
from tests.observed import Observed
from tools import chromium, stills

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
_ended = {}  # test: {node: outcome}
_parts = {}  # test: how many nodes it has, one for each set of its parameters


@pytest.fixture(scope="session")
def shown():
    """Return a function that gives what a tagged cell has shown, as in `shown("l2#path")`; a test that asks for it observes."""
    with alone(ROOT):
        execute_stale(ROOT)
    shown_by = functools.cache(lambda stem: results(Script(ROOT / "examples" / f"{stem}.py", ROOT)))

    def find(place):
        stem, _, tag = place.partition("#")
        if tag not in shown_by(stem):
            raise ValueError(f"examples/{stem}.py has no cell tagged {tag!r}; its tags are {', '.join(shown_by(stem))}")
        return Observed(shown_by(stem)[tag])

    return find


@pytest.fixture(scope="module")  # it ends with its module, because another may start an event loop of its own
def browser():
    """Chromium, driven by Playwright; without one the tests fail, they are never skipped."""
    path = chromium.find()
    if path is None:
        pytest.fail(chromium.HOW, pytrace=False)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=stills.FLAGS)
        yield running
        running.close()


@functools.cache
def _ledger():
    return ledger.Ledger(ROOT)


def pytest_sessionstart(session):
    assert _ledger().tests  # read now: an outcome is that of the text at the start, whatever is edited meanwhile


@functools.cache
def _claims():
    """Return the claims that cite each test."""
    found = {}
    for claim in _ledger().claims:
        found.setdefault(claim.test, []).append(claim)
    return found


@functools.cache
def _names(module):
    return [node.originalname for node in module.collect() if isinstance(node, pytest.Function)]


def _proves_claim(item):
    return item.path.parent == TESTS and isinstance(item, pytest.Function)


def pytest_runtest_setup(item):
    if not _proves_claim(item):
        return
    here, claims = ledger.versions(), _claims().get(item.originalname, [])
    if claims and not any(claim.covers(here) for claim in claims):
        pytest.skip(f"its sentence is about {claims[0].scope}, and this is {ledger.spoken(here)}")
    if "shown" in item.fixturenames and "TensorFlow" not in here:
        pytest.skip("an observation is about the site's own run, which is made with TensorFlow")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if _proves_claim(item):  # told along with the report, which may go from a worker to the process that keeps the outcomes
        report.claim, report.parts = item.originalname, _names(item.parent).count(item.originalname)
        if report.when == "call" and report.failed and "shown" in item.fixturenames:
            for claim in _claims().get(item.originalname, []):
                sentence = ledger.plain(claim.sentence)
                said = f"docs/{claim.page}:{claim.line}: the run does not show that “{sentence}” Mend sentence or script."
                report.sections.append(("What the page says", said))
        if report.when == "call" and report.failed:
            report.sections += [("What the page says", sentence) for sentence in formulas.told(item.function)]
    return report


def pytest_runtest_logreport(report):
    name = getattr(report, "claim", None)
    if name and (report.when == "call" or not report.passed):
        _parts[name] = report.parts
        nodes = _ended.setdefault(name, {})
        if nodes.get(report.nodeid) != "failed":  # a later failure of what the test has set up counts too
            nodes[report.nodeid] = report.outcome


def pytest_sessionfinish(session):
    """Keep the outcomes of the tests of which every part ran; a worker leaves this to the process that has them all."""
    if hasattr(session.config, "workerinput"):
        return
    outcomes = {}
    for name, nodes in _ended.items():
        if "failed" in nodes.values():
            outcomes[name] = "failed"
        elif list(nodes.values()) == ["passed"] * _parts[name]:
            outcomes[name] = "passed"
    if outcomes:
        _ledger().record(outcomes, ledger.versions())
