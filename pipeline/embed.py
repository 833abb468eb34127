"""Markdown extension: `{{ quickstart#tag }}` pulls what a tagged cell of an example has shown into a page."""

import re
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from markdown.blockprocessors import BlockProcessor
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor
from markdown.util import AtomicString

from pipeline.results import Shown, figure_element, parse_table, results, table_element
from pipeline.script import Script
from pipeline.source import ROOT, Page, SiteError

_EMBED = r"\{\{ *(?P<stem>[\w-]+)#(?P<tag>[\w-]+) *(?:\\?\| *(?P<part>[^}\n]+?) *)?\}\}"


def _wrong(match: re.Match, what: str) -> SiteError:
    embed = match[0].splitlines()[0].strip()
    return SiteError(f"{Page.locate(embed)}{embed}: {what}.")


class Runs:
    """What the runs have shown; each run is read once.

    Args:
        root: the project's folder, with `examples/` and `.cache/examples/`.
    """

    def __init__(self, root: Path = ROOT):
        self.root = root
        self._known: dict[str, dict[str, Shown]] = {}

    def find(self, match: re.Match) -> Shown:
        stem, tag = match["stem"], match["tag"]
        if stem not in self._known:
            script = Script(self.root / "examples" / f"{stem}.py", self.root)
            if not script.path.is_file():
                raise _wrong(match, f"there is no script examples/{stem}.py")
            self._known[stem] = results(script)
        if tag not in self._known[stem]:
            tags = ", ".join(self._known[stem]) or "none"
            raise _wrong(match, f"examples/{stem}.py has no cell with that tag; its tags are {tags}")
        return self._known[stem][tag]


def _entry(runs: Runs, match: re.Match) -> str:
    """Return the one text that an embed inside a sentence stands for."""
    shown = runs.find(match)
    try:
        if match["part"]:
            row, _, column = (name.strip() for name in match["part"].rpartition(","))
            return shown.entry(row, column)
        return shown.value()
    except ValueError as error:
        raise _wrong(match, str(error)) from None


class _Inline(InlineProcessor):
    def __init__(self, runs, md):
        super().__init__(_EMBED, md)
        self.runs = runs

    def handleMatch(self, match, data):
        element = Element("span", {"class": "pt-measured"})
        element.text = AtomicString(_entry(self.runs, match))
        return element, match.start(0), match.end(0)


class _InTables(Preprocessor):
    """Stops at an embed whose bar would end a cell of the table that it stands in."""

    def run(self, lines):
        for line in lines:
            for match in re.finditer(_EMBED, line) if line.lstrip().startswith("|") else ():
                if match["part"] and "\\|" not in match[0]:
                    raise _wrong(match, "in a table the bar would end the cell; write \\| instead")
        return lines


class _Block(BlockProcessor):
    """An embed alone on the first line of a paragraph; the lines after it are the caption."""

    pattern = re.compile(r"^" + _EMBED + r" *(?:\n(?P<caption>[\s\S]+))?$")

    def __init__(self, runs, parser):
        super().__init__(parser)
        self.runs = runs

    def test(self, parent, block):
        match = self.pattern.match(block)
        return bool(match) and (match["part"] in (None, "table"))

    def run(self, parent, blocks):
        match = self.pattern.match(blocks.pop(0))
        shown = self.runs.find(match)
        caption = (match["caption"] or "").strip()
        if match["part"] == "table":
            try:
                table = table_element(*parse_table(shown.text))
            except ValueError as error:
                raise _wrong(match, f"what the cell printed is no table: {error}") from None
            parent.append(self._with_caption(table, caption))
        elif shown.figures:
            parent.append(figure_element(shown, caption))
        elif shown.text:
            output = Element("pre", {"class": "pt-output", "tabindex": "0"})
            output.text = AtomicString(shown.text)
            parent.append(self._with_caption(output, caption))
        else:
            raise _wrong(match, "that cell shows nothing")

    @staticmethod
    def _with_caption(element: Element, caption: str) -> Element:
        if not caption:
            return element
        figure = Element("figure", {"class": "pt-figure"})
        figure.append(element)
        SubElement(figure, "figcaption").text = caption
        return figure


class Embed(Extension):
    """The extension; pages of one build share their `runs`, and without these each page reads its own."""

    def __init__(self, runs: Runs | None = None, **options):
        self.runs = runs or Runs()
        super().__init__(**options)

    def extendMarkdown(self, md):
        md.inlinePatterns.register(_Inline(self.runs, md), "embed", 185)  # after code spans (190), before escapes (180)
        md.preprocessors.register(_InTables(md), "embed", 20)  # after fenced code (25)
        md.parser.blockprocessors.register(_Block(self.runs, md.parser), "embed", 95)
        md.pt_embedded = lambda text: re.sub(_EMBED, lambda match: _entry(self.runs, match), text)  # for labels, which are plain text


def makeExtension(**options):
    return Embed(**options)
