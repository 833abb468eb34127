"""The mark behind a claim."""

import re

from pipeline import ledger
from tests.site.small import HERE, build_site, edit, passed
from tests.site.test_ledger import ELSEWHERE, observe


def pages(project):
    site = build_site(project)
    return [(site / name / "index.html").read_text(encoding="utf-8") for name in ("learn/demo", "ledger")]


def test_a_claim_leads_to_the_ledger_which_shows_its_test(project):
    passed(project)
    page, entries = pages(project)
    assert 'aria-label="Tested: The bias is left out."' in page
    assert 'href="../../ledger/#test_bias_is_left_out"' in page
    assert 'id="test_bias_is_left_out"' in entries
    assert f"passed on {ledger.spoken(HERE)}" in entries
    assert "not run here" not in entries


def test_without_results_no_claim_is_ticked(project):
    page, entries = pages(project)
    assert "✓" not in page and 'aria-label="Not run here: The bias is left out."' in page
    assert "not run here" in entries


def test_captions_and_sentences_with_embedded_numbers_carry_markers(project):
    chapter = project / "docs" / "learn" / "demo.md"
    edit(chapter, "Notice **this**.", "Notice **this**. [✓ test_twice_two]")
    edit(chapter, "at best {{ demo#accuracy }}.", "at best {{ demo#accuracy }}. [✓ test_twice_two]")
    page, entries = pages(project)
    assert 'Notice <strong>this</strong>.<a aria-label="Not run here: Notice this."' in page
    assert 'aria-label="Not run here: At 0.1 it reaches 0.95, at best 0.925."' in page
    assert "<p>Notice <strong>this</strong>." in entries


def test_an_observation_is_told_apart_from_a_claim(project):
    observe(project)
    passed(project)
    page, entries = pages(project)
    assert 'aria-label="Seen in the run: In this run, 0.1 is better than 0.01."' in page
    assert page.count("✓ run</a>") == 1 and page.count("✓</a>") == 1
    assert entries.count("An observation") == 1


def test_a_failure_elsewhere_is_shown(project):
    passed(project)
    ledger.Ledger(project).record({"test_twice_two": "failed"}, ELSEWHERE)
    assert f"✗ failed on {ledger.spoken(ELSEWHERE)}" in pages(project)[1]


def test_a_scope_is_said_in_the_ledger(project):
    edit(project / "docs" / "learn" / "demo.md", "[✓ test_twice_two]", "[✓ test_twice_two on TensorFlow]")
    passed(project)
    page, entries = pages(project)
    assert page.count("✓</a>") == 2
    assert entries.count("For TensorFlow.") == 1


def test_a_formula_that_no_test_runs_is_listed_with_the_reason(project):
    assert "no test runs" not in pages(project)[1]
    edit(
        project / "docs" / "learn" / "demo.md",
        "\\lVert w \\rVert_1\n$$",
        "\\lVert w \\rVert_1\n$$\n\n<!-- not run: it names the norm only -->",
    )
    assert re.search(r'<li><span class="pt-maths"><math.*?</li>', pages(project)[1], re.DOTALL)[0].endswith(
        ": it names the norm only.</li>"
    )


def test_a_line_says_how_many_claims_there_are_and_how_they_stand(project):
    edit(project / "docs" / "index.md", "# Home", "# Home\n\n{{ claims }}")

    def line():
        home = (build_site(project) / "index.html").read_text(encoding="utf-8")
        return re.search(r'<p><a href="ledger/">(2 claims, each with its test)</a>(.*?)</p>', home)[2]

    assert line() == "; 0 pass in their present wording."
    ledger.Ledger(project).record({"test_twice_two": "passed"}, HERE)
    run = f"Keras {HERE['Keras']}, {' '.join(list(HERE.items())[-1])}"
    assert line() == f"; 1 pass in their present wording, last run on {run}."
    passed(project)
    assert line() == f"; all pass, last run on {run}."
    ledger.Ledger(project).record({"test_twice_two": "failed"}, ELSEWHERE)
    assert line().startswith("; 1 pass in their present wording, last run on ")
