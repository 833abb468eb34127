"""Keep what the theme's search takes from each page: to read every page again for it is a third of a build."""

import json
from importlib.metadata import version
from pathlib import Path

from pipeline.files import kept
from pipeline.source import unlike


def keep(index, folder: Path) -> None:
    """Make the theme's `index` of the search take a page that has not changed from `folder`.

    Raises:
        SiteError: if the theme has another kind of index.
    """
    if not (hasattr(index, "add_entry_from_context") and hasattr(index, "entries")):
        raise unlike("mkdocs.yml", "mkdocs-material", "fills the index of its search", "search.py")
    read = index.add_entry_from_context
    theme = version("mkdocs-material")

    def add(page) -> None:
        def make() -> bytes:
            begin = len(index.entries)
            read(page)
            taken = index.entries[begin:]
            del index.entries[begin:]
            return json.dumps(taken).encode()

        depends = repr([theme, page.url, page.title, page.meta, str(page.toc), page.content])
        index.entries += json.loads(kept(folder / f"{page.file.src_uri}.json", depends.encode(), make))

    index.add_entry_from_context = add
