"""Claims and observations, their tests and their results."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from pipeline import ledger
from pipeline.source import ROOT, SiteError
from tests.site.conftest import PHONE
from tests.site.small import HERE, edit, passed, stops, write
from tools import agree

ELSEWHERE = {"System": "Linux", "Python": "3.13", "Keras": "3.15.1", "JAX": "0.10.2"}


def claim(project, test):
    return next(claim for claim in ledger.Ledger(project).claims if claim.test == test)


# Results


@pytest.mark.parametrize("changed", ["test_demo.py", "four.py"])
def test_a_result_counts_only_for_the_test_that_was_run_and_what_it_imports(project, changed):
    edit(project / "tests" / "test_demo.py", "2 * 2 == 4", "2 * 2 == four.FOUR")
    edit(project / "tests" / "test_demo.py", "def test_bias", "from tests import four\n\n\ndef test_bias")
    write(project / "tests" / "four.py", "FOUR = 4\n")
    passed(project)
    assert ledger.Ledger(project).passed(claim(project, "test_twice_two"))
    edit(project / "tests" / changed, "2 * 2" if changed == "test_demo.py" else "= 4", "4" if changed == "test_demo.py" else "= 2 * 2")
    assert ledger.Ledger(project).passed(claim(project, "test_twice_two")) == []


def test_a_result_outlives_a_change_of_another_test(project):
    passed(project)
    edit(project / "tests" / "test_demo.py", "assert True", "assert not False")
    assert ledger.Ledger(project).passed(claim(project, "test_twice_two"))
    assert not ledger.Ledger(project).passed(claim(project, "test_bias_is_left_out"))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"versions": {}, "tests": {"test_twice_two": "passed"}}'])
def test_a_file_of_results_that_cannot_be_read_holds_nothing_and_is_written_anew(project, content):
    passed(project)
    (path,) = (project / "tests" / "results").glob("*.json")
    path.write_bytes(content)
    assert ledger.Ledger(project).passed(claim(project, "test_twice_two")) == []
    passed(project)
    assert ledger.Ledger(project).passed(claim(project, "test_twice_two"))


def test_each_set_of_versions_has_a_file_of_its_own(project):
    passed(project)
    ledger.Ledger(project).record({"test_twice_two": "passed"}, ELSEWHERE)
    files = sorted(path.name for path in (project / "tests" / "results").glob("*.json"))
    assert "linux-python3.13-keras3.15.1-jax0.10.2.json" in files and len(files) == 2
    assert ledger.Ledger(project).passed(claim(project, "test_twice_two")) == [
        ledger.spoken(versions) for versions in sorted((HERE, ELSEWHERE), key=lambda versions: versions["Python"])
    ]


# What stops a build


def test_a_marker_without_a_test_stops_the_build(project, caplog):
    edit(project / "docs" / "learn" / "demo.md", "[✓ test_twice_two]", "[✓ test_twice_two] More. [✓ test_absent]")
    stops(project, caplog, "docs/learn/demo.md:6: [✓ test_absent] names a test that is not in tests/test_*.py.")


def test_a_claim_test_that_no_page_cites_stops_the_build(project, caplog):
    write(project / "tests" / "test_other.py", "def test_lonely():\n    assert True\n")
    stops(project, caplog, "tests/test_other.py:1: test_lonely proves a claim that no page makes")


def test_a_claim_that_fails_here_stops_the_build_and_one_that_fails_elsewhere_does_not(project, caplog):
    ledger.Ledger(project).record({"test_twice_two": "failed"}, ELSEWHERE)
    ledger.Ledger(project).check()
    ledger.Ledger(project).record({"test_twice_two": "failed"}, HERE)
    stops(project, caplog, f"docs/learn/demo.md:6: the claim “Twice two is 4.” fails on {ledger.spoken(HERE)}: test_twice_two.")
    assert "then run `make test`, which renews tests/results/" in caplog.text


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ("JAX", True),
        ("TensorFlow, JAX", True),
        ("TensorFlow", False),
        ("Keras>=3.14", True),
        ("Keras <3.14", False),
        ("JAX, Keras>=3.14", True),
        ("JAX, Keras<3.14", False),
    ],
)
def test_a_marker_may_name_the_scope_of_its_sentence(project, scope, covered):
    edit(project / "docs" / "learn" / "demo.md", "[✓ test_twice_two]", f"[✓ test_twice_two on {scope}]")
    assert claim(project, "test_twice_two").sentence == "Twice two is $4$."
    assert claim(project, "test_twice_two").covers(ELSEWHERE) == covered
    ledger.Ledger(project).record({"test_twice_two": "failed"}, ELSEWHERE)
    assert bool(ledger.Ledger(project).failed(claim(project, "test_twice_two"))) == covered


@pytest.mark.parametrize("scope", ["Theano", "Keras 3", "Keras>=three"])
def test_a_scope_that_cannot_be_read_is_said_with_its_place(project, scope):
    edit(project / "docs" / "learn" / "demo.md", "[✓ test_twice_two]", f"[✓ test_twice_two on {scope}]")
    with pytest.raises(SiteError, match=rf"docs/learn/demo.md:6: the scope '{scope}' cannot be read; name backends"):
        claim(project, "test_twice_two").covers(ELSEWHERE)


def test_a_backend_that_keras_does_not_know_is_said(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(SiteError, match="KERAS_BACKEND is 'theano'; set it to one of tensorflow, jax, torch, or unset it"):
        ledger.versions()


def test_the_claims_of_this_project_stand():
    ledger.Ledger(ROOT).check()


# Recording


RUN = """import pytest


def test_bias_is_left_out():
    assert True


@pytest.mark.parametrize("two", [2, 2.0, PART])
def test_twice_two(two):
    assert two * 2 == 4
"""


def pytest_in(project, *options):
    """Run the small project's tests with this project's tests/conftest.py, in a process of their own."""
    for name in ("__init__.py", "conftest.py", "observed.py", "formulas.py"):
        shutil.copy(ROOT / "tests" / name, project / "tests")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "tests"]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def run_claims(project, *options, part="4 / 2", expected=0):
    """Run the small project's claims by this project's tests/conftest.py in a process of their own; return the outcomes kept."""
    write(project / "tests" / "test_demo.py", RUN.replace("PART", part))
    ran = pytest_in(project, *options)
    assert ran.returncode == expected, ran.stdout + ran.stderr
    (path,) = (project / "tests" / "results").glob("*.json")
    return {name: result["outcome"] for name, result in json.loads(path.read_text(encoding="utf-8"))["tests"].items()}


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "parallel"])
def test_outcomes_are_kept_however_the_tests_run(project, workers):
    assert run_claims(project, *workers) == {"test_bias_is_left_out": "passed", "test_twice_two": "passed"}
    assert run_claims(project, *workers, part="3", expected=1) == {"test_bias_is_left_out": "passed", "test_twice_two": "failed"}


def test_an_edit_while_the_tests_run_is_not_taken_for_tested(project):
    passed(project)
    known = ledger.Ledger(project)
    assert known.tests
    edit(project / "tests" / "test_demo.py", "2 * 2 == 4", "2 * 2 == 5")
    known.record({"test_twice_two": "passed"}, HERE)
    assert not ledger.Ledger(project).passed(claim(project, "test_twice_two"))


def test_a_parametrized_claim_counts_only_if_all_its_parts_ran(project):
    assert run_claims(project, "-k", "2.0 or bias") == {"test_bias_is_left_out": "passed"}


def test_a_test_out_of_the_scope_of_its_sentence_is_passed_over_and_not_kept(project):
    edit(project / "docs" / "learn" / "demo.md", "[✓ test_twice_two]", "[✓ test_twice_two on PyTorch]")
    assert run_claims(project, part="3") == {"test_bias_is_left_out": "passed"}


# Observations


def observe(project):
    """Turn the small project's second claim into an observation of its run."""
    edit(project / "docs" / "learn" / "demo.md", "Twice two is $4$.", "In this run, 0.1 is better than 0.01.")
    observation = 'table = shown("demo#sweep")\n    assert table.number("0.1", "test accuracy") > table.number("0.01", "test accuracy")'
    edit(project / "tests" / "test_demo.py", "test_twice_two():\n    assert 2 * 2 == 4", f"test_twice_two(shown):\n    {observation}")


def test_a_sentence_that_the_run_no_longer_shows_is_found(project):
    observe(project)
    for before, now, code in (("0.91", "0.90", 0), ("0.90", "0.96", 1)):
        edit(project / "examples" / "demo.py", f"0.01             {before}", f"0.01             {now}")
        assert ledger.Ledger(project).passed(claim(project, "test_twice_two")) == []  # a result counts for the run that it saw
        ran = pytest_in(project)
        assert ran.returncode == code, ran.stdout + ran.stderr
    assert "docs/learn/demo.md:6: the run does not show that “In this run, 0.1 is better than 0.01.” Mend sentence or script." in ran.stdout
    assert ledger.Ledger(project).tests["test_twice_two"].observes
    assert not ledger.Ledger(project).tests["test_bias_is_left_out"].observes


# Agreement


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("docs/learn/demo.md", "Twice two", "Two times two"),
        ("docs/learn/demo.md", "[✓ test_twice_two]", "[✓ test_twice_two on JAX]"),
        ("tests/test_demo.py", "2 * 2 == 4", "2 + 2 == 4"),
    ],
)
def test_a_changed_sentence_or_test_asks_once_for_a_look_at_both(project, monkeypatch, capsys, file, old, new):
    monkeypatch.setattr(agree, "ROOT", project)
    write(project / "tests" / "agreed.txt", "")
    assert ledger.Ledger(project).unseen() == ["test_bias_is_left_out", "test_twice_two"]
    agree.main(["test_bias_is_left_out", "test_twice_two"])
    assert ledger.Ledger(project).unseen() == []
    edit(project / file, old, new)
    assert ledger.Ledger(project).unseen() == ["test_twice_two"]
    agree.main(["test_twice_two"])
    assert ledger.Ledger(project).unseen() == []
    assert "def test_twice_two" in capsys.readouterr().out


def test_layout_asks_for_no_look(project):
    write(project / "tests" / "agreed.txt", "")
    ledger.Ledger(project).agree(["test_bias_is_left_out", "test_twice_two"])
    edit(project / "tests" / "test_demo.py", "2 * 2 == 4", "(\n        2 * 2 == 4\n    )"[2:-6].strip())
    edit(project / "docs" / "learn" / "demo.md", "left\nout", "left out")
    assert ledger.Ledger(project).unseen() == []


def test_every_sentence_of_this_project_has_been_seen_beside_its_test():
    unseen = ledger.Ledger(ROOT).unseen()
    named = ", ".join(unseen[:5]) + (" and others" if len(unseen) > 5 else "")
    assert len(unseen) == 0, f"{len(unseen)} changed since sentence and test were last seen together: {named}; {agree.HOW}"


# Sentences


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("First. The second one, e.g. this, is it. [✓ test_x]", "The second one, e.g. this, is it."),
        ("Is it `a.b`? Yes! [✓ test_x]", "Yes!"),
        ("It is 0.5 in $w. x$. [✓ test_x]", "It is 0.5 in $w. x$."),
        ("- An item that\n  goes on. [✓ test_x]", "An item that goes on."),
        ("One. [✓ test_y] Two. [✓ test_x]", "Two."),
        ("One. [✓ test_y on JAX, Keras>=3.14] Two. [✓ test_x on JAX]", "Two."),
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
    assert ledger.claims_in("```\nA. [✓ test_x]\n```\n") == ()


def test_the_reading_order_is_that_of_nav(project):
    """`weight-decay.md` is not `decay.md`, and a comment is no page."""
    for stem in ("decay", "weight-decay"):
        write(project / "docs" / "learn" / f"{stem}.md", f"{stem.title()}. [✓ test_twice_two]\n")
    settings = (project / "mkdocs.yml").read_text(encoding="utf-8")
    nav = "nav:\n- learn/weight-decay.md # not learn/demo.md\n- Part:\n  - Decay: learn/decay.md\n  - learn/demo.md\n"
    write(project / "mkdocs.yml", settings + nav)
    pages = [claim.page for claim in ledger.Ledger(project).claims]
    assert list(dict.fromkeys(pages)) == ["learn/weight-decay.md", "learn/decay.md", "learn/demo.md"]


# In a reader's hand


def test_an_old_fragment_of_the_ledger_leads_on_to_the_test(site_dir):
    """All entries once stood on one page, and others link there."""
    lines = (site_dir / "ledger" / "index.html").read_text(encoding="utf-8")
    for test in ledger.Ledger(ROOT).tests:
        found = re.search(rf'<a href="(\w+)/#{test}" id="{test}">', lines)
        assert found, f"ledger/#{test} has been published and leads nowhere; give its line the id, in pipeline/claims.py"
        assert f'id="{test}"' in (site_dir / "ledger" / found[1] / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["", *(f"{path.stem}/" for path in sorted((ROOT / "docs" / "learn").glob("*.md")))])
def test_no_page_of_the_ledger_is_too_large_for_a_phone(site_dir, page):
    """A browser reads each element before it answers a tap; with 8,000 a phone was busy for two seconds."""
    elements = len(re.findall("<[a-z]", (site_dir / "ledger" / page / "index.html").read_text(encoding="utf-8")))
    assert elements < 5000, f"ledger/{page} has {elements} elements; show less on one page"


def test_the_ledger_is_short_when_first_opened(browser, site_url):
    page = browser.new_page(viewport=PHONE)
    page.goto(f"{site_url}ledger/")
    screens = page.evaluate("document.documentElement.scrollHeight") / PHONE["height"]
    assert screens <= 12, f"the ledger is {screens:.0f} phone screens long; is it folded by chapter?"
    stops = [element for element in page.locator("article :is(a, summary, input)").all() if element.is_visible()]
    assert 10 < len(stops) < 40, f"{len(stops)} stops of the tab key; are the chapters folded?"
    page.close()


def test_the_filter_leaves_the_claims_that_hold_every_word(browser, site_url):
    page = browser.new_page(viewport=PHONE)
    page.goto(f"{site_url}ledger/")
    lines = page.locator(".pt-chapter li")
    whole = lines.count()
    texts = [f"{line.text_content()} {line.locator('a').get_attribute('href')}".lower() for line in lines.all()]
    page.get_by_role("searchbox", name="Filter the claims").focus()
    for words in ("Ridge ALPHA", "test_bias_is_left_out", "xylophone"):
        page.keyboard.press("Control+A")
        page.keyboard.type(words)
        matching = sum(all(word in text for word in words.lower().split()) for text in texts)
        assert page.get_by_role("status").text_content() == f"{matching} of {whole} claims match"
        shown = sum(line.is_visible() for line in lines.all())
        assert shown == matching, f"“{words}” is in {matching} claims, and {shown} are to be seen"
        chapters = page.locator(".pt-chapter").filter(visible=True).count()
        assert chapters == page.locator(".pt-chapter[open]").count(), (
            "a chapter without a match is to be seen, or one with a match is folded"
        )
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    assert page.get_by_role("status").text_content() == ""
    assert page.locator(".pt-chapter:not([open], [hidden])").count() == page.locator(".pt-chapter").count(), (
        "an empty box folds all chapters"
    )
    page.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_mark_leads_straight_to_its_test(browser, site_url, scripts):
    context = browser.new_context(viewport=PHONE, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{site_url}learn/l2/")
    mark = page.locator(".pt-claim").nth(10)
    test = mark.get_attribute("href").partition("#")[2]
    mark.click()
    entry = page.locator(f".pt-entry:has(#{test})")
    for seen in (entry.locator("summary"), entry.locator("pre", has_text=f"def {test}")):
        expect(seen, "the mark does not lead to the unfolded test").to_be_in_viewport()
    assert entry.locator("pre").evaluate("(test) => test.scrollWidth <= test.clientWidth"), "the end of a line of the test is cut"
    page.goto(f"{site_url}ledger/#{test}")  # where the mark led before
    page.locator(f"#{test}").click()
    expect(entry.locator("pre")).to_be_in_viewport()
    context.close()


def test_without_a_script_the_ledger_has_no_filter_and_all_claims(browser, site_url):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site_url}ledger/")
    assert not page.locator(".pt-filter").is_visible(), "the filter is to be seen where no script runs"
    assert page.locator(".pt-chapter li").count() == len(ledger.Ledger(ROOT).claims)
    page.locator(".pt-chapter > summary").first.click()
    expect(page.locator(".pt-chapter li").first).to_be_visible()
    context.close()
