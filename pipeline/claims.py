"""Markdown extension: `[✓ test_name]` after a sentence names the test that would fail if it were untrue.

The marker becomes a ✓ that leads to the ledger. Behind an observation, a sentence on what a run has shown, it becomes “✓ run”.

The ledger has a first page, where `{{ ledger }}` becomes a line for each claim, and one page for each page that makes claims, where
`{{ ledger learn/l2.md }}` becomes an entry for each of them: its test, and where this last passed.
"""

import json
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from xml.etree.ElementTree import Element

from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor
from pygments import highlight
from pygments.filter import simplefilter
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from pygments.token import Comment, Keyword, Literal, Name, Operator, Text

from pipeline.files import kept
from pipeline.formulas import displayed
from pipeline.ledger import LEDGER, MARKER, Claim, Ledger, claims_in, plain, unlink
from pipeline.source import ROOT, Page, prose_lines

# Without a script it would do nothing, so the style sheet shows it only where scripts run.
_FILTER = """<p class="pt-filter">
<label>Filter the claims <input type="search" autocomplete="off" spellcheck="false"></label>
<output></output>
</p>

<script defer src="../assets/ledger.js"></script>"""
_ENTRIES = re.compile(r"\{\{ ledger (\S+) \}\}")
_COLOURED = (Keyword, Operator.Word, Comment, Literal, Name.Function, Name.Builtin, Name.Decorator)


@simplefilter
def _sparing(self, lexer, stream, options):
    """Leave names, operators and brackets as they are: an element for each makes a page several times as large for a browser."""
    for kind, text in stream:
        yield kind if any(kind in coloured for coloured in _COLOURED) else Text, text


_PYTHON = PythonLexer(filters=[_sparing()])
_HTML = HtmlFormatter()  # without <code>, for which the theme would set up a button and watch the width: a fifth of what a phone has to do


class _Number(Preprocessor):
    """Give each marker of a page its number, so that the label can quote its sentence."""

    def run(self, lines):
        text = "\n".join(lines)
        self.md.pt_claims = claims_in(text, Page.name())
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
        passed = self.ledger.passed(claim)
        test = self.ledger.tests.get(claim.test)  # Ledger.check says so where there is none
        observes = bool(test and test.observes)
        done = "Seen in the run" if observes else "Tested"
        sentence = plain(getattr(self.md, "pt_embedded", str)(claim.sentence))
        state = f"{done}: {sentence}" if passed else f"Not run here: {sentence}"
        link = Element("a", {"class": "pt-claim", "href": f"/{address(claim.page)}#{claim.test}", "aria-label": state})
        link.set("title", f"{done}, with {'; '.join(passed)}" if passed else "The test of this sentence was not run here")
        if all(other.test != claim.test for other in self.md.pt_claims[: int(match[1])]):
            link.set("id", claim.anchor)
        link.text = ("✓" if passed else "○") + (" run" if observes else "")
        return link, match.start(0), match.end(0)


class _Page(Preprocessor):
    def __init__(self, ledger, md):
        super().__init__(md)
        self.ledger = ledger

    def run(self, lines):
        made = []
        for line in lines:
            if line.strip() == LEDGER:
                made += _overview(self.ledger)
            elif match := _ENTRIES.fullmatch(line.strip()):
                made += self._entries(match[1])
            else:
                made.append(line)
        return "\n".join(made).split("\n")

    def _entries(self, page):
        lines = []
        names = list(dict.fromkeys(claim.test for claim in self.ledger.pages[page]))
        sources = [self.ledger.tests[name].source for name in names]
        coloured = _coloured(sources, (self.ledger.root / ".cache" / address(page)).with_suffix(".json"))
        for name in names:
            cited = [claim for claim in self.ledger.pages[page] if claim.test == name]
            test = self.ledger.tests[name]
            # The id is inside, so that a link to it unfolds the entry, without a script too.
            body = [f"[Read it in its place](/{page}#{cited[0].anchor}){{#{name}}}", ""]
            if test.observes:
                body += ["An observation: true of the run whose output the page shows, and promised of no other.", ""]
            passed = list(dict.fromkeys(on for claim in cited for on in self.ledger.passed(claim)))
            failed = list(dict.fromkeys(on for claim in cited for on in self.ledger.failed(claim)))
            body += [f"- ✓ passed on {on}" for on in passed] + [f"- × failed on {on}" for on in failed]
            body += [] if passed or failed else ["- ○ not run here"]
            body += ["", f"`{test.file}`, line {test.line}:", "", self.md.htmlStash.store(next(coloured))]
            lines += _folded(f"{_state(self.ledger, cited[0])} {' '.join(map(_sentence, cited))}", "class: pt-entry", body)
        return lines


def _coloured(sources: list[str], path: Path) -> Iterator[str]:
    """Yield the HTML of Python sources; colouring hundreds of tests takes a second, so it is kept in `path`."""
    depends = json.dumps([version("pygments"), *sources]).encode() + Path(__file__).read_bytes()
    made = kept(path, depends, lambda: json.dumps([highlight(source, _PYTHON, _HTML) for source in sources]).encode())
    yield from json.loads(made)


def _folded(title: str, attributes: str, body: list[str]) -> list[str]:
    return [f"/// details | {title}", f"    attrs: {{{attributes}}}", "", *body, "", "///", ""]


def address(page: str) -> str:
    """Return where the claims of a page are shown with their tests, as in "ledger/l2.md"."""
    return f"ledger/{'home' if page == 'index.md' else Path(page).stem}.md"


def entries(ledger: Ledger, page: str) -> str:
    """Return the Markdown of that page of the ledger: each claim of `page` with its test and where it last passed."""
    title = ledger.title(page)
    return f"""---
title: {json.dumps(f"{title}: claims and tests")}
description: {json.dumps(f"{title}: each claim of the page, the test that would fail if it were untrue, and where it last passed.")}
hide: [toc]
search: {{exclude: true}}
---

# {title}: claims and tests {{#claims}}

The claims of [{title}](/{page}), each with its test: {_count(ledger, page)}.
The claims of all pages are in the [ledger](/ledger.md).

{{{{ ledger {page} }}}}
"""


def _overview(ledger: Ledger) -> list[str]:
    """Return the body of the ledger's first page: a line for each claim, which leads to its test."""
    lines = [""]
    for versions, passed, failed, meant in ledger.totals():
        not_run = meant - passed - failed
        rest = [f"{failed} fail"] * bool(failed) + [f"{not_run} have not run in their present wording"] * bool(not_run)
        lines.append(f"- {'; '.join([f'**{passed} of {meant}** pass on {versions}', *rest])}.")
    lines += ["", _FILTER, ""]
    met = set()
    for page, claims in ledger.pages.items():
        identity = page.removesuffix(".md").replace("/", "-")
        body = []
        for claim in claims:
            anchor = "" if claim.test in met else f"{{#{claim.test}}}"
            met.add(claim.test)
            body.append(f"- {_state(ledger, claim)} [{_sentence(claim)}](/{address(page)}#{claim.test}){anchor}")
        lines += _folded(f"{ledger.title(page)}: {_count(ledger, page)}", f"class: pt-chapter, id: {identity}", body)
    idle = [formula for formula in displayed(ledger.root) if formula.reason]
    if idle:
        body = [f"- ${formula.statements[0]}$ in [{ledger.title(formula.page)}](/{formula.page}): {formula.reason}." for formula in idle]
        lines += _folded(f"Formulas that no test runs: {len(idle)}", "class: pt-entry, id: formulas-that-no-test-runs", body)
    return lines


def _count(ledger: Ledger, page: str) -> str:
    claims = ledger.pages[page]
    return f"{sum(map(ledger.stands, claims))} of {len(claims)} pass"


def _state(ledger: Ledger, claim: Claim) -> str:
    return "✓" if ledger.stands(claim) else "×" if ledger.failed(claim) else "○"


def _sentence(claim: Claim) -> str:
    return unlink(claim.sentence) + (f" For {claim.scope}." if claim.scope else "")


class _Standing(Preprocessor):
    """`{{ claims }}` alone on a line becomes how many claims there are, how many pass, and what they were last run on."""

    def __init__(self, ledger, md):
        super().__init__(md)
        self.ledger = ledger

    def run(self, lines):
        return [_standing(self.ledger) if line.strip() == "{{ claims }}" else line for line in lines]


def _standing(ledger: Ledger) -> str:
    count = len(ledger.claims)
    pass_now = sum(bool(ledger.passed(claim)) and not ledger.failed(claim) for claim in ledger.claims)
    versions = [result.versions for results in ledger.results.values() for result in results]
    software = dict.fromkeys(f"{name} {number}" for ran in versions for name, number in ran.items() if name not in ("System", "Python"))
    passing = "all pass" if pass_now == count else f"{pass_now} pass in their present wording"
    standing = f"[{count} claims, each with its test](/ledger.md); {passing}"
    return f"{standing}, last run on {', '.join(software)}." if software else f"{standing}."


class Claims(Extension):
    """The extension; pages of one build share a `ledger`, and without one each reads its own."""

    def __init__(self, ledger: Ledger | None = None, **options):
        self.ledger = ledger or Ledger(ROOT)
        super().__init__(**options)

    def extendMarkdown(self, md):
        # After white space is made one (30), which would take away what stands for the tests.
        md.preprocessors.register(_Page(self.ledger, md), "ledger", 28)
        md.preprocessors.register(_Number(md), "claims", 40)
        md.preprocessors.register(_Standing(self.ledger, md), "standing", 42)
        md.inlinePatterns.register(_Marker(self.ledger, md), "claims", 170)  # before links (160)


def makeExtension(**options):
    return Claims(**options)
