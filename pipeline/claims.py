"""Markdown extension: `[✓ test_name]` after a sentence names the test that would fail if it were untrue.

The marker becomes a ✓ that leads to the ledger, the page that lists every claim with its test and where it last passed. Behind an
observation, a sentence on what a run has shown, it becomes “✓ run”.
"""

from xml.etree.ElementTree import Element

from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor

from pipeline.formulas import displayed
from pipeline.ledger import LEDGER, MARKER, Claim, Ledger, Test, claims_in, plain, unlink
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
        passed = self.ledger.passed(claim)
        test = self.ledger.tests.get(claim.test)  # Ledger.check says so where there is none
        observes = bool(test and test.observes)
        done = "Seen in the run" if observes else "Tested"
        sentence = plain(getattr(self.md, "pt_embedded", str)(claim.sentence))
        state = f"{done}: {sentence}" if passed else f"Not run here: {sentence}"
        link = Element("a", {"class": "pt-claim", "href": f"/ledger.md#{claim.test}", "aria-label": state})
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
        return "\n".join(_markdown(self.ledger) if line.strip() == LEDGER else line for line in lines).split("\n")


def _markdown(ledger: Ledger) -> str:
    """Return the body of the ledger page."""
    lines = []
    met = set()
    for page in dict.fromkeys(claim.page for claim in ledger.claims):
        lines += [f"## {ledger.title(page)} {{#{page.removesuffix('.md').replace('/', '-')}}}", ""]
        here = [claim for claim in ledger.claims if claim.page == page]
        for name in dict.fromkeys(claim.test for claim in here):
            cited = [claim for claim in here if claim.test == name]
            lines += _entry(ledger, ledger.tests[name], cited, "" if name in met else f' id="{name}"')
            met.add(name)
    not_run = [formula for formula in displayed(ledger.root) if formula.reason]
    if not_run:
        lines += ["## Formulas that no test runs {#formulas-that-no-test-runs}", ""]
        lines += [
            f"- ${formula.statements[0]}$ in [{ledger.title(formula.page)}](/{formula.page}): {formula.reason}." for formula in not_run
        ]
    return "\n".join(lines)


def _entry(ledger: Ledger, test: Test, claims: list[Claim], identity: str) -> list[str]:
    lines = [f'<div class="pt-entry" markdown="1"{identity}>', ""]
    for claim in claims:
        scope = f" For {claim.scope}." if claim.scope else ""
        lines += [f"{unlink(claim.sentence)}{scope} [read it in its place](/{claim.page}#{claim.anchor}){{.pt-place}}", ""]
    if test.observes:
        lines += ["An observation: true of the run whose output this page shows, and promised of no other.", ""]
    passed = list(dict.fromkeys(on for claim in claims for on in ledger.passed(claim)))
    failed = list(dict.fromkeys(on for claim in claims for on in ledger.failed(claim)))
    lines += [f"- ✓ passed on {on}" for on in passed] + [f"- ✗ failed on {on}" for on in failed]
    lines += [] if passed or failed else ["- ○ not run here"]
    # Without colours: they are one element for each word, and made this page ten times as large for browsers and screen readers.
    lines += ["", f"/// details | `{test.name}`", "", "```text", test.source, "```", ""]
    return [*lines, f"`{test.file}`, line {test.line}", "", "///", "", "</div>", ""]


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
        # Before fenced code is lifted out (25), so that the ledger's fences are; its own markers are none.
        md.preprocessors.register(_Page(self.ledger, md), "ledger", 41)
        md.preprocessors.register(_Number(md), "claims", 40)
        md.preprocessors.register(_Standing(self.ledger, md), "standing", 42)
        md.inlinePatterns.register(_Marker(self.ledger, md), "claims", 170)  # before links (160)


def makeExtension(**options):
    return Claims(**options)
