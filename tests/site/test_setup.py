"""The first minutes of a newcomer, when something is missing: one clear sentence each."""

import json
import os
import shutil
import socket
import subprocess
import sys

import pytest

from tests.site.conftest import ROOT
from tools import chromium, node, setup
from tools.build import COMMAND

needs_make = pytest.mark.skipif(os.name == "nt", reason="Windows has the plain commands")


@pytest.mark.parametrize(("version", "fits"), [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False)])
def test_python_of_another_version_is_named(version, fits):
    problem = setup.check_version(version)
    assert (problem is None) == fits
    if not fits:
        assert f"python3 is {version[0]}.{version[1]}" in problem and "\n" not in problem


def _make(*arguments, **settings):
    outer = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PYTHON"}  # of the `make test` that runs this
    environment = {name: value for name, value in os.environ.items() if name not in outer}
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, env={**environment, **settings}, check=False)


@needs_make
def test_make_says_that_python_is_missing():
    made = _make("PYTHON=no-such-python", "-B", ".venv/ready")
    assert made.returncode != 0
    assert "there is no no-such-python; install it" in made.stdout


@needs_make
def test_make_takes_a_python_that_fits(tmp_path):
    for name, fits in {"python3": "false", "python3.13": "false", "python3.12": "true"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{fits}\n")
        (tmp_path / name).chmod(0o755)
    made = _make("-n", "-B", ".venv/ready", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert "python3.12 tools/setup.py" in made.stdout


@needs_make
def test_make_lists_its_targets():
    listed = _make().stdout
    assert all(f"make {target}\t" in listed for target in ("serve", "test", "site", "print", "check", "bench", "help"))


def _fresh(tmp_path, monkeypatch):
    """A set-up in an empty folder, with this interpreter in the place of the virtual environment's."""
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(setup, "ROOT", str(tmp_path))
    monkeypatch.setattr(setup, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(setup, "PYTHON", sys.executable)
    (tmp_path / "requirements.txt").write_text("a-package-that-is-nowhere==1.0\n")
    (tmp_path / "constraints.txt").write_text("")


def test_no_network_is_said_in_one_sentence(tmp_path, monkeypatch):
    _fresh(tmp_path, monkeypatch)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "1")
    assert setup.install() == "The package index could not be reached; check the network connection (or the proxy), then run again."


def test_a_requirement_that_is_nowhere_is_named(tmp_path, monkeypatch):
    _fresh(tmp_path, monkeypatch)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert "No matching distribution found for a-package-that-is-nowhere==1.0" in setup.install()


def test_a_full_disk_is_said_in_one_sentence(tmp_path, monkeypatch):
    _fresh(tmp_path, monkeypatch)
    pip = tmp_path / "python"
    pip.write_text("#!/bin/sh\necho 'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device'\nexit 1\n")
    pip.chmod(0o755)
    monkeypatch.setattr(setup, "PYTHON", str(pip))
    assert setup.install() == "The disk is full; make room for 2.5 GB, then run again."


def test_a_python_without_venv_says_what_to_install(tmp_path, monkeypatch):
    _fresh(tmp_path, monkeypatch)
    monkeypatch.setattr(setup, "PYTHON", str(tmp_path / "absent"))
    asked = []
    monkeypatch.setattr(setup, "_quietly", lambda command: asked.append(command) or 1)
    version = "{}.{}".format(*sys.version_info[:2])
    assert setup.make_venv().endswith(f"sudo apt-get install python{version}-venv")
    assert asked == [[sys.executable, "-c", "import ensurepip, venv"]]  # and nothing was installed unasked


def test_an_environment_that_works_is_kept(tmp_path, monkeypatch):
    _fresh(tmp_path, monkeypatch)
    monkeypatch.setattr(setup.subprocess, "call", lambda *_, **__: 0)  # what is asked of its Python succeeds
    (tmp_path / ".venv" / "kept").touch()
    assert setup.make_venv() is None
    assert (tmp_path / ".venv" / "kept").exists()


def test_a_set_up_that_failed_is_not_taken_for_ready(tmp_path, monkeypatch):
    _fresh(tmp_path, monkeypatch)
    monkeypatch.setattr(setup, "make_venv", lambda: None)
    monkeypatch.setattr(setup, "install", lambda: "no network")
    with pytest.raises(SystemExit, match="no network"):
        setup.main()
    assert not (tmp_path / ".venv" / "ready").exists()


@pytest.mark.parametrize(("level", "command"), [(None, "mkdocs serve -a 127.0.0.1:{}"), ("1", "make serve PORT={}")])
def test_a_busy_port_is_said_in_one_sentence(monkeypatch, level, command):
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")
    monkeypatch.delenv("MAKELEVEL", raising=False)  # of the `make test` that runs this
    if level:
        monkeypatch.setenv("MAKELEVEL", level)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        serve = [sys.executable, "-m", "mkdocs", "serve", "-a", f"127.0.0.1:{port}"]
        served = subprocess.run(serve, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert served.returncode != 0
    assert f"Port {port} on 127.0.0.1 is in use" in served.stderr
    assert served.stderr.rstrip().endswith(f"choose another: {command.format(port + 1)}")
    assert "Traceback" not in served.stderr


@needs_make
def test_make_builds_as_the_tests_do():
    made = _make("-n", "site").stdout.split()[-len(COMMAND) + 1 :]
    assert made == COMMAND[1:], "the Makefile builds the site by another command than tools/build.py; let both be the same"


def test_without_a_browser_the_sentence_says_how_to_get_one(monkeypatch):
    monkeypatch.setattr(chromium, "find", lambda: None)
    monkeypatch.setattr(chromium.subprocess, "run", lambda *_, **__: pytest.fail("nothing is to be installed unasked"))
    with pytest.raises(SystemExit, match=r"sudo apt-get install chromium.* or type: .*playwright install"):
        chromium.main()


@needs_make
@pytest.mark.parametrize(("user", "asked"), [("0", ["update -qq", "install -qq -y python3-venv chromium"]), ("1000", [])])
def test_only_the_script_of_the_checks_runs_apt_and_only_as_root(tmp_path, user, asked):
    (tmp_path / "dirname").symlink_to(shutil.which("dirname"))
    for name, does in {"id": f"echo {user}", "python3": "exit 1", "apt-get": 'echo "apt-get $@"', "make": 'echo "make $@"'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    ran = subprocess.run(
        [shutil.which("bash"), ".ci/run"], cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines() == [*(f"apt-get {words}" for words in asked), "make test", "make site", "make check"]


def test_a_browser_that_does_not_start_is_passed_over(tmp_path, monkeypatch):
    for name, code in (("chromium", 127), ("google-chrome", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chromium.find() == str(tmp_path / "google-chrome")


@needs_make
@pytest.mark.parametrize(
    ("says", "sentence"),
    {
        "npm error code EINTEGRITY": "npm offers another vnu-jar {} than the one whose hash is in tools/npm/vnu-jar",
        "npm error network": "npm could not install vnu-jar {}; check the network connection",
    }.items(),
)
def test_a_package_of_npm_is_the_one_whose_hash_is_pinned(tmp_path, monkeypatch, says, sentence):
    for name, does in {"node": "exit 0", "npm": f'test "$1" = ci && test -f package-lock.json && echo "{says}" >&2; exit 1'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(node, "FOLDER", tmp_path / "packages")
    monkeypatch.setattr(node, "ROOT", tmp_path)
    with pytest.raises((node.Missing, SystemExit), match=sentence.format(node.version("vnu-jar"))):
        node.package("vnu-jar")


@pytest.mark.parametrize("lock", sorted((ROOT / "tools" / "npm").glob("*/package-lock.json")), ids=lambda path: path.parent.name)
def test_every_package_of_npm_has_its_hash(lock):
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    without = [name for name, package in packages.items() if name and "integrity" not in package]
    assert not without, f"{lock.parent.name}: {', '.join(without)} without a hash; run npm install --package-lock-only in {lock.parent}"
    assert packages[f"node_modules/{lock.parent.name}"]["version"] == node.version(lock.parent.name), (
        f"run npm install --package-lock-only in {lock.parent}: it locks another version than package.json asks for"
    )
