"""Find Chromium or Chrome for the tests: `python -m tools.chromium` says what to type if there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HOW = (
    "No Chromium or Chrome that starts was found, and the tests drive one; install it (on Debian: sudo apt-get install chromium) "
    "or type: .venv/bin/python -m playwright install --with-deps chromium"
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


def main() -> None:
    if find() is None:
        sys.exit(HOW)


if __name__ == "__main__":
    main()
