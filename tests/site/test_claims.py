"""The mark behind a claim."""

from tests.site.small import build_site, passed


def test_a_claim_leads_to_the_ledger_which_shows_its_test(project):
    passed(project)
    site = build_site(project)
    page = (site / "learn" / "demo" / "index.html").read_text(encoding="utf-8")
    assert 'aria-label="Tested: The bias is left out."' in page
    assert 'href="../../ledger/#test_bias_is_left_out"' in page
    ledger = (site / "ledger" / "index.html").read_text(encoding="utf-8")
    assert 'id="test_bias_is_left_out"' in ledger
    assert "passed on Python 3.11.7, Keras 3.15.1, TensorFlow 2.21.0" in ledger
    assert "not run here" not in ledger


def test_without_results_no_claim_is_ticked(project):
    site = build_site(project)
    page = (site / "learn" / "demo" / "index.html").read_text(encoding="utf-8")
    assert "✓" not in page and 'aria-label="Not run here: The bias is left out."' in page
    assert "not run here" in (site / "ledger" / "index.html").read_text(encoding="utf-8")
