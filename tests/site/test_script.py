"""When a kept run is current, when it is stale, and what of a script cannot be read."""

import importlib.metadata
import json
import platform
import py_compile
import shutil

import pytest

from pipeline import execute, results, script
from pipeline.source import ROOT, SiteError
from tests.site.small import demo, edit, write


def test_a_run_is_kept(project):
    assert execute.execute_stale(project) == []


def test_prose_does_not_make_a_run_stale(project):
    edit(project / "examples" / "demo.py", "A small example", "A very small example")
    assert execute.execute_stale(project) == []


def test_code_makes_a_run_stale(project):
    edit(project / "examples" / "demo.py", "0.925", "0.926")
    assert [stale.stem for stale in execute.execute_stale(project)] == ["demo"]
    assert results.results(demo(project))["accuracy"].text == "accuracy: 0.926\n"


def _reader(project, code):
    """Write the example reader.py and execute it; return it."""
    write(project / "examples" / "reader.py", f"from pathlib import Path\nroot = Path(__file__).parent.parent\n{code}\n")
    assert [stale.stem for stale in execute.execute_stale(project)] == ["reader"]
    return script.Script(project / "examples" / "reader.py", project)


@pytest.mark.parametrize(
    "read",
    [
        'print((root / "data" / "rows.csv").read_text())',
        'import os\nos.chdir(root)\nprint(open(b"data/rows.csv").read())',
        'import numpy\nprint(numpy.fromfile(root / "data" / "rows.csv", "u1"))',
    ],
)
def test_a_file_that_was_read_makes_a_run_stale(project, read):
    write(project / "data" / "rows.csv", "1,2\n")
    reader = _reader(project, read)
    assert execute.execute_stale(project) == []
    write(project / "data" / "rows.csv", "1,3\n")
    assert reader.run() is None
    assert execute.execute_stale(project) == [reader]
    (project / "data" / "rows.csv").unlink()
    assert reader.run() is None


def test_a_module_that_was_imported_from_its_bytecode_makes_a_run_stale(project):
    write(project / "data" / "helper.py", "answer = 1\n")
    py_compile.compile(str(project / "data" / "helper.py"))
    reader = _reader(project, 'import sys\nsys.path.insert(0, str(root / "data"))\nimport helper\nprint(helper.answer)')
    assert reader.run() is not None
    write(project / "data" / "helper.py", "answer = 2\n")
    assert reader.run() is None


def test_a_file_that_changes_after_it_was_read_makes_the_run_stale(project):
    """A person may save it while the script still runs."""
    write(project / "data" / "rows.csv", "1,2\n")
    assert _reader(project, 'rows = root / "data" / "rows.csv"\nprint(rows.read_text())\nrows.write_text("1,3")').run() is None


def test_what_is_not_the_projects_or_not_read_makes_no_run_stale(project, tmp_path):
    write(tmp_path / "other.csv", "1\n")
    write(project / "made.txt", "0")
    reader = _reader(project, f"print(open({str(tmp_path / 'other.csv')!r}).read())\n(root / 'made.txt').write_text('1')")
    write(tmp_path / "other.csv", "2\n")
    write(project / "made.txt", "2")
    assert reader.run() is not None
    assert demo(project).run() is not None


def test_the_python_environment_in_the_project_does_not_count(project, monkeypatch):
    """The small project stands elsewhere; here it is made to hold the environment that its kernel runs in."""
    from pipeline.kernel import _Reads

    monkeypatch.setattr("sys.addaudithook", lambda hook: None)
    monkeypatch.setattr("sys.prefix", str(project / ".venv"))
    reads = _Reads(str(project))
    for name in (".venv/lib/library.py", "data/rows.csv"):
        write(project / name, "1\n")
        reads._hear("open", (str(project / name), "r", 0))
    assert list(reads.digests) == ["data/rows.csv"]


@pytest.mark.parametrize(("library", "stale"), [("scikit-learn", True), ("matplotlib", True), ("keras", False), ("ipykernel", False)])
def test_the_version_of_a_library_that_was_loaded_makes_a_run_stale(project, monkeypatch, library, stale):
    true = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99" if name == library else true(name))
    assert (demo(project).run() is None) == stale


def test_a_library_that_has_gone_makes_a_run_stale(project, monkeypatch):
    def gone(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", gone)
    assert demo(project).run() is None


def test_the_python_version_makes_a_run_stale(project, monkeypatch):
    monkeypatch.setattr(platform, "python_version", lambda: "3.99.0")
    assert demo(project).run() is None


@pytest.mark.parametrize(
    ("name", "stale"),
    [("kernel.py", True), ("tidy.py", True), ("matplotlibrc", True), ("fonts", True), ("execute.py", False), ("results.py", False)],
)
def test_only_what_draws_or_tidies_makes_every_run_stale(project, tmp_path, monkeypatch, name, stale):
    pipeline = shutil.copytree(ROOT / "pipeline", tmp_path / "pipeline")
    changed = pipeline / name if name != "fonts" else sorted((pipeline / "fonts").glob("*.ttf"))[0]
    changed.write_bytes(changed.read_bytes() + b"\n")
    monkeypatch.setattr(script, "_HERE", pipeline)
    script.drawing.cache_clear()
    try:
        assert (demo(project).run() is None) == stale
    finally:
        script.drawing.cache_clear()


def _changed(change):
    """Return a function from the bytes of a kept run to those of the run that `change` has spoiled in place."""

    def spoil(content):
        notebook = json.loads(content)
        change(notebook)
        return json.dumps(notebook).encode()

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: b"{}", id="an empty object"),
        pytest.param(lambda content: b"[]", id="a list"),
        pytest.param(lambda content: b"7", id="a number"),
        pytest.param(lambda content: b"null", id="nothing"),
        pytest.param(lambda content: bytes(range(256)), id="binary"),
        pytest.param(lambda content: content[: len(content) // 2], id="truncated"),
        pytest.param(lambda content: content.replace(b"0.925", b"0.952"), id="another number shown"),
        pytest.param(_changed(lambda notebook: notebook.pop("metadata")), id="no metadata"),
        pytest.param(_changed(lambda notebook: notebook["metadata"].pop("run")), id="not said what it was made from"),
        pytest.param(_changed(lambda notebook: notebook["metadata"]["run"].pop("reads")), id="not said what was read"),
        pytest.param(_changed(lambda notebook: notebook["metadata"].update(run=[])), id="what it was made from in another shape"),
        pytest.param(_changed(lambda notebook: notebook.pop("cells")), id="no cells"),
        pytest.param(_changed(lambda notebook: notebook["cells"].pop()), id="a cell less"),
        pytest.param(_changed(lambda notebook: notebook.update(cells=7)), id="cells in another shape"),
        pytest.param(_changed(lambda notebook: notebook["cells"][1].update(outputs=[{}])), id="outputs in another shape"),
    ],
)
def test_a_damaged_run_is_taken_for_none(project, spoil):
    cache = demo(project).cache
    cache.write_bytes(spoil(cache.read_bytes()))
    assert demo(project).run() is None


def test_a_damaged_run_is_made_anew(project):
    before = demo(project).cache.read_bytes()
    demo(project).cache.write_bytes(b"{}")
    assert execute.execute_stale(project) == [demo(project)]
    assert demo(project).cache.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"# %%\nprint('\xff')\n", r"demo\.py:2: this is no text in UTF-8; save it as UTF-8"),
        (b'# %% tags="one"\n', r"demo\.py: a cell begins with what is no tag .* write `# %% tags="),
        (b'# %% tags=["one"\n', r"demo\.py: a cell begins with `# %% tags=\[\"one\"`, which is no tag; write"),
        (b'# %% tags=["one or two"]\n', r"demo\.py: the tag 'one or two' gives no address; use letters, digits, - and _ only"),
    ],
)
def test_a_script_that_cannot_be_read_is_said_in_one_sentence(project, content, expected):
    demo(project).path.write_bytes(content)
    with pytest.raises(SiteError, match=expected):
        execute.execute_stale(project)
