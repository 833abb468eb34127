"""Find Chromium or Chrome for the tests: `python -m pipeline.chromium` installs one if there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HOW = "No Chromium or Chrome was found; install one (Debian: sudo apt-get install chromium) or run: .venv/bin/playwright install chromium"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
)


def find() -> str | None:
    """Return the path of a Chromium or Chrome: on the PATH, where systems put it, or Playwright's own; None if there is none."""
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    for place in _PLACES:
        if Path(place).is_file():
            return place
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).is_file() else None


def install() -> None:
    """Install a browser: with apt where we are root on Debian, else Playwright's download. Both may fail; `find` tells."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium with apt-get, once.", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update"], **quiet, env=environment)
        subprocess.run(["apt-get", "install", "-y", "chromium"], **quiet, env=environment)
    if find() is None:
        print("Installing Playwright's Chromium, once.", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], **quiet)


def main() -> None:
    if find() is None:
        install()
        if find() is None:
            sys.exit(HOW)


if __name__ == "__main__":
    main()
