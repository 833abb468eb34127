"""The pipeline on a small project: each promise of its modules is broken once, to see the build stop and say why."""

import errno
import filecmp
import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import markdown
import mkdocs.config
import mkdocs_jupyter.config
import pytest
import yaml
from fontTools.ttLib import TTFont
from mkdocs.commands.build import build
from mkdocs.exceptions import Abort

from pipeline import claims, execute, finish, maths, notebooks, results
from pipeline.source import ROOT, SiteError

SCRIPT = """# %% [markdown]
# # Demo
# A small example, with $w^2$. See [the chapter](../docs/learn/demo.md#idea).

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay

# %% tags=["lines"]
figure, axes = plt.subplots()
axes.plot([1, 2, 3], [1, 4, 9], "C1", label="L1")
axes.plot(np.arange(40), np.arange(40), "C2", label="L2")
axes.set(xlabel="factor", ylabel="weight", title="Paths")
figure.set_label("Two lines that rise")
plt.show()

# %% tags=["matrix"]
display = ConfusionMatrixDisplay(np.array([[30, 2], [5, 40]]), display_labels=["no", "yes"])
display.plot(cmap="Blues", colorbar=False)
display.figure_.set_label("Most rows are on the diagonal")
plt.show()

# %% tags=["sweep"]
print("l2      test accuracy")
print("0.01             0.91")
print("0.1              0.95")

# %% tags=["accuracy"]
print(f"{0.925:.3f}")
"""

CHAPTER = """# Demo chapter {#demo}

## Idea {#idea}

The `bias` is left
out. [✓ test_bias_is_left_out] Twice two is $4$. [✓ test_twice_two]
At 0.1 it reaches {{ demo#sweep | 0.1, test accuracy }}, at best {{ demo#accuracy }}.

{{ demo#lines }}
Notice **this**.

{{ demo#sweep | table }}

| factor | accuracy |
|---|---|
| 0.1 | {{ demo#sweep \\| 0.1, test accuracy }} |

$$
\\lambda \\lVert w \\rVert_1
$$

See [the script](../examples/demo.ipynb).
"""

CLAIMS = """def test_bias_is_left_out():
    assert True


def test_twice_two():
    assert 2 * 2 == 4
"""


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A small project with this project's settings, its one script executed."""
    root = tmp_path_factory.mktemp("project")
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    for name in ("nav", "watch", "extra_css"):
        del settings[name]
    settings["theme"]["custom_dir"] = str(ROOT / "pipeline" / "theme")
    settings["hooks"] = [str(ROOT / "pipeline" / "hook.py")]
    write(root / "mkdocs.yml", yaml.safe_dump(settings))
    write(root / "docs" / "index.md", "# Home\n")
    write(root / "docs" / "learn" / "demo.md", CHAPTER)
    write(root / "docs" / "ledger.md", "# Ledger\n\n{{ ledger }}\n")
    shutil.copytree(ROOT / "docs" / "assets", root / "docs" / "assets")
    write(root / "examples" / "demo.py", SCRIPT)
    write(root / "tests" / "test_demo.py", CLAIMS)
    execute.execute_stale(root)
    return root


@pytest.fixture
def project(executed, tmp_path):
    """A copy of the small project, its run still current."""
    return shutil.copytree(executed, tmp_path / "project")


def build_site(project: Path, site: str = "site") -> Path:
    """Build the small project as `mkdocs build --strict` does; return the site's folder."""
    config = mkdocs.config.load_config(str(project / "mkdocs.yml"), strict=True, site_dir=str(project / site))
    config.plugins.on_startup(command="build", dirty=False)
    build(config)
    return project / site


def stops(project, capture, *expected):
    """Assert that the build stops, and that what it says holds each of `expected`."""
    with pytest.raises((Abort, SiteError)) as stopped:
        build_site(project)
    said = str(stopped.value) + capture.text
    for part in expected:
        assert part in said


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def passed(project: Path) -> None:
    """Record that the small project's claims passed."""
    outcomes = {"test_bias_is_left_out": "passed", "test_twice_two": "passed"}
    claims.record(project, outcomes, {"Python": "3.11.7", "Keras": "3.15.1", "TensorFlow": "2.21.0"})


# Executing


def test_a_run_is_kept(project):
    assert execute.execute_stale(project) == []


def test_prose_does_not_make_a_run_stale(project):
    edit(project / "examples" / "demo.py", "A small example", "A very small example")
    assert execute.execute_stale(project) == []


def test_code_makes_a_run_stale(project):
    edit(project / "examples" / "demo.py", "0.925", "0.926")
    assert [script.stem for script in execute.execute_stale(project)] == ["demo"]
    assert results.results(execute.scripts(project)[0])["accuracy"].text == "0.926\n"


def test_a_file_that_was_read_makes_a_run_stale(project):
    write(project / "examples" / "rows.csv", "1,2\n")
    write(project / "examples" / "reader.py", 'from pathlib import Path\nprint((Path(__file__).parent / "rows.csv").read_text())\n')
    assert [script.stem for script in execute.execute_stale(project)] == ["reader"]
    assert execute.execute_stale(project) == []
    write(project / "examples" / "rows.csv", "1,3\n")
    assert [script.stem for script in execute.execute_stale(project)] == ["reader"]


def test_a_library_version_makes_a_run_stale(project, monkeypatch):
    known = execute.environment()
    execute.environment.cache_clear()
    true = execute.importlib.metadata.version
    monkeypatch.setattr(execute.importlib.metadata, "version", lambda name: "99" if name == "keras" else true(name))
    try:
        assert execute.environment() != known
        assert execute.scripts(project)[0].run() is None
    finally:
        execute.environment.cache_clear()


def test_a_raising_cell_stops_the_build_and_says_where(project, caplog):
    edit(project / "examples" / "demo.py", 'print(f"{0.925:.3f}")', 'answer = 1\nanswer / 0\nprint("0.925")')
    line = 1 + (project / "examples" / "demo.py").read_text().splitlines().index("answer / 0")
    stops(project, caplog, f"examples/demo.py:{line}: ZeroDivisionError: division by zero")
    assert execute.scripts(project)[0].run() is None


def test_scripts_run_side_by_side(project, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    meet = "import time\nfrom pathlib import Path\nhere = Path(__file__).parent\n(here / '{mine}').touch()\n"
    meet += "while not (here / '{other}').exists():\n    time.sleep(0.05)\n"  # alone it would wait for ever
    write(project / "examples" / "first.py", meet.format(mine="a.flag", other="b.flag"))
    write(project / "examples" / "second.py", meet.format(mine="b.flag", other="a.flag"))
    assert len(execute.execute_stale(project)) == 2


def test_a_full_disk_is_said_in_one_sentence_and_leaves_nothing_half_written(project, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    edit(project / "examples" / "demo.py", "0.925", "0.926")
    before = execute.scripts(project)[0].cache.read_bytes()
    monkeypatch.setattr(execute.os, "replace", full)
    with pytest.raises(SiteError, match="No space left on device"):
        execute.execute_stale(project)
    assert execute.scripts(project)[0].cache.read_bytes() == before
    assert not list((project / ".cache").rglob(".part-*"))


def test_an_interrupted_run_leaves_the_cache_valid(project):
    write(
        project / "examples" / "slow.py",
        "import time\nfrom pathlib import Path\n(Path(__file__).parent / 'begun.flag').touch()\ntime.sleep(600)\n",
    )
    command = f"from pathlib import Path; from pipeline import execute; execute.execute_stale(Path({str(project)!r}))"
    process = subprocess.Popen([sys.executable, "-c", command], cwd=ROOT, stderr=subprocess.PIPE)
    while not (project / "examples" / "begun.flag").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode != 0
    assert execute.Script(project / "examples" / "demo.py", project).run() is not None
    write(project / "examples" / "slow.py", "print('done')\n")
    assert [script.stem for script in execute.execute_stale(project)] == ["slow"]


def test_the_value_of_a_last_line_is_not_shown(project):
    """A figure or what is printed is meant to be seen; `model.fit(…)` as a last line would leave an address in memory."""
    edit(project / "examples" / "demo.py", 'print(f"{0.925:.3f}")', 'print(f"{0.925:.3f}")\nobject()')
    execute.execute_stale(project)
    assert "object at" not in execute.scripts(project)[0].cache.read_text()


def test_what_keras_displays_in_a_notebook_is_shown_as_text(project):
    code = (
        'from IPython.display import display\ndisplay({"text/plain": "Layer (type)", "text/html": "<b>Layer</b>"}, raw=True)\nprint("end")'
    )
    edit(project / "examples" / "demo.py", 'print(f"{0.925:.3f}")', code)
    execute.execute_stale(project)
    assert results.results(execute.scripts(project)[0])["accuracy"].text == "Layer (type)end\n"


def test_times_and_terminal_codes_are_left_out_of_keras_progress():
    printed = "Epoch 1/2\n\x1b[1m 1/25\x1b[0m \x1b[32m━\x1b[0m \x1b[1m5s\x1b[0m 240ms/step - loss: 0.9"
    printed += "\r\x1b[1m25/25\x1b[0m ━━ 0s 2ms/step - loss: 0.5\n"
    assert execute._clean(printed) == "Epoch 1/2\n25/25 ━━ loss: 0.5\n"
    assert execute._clean("25/25 - 1s - 38ms/step - loss: 0.5\n") == "25/25 - loss: 0.5\n"


# Pages


def test_the_small_project_builds(project):
    passed(project)
    site = build_site(project)
    page = (site / "learn" / "demo" / "index.html").read_text(encoding="utf-8")
    assert 'it reaches <span class="pt-measured">0.95</span>, at best <span class="pt-measured">0.925</span>' in page
    assert re.search(r'<td>0.1</td>\s*<td><span class="pt-measured">0.95</span></td>', page)
    assert (
        '<img alt="Two lines that rise" class="pt-light" decoding="async" height="307" loading="lazy" '
        'src="../../figures/demo/lines.svg" width="442"' in page
    )
    assert "<figcaption>\n<p>Notice <strong>this</strong>.</p>" in page
    assert "12 of 43 rows" in page
    assert "<math" in page and "$" not in re.search("<article.*</article>", page, re.DOTALL)[0]
    script = (site / "examples" / "demo" / "index.html").read_text(encoding="utf-8")
    assert '<a href="../../learn/demo/#idea">' in script and "<math" in script and 'id="demo"' in script
    assert len(script) < 40_000
    assert (site / "figures" / "demo" / "lines.csv").read_text().startswith("panel,series,factor,weight\nPaths,L1,1.0,1.0\n")
    table = (site / "figures" / "demo" / "matrix.csv").read_text()
    assert table == "panel,True label \\ Predicted label,no,yes\n,no,30,2\n,yes,5,40\n"


def test_two_builds_of_the_same_sources_are_the_same_byte_for_byte(project, executed):
    first = build_site(project, "first")
    shutil.rmtree(project / ".cache")
    second = build_site(project, "second")

    def same(comparison):
        assert not (comparison.left_only or comparison.right_only)
        _, different, unread = filecmp.cmpfiles(comparison.left, comparison.right, comparison.common_files, shallow=False)
        assert different == [] and unread == []
        for inner in comparison.subdirs.values():
            same(inner)

    same(filecmp.dircmp(first, second))


def test_figures_are_drawn_for_both_schemes(executed):
    figure = results.results(execute.scripts(executed)[0])["lines"].figures[0]
    assert "#c8500a" in figure["light"] and "#f58442" not in figure["light"]
    assert "#f58442" in figure["dark"] and "#c8500a" not in figure["dark"]
    for scheme in ("light", "dark"):
        assert ElementTree.fromstring(figure[scheme]).tag.endswith("svg")


def test_downloads_hold_outputs_and_nothing_of_the_machine(project):
    site = build_site(project)
    text = (site / "examples" / "demo" / "demo.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert [cell["id"] for cell in notebook["cells"]] == ["cell-1", "cell-2", "lines", "matrix", "sweep", "accuracy"]
    assert "image/svg+xml" in notebook["cells"][2]["outputs"][0]["data"]
    for private in (str(project), str(Path.home()), os.uname().nodename, "site-packages"):
        assert private not in text
    for download in (text, (site / "examples" / "demo" / "demo.py").read_text(encoding="utf-8")):
        assert "https://the-penalty-term.github.io/the-penalty-term/learn/demo/#idea" in download


def test_a_changed_template_renders_the_examples_anew(project, tmp_path, monkeypatch):
    page = Path("examples") / "demo" / "index.html"
    before = (build_site(project, "first") / page).read_text(encoding="utf-8")
    templates = shutil.copytree(notebooks.TEMPLATES, tmp_path / "templates")
    edit(templates / "mkdocs_html" / "notebook.html.j2", "{{", "changed {{")
    monkeypatch.setattr(notebooks, "TEMPLATES", templates)
    monkeypatch.setattr(mkdocs_jupyter.config.settings, "templates_dir", str(templates))
    after = (build_site(project, "second") / page).read_text(encoding="utf-8")
    assert "changed" in after and "changed" not in before


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{{ demo#lines }}", "{{ absent#lines }}", "{{ absent#lines }}: there is no script examples/absent.py"),
        ("{{ demo#lines }}", "{{ demo#absent }}", "its tags are lines, matrix, sweep, accuracy"),
        ("0.1, test accuracy", "0.2, test accuracy", "there is no row '0.2'; there are 0.01, 0.1"),
        ("0.1, test accuracy", "0.1, accuracy", "there is no column 'accuracy'; there are l2, test accuracy"),
        ("{{ demo#accuracy }}", "{{ demo#sweep }}", "inside a sentence there is room for one line"),
        ("\\| 0.1, test", "| 0.1, test", "in a table the bar would end the cell"),
        ("{{ demo#sweep | table }}", "{{ demo#lines | table }}", "what the cell printed is no table"),
        ("\\lVert w \\rVert_1", "\\lVert w \\rVert_{1", "is not valid LaTeX"),
    ],
)
def test_a_wrong_embed_or_formula_stops_the_build_and_says_where(project, caplog, old, new, expected):
    chapter = project / "docs" / "learn" / "demo.md"
    edit(chapter, old, new)
    line = 1 + next(number for number, text in enumerate(chapter.read_text().splitlines()) if new.splitlines()[0] in text)
    stops(project, caplog, f"docs/learn/demo.md:{line}: ", expected)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('figure.set_label("Two lines that rise")\n', "", "a figure has no alt text"),
        (' tags=["lines"]', "", "this cell shows a figure and needs a tag"),
        ('"C1", label', '"hotpink", label', "#ff69b4, which have no dark counterpart"),
        ('cmap="Blues"', 'cmap="viridis"', "the colour map 'viridis' has no dark counterpart"),
        (
            'print(f"{0.925:.3f}")',
            'from IPython.display import HTML, display\ndisplay(HTML("<b>1</b>"))',
            "this cell displays text/html, text/plain",
        ),
        ('tags=["sweep"]', 'tags=["lines"]', "two cells carry the tag 'lines'"),
        ("../docs/learn/demo.md#idea", "../docs/learn/absent.md", "there is no page docs/learn/absent.md"),
    ],
)
def test_a_wrong_script_stops_the_build_and_says_where(project, caplog, old, new, expected):
    edit(project / "examples" / "demo.py", old, new)
    stops(project, caplog, "examples/demo.py", expected)


def test_a_printed_table_with_a_missing_entry_is_refused():
    with pytest.raises(ValueError, match="has 1 entries, the header 2"):
        results.parse_table("l2  accuracy\n0.1\n0.2  3\n")


# Mathematics


def test_formulas_become_mathml():
    html = markdown.markdown("Let $w_1^2$ cost $5 or $6.\n\n$$\n\\frac{1}{2}\n$$\n", extensions=["pipeline.maths"])
    assert "<msubsup><mi>w</mi><mn>1</mn><mn>2</mn></msubsup>" in html
    assert "cost $5 or $6." in html
    aligned = markdown.markdown("$$\n\\begin{aligned} a &= b \\\\ c &< d \\end{aligned}\n$$\n", extensions=["pipeline.maths"])
    assert aligned.count("<mtd") == 4 and "amp;" not in aligned.replace("&amp;", "") and "<mi>amp" not in aligned
    assert "<mfrac><mn>1</mn><mn>2</mn></mfrac>" in html and 'display="block"' in html


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\lVert w \rVert_1", ["<mo", "‖", "<mi>w</mi>", "<mn>1</mn>"]),
        (r"\operatorname*{arg\,min}_w", ["arg", "min", "<mi>w</mi>"]),
        (r"\hat{y} = \sigma(x^\top w + b)", ["<mover", "σ", "⊤"]),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", ["<mtable", "<mtr", "<mtd"]),
        (r"\lvert w_j \rvert \le \tfrac{\lambda}{2}", ["≤", "<mfrac", "λ"]),
    ],
)
def test_the_formulas_of_our_kind_come_out_right(latex, expected):
    mathml = maths.to_mathml(latex)
    ElementTree.fromstring(mathml)
    for part in expected:
        assert part in mathml


# Claims


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


def test_a_result_counts_only_for_the_test_that_was_run(project):
    passed(project)
    edit(project / "tests" / "test_demo.py", "assert 2 * 2 == 4", "assert 2 * 2 == 4.0")
    assert claims.Ledger(project).status("test_twice_two") == []


def test_a_marker_without_a_test_stops_the_build(project, caplog):
    edit(project / "docs" / "learn" / "demo.md", "[✓ test_twice_two]", "[✓ test_twice_two] More. [✓ test_absent]")
    stops(project, caplog, "docs/learn/demo.md:6: [✓ test_absent] names a test that is not in tests/test_*.py.")


def test_a_claim_test_that_no_page_cites_stops_the_build(project, caplog):
    write(project / "tests" / "test_other.py", "def test_lonely():\n    assert True\n")
    stops(project, caplog, "tests/test_other.py:1: test_lonely proves a claim that no page makes")


def test_a_failing_claim_stops_the_build(project, caplog):
    claims.record(project, {"test_twice_two": "failed"}, {"Python": "3.13.1"})
    stops(project, caplog, "docs/learn/demo.md:6: the claim “Twice two is 4.” fails on Python 3.13.1: test_twice_two.")


def test_the_claims_of_this_project_stand(request):
    claims.Ledger(ROOT).check()


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
    assert claims.claims_in(text)[-1].sentence == sentence


def test_the_label_of_a_claim_can_be_read_aloud():
    sentence = r"**L2** divides by $1 + \lambda$, see [`L2`](a.md), or $\operatorname{sign}(w_j)$."
    assert claims.plain(sentence) == "L2 divides by 1 + λ, see L2, or sign(w_j)."


def test_markers_in_code_are_text():
    assert claims.claims_in("```\nA. [✓ test_x]\n```\n") == []


def test_the_first_sentence_of_a_script_describes_its_page(executed):
    assert notebooks.description(execute.scripts(executed)[0]) == "A small example, with w^2."


# The finished site


def test_only_rules_that_no_page_can_use_are_left_out():
    css = (
        ":root{--used:1px;--unused:url('data:,;}')}.a:not(.x),.b{margin:var(--used)}.a:is(.c,.d){left:1px}"
        "@media print{.b{color:red}}@media screen{.a[dir=rtl]{left:0}.a:hover{top:0}}@font-face{src:url(x)}"
    )
    expected = ":root{--used:1px}.a:not(.x){margin:var(--used)}.a:is(.c,.d){left:1px}@media screen{.a:hover{top:0}}@font-face{src:url(x)}"
    assert finish.slim_down(css, {"a", "c"}) == expected


LOOK = """(scheme) => {
    document.body.dataset.mdColorScheme = scheme;
    const seen = new Map();
    for (const element of document.querySelectorAll("body, body *")) {
        const kind = `${element.parentElement.className} > ${element.tagName}.${element.className}`;
        if (seen.has(kind)) continue;
        const style = getComputedStyle(element), box = element.getBoundingClientRect();
        const look = [...style].filter((name) => !name.startsWith("--")).map((name) => `${name}: ${style.getPropertyValue(name)}`);
        seen.set(kind, [...look, `box: ${[box.x, box.y, box.width, box.height]}`]);
    }
    return [...seen];
}"""


@pytest.mark.parametrize("address", ["", "learn/quickstart/", "examples/quickstart/", "ledger/"])
def test_pages_look_the_same_with_the_one_style_sheet(site_dir, whole_site, browser, address):
    """Every property of an element of each kind, its place and its size."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce", java_script_enabled=False)
    page = context.new_page()
    looks = []
    for site in (site_dir, whole_site):
        page.goto((site / address / "index.html").as_uri())
        page.evaluate("Promise.allSettled([...document.fonts].map((font) => font.load()))")
        looks.append([dict(page.evaluate(LOOK, scheme)) for scheme in ("default", "slate")])
    context.close()
    assert len(looks[0][0]) > 100
    for one, whole in zip(*looks):
        for kind, look in whole.items():
            assert [pair for pair in zip(one[kind], look) if pair[0] != pair[1]] == [], kind


@pytest.fixture(scope="module")
def whole_site(tmp_path_factory):
    """This project's site with the theme's style sheets as they are."""
    folder = tmp_path_factory.mktemp("whole") / "site"
    config = mkdocs.config.load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finish, "finish", lambda site: None)
        build(config)
    # With the whole font, a system that hints by itself may round the height of a formula by a pixel.
    finish._cut_math_font(folder, [path.read_text(encoding="utf-8") for path in folder.rglob("*.html")])
    assert len(list(folder.rglob("*.css"))) >= 4
    return folder


BUTTONS = 't("nav",{class:"md-code__nav"});'
WAITS = 'h(document,"DOMContentLoaded",{once:!0}).subscribe(()=>e.next(document));'


@pytest.mark.parametrize(
    ("text", "said"), [(WAITS, "copy buttons"), (BUTTONS, "waits for the page"), (BUTTONS + WAITS, "index of its search")]
)
def test_a_theme_whose_script_has_changed_stops_the_build(tmp_path, text, said):
    bundle = tmp_path / "bundle.1.js"
    bundle.write_text(text)
    with pytest.raises(SiteError, match=said):
        finish._mend_script(bundle)


def test_the_font_of_the_formulas_has_every_sign_that_the_site_uses(site_dir):
    """Also the italic sign that the browser puts for a letter of its own; and far less than the whole font."""
    cut, whole = (TTFont(root / "assets" / "fonts" / "penalty-math.woff2").getBestCmap() for root in (site_dir, ROOT / "docs"))
    pages = "".join(path.read_text(encoding="utf-8") for path in site_dir.rglob("*.html"))
    formulas = re.sub(r"<annotation.*?</annotation>", "", "".join(re.findall(r"<math.*?</math>", pages, re.DOTALL)), flags=re.DOTALL)
    signs = set(html.unescape(re.sub(r"<[^>]*>", "", formulas))) - {"\n", "\t"}
    lacking = sorted(sign for sign in signs if ord(sign) not in whole)
    assert not lacking, f"Penalty Math lacks {lacking}; add them to pipeline/fonts/cut.py and run it"
    assert {"w", "λ", "∑"} <= signs and {ord(sign) for sign in signs} <= set(cut)
    assert {0x1D464, 0x1D706, ord("√")} <= set(cut)  # italic w and λ, and the sign that <msqrt> draws
    assert set(cut) < set(whole)


def test_the_font_of_the_text_has_every_sign_that_the_site_uses(site_dir):
    """But for code, whose face is the reader's own."""
    known = TTFont(ROOT / "docs" / "assets" / "fonts" / "penalty-sans-normal.woff2").getBestCmap()
    lacking = {}
    for path in sorted(site_dir.rglob("*.html")):
        article = re.search(r"<article.*?</article>", path.read_text(encoding="utf-8"), re.DOTALL)
        text = re.sub(r"<(code|pre|math|svg|style|script)\b.*?</\1>|<[^>]*>", "", article[0] if article else "", flags=re.DOTALL)
        lacking |= {
            sign: path.relative_to(site_dir).as_posix() for sign in set(html.unescape(text)) - {"\n", "\t"} if ord(sign) not in known
        }
    assert not lacking, f"Penalty Sans lacks {lacking}; add them to TEXT in pipeline/fonts/cut.py and run it"


def test_a_page_that_has_moved_leads_on(project):
    settings = yaml.safe_load((project / "mkdocs.yml").read_text(encoding="utf-8"))
    next(plugin for plugin in settings["plugins"] if "redirects" in plugin)["redirects"]["redirect_maps"] = {"old.md": "learn/demo.md"}
    write(project / "mkdocs.yml", yaml.safe_dump(settings))
    assert 'url=../learn/demo/"' in (build_site(project) / "old" / "index.html").read_text(encoding="utf-8")
