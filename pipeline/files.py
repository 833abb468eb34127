"""Write files so that each is there whole or not at all, and keep what took time to make."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from pipeline.source import SiteError


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that the file is there whole or not at all.

    Raises:
        SiteError: if the disk is full or the folder cannot be written.
    """
    handle = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, handle = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(handle, path)
    except OSError as error:
        if handle and os.path.exists(handle):
            os.unlink(handle)
        raise SiteError(f"{path} could not be written ({error.strerror}); make room or give write access, then run again.") from None


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
