"""Build the site as `make site` does, wherever it is wanted."""

import os
import subprocess
import sys
from pathlib import Path

from pipeline.source import ROOT

COMMAND = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]


def build(folder: Path) -> str:
    """Build the site strictly into `folder`; return what MkDocs said if it failed, else ""."""
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [*COMMAND, "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    return f"The site could not be built:\n{built.stdout}{built.stderr}" if built.returncode else ""
