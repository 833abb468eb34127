"""Install a tool from npm into .cache/node, once. Nobody needs Node to build or read the site."""

import shutil
import subprocess
from pathlib import Path

from pipeline.source import ROOT

FOLDER = ROOT / ".cache" / "node"
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


def package(name: str, version: str) -> Path:
    """Return the folder of an npm package, installed on the first call.

    Raises:
        Missing: if Node or npm is not there, or the package cannot be had.
    """
    program("node")
    folder = FOLDER / f"{name}-{version}"
    done = folder / "done"
    if not done.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        print(f"Installing {name} {version} from npm into {FOLDER.relative_to(ROOT)}, once.", flush=True)
        command = [program("npm"), "install", "--prefix", str(folder), "--no-save", "--no-audit", "--no-fund", f"{name}@{version}"]
        installed = subprocess.run(command, capture_output=True, text=True, check=False)
        if installed.returncode != 0:
            raise Missing(f"npm could not install {name} {version}; check the network connection")
        done.touch()
    return folder / "node_modules" / name
