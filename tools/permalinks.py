"""The addresses that others may rely on: `python -m tools.permalinks` adds those of new headings to the published ones, for good."""

import re
import sys
import tempfile
from pathlib import Path

from pipeline.source import ROOT
from tools.build import build

PERMALINKS = ROOT / "tests" / "site" / "permalinks.txt"


def ids(path: Path, tags: str) -> list[str]:
    """Return the ids of the elements of a page whose tag matches the pattern `tags`."""
    return re.findall(rf'<(?:{tags})\b[^>]*?\sid="([^"]+)"', path.read_text(encoding="utf-8"))


def headings(site: Path) -> set[str]:
    """Return "page#id" for each heading of the site's pages, and each entry of the glossary and the references."""
    pages = {path.relative_to(site).as_posix().removesuffix("index.html"): path for path in site.rglob("*.html")}
    return {f"{page}#{name}" for page, path in pages.items() for name in ids(path, "h[1-6]|p")}


def published() -> set[str]:
    return set(PERMALINKS.read_text(encoding="utf-8").split())


def add(site: Path) -> list[str]:
    """Add the headings of the built `site` to the published ones; return those that were new."""
    new = headings(site) - published()
    PERMALINKS.write_text("\n".join(sorted(published() | new)) + "\n", encoding="utf-8")
    return sorted(new)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        if problem := build(site):
            sys.exit(problem)
        new = add(site)
    for address in new:
        print(f"added {address}")
    print(f"{PERMALINKS.relative_to(ROOT).as_posix()}: {len(new) or 'no'} new address{'' if len(new) == 1 else 'es'}.")


if __name__ == "__main__":
    main()
