"""Find Chromium or Chrome for the tests: `python -m tools.chromium` installs one if there is none."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

HOW = (
    "No Chromium or Chrome that starts was found; install one (Debian: sudo apt-get install chromium) "
    "or run: .venv/bin/python -m playwright install --with-deps chromium"
)
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
)


def find() -> str | None:
    """Return the path of a Chromium or Chrome: on the PATH, where systems put it, or Playwright's own; None if there is none."""
    for path in [*map(shutil.which, _NAMES), *_PLACES]:
        if path and Path(path).is_file() and _starts(path):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).is_file() and _starts(own) else None


def _starts(path: str) -> bool:
    """Tell whether the browser starts: it may lack a library, or be Ubuntu's script that asks for a snap."""
    if os.name == "nt":  # there it would open a window
        return True
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def install() -> None:
    """Install a browser: with apt where we are root on Debian, else Playwright's download. Both may fail; `find` tells."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL, "check": False}
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        if "Debian" in platform.freedesktop_os_release().get("NAME", ""):
            print("Installing Chromium with apt-get, once.", flush=True)
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(["apt-get", "update"], **quiet, env=environment)
            subprocess.run(["apt-get", "install", "-y", "chromium"], **quiet, env=environment)
        else:  # Ubuntu's chromium is a snap
            playwright.append("--with-deps")
    if find() is None:
        print("Installing Playwright's Chromium, once.", flush=True)
        subprocess.run(playwright, **quiet)


def main() -> None:
    if find() is None:
        install()
        if find() is None:
            sys.exit(HOW)


if __name__ == "__main__":
    main()
