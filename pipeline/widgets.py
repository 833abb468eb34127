"""Markdown extension: `{{ widget shrink }}` alone on a line becomes the element `<pt-shrink>` with its still, `docs/widgets/shrink.html`.

The still is complete without a script; `docs/widgets/shrink.js` brings it to life.
"""

import re
from pathlib import Path

from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor

from pipeline.source import ROOT, Page, SiteError

_WIDGET = re.compile(r"\{\{ widget ([a-z-]+) \}\}")


def named(text: str) -> list[str]:
    """Return the names of the widgets in a page's Markdown `text`."""
    return list(dict.fromkeys(_WIDGET.findall(text)))


class _Widget(Preprocessor):
    def __init__(self, folder, md):
        super().__init__(md)
        self.folder = folder

    def run(self, lines):
        return "\n".join(self._still(match[1]) if (match := _WIDGET.fullmatch(line.strip())) else line for line in lines).split("\n")

    def _still(self, name):
        path = self.folder / f"{name}.html"
        if not path.is_file():
            raise SiteError(
                f"{Page.locate(f'{{{{ widget {name}')}there is no still docs/widgets/{name}.html; python -m tools.stills draws it."
            )
        return f"<pt-{name}>\n{path.read_text(encoding='utf-8').rstrip()}\n</pt-{name}>"


class Widgets(Extension):
    def __init__(self, **options):
        self.config = {"root": [str(ROOT), "the project's folder"]}
        super().__init__(**options)

    def extendMarkdown(self, md):
        # Before fenced code (25) and HTML (20) are lifted out.
        md.preprocessors.register(_Widget(Path(self.getConfig("root")) / "docs" / "widgets", md), "widgets", 43)


def makeExtension(**options):
    return Widgets(**options)
