"""The newest of everything, beside the pins; the workflow of this name runs it each week, and CONTRIBUTING.md says what to do then.

    python -m tools.newest requirements              the direct requirements without their pins
    python -m tools.newest report claims=success …   what has moved, what came of it, and how long the theme is maintained

Only the standard library, so that it can tell of an installation that failed.
"""

import importlib.metadata
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import date

from pipeline.source import ROOT

MATERIAL_ENDS = date(2027, 5, 5)  # of Material for MkDocs 9


def unpinned(requirements: str) -> str:
    """Return the text of requirements.txt with names in the place of pins."""
    return re.sub(r"^([\w-]+)==\S+", r"\1", requirements, flags=re.MULTILINE)


def pins(text: str) -> dict[str, str]:
    """Return {package: version} of the text of requirements.txt or constraints.txt."""
    return dict(re.findall(r"^([\w-]+)==([^\s;]+)", text, re.MULTILINE))


def installed(packages: Iterable[str]) -> dict[str, str]:
    """Return {package: version} of those of the `packages` that are installed."""
    found = {}
    for package in packages:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def report(pinned: dict[str, str], newest: dict[str, str], outcomes: dict[str, str], today: date) -> str:
    """Return in Markdown how the steps ended, as in {"claims": "success"}, which versions have moved, and the days left of the theme."""
    moved = [f"| {name} | {pinned[name]} | {version} |" for name, version in newest.items() if pinned[name] != version]
    left = (MATERIAL_ENDS - today).days
    theme = f"is maintained for {left} more days, until" if left > 0 else "is no longer maintained, since"
    return "\n".join(
        [
            "## The newest of everything",
            "",
            *(f"- {step}: {outcome}" for step, outcome in outcomes.items()),
            f"- Material for MkDocs 9 {theme} {MATERIAL_ENDS}.",
            "",
            *(
                ["| package | pinned | newest |", "|---|---|---|", *moved]
                if moved
                else ["No version has moved." if newest else "Nothing could be installed."]
            ),
            "",
            "CONTRIBUTING.md says under “Upgrading” what to do.",
        ]
    )


def main() -> None:
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    if sys.argv[1:] == ["requirements"]:
        print(unpinned(requirements), end="")
    elif sys.argv[1:2] == ["report"]:
        pinned = pins(requirements) | pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
        outcomes = dict(argument.split("=") for argument in sys.argv[2:])
        print(report(pinned, installed(pinned), outcomes, date.today()))
    else:
        sys.exit("Type: python -m tools.newest requirements, or python -m tools.newest report step=outcome …")


if __name__ == "__main__":
    main()
