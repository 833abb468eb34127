"""Claims, their tests and their results."""

import pytest

from pipeline import ledger
from pipeline.source import ROOT
from tests.site.small import edit, passed, stops, write


def test_a_result_counts_only_for_the_test_that_was_run(project):
    passed(project)
    edit(project / "tests" / "test_demo.py", "assert 2 * 2 == 4", "assert 2 * 2 == 4.0")
    assert ledger.Ledger(project).status("test_twice_two") == []


def test_a_marker_without_a_test_stops_the_build(project, caplog):
    edit(project / "docs" / "learn" / "demo.md", "[✓ test_twice_two]", "[✓ test_twice_two] More. [✓ test_absent]")
    stops(project, caplog, "docs/learn/demo.md:6: [✓ test_absent] names a test that is not in tests/test_*.py.")


def test_a_claim_test_that_no_page_cites_stops_the_build(project, caplog):
    write(project / "tests" / "test_other.py", "def test_lonely():\n    assert True\n")
    stops(project, caplog, "tests/test_other.py:1: test_lonely proves a claim that no page makes")


def test_a_failing_claim_stops_the_build(project, caplog):
    ledger.record(project, {"test_twice_two": "failed"}, {"Python": "3.13.1"})
    stops(project, caplog, "docs/learn/demo.md:6: the claim “Twice two is 4.” fails on Python 3.13.1: test_twice_two.")


def test_the_claims_of_this_project_stand(request):
    ledger.Ledger(ROOT).check()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("First. The second one, e.g. this, is it. [✓ test_x]", "The second one, e.g. this, is it."),
        ("Is it `a.b`? Yes! [✓ test_x]", "Yes!"),
        ("It is 0.5 in $w. x$. [✓ test_x]", "It is 0.5 in $w. x$."),
        ("- An item that\n  goes on. [✓ test_x]", "An item that goes on."),
        ("One. [✓ test_y] Two. [✓ test_x]", "Two."),
        ("Both hold. [✓ test_y] [✓ test_x]", "Both hold."),
        ("/// details | Answer\nIt is so. [✓ test_x]\n///", "It is so."),
        ("| `l1_l2` | raises `ValueError` [✓ test_x] |", "`l1_l2` raises `ValueError`"),
    ],
)
def test_the_sentence_before_a_marker_is_the_claim(text, sentence):
    assert ledger.claims_in(text)[-1].sentence == sentence


def test_the_label_of_a_claim_can_be_read_aloud():
    sentence = r"**L2** divides by $1 + \lambda$, see [`L2`](a.md), or $\operatorname{sign}(w_j)$."
    assert ledger.plain(sentence) == "L2 divides by 1 + λ, see L2, or sign(w_j)."


def test_markers_in_code_are_text():
    assert ledger.claims_in("```\nA. [✓ test_x]\n```\n") == []
