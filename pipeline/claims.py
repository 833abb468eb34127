"""Markdown extension: `[✓ test_name]` after a sentence names the test that would fail if it were untrue.

The marker becomes a ✓ that leads to the ledger, the page that lists every claim with its test and where it last passed.
"""

from pathlib import Path
from xml.etree.ElementTree import Element

from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor

from pipeline.ledger import LEDGER, MARKER, Ledger, claims_in, plain
from pipeline.source import ROOT, prose_lines


class _Number(Preprocessor):
    """Give each marker of a page its number, so that the label can quote its sentence."""

    def run(self, lines):
        text = "\n".join(lines)
        self.md.pt_claims = claims_in(text)
        count = 0
        outside = {number for number, _ in prose_lines(text)}
        for number, line in enumerate(lines, start=1):
            while number in outside and (match := MARKER.search(line)):
                line = f"{line[: match.start()]}[✓{count} {match[1]}]{line[match.end() :]}"
                count += 1
            lines[number - 1] = line
        return lines


class _Marker(InlineProcessor):
    def __init__(self, ledger, md):
        super().__init__(r"\s*\[✓(\d+) (test_\w+)\]", md)
        self.ledger = ledger

    def handleMatch(self, match, data):
        claim = self.md.pt_claims[int(match[1])]
        passed = self.ledger.status(claim.test)
        state = f"Tested: {plain(claim.sentence)}" if passed else f"Not run here: {plain(claim.sentence)}"
        link = Element("a", {"class": "pt-claim", "href": f"/ledger.md#{claim.test}", "aria-label": state})
        link.set("title", f"Tested on {'; '.join(passed)}" if passed else "The test of this claim was not run here")
        if all(other.test != claim.test for other in self.md.pt_claims[: int(match[1])]):
            link.set("id", claim.anchor)
        link.text = "✓" if passed else "○"
        return link, match.start(0), match.end(0)


class _Page(Preprocessor):
    def __init__(self, ledger, md):
        super().__init__(md)
        self.ledger = ledger

    def run(self, lines):
        return "\n".join(self.ledger.markdown() if line.strip() == LEDGER else line for line in lines).split("\n")


class Claims(Extension):
    def __init__(self, **options):
        self.config = {"root": [str(ROOT), "the project's folder"]}
        super().__init__(**options)

    def extendMarkdown(self, md):
        ledger = Ledger(Path(self.getConfig("root")))
        # Before fenced code is lifted out (25), so that the ledger's fences are; its own markers are none.
        md.preprocessors.register(_Page(ledger, md), "ledger", 41)
        md.preprocessors.register(_Number(md), "claims", 40)
        md.inlinePatterns.register(_Marker(ledger, md), "claims", 170)  # before links (160)


def makeExtension(**options):
    return Claims(**options)
