"""One build at a time in a project, and the site from before until the new one is whole."""

import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def alone(root: Path):
    """Hold the lock of the builds of the project in `root`; while another build holds it, say so once and wait.

    The system frees the lock of a build that is killed.
    """
    path = root / ".cache" / "build.lock"
    path.parent.mkdir(exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"Another build runs in {root}; this one waits for it to end (Ctrl-C stops waiting).", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def beside(site: Path):
    """Yield a folder beside `site` to build into: empty at first, and gone at the end if it has not become the site."""
    folder = site.with_name(f".{site.name}.new")
    shutil.rmtree(folder, ignore_errors=True)  # of a build that was killed
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def replace(site: Path, new: Path) -> None:
    """Put the folder `new` in the place of `site`, if there is one."""
    old = site.with_name(f".{site.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)
