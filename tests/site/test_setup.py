"""The first minutes of a newcomer, when something is missing: one clear sentence each."""

import os
import socket
import subprocess
import sys

import pytest

from pipeline import chromium, setup
from tests.site.conftest import ROOT


@pytest.mark.parametrize(("version", "fits"), [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False)])
def test_python_of_another_version_is_named(version, fits):
    problem = setup.check_version(version)
    assert (problem is None) == fits
    if not fits:
        assert f"python3 is {version[0]}.{version[1]}" in problem and "\n" not in problem


def test_make_says_that_python_is_missing():
    made = subprocess.run(["make", "PYTHON=no-such-python", "-B", ".venv/ready"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode != 0
    assert "there is no no-such-python; install it" in made.stdout


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


def test_a_set_up_that_failed_is_not_taken_for_ready(tmp_path, monkeypatch):
    _fresh(tmp_path, monkeypatch)
    monkeypatch.setattr(setup, "make_venv", lambda: None)
    monkeypatch.setattr(setup, "install", lambda: "no network")
    with pytest.raises(SystemExit, match="no network"):
        setup.main()
    assert not (tmp_path / ".venv" / "ready").exists()


def test_a_busy_port_is_said_in_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "mkdocs", "serve", "-a", f"127.0.0.1:{port}"]
        environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
        served = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert served.returncode != 0
    assert f"Port {port} on 127.0.0.1 is in use" in served.stderr
    assert "Traceback" not in served.stderr


def test_without_a_browser_the_sentence_says_how_to_get_one(monkeypatch):
    monkeypatch.setattr(chromium, "find", lambda: None)
    monkeypatch.setattr(chromium, "install", lambda: None)
    with pytest.raises(SystemExit, match="apt-get install chromium"):
        chromium.main()
