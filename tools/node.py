"""Install a tool from npm into .cache/node, once, as its hashes in tools/npm/ say. Nobody needs Node to build or read the site."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from pipeline.source import ROOT

FOLDER = ROOT / ".cache" / "node"
PINS = ROOT / "tools" / "npm"
_TITLES = {"java": "Java", "node": "Node"}


class Missing(Exception):
    """What is not here, as the end of a sentence."""


def program(name: str) -> str:
    """Return the path of a program.

    Raises:
        Missing: if it is not on the PATH.
    """
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{_TITLES.get(name, name)} is not installed here")
    return found


def version(name: str) -> str:
    """Return the version of an npm package that is pinned in tools/npm/."""
    return json.loads((PINS / name / "package.json").read_text(encoding="utf-8"))["dependencies"][name]


def package(name: str) -> Path:
    """Return the folder of an npm package that is pinned in tools/npm/, installed on the first call.

    Raises:
        Missing: if Node or npm is not there, or the package cannot be had.
        SystemExit: if the package is not the one that was pinned.
    """
    program("node")
    titled = f"{name} {version(name)}"
    folder = FOLDER / titled.replace(" ", "-")
    done = folder / "done"
    if not done.is_file():
        shutil.copytree(PINS / name, folder, dirs_exist_ok=True)
        print(f"Installing {titled} from npm into {FOLDER.relative_to(ROOT)}, once.", flush=True)
        command = [program("npm"), "ci", "--no-audit", "--no-fund"]
        installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if "EINTEGRITY" in installed.stderr:
            sys.exit(f"npm offers another {titled} than the one whose hash is in tools/npm/{name}; find out why before you use it.")
        if installed.returncode != 0:
            raise Missing(f"npm could not install {titled}; check the network connection")
        done.touch()
    return folder / "node_modules" / name
