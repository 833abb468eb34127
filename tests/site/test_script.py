"""When a kept run is current, and when it is stale."""

from pipeline import execute, results, script
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


def test_a_file_that_was_read_makes_a_run_stale(project):
    write(project / "examples" / "rows.csv", "1,2\n")
    write(project / "examples" / "reader.py", 'from pathlib import Path\nprint((Path(__file__).parent / "rows.csv").read_text())\n')
    assert [stale.stem for stale in execute.execute_stale(project)] == ["reader"]
    assert execute.execute_stale(project) == []
    write(project / "examples" / "rows.csv", "1,3\n")
    assert [stale.stem for stale in execute.execute_stale(project)] == ["reader"]


def test_a_library_version_makes_a_run_stale(project, monkeypatch):
    known = script.environment()
    script.environment.cache_clear()
    true = script.importlib.metadata.version
    monkeypatch.setattr(script.importlib.metadata, "version", lambda name: "99" if name == "keras" else true(name))
    try:
        assert script.environment() != known
        assert demo(project).run() is None
    finally:
        script.environment.cache_clear()
