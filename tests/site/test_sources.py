"""The sources themselves: every Python fence is run, the code is tidy, the words are spelled right."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import markdown
import mkdocs.config
import pytest
import pytest_codeblocks

from pipeline.ledger import MARKER
from pipeline.source import prose_lines
from tests.site.conftest import ROOT
from tools.chapter import QUIET, last_cell

CHAPTERS = sorted((ROOT / "docs" / "learn").glob("*.md"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


_PYTHON = re.compile(r"\{?\s*\.?(?:py\b|py3|pycon|python|ipython)", re.IGNORECASE)


def python_fences(text: str) -> int:
    """Return how many fences a Markdown `text` has whose language, however it is spelled, is Python."""
    return sum(bool(_PYTHON.match(info)) for info in re.findall(r"^[ \t>]*(?:`{3,}|~{3,})[ \t]*(\S.*)$", text, re.MULTILINE))


def python_shown(text: str) -> int:
    """Return how many pieces of Python the site shows where a page's Markdown is `text`; embeds and claims add none."""
    config = mkdocs.config.load_config(str(ROOT / "mkdocs.yml"))
    extensions = [name for name in config.markdown_extensions if not name.startswith("pipeline.")]
    settings = {**config.mdx_configs, "pymdownx.highlight": {"pygments_lang_class": True}}
    html = markdown.markdown(text, extensions=extensions, extension_configs=settings)
    return sum(bool(_PYTHON.match(language)) for language in re.findall(r'class="language-(\S+) highlight"', html))


def fences_run(path: Path) -> int:
    """Return how many Python fences pytest-codeblocks runs; a fence continued by another counts as its own."""
    text = path.read_text(encoding="utf-8")
    blocks = [block for block in pytest_codeblocks.extract_from_file(path) if block.syntax == "python"]
    return len(blocks) + len(re.findall(r"<!--[-\s]*pytest-codeblocks:\s*cont", text))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_python_fence_is_run(path):
    text = path.read_text(encoding="utf-8")
    assert python_fences(text) == fences_run(path), "a fence has to begin with ```python and nothing else to be run"
    assert python_shown(text) == fences_run(path)
    assert not re.search(r"pytest\.mark\.(skip|xfail)|pytest-codeblocks:\s*(skip|expect-e|importorskip)", text), (
        "a fence that is skipped is untested"
    )


@pytest.mark.parametrize(
    "fence",
    [
        "```py\n1\n```",
        '```python title="a.py"\n1\n```',
        '```python hl_lines="1"\n1\n```',
        "``` {.python}\n1\n```",
        "``` { .py .annotate }\n1\n```",
        "~~~python\n1\n~~~",
        "````py3\n1\n````",
        "```pycon\n>>> 1\n```",
        "```Python3\n1\n```",
        "- a\n\n    ```py\n    1\n    ```",
        "> ```python\n> 1\n> ```",
        "/// details | a\n\n~~~py\n1\n~~~\n\n///",
    ],
)
def test_a_fence_that_would_escape_is_found(tmp_path, fence):
    path = tmp_path / "page.md"
    path.write_text(f"# Page\n\n{fence}\n", encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    assert max(python_fences(text), python_shown(text)) == 1
    assert fences_run(path) == 0


def test_a_fence_in_a_folded_answer_is_run(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("/// details | Answer\n\n```python\nprint(1)\n```\n\n///\n", encoding="utf-8")
    assert python_fences(path.read_text()) == fences_run(path) == 1
    assert "<details" in markdown.markdown(path.read_text(), extensions=["pymdownx.blocks.details", "pymdownx.superfences"])


def test_the_fences_are_collected_by_plain_pytest(request):
    assert request.config.getoption("--codeblocks")
    assert {"tests", "docs", "README.md"} <= set(request.config.getini("testpaths"))


def second_sentences(text: str) -> list[int]:
    """Return the lines of a Markdown `text` on which a second sentence begins after a first one."""
    found = []
    for number, line in prose_lines(text):
        if re.match(r"\s*(\||<|///)|#|\w+: ", line):
            continue  # a row of a table, HTML, the title of a block, a heading, front matter
        plain = re.sub(r"\$[^$]+\$|`[^`]+`|\{\{[^}]*\}\}|\]\([^)]*\)", lambda span: "x" * len(span[0]), MARKER.sub("", line))
        if re.search(r"(?<=[a-z0-9x)”*][.?!])(?<!e\.g\.)(?<!i\.e\.) +\**[A-Z“]", plain):
            found.append(number)
    return found


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_has_one_sentence_a_line(path):
    """So that a claim is its line, and a diff shows the sentence that changed."""
    lines = ", ".join(map(str, second_sentences(path.read_text(encoding="utf-8"))))
    assert not lines, f"{path.relative_to(ROOT)}: begin each sentence on a line of its own, on lines {lines}"


# In short closes the course: its one program is the whole of an example, after the tables and formulas.
@pytest.mark.parametrize("path", [path for path in CHAPTERS if path.stem != "in_short"], ids=lambda path: path.stem)
def test_the_first_code_of_a_chapter_has_at_most_ten_lines(path):
    code = re.search(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)[1]
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(lines) <= 10, f"docs/learn/{path.name} opens with {len(lines)} lines of code; ten are what a reader takes in at once"


def test_a_second_sentence_on_a_line_is_found():
    assert second_sentences("It is so. [✓ test_x] It is not.\nThe factor is $w. X$, e.g. 0.1.\n| A. B |\n") == [1]


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


SCRIPTS = sorted((ROOT / "examples").glob("*.py"))


def imported(path):
    """Return the packages that a script imports."""
    return {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", "")])
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_needs_only_what_it_says(path):
    """TensorFlow, scikit-learn and Matplotlib, and what these bring along; for a reader's own data, pandas and the package besides."""
    more = {"pandas", "penalty", "distributed"} if path.stem.startswith("own_data") else set()
    assert imported(path) - set(sys.stdlib_module_names) <= {"tensorflow", "keras", "sklearn", "matplotlib", "numpy", "scipy"} | more


@pytest.mark.parametrize("path", [path for path in SCRIPTS if "matplotlib" in imported(path)], ids=lambda path: path.name)
def test_a_script_saves_the_figures_that_no_window_can_show(path):
    """By the last cell of the one that runs alone below: eight more runs would tell no more."""
    ends = path.read_text(encoding="utf-8").endswith("\n" + last_cell(path.stem))
    assert ends, f"examples/{path.name} has to end with this cell, which saves its figures:\n{last_cell(path.stem)}"


@pytest.mark.parametrize("path", [path for path in SCRIPTS if "keras" in imported(path)], ids=lambda path: path.name)
def test_a_script_prints_nothing_but_its_own(path):
    """The one that runs alone below shows that these lines keep TensorFlow's log from a reader's run."""
    quiet = f"\n\n{QUIET}\n" in path.read_text(encoding="utf-8")
    assert quiet, f"the first imports of examples/{path.name} have to be these, or TensorFlow's log is seen:\n{QUIET}"


def test_a_script_runs_alone_and_saves_its_figures(tmp_path):
    environment = {**os.environ, "MPLBACKEND": "Agg", "TMPDIR": str(tmp_path)}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    command = [sys.executable, ROOT / "examples" / "quickstart.py"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == 0, run.stderr
    assert "Epoch 1/" in run.stdout
    assert run.stderr == "", "a reader sees this log when the script runs alone; see QUIET in tools/chapter.py"
    shown = run.stdout.rpartition("figures saved in ")[2].strip()
    assert list(Path(shown).glob("*.png"))
