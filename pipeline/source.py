"""Say where in the sources something is wrong, in one sentence that a person can act on."""

from importlib.metadata import version
from pathlib import Path

try:  # MkDocs prints a BuildError as one line; anything else it prints as a traceback.
    from mkdocs.exceptions import BuildError as _Base
except ImportError:  # another generator that reads the same Markdown extensions
    _Base = Exception

ROOT = Path(__file__).resolve().parent.parent


class SiteError(_Base):
    """What is wrong with a page, a script or a test, where, and what to do."""


def unlike(where: str, library: str, does: str, file: str) -> SiteError:
    """Return what to say when a `library` does something in another way than `file` of the pipeline was written for."""
    return SiteError(
        f"{where}: {library} {version(library)} {does} in another way than pipeline/{file} expects; "
        "mend that file, or go back to the version before in requirements.txt."
    )


class Page:
    """The file being converted; `hook.py` sets it before each conversion, so that an error can say page and line."""

    path: Path | None = None
    root: Path = ROOT

    @classmethod
    def name(cls) -> str:
        """Return the page below `docs/`, as in "learn/l2.md", or "" where none is converted."""
        return cls.path.relative_to(cls.root / "docs").as_posix() if cls.path else ""

    @classmethod
    def locate(cls, text: str) -> str:
        """Return "docs/learn/l2.md:12: ", the first line that holds `text`, or "" outside a build."""
        if cls.path is None:
            return ""
        name = cls.path.relative_to(cls.root).as_posix()
        first = text.splitlines()[0] if text else ""
        for number, line in enumerate(cls.path.read_text(encoding="utf-8").splitlines(), start=1):
            if first in line:
                return f"{name}:{number}: "
        return f"{name}: "


def prose_lines(text: str):
    """Yield (line number, line) of the lines of a Markdown `text` that stand outside fenced code."""
    fence = None
    for number, line in enumerate(text.splitlines(), start=1):
        mark = line.lstrip()[:3]
        if fence is None and mark in ("```", "~~~"):
            fence = mark
        elif fence is not None:
            fence = None if line.strip().startswith(fence) else fence
        else:
            yield number, line
