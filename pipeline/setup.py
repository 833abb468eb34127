"""Make the virtual environment in .venv: `make` calls this with the system's Python, whatever that is.

Only the standard library, and syntax that an old Python still reads, so that it can say that it is too old.
"""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin", "python")


def check_version(version):
    """Return a sentence if this Python cannot be used, else None."""
    if not (3, 11) <= tuple(version[:2]) <= (3, 13):
        found = "%d.%d" % tuple(version[:2])
        return "Python 3.11, 3.12 or 3.13 is needed, and python3 is %s; with another installed: make PYTHON=python3.12 serve" % found
    return None


def make_venv():
    """Create .venv; on Debian as root install what its Python lacks for it. Return a sentence if that fails."""
    if subprocess.call([sys.executable, "-c", "import ensurepip, venv"], stderr=subprocess.DEVNULL):
        package = "python%d.%d-venv" % sys.version_info[:2]
        installable = hasattr(os, "geteuid") and os.geteuid() == 0 and os.path.exists("/usr/bin/apt-get")
        if not installable or _quietly(["apt-get", "update"]) or _quietly(["apt-get", "install", "-y", package]):
            return "This Python cannot make virtual environments; install the package that brings them: sudo apt-get install %s" % package
    if subprocess.call([sys.executable, "-m", "venv", "--clear", VENV]):
        return "The virtual environment %s could not be made; see the message above." % VENV
    return None


def _quietly(command):
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)


def install(requirements="requirements.txt", constraints="constraints.txt"):
    """Install the requirements into .venv. Return a sentence if that fails."""
    print("Installing the requirements into .venv, some 2.5 GB; a few minutes, once.", flush=True)
    log = os.path.join(VENV, "install.log")
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "-r", requirements, "-c", constraints]
    with open(log, "wb") as output:
        failed = subprocess.call(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    if not failed:
        return None
    with open(log, "rb") as output:
        text = output.read().decode("utf-8", "replace")
    if "No space left" in text:
        return "The disk is full; make room for 2.5 GB, then run again."
    if any(sign in text for sign in ("NewConnectionError", "Max retries exceeded", "Connection refused", "NameResolutionError")):
        return "The package index could not be reached; check the network connection (or the proxy), then run again."
    errors = [line for line in text.splitlines() if line.startswith("ERROR")]
    return "The requirements could not be installed: %s (all of it in .venv/install.log)" % (errors[-1][7:] if errors else "pip failed")


def main():
    problem = check_version(sys.version_info) or make_venv() or install()
    if problem:
        sys.exit(problem)
    with open(os.path.join(VENV, "ready"), "w") as ready:  # last, so that an interrupted set-up begins anew
        ready.write("")


if __name__ == "__main__":
    main()
