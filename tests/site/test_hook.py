"""The build as a whole, on the small project."""

import errno
import filecmp
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from pipeline import building, finish
from pipeline.script import Script
from pipeline.source import SiteError
from tests.site.conftest import BASE, ROOT
from tests.site.small import build_site, edit, passed, stops, write
from tools.build import COMMAND

# The small project takes the pipeline from here, wherever it lies.
SURROUNDINGS = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}


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


def test_a_page_that_has_moved_leads_on(project):
    settings = yaml.safe_load((project / "mkdocs.yml").read_text(encoding="utf-8"))
    next(plugin for plugin in settings["plugins"] if "redirects" in plugin)["redirects"]["redirect_maps"] = {"old.md": "learn/demo.md"}
    write(project / "mkdocs.yml", yaml.safe_dump(settings))
    assert 'url=../learn/demo/"' in (build_site(project) / "old" / "index.html").read_text(encoding="utf-8")


KEPT = "The pages are served as they were before; mend what is wrong and save."


def _settings(project, change):
    settings = yaml.safe_load((project / "mkdocs.yml").read_text(encoding="utf-8"))
    change(settings)
    write(project / "mkdocs.yml", yaml.safe_dump(settings))


@pytest.mark.parametrize(
    ("link", "said"), {"absent.md": "'absent.md'", "#gone": "'#gone'", "../index.md#gone": "'../index.md#gone'"}.items()
)
def test_the_command_that_make_runs_stops_at_a_broken_link_and_keeps_the_site(project, link, said):
    write(project / "site" / "index.html", "the site from before")
    edit(project / "docs" / "learn" / "demo.md", "Notice **this**.", f"Notice [this]({link}).")
    built = subprocess.run(COMMAND, cwd=project, env=SURROUNDINGS, capture_output=True, text=True, check=False)
    assert built.returncode != 0, f"{' '.join(COMMAND[1:])} passes over a broken link; see on_startup in pipeline/hook.py"
    assert "'learn/demo.md'" in built.stderr and said in built.stderr
    assert "INFO" not in built.stderr and "Traceback" not in built.stderr
    assert (project / "site" / "index.html").read_text() == "the site from before"
    assert not list(project.glob(".site.*"))


@pytest.mark.parametrize(
    ("left_out", "page"), {"learn/demo.md": "docs/learn/demo.md", "examples/demo.ipynb": "examples/demo.ipynb"}.items()
)
def test_a_page_that_is_not_in_nav_stops_the_build(project, caplog, left_out, page):
    pages = ["index.md", "learn/demo.md", "examples/demo.ipynb", "ledger.md"]
    _settings(project, lambda settings: settings.update(nav=[name for name in pages if name != left_out]))
    stops(project, caplog, f"{page} is not in nav of mkdocs.yml; add {left_out} there")


def _fail(error):
    def failing(*_, **__):
        raise error

    return failing


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_a_site_that_cannot_be_written_is_one_sentence_and_the_old_one_stands(project, monkeypatch, code):
    site = build_site(project)
    before = (site / "index.html").read_bytes()
    write(project / "docs" / "index.md", "# Another home\n")
    monkeypatch.setattr(finish, "finish", _fail(OSError(code, os.strerror(code), "a/file")))
    with pytest.raises(
        SiteError, match=rf"could not be written: {os.strerror(code)} \(a/file\); make room or give write access"
    ) as stopped:
        build_site(project)
    assert "\n" not in str(stopped.value)
    assert (site / "index.html").read_bytes() == before
    assert not list(project.glob(".site.*"))


def test_after_ctrl_c_the_old_site_stands_and_the_next_build_runs(project, monkeypatch):
    site = build_site(project)
    write(project / "docs" / "index.md", "# Another home\n")
    with monkeypatch.context() as patched:
        patched.setattr(finish, "finish", _fail(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            build_site(project)
    assert "Another home" not in (site / "index.html").read_text(encoding="utf-8")
    assert not list(project.glob(".site.*"))
    assert "Another home" in (build_site(project) / "index.html").read_text(encoding="utf-8")


def test_a_page_that_was_kept_by_halves_is_made_anew(project, monkeypatch):
    """mkdocs-jupyter writes its cache in place and takes whatever is there for whole."""
    write_text = Path.write_text

    def full(path, text, **options):
        if path.parent.name == "rendered":
            write_text(path, text[: len(text) // 2], **options)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write_text(path, text, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        with pytest.raises(SiteError, match="No space left on device; make room"):
            build_site(project)
    (half,) = (project / ".cache" / "rendered").glob("*.json")
    assert half.stat().st_size > 1000
    page = (build_site(project) / "examples" / "demo" / "index.html").read_bytes()
    for content in ("", "[]", "{}"):
        write(half, content)
        assert (build_site(project) / "examples" / "demo" / "index.html").read_bytes() == page


def test_a_kept_notebook_that_is_broken_is_written_anew(project):
    page = (build_site(project) / "examples" / "demo" / "index.html").read_bytes()
    write(project / ".cache" / "pages" / "examples" / "demo.ipynb", "{")
    assert (build_site(project) / "examples" / "demo" / "index.html").read_bytes() == page


def test_a_copy_without_git_has_no_dates(project, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    sitemap = (build_site(project) / "sitemap.xml").read_text(encoding="utf-8")
    assert "<loc>" in sitemap and "lastmod" not in sitemap
    assert os.environ.get("SOURCE_DATE_EPOCH") is None, "the next build in this process would have the date of this one"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert "<lastmod>2023-11-14</lastmod>" in (build_site(project) / "sitemap.xml").read_text(encoding="utf-8")


def _until(holds, process, said):
    """Wait until `holds()`; fail at once if the process has ended, and after two minutes."""
    end = time.monotonic() + 120
    while not holds():
        assert process.poll() is None and time.monotonic() < end, said.read_text(encoding="utf-8")
        time.sleep(0.1)


@contextmanager
def _running(command, project, said):
    """Run a command in the project, what it says in the file `said`; stop it at the end."""
    environment = {**SURROUNDINGS, "TMPDIR": str(said.parent)}
    with open(said, "wb") as file, subprocess.Popen(command, cwd=project, env=environment, stdout=file, stderr=file) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_second_build_says_that_it_waits_and_then_builds(project, tmp_path):
    said = tmp_path / "said"
    with ExitStack() as another:
        another.enter_context(building.alone(project))
        with _running(COMMAND, project, said) as process:
            _until(lambda: said.stat().st_size, process, said)
            assert said.read_text() == f"Another build runs in {project}; this one waits for it to end (Ctrl-C stops waiting).\n"
            assert not (project / "site").exists()
            another.close()
            assert process.wait(120) == 0
    assert (project / "site" / "index.html").is_file()


def test_a_build_that_is_killed_holds_nobody_up(tmp_path):
    hold = f"import pathlib, pipeline.building as b\nwith b.alone(pathlib.Path({str(tmp_path)!r})): print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout.readline() == "held\n"
        killed.kill()
    with FileLock(tmp_path / ".cache" / "build.lock", timeout=10):
        pass


def test_serve_keeps_the_pages_while_a_script_is_broken_and_runs_only_that_one_again(project, tmp_path):
    write(project / "examples" / "other.py", "# %% [markdown]\n# # Other\n# Another script.\n\n# %%\nprint(1)\n")
    _settings(project, lambda settings: settings.update(watch=["examples"]))
    script, other = project / "examples" / "demo.py", Script(project / "examples" / "other.py", project)
    whole = script.read_text(encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = tmp_path / "said"

    def says(sentence, times=1):
        _until(lambda: said.read_text(encoding="utf-8").count(sentence) == times, process, said)

    def page():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{BASE}/examples/demo/", timeout=60) as answer:
            return answer.read().decode()

    def breaks(name, times):
        write(script, f"{whole}\n# %%\n{name}\n")
        says(KEPT, times)
        broken = page()
        line = whole.count("\n") + 3
        assert f"Not rebuilt: examples/demo.py:{line}: NameError: name &#x27;{name}&#x27; is not defined</p>" in broken
        assert broken.count("pt-problem") == 1 and "A small example" in broken

    with _running([sys.executable, "-m", "mkdocs", "serve", "-a", f"127.0.0.1:{port}"], project, said) as process:
        says("Serving on")
        assert "pt-problem" not in page()
        run = other.cache.stat().st_mtime_ns
        with FileLock(project / ".cache" / "build.lock", timeout=10):
            pass  # another may build meanwhile
        settings = (project / "mkdocs.yml").read_text(encoding="utf-8")
        write(project / "mkdocs.yml", "nav: [")
        says(KEPT, 1)
        assert "Not rebuilt: MkDocs encountered an error parsing the configuration file" in page()
        write(project / "mkdocs.yml", settings)
        says("Reloading browsers", 2)
        assert "pt-problem" not in page()
        breaks("ham", 2)
        breaks("eggs", 3)
        write(script, whole.replace("A small example", "A mended example"))
        says("Reloading browsers", 5)
        assert "pt-problem" not in page() and "A mended example" in page()
        assert other.cache.stat().st_mtime_ns == run
        assert "Traceback" not in said.read_text(encoding="utf-8")
