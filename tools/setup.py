"""Make the virtual environment in .venv: `make` calls this with the system's Python, whatever that is.

Only the standard library, and syntax that an old Python still reads, so that it can say that it is too old.
"""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin", "python")
NO_NETWORK = ("Max retries exceeded", "NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ProxyError")


def check_version(version):
    """Return a sentence if this Python cannot be used, else None."""
    if not (3, 11) <= tuple(version[:2]) <= (3, 13):
        found = "%d.%d" % tuple(version[:2])
        return "Python 3.11, 3.12 or 3.13 is needed, and python3 is %s; with another installed: make PYTHON=python3.12 serve" % found
    return None


def make_venv():
    """Create .venv, or keep one that works. Return a sentence if that fails."""
    version = "%d.%d" % sys.version_info[:2]
    works = "import sys, pip; sys.exit('%d.%d' % sys.version_info[:2] != '" + version + "')"
    if os.path.exists(PYTHON) and not _quietly([PYTHON, "-c", works]):
        return None
    if _quietly([sys.executable, "-c", "import ensurepip, venv"]):
        return (
            "This Python cannot make virtual environments; install the package that brings them, on Debian: "
            "sudo apt-get install python%s-venv" % version
        )
    if subprocess.call([sys.executable, "-m", "venv", "--clear", VENV]):
        return "The virtual environment %s could not be made; the reason is above." % VENV
    return None


def _quietly(command):
    with open(os.devnull, "r+b") as nothing:
        return subprocess.call(command, stdin=nothing, stdout=nothing, stderr=nothing)


def install(requirements="requirements.txt", constraints="constraints.txt"):
    """Install the requirements into .venv. Return a sentence if that fails."""
    print("Installing the requirements into .venv, some 2.5 GB; a few minutes, once.", flush=True)
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "-r", requirements, "-c", constraints]
    lines = []
    with open(os.path.join(VENV, "install.log"), "w", encoding="utf-8") as log:
        run = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in run.stdout:
            lines.append(line.decode("utf-8", "replace").rstrip())
            log.write(lines[-1] + "\n")
            _show(lines[-1])
        failed = run.wait()
    _show("")
    if not failed:
        return None
    text = "\n".join(lines)
    if "No space left" in text:
        return "The disk is full; make room for 2.5 GB, then run again."
    if any(sign in text for sign in NO_NETWORK):
        return "The package index could not be reached; check the network connection (or the proxy), then run again."
    errors = [line for line in lines if line.startswith("ERROR")]
    return "The requirements could not be installed: %s (all of it in .venv/install.log)" % (errors[-1][7:] if errors else "pip failed")


def _show(line):
    """On a terminal, show in one line what pip is at."""
    if sys.stdout.isatty() and (not line or line.startswith(("Collecting", "Installing"))):
        sys.stdout.write("\r\033[K" + line[:70])
        sys.stdout.flush()


def main():
    problem = check_version(sys.version_info) or make_venv() or install()
    if problem:
        sys.exit(problem)
    with open(os.path.join(VENV, "ready"), "w") as ready:  # last, so that an interrupted set-up begins anew
        ready.write("")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped; run again to go on.")
