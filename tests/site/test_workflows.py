"""What runs elsewhere: the workflows hold together, and the weekly report says what has moved."""

import re
from datetime import date

import pytest
import yaml

from tests.site.conftest import ROOT
from tools import newest

PATHS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
JOBS = {f"{path.stem}: {name}": job for path in PATHS for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items()}
ONLY_PUBLISHING_PUSHES = "site: publish"


def _uses(job, action):
    return [step for step in job["steps"] if step.get("uses", "").startswith(f"actions/{action}@")]


@pytest.mark.parametrize("name", JOBS)
def test_a_job_has_the_rights_that_it_needs_and_pinned_actions(name):
    job = JOBS[name]
    for step in job["steps"]:
        action = step.get("uses")
        assert not action or re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action), f"{name}: pin {action} by the hash of its commit"
    for checkout in _uses(job, "checkout"):
        keeps = checkout.get("with", {}).get("persist-credentials", True)
        assert keeps == (name == ONLY_PUBLISHING_PUSHES), f"{name}: persist-credentials: false belongs to its checkout"
    rights = {"contents": "write"} if name == ONLY_PUBLISHING_PUSHES else None
    assert job.get("permissions") == rights, f"{name}: only the job that publishes may write"
    assert job["timeout-minutes"] <= 60, f"{name}: give it a timeout of at most an hour"


@pytest.mark.parametrize("name", JOBS)
def test_what_a_job_runs_is_there(name):
    run = "\n".join(step.get("run", "") for step in JOBS[name]["steps"])
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake (\S+)", run):
        assert re.search(rf"^{re.escape(target)}:", targets, re.MULTILINE), f"{name}: the Makefile has no target {target}"
    for module in re.findall(r"-m tools\.(\w+)", run):
        assert (ROOT / "tools" / f"{module}.py").is_file(), f"{name}: there is no tools/{module}.py"


def test_the_site_that_is_published_is_the_one_that_was_tested():
    test, publish = JOBS["site: test"], JOBS[ONLY_PUBLISHING_PUSHES]
    assert publish["needs"] == "test"
    (download,) = _uses(publish, "download-artifact")
    (upload,) = (step for step in _uses(test, "upload-artifact") if step["with"]["name"] == download["with"]["name"])
    assert upload["with"]["path"].rstrip("/") == download["with"]["path"] == "site"
    runs = [step.get("run") for step in test["steps"]]
    assert runs.index("make test") < runs.index("make site") < test["steps"].index(upload)
    built = re.search(r"\bmake\b|mkdocs", "\n".join(step.get("run", "") for step in publish["steps"]))
    assert not built, "the job that publishes builds the site anew; it is to take the artifact of the job that tested it"
    assert re.search(r"ghp-import .* site$", publish["steps"][-1]["run"].strip())


def test_requirements_lose_their_pins_and_nothing_else():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    free = newest.unpinned(text)
    assert "==" not in re.sub("#.*", "", free) and "-e ." in free
    assert len(re.findall(r"^[\w-]+ +# ", free, re.MULTILINE)) == len(newest.pins(text)) == text.count("==") > 20
    assert newest.unpinned("a-b==1.0   # why\n-e .\n") == "a-b   # why\n-e .\n"
    assert newest.pins("a==1.0\nb==2 ; sys_platform == 'darwin'\n# c==3\n") == {"a": "1.0", "b": "2"}


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (date(2027, 5, 4), "is maintained for 1 more days, until 2027-05-05"),
        (date(2027, 5, 5), "is no longer maintained, since 2027-05-05"),
    ],
)
def test_the_report_says_what_has_moved_and_how_long_the_theme_is_maintained(today, said):
    report = newest.report({"a": "1.0", "b": "2.0"}, {"a": "1.1", "b": "2.0"}, {"claims": "failure"}, today)
    assert "- claims: failure" in report and "| a | 1.0 | 1.1 |" in report and "| b |" not in report
    assert said in report
    assert "No version has moved." in newest.report({"b": "2.0"}, {"b": "2.0"}, {}, today)
    assert "Nothing could be installed." in newest.report({"b": "2.0"}, {}, {}, today)
    assert newest.installed(["pytest", "a-package-that-is-nowhere"]) == {"pytest": pytest.__version__}
