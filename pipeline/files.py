"""Write files so that each is there whole or not at all."""

import os
import tempfile
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
