"""The sources themselves: every Python fence is run, the code is tidy, the words are spelled right."""

import re
import subprocess
import sys
from pathlib import Path

import markdown
import pytest
import pytest_codeblocks

from tests.site.conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def python_fences(text: str) -> int:
    """Return how many pieces of Python a Markdown `text` shows: fences of any kind, with any spelling of the language, indented
    or not, and those that a class or an attribute calls Python."""
    fences = re.findall(r"^[ \t>]*(?:`{3,}|~{3,})[ \t]*(\S.*)$", text, re.MULTILINE)
    return sum(bool(re.match(r"\{?\s*\.?(?:py\b|py3|pycon|python|ipython)", info, re.IGNORECASE)) for info in fences)


def fences_run(path: Path) -> int:
    """Return how many Python fences pytest-codeblocks runs; a fence continued by another counts as its own."""
    text = path.read_text(encoding="utf-8")
    blocks = [block for block in pytest_codeblocks.extract_from_file(path) if block.syntax == "python"]
    return len(blocks) + text.count("<!--pytest-codeblocks:cont-->")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_python_fence_is_run(path):
    assert python_fences(path.read_text(encoding="utf-8")) == fences_run(path)
    skipped = re.search(r"pytest\.mark\.skip|pytest-codeblocks:\s*skip", path.read_text(encoding="utf-8"))
    assert not skipped, "a fence that is skipped is untested"


@pytest.mark.parametrize(
    "fence",
    [
        "```py\n1\n```",
        '```python title="a.py"\n1\n```',
        "``` {.python}\n1\n```",
        "~~~python\n1\n~~~",
        "```pycon\n>>> 1\n```",
        "```Python3\n1\n```",
    ],
)
def test_a_fence_that_would_escape_is_found(tmp_path, fence):
    path = tmp_path / "page.md"
    path.write_text(f"# Page\n\n{fence}\n", encoding="utf-8")
    assert python_fences(path.read_text()) == 1
    assert fences_run(path) == 0


def test_a_fence_in_a_folded_answer_is_run(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("/// details | Answer\n\n```python\nprint(1)\n```\n\n///\n", encoding="utf-8")
    assert python_fences(path.read_text()) == fences_run(path) == 1
    assert "<details" in markdown.markdown(path.read_text(), extensions=["pymdownx.blocks.details", "pymdownx.superfences"])


def test_the_fences_are_collected_by_plain_pytest(request):
    assert request.config.getoption("--codeblocks")
    assert {"tests", "docs", "README.md"} <= set(request.config.getini("testpaths"))


@pytest.mark.parametrize("command", [["ruff", "check"], ["ruff", "format", "--check"], ["codespell"]], ids=" ".join)
def test_tidy(command):
    program = Path(sys.executable).parent / command[0]
    found = subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_requirement_is_pinned_and_has_a_reason():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line and not line.startswith("#"):
            assert re.match(r"(-e \.|[\w-]+==[\w.]+)\s+# .+", line), line
    constrained = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.match(r"[\w.-]+==[\w.]+( ;.*)?$|#|$", line) for line in constrained)
