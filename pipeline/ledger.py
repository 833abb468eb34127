"""The ledger: the claims of the pages, the tests that prove them, and how these ended where they ran."""

import ast
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipeline.files import write_whole
from pipeline.source import ROOT, SiteError, prose_lines

MARKER = re.compile(r"\[✓ (test_\w+)\]")
LEDGER = "{{ ledger }}"
_SPOKEN = {"lambda": "λ", "le": "≤", "ge": "≥", "cdot": "·", "times": "×", "lvert": "|", "rvert": "|", "sum": "sum of"}


@dataclass(frozen=True)
class Claim:
    """A sentence of a page and the test that it cites.

    Attributes:
        sentence: the sentence, in Markdown.
        test: name of the test.
        page: address of the page below `docs/`, as in "learn/l2.md".
        line: line of the marker.
    """

    sentence: str
    test: str
    page: str
    line: int

    @property
    def anchor(self) -> str:
        return f"claim-{self.test}"


@dataclass(frozen=True)
class Test:
    """A test function that proves a claim.

    Attributes:
        name: name of the function.
        file: its file, relative to the project, and `line` where it begins.
        source: its text.
        digest: SHA-256 of the whole file; a result counts only for the text that was run.
    """

    name: str
    file: str
    line: int
    source: str
    digest: str


@dataclass(frozen=True)
class Result:
    """How a test ended, and the versions it ran on, as in {"Python": "3.11.7", "Keras": "3.15.1"}."""

    outcome: str
    versions: dict


def sentence_before(text: str) -> str:
    """Return the last sentence of `text`, which ends where a marker stands.

    A sentence begins after `.`, `?` or `!` and a space, after an earlier marker, or with the paragraph.
    """
    text = re.sub(r"(\s*\[✓ test_\w+\])*\s*$", "", text)  # a sentence may cite several tests
    whole = re.sub(r"\$[^$]+\$|`[^`]+`", lambda span: "x" * len(span[0]), text)  # no sentence ends inside a formula or code
    start = 0
    for end in re.finditer(r"(?<=[.?!])(?<!e\.g\.)(?<!i\.e\.)[\"”)*_]*\s+|\[✓ test_\w+\]\s*", whole):
        if end.end() < len(text):
            start = end.end()
    return re.sub(r"\s+", " ", MARKER.sub("", text[start:])).strip()


def claims_in(text: str, page: str = "") -> list[Claim]:
    """Return the claims of one page's Markdown `text`, in order."""
    found = []
    paragraph = ""
    last = 0
    for number, line in prose_lines(text):
        begins = re.match(r"\s*([-*+]|\d+\.|#+|\|)\s|\s*[:>]\s|\s*$|///|<", line)
        if begins or number != last + 1:
            paragraph = ""
        last = number
        if line.startswith("///"):  # the title of a block is no part of its first sentence
            continue
        line = re.sub(r"^\s*(?:[-*+]|\d+\.|#+|>)\s+", "", line)
        for match in MARKER.finditer(line):
            before = paragraph + " " + line[: match.start()]
            if line.lstrip().startswith("|"):  # in a table, the claim is the row
                before = " ".join(cell.strip() for cell in MARKER.sub("", line).strip(" |").split("|"))
            found.append(Claim(sentence_before(before), match[1], page, number))
        paragraph += " " + line
    return found


class Ledger:
    """The claims of all pages, the tests that prove them, and the results of the last runs.

    Args:
        root: the project's folder, with `docs/`, `tests/` and `.cache/claims/`.
    """

    def __init__(self, root: Path = ROOT):
        self.root = root

    @cached_property
    def claims(self) -> list[Claim]:
        docs = self.root / "docs"
        nav = re.findall(r"[\w/]+\.md", (self.root / "mkdocs.yml").read_text(encoding="utf-8"))  # the reading order
        pages = {path.relative_to(docs).as_posix(): path for path in sorted(docs.rglob("*.md"))}
        in_order = sorted(pages, key=lambda page: nav.index(page) if page in nav else len(nav))
        return [claim for page in in_order for claim in claims_in(pages[page].read_text(encoding="utf-8"), page)]

    @cached_property
    def tests(self) -> dict[str, Test]:
        """The tests that prove claims, by name: every test function in `tests/test_*.py`."""
        found = {}
        for path in sorted((self.root / "tests").glob("test_*.py")):
            text = path.read_text(encoding="utf-8")
            digest = hashlib.sha256(text.encode()).hexdigest()
            name = path.relative_to(self.root).as_posix()
            for node in ast.parse(text).body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    if node.name in found:
                        raise SiteError(f"{name}:{node.lineno}: {node.name} stands in {found[node.name].file} too; rename one.")
                    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                    source = "\n".join(text.splitlines()[first - 1 : node.end_lineno])
                    found[node.name] = Test(node.name, name, first, source, digest)
        return found

    @cached_property
    def results(self) -> dict[str, list[Result]]:
        """Results of each test, one for each set of versions it ran on, in the text in which it stands now."""
        found = {name: [] for name in self.tests}
        for path in sorted((self.root / ".cache" / "claims").glob("*.json")):
            kept = json.loads(path.read_text(encoding="utf-8"))
            for name, result in sorted(kept["tests"].items()):
                if name in self.tests and result["digest"] == self.tests[name].digest:
                    found[name].append(Result(result["outcome"], kept["versions"]))
        return found

    def check(self) -> None:
        """Raise SiteError if a marker names no test, a claim test is not cited, or a claim's test has failed."""
        cited = {claim.test for claim in self.claims}
        problems = [
            f"docs/{claim.page}:{claim.line}: [✓ {claim.test}] names a test that is not in tests/test_*.py."
            for claim in self.claims
            if claim.test not in self.tests
        ]
        problems += [
            f"{test.file}:{test.line}: {test.name} proves a claim that no page makes; cite it as [✓ {test.name}]."
            for test in self.tests.values()
            if test.name not in cited
        ]
        for claim in self.claims:
            for result in self.results.get(claim.test, []):
                if result.outcome == "failed":
                    on = _on(result.versions)
                    problems.append(f"docs/{claim.page}:{claim.line}: the claim “{plain(claim.sentence)}” fails on {on}: {claim.test}.")
        if problems:
            raise SiteError("\n".join(problems))

    def status(self, test: str) -> list[str]:
        """Return the sets of versions on which `test` last passed, in words; empty if it has not run here."""
        return [_on(result.versions) for result in self.results.get(test, []) if result.outcome == "passed"]

    def markdown(self) -> str:
        """Return the body of the ledger page."""
        lines = []
        for page in dict.fromkeys(claim.page for claim in self.claims):
            lines += [f"## {self._title(page)} {{#{page.removesuffix('.md').replace('/', '-')}}}", ""]
            for test in dict.fromkeys(claim.test for claim in self.claims if claim.page == page):
                first_here = next(claim for claim in self.claims if claim.test == test).page == page
                lines += self._entry(page, self.tests[test], first_here)
        return "\n".join(lines)

    def _entry(self, page: str, test: Test, first: bool) -> list[str]:
        passed = self.status(test.name)
        identity = f' id="{test.name}"' if first else ""
        lines = [f'<div class="pt-entry" markdown="1"{identity}>', ""]
        for claim in self.claims:
            if (claim.page, claim.test) == (page, test.name):
                lines += [f"{_unlink(claim.sentence)} [read it in its place](/{page}#{claim.anchor}){{.pt-place}}", ""]
        if passed:
            lines += [f"- ✓ passed on {on}" for on in passed]
        else:
            lines += ["- ○ not run here"]
        # Without colours: they are one element for each word, and made this page ten times as large for browsers and screen readers.
        lines += [
            "",
            f"/// details | `{test.name}`",
            "",
            "```text",
            test.source,
            "```",
            "",
            f"`{test.file}`, line {test.line}",
            "",
            "///",
            "",
        ]
        return [*lines, "</div>", ""]

    def _title(self, page: str) -> str:
        text = (self.root / "docs" / page).read_text(encoding="utf-8")
        heading = re.search(r"^# (.+?)(?: *\{.*\})?$", text, re.MULTILINE)
        return heading[1] if heading else page


def record(root: Path, outcomes: dict[str, str], versions: dict[str, str]) -> None:
    """Keep the outcomes of a run of the tests, {name: "passed" or "failed"}, for the ledger."""
    tests = Ledger(root).tests
    stem = "-".join(f"{name}{version}" for name, version in versions.items()).lower()
    path = root / ".cache" / "claims" / f"{stem}.json"
    kept = json.loads(path.read_text(encoding="utf-8"))["tests"] if path.is_file() else {}
    kept.update({name: {"outcome": outcome, "digest": tests[name].digest} for name, outcome in outcomes.items() if name in tests})
    content = {"versions": versions, "tests": {name: kept[name] for name in sorted(kept) if name in tests}}
    write_whole(path, json.dumps(content, indent=1).encode())


def _on(versions: dict) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _unlink(sentence: str) -> str:
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", sentence)


def plain(sentence: str) -> str:
    """Return a sentence without Markdown and, where a formula has them, without LaTeX's commonest words, for a label."""
    text = re.sub(r"[`*$]|\{[.#][^}]*\}", "", _unlink(sentence))
    text = re.sub(r"\\(?:operatorname|text)\{(\w+)\}", r"\1", text)
    return re.sub(r"\\([A-Za-z]+|.)", lambda word: _SPOKEN.get(word[1], ""), text)
