"""The mark behind a claim."""

import re

from pipeline import ledger
from tests.site.small import HERE, build_site, edit, passed
from tests.site.test_ledger import ELSEWHERE, observe


def pages(project):
    site = build_site(project)
    return [(site / name / "index.html").read_text(encoding="utf-8") for name in ("learn/demo", "ledger/demo")]


def overview(project):
    return (build_site(project) / "ledger" / "index.html").read_text(encoding="utf-8")


def test_a_claim_leads_to_the_ledger_which_shows_its_test(project):
    passed(project)
    page, entries = pages(project)
    assert 'aria-label="Tested: The bias is left out."' in page
    assert 'href="../../ledger/demo/#test_bias_is_left_out"' in page
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
    assert "at best 0.925. Notice <strong>this</strong>.</summary>" in re.sub("</?span[^>]*>", "", entries)


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
    assert f"× failed on {ledger.spoken(ELSEWHERE)}" in pages(project)[1]


def test_a_scope_is_said_in_the_ledger(project):
    edit(project / "docs" / "learn" / "demo.md", "[✓ test_twice_two]", "[✓ test_twice_two on TensorFlow]")
    passed(project)
    page, entries = pages(project)
    assert page.count("✓</a>") == 2
    assert entries.count("For TensorFlow.") == 1


def test_the_ledger_has_a_line_for_each_claim_and_says_how_many_pass(project):
    edit(project / "docs" / "learn" / "demo.md", "[✓ test_twice_two]", "[✓ test_twice_two on TensorFlow]")
    edit(project / "docs" / "index.md", "# Home", "# Home\n\nTwo is half of four. [✓ test_twice_two]")
    passed(project)
    ledger.Ledger(project).record({"test_twice_two": "failed"}, ELSEWHERE)
    lines = overview(project)
    assert f"<li><strong>3 of 3</strong> pass on {ledger.spoken(HERE)}.</li>" in lines
    assert f"<li><strong>0 of 2</strong> pass on {ledger.spoken(ELSEWHERE)}; 1 fail; 1 have not run in their present wording.</li>" in lines
    assert "<summary>Home: 0 of 1 pass</summary>" in lines and "<summary>Demo chapter: 2 of 2 pass</summary>" in lines
    assert '<li>× <a href="home/#test_twice_two" id="test_twice_two">Two is half of four.</a></li>' in lines
    assert '<li>✓ <a href="demo/#test_twice_two">Twice two is' in lines  # an id stands once on a page
    assert "✓ The bias is left out." not in lines and lines.count("<li>✓") == 2


def test_the_ledger_without_results_says_so(project):
    lines = overview(project)
    assert lines.count("<li>○") == 2 and "0 of 2 pass" in lines and "pass on" not in lines


def test_tests_are_coloured_sparingly(project):
    """Names, operators and brackets without an element of their own: with them a page has four times as many."""
    entries = pages(project)[1]
    assert '<span class="k">def</span> <span class="nf">test_twice_two</span>():' in entries
    assert '<span class="k">assert</span> <span class="mi">2</span> * <span class="mi">2</span> ==' in entries


def test_a_formula_that_no_test_runs_is_listed_with_the_reason(project):
    assert "no test runs" not in overview(project)
    edit(
        project / "docs" / "learn" / "demo.md",
        "\\lVert w \\rVert_1\n$$",
        "\\lVert w \\rVert_1\n$$\n\n<!-- not run: it names the norm only -->",
    )
    assert re.search(r'<li><span class="pt-maths"><math.*?</li>', overview(project), re.DOTALL)[0].endswith(
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
