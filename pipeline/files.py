"""Read and write files so that what goes wrong is said in one sentence and each is there whole or not at all, and keep what took time."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from pipeline.source import SiteError


def read_text(path: Path) -> str:
    """Return the text of `path`.

    Raises:
        SiteError: if the file cannot be read, or is no text in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SiteError(f"{path} could not be read ({error.strerror}); give read access to it, then run again.") from None
    except UnicodeDecodeError as error:
        line = 1 + path.read_bytes().count(b"\n", 0, error.start)
        raise SiteError(f"{path}:{line}: this is no text in UTF-8; save it as UTF-8, then run again.") from None


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that the file is there whole or not at all.

    Raises:
        SiteError: if the disk is full or the folder cannot be written.
    """
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(part, path)
    except OSError as error:
        raise SiteError(f"{path} could not be written ({error.strerror}); make room or give write access, then run again.") from None
    finally:
        if part:  # still there if it was not put in its place: the disk is full, or a person pressed Ctrl-C
            Path(part).unlink(missing_ok=True)


def kept(path: Path, depends: bytes, make: Callable[[], bytes]) -> bytes:
    """Return what `make` makes; it is kept in `path`, under a seal, and made anew when the seal does not fit.

    Args:
        path: the file of the cache.
        depends: names all that the content depends on.
        make: makes the content.
    """
    folded = hashlib.sha256(depends).digest()
    try:
        held = path.read_bytes()
    except OSError:
        held = b""
    seal, content = held[:32], held[32:]
    if seal != hashlib.sha256(folded + content).digest():  # of other sources, or damaged
        content = make()
        write_whole(path, hashlib.sha256(folded + content).digest() + content)
    return content
