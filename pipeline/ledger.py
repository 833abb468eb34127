"""The ledger: the claims of the pages, the tests that prove them, and how these ended where they ran.

A test in `tests/test_*.py` proves a claim, or, if it asks for the output of a run by the fixture `shown`, an observation: what a
run has shown, true of that run and promised of no other. Results are data: `tests/results/` has one file for each set of versions.
"""

import ast
import functools
import hashlib
import json
import os
import platform
import re
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pipeline import chapters, formulas
from pipeline.files import write_whole
from pipeline.script import scripts
from pipeline.source import ROOT, SiteError, prose_lines

MARKER = re.compile(r"\[✓ (test_\w+)(?: on ([^\]]+))?\]")
LEDGER = "{{ ledger }}"
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
_SPOKEN = {"lambda": "λ", "le": "≤", "ge": "≥", "cdot": "·", "times": "×", "lvert": "|", "rvert": "|", "sum": "sum of"}


@dataclass(frozen=True)
class Claim:
    """A sentence of a page and the test that it cites.

    Attributes:
        sentence: the sentence, in Markdown.
        test: name of the test.
        page: address of the page below `docs/`, as in "learn/l2.md".
        line: line of the marker.
        scope: where the sentence is meant to hold, as in "TensorFlow, Keras>=3.14"; "" is everywhere.
    """

    sentence: str
    test: str
    page: str
    line: int
    scope: str = ""

    @property
    def anchor(self) -> str:
        return f"claim-{self.test}"

    def covers(self, versions: dict[str, str]) -> bool:
        """Tell whether the sentence is meant for a set of versions, as in {"Keras": "3.15.1", "JAX": "0.10.2"}.

        Raises:
            SiteError: if the scope cannot be read.
        """
        parts = [part.strip() for part in self.scope.split(",") if part.strip()]
        backends = [part for part in parts if part in BACKENDS.values()]
        if backends and not any(name in versions for name in backends):
            return False
        for part in set(parts) - set(backends):
            named = re.fullmatch(r"(\w+) ?([<>=!~].*)", part)
            try:
                known = SpecifierSet(named[2]).contains(versions.get(named[1], "0"))
            except (TypeError, InvalidSpecifier):
                expected = "name backends (TensorFlow, JAX, PyTorch) or versions, as in [✓ test_x on JAX, Keras>=3.14]"
                raise SiteError(f"docs/{self.page}:{self.line}: the scope {self.scope!r} cannot be read; {expected}.") from None
            if not known:
                return False
        return True


@dataclass(frozen=True)
class Test:
    """A test function that proves a claim.

    Attributes:
        name: name of the function.
        file: its file, relative to the project, and `line` where it begins.
        source: its text.
        digest: SHA-256 of all that its outcome depends on in this project; a result counts only for the text that was run.
        observes: whether it reads what a run has shown.
    """

    name: str
    file: str
    line: int
    source: str
    digest: str
    observes: bool


@dataclass(frozen=True)
class Result:
    """How a test ended ("passed" or "failed"), the versions it ran on, and the file that says so."""

    outcome: str
    versions: dict
    file: str


def sentence_before(text: str) -> str:
    """Return the last sentence of `text`, which ends where a marker stands.

    A sentence begins after `.`, `?` or `!` and a space, after an earlier marker, or with the paragraph.
    """
    text = re.sub(rf"(\s*{MARKER.pattern})*\s*$", "", text)  # a sentence may cite several tests
    whole = re.sub(r"\$[^$]+\$|`[^`]+`", lambda span: "x" * len(span[0]), text)  # no sentence ends inside a formula or code
    start = 0
    for end in re.finditer(rf"(?<=[.?!])(?<!e\.g\.)(?<!i\.e\.)[\"”)*_]*\s+|{MARKER.pattern}\s*", whole):
        if end.end() < len(text):
            start = end.end()
    return re.sub(r"\s+", " ", MARKER.sub("", text[start:])).strip()


@functools.lru_cache(maxsize=256)
def claims_in(text: str, page: str = "") -> tuple[Claim, ...]:
    """Return the claims of one page's Markdown `text`, in order."""
    found = []
    paragraph = ""
    last = 0
    for number, line in prose_lines(text):
        begins = re.match(r"\s*([-*+]|\d+\.|#+|\|)\s|\s*[:>]\s|\s*$|///|<", line)
        if begins or number != last + 1:
            paragraph = ""
        last = number
        if line.startswith("///") or re.fullmatch(r"\{\{[^}]*\}\}\s*", line):  # neither a block's title nor a figure is part of a sentence
            continue
        line = re.sub(r"^\s*(?:[-*+]|\d+\.|#+|>)\s+", "", line)
        for match in MARKER.finditer(line):
            before = paragraph + " " + line[: match.start()]
            if line.lstrip().startswith("|"):  # in a table, the claim is the row
                before = " ".join(cell.strip() for cell in MARKER.sub("", line).strip(" |").split("|"))
            found.append(Claim(sentence_before(before), match[1], page, number, match[2] or ""))
        paragraph += " " + line
    return tuple(found)


@functools.lru_cache(maxsize=256)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def _is_test(node) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name.startswith("test_")


def _span(node) -> tuple[int, int]:
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))]) - 1, node.end_lineno


class Ledger:
    """The claims of all pages, the tests that prove them, and the results of the last runs.

    Args:
        root: the project's folder, with `docs/`, `tests/` and `tests/results/`.
    """

    def __init__(self, root: Path = ROOT):
        self.root = root

    @cached_property
    def claims(self) -> list[Claim]:
        """The claims in reading order, that of `nav` in mkdocs.yml."""
        docs = self.root / "docs"
        nav = chapters.pages(self.root)
        pages = {path.relative_to(docs).as_posix(): path for path in sorted(docs.rglob("*.md"))}
        in_order = sorted(pages, key=lambda page: nav.index(page) if page in nav else len(nav))
        return [claim for page in in_order for claim in claims_in(pages[page].read_text(encoding="utf-8"), page)]

    @cached_property
    def pages(self) -> dict[str, list[Claim]]:
        """The claims of each page that makes some, {"learn/l2.md": [claim, …]}, in reading order."""
        found = {}
        for claim in self.claims:
            found.setdefault(claim.page, []).append(claim)
        return found

    @cached_property
    def tests(self) -> dict[str, Test]:
        """The tests that prove claims, by name: every test function in `tests/test_*.py`."""
        found = {}
        for path in sorted((self.root / "tests").glob("test_*.py")):
            text = path.read_text(encoding="utf-8")
            lines = text.splitlines()
            nodes = _parsed(text).body
            shared = ["\n".join(lines[slice(*_span(node))]) for node in nodes if not _is_test(node)]
            shared += self._imported(path, set())
            shared += [latex for node in nodes if not _is_test(node) for latex in self._formulas(node)]
            name = path.relative_to(self.root).as_posix()
            for node in filter(_is_test, nodes):
                if node.name in found:
                    raise SiteError(f"{name}:{node.lineno}: {node.name} stands in {found[node.name].file} too; rename one.")
                first, last = _span(node)
                source = "\n".join(lines[first:last])
                observes = "shown" in [argument.arg for argument in node.args.args]
                depends = "\n".join([source, *shared, *self._runs(node), *self._formulas(node)])
                digest = hashlib.sha256(depends.encode()).hexdigest()[:16]
                found[node.name] = Test(node.name, name, first + 1, source, digest, observes)
        return found

    def _imported(self, path: Path, seen: set[Path]) -> list[str]:
        """Return the text of the project's modules that a file of tests imports, and of those that these import."""
        texts = []
        for node in ast.walk(_parsed(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                module = self.root / f"{name.replace('.', '/')}.py"
                if name.startswith("tests.") and module not in seen and module.is_file():
                    seen.add(module)
                    texts += [module.read_text(encoding="utf-8"), *self._imported(module, seen)]
        return texts

    def _runs(self, test: ast.FunctionDef) -> list[str]:
        """Return the digests of the code of the scripts whose output a test names, as in `shown("l2#path")`."""
        words = [node.value for node in ast.walk(test) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        stems = sorted({word.partition("#")[0] for word in words if re.fullmatch(r"\w+#[\w-]+", word)})
        return [self._codes[stem] for stem in stems if stem in self._codes]

    @cached_property
    def _codes(self) -> dict[str, str]:
        """The digest of the code of each script, by stem."""
        return {script.stem: script.code() for script in scripts(self.root)}

    def _formulas(self, code: ast.AST) -> list[str]:
        """Return the formulas of pages that code of a test reads."""
        return [latex for page, left in formulas.read_by(code) for latex in formulas.matching(page, left, self.root)]

    @cached_property
    def results(self) -> dict[str, list[Result]]:
        """Results of each test, one for each set of versions it ran on, in the text in which it stands now."""
        found = {name: [] for name in self.tests}
        for path in sorted((self.root / "tests" / "results").glob("*.json")):
            file = path.relative_to(self.root).as_posix()
            for name, result in _kept(path)["tests"].items():
                if name in self.tests and result["digest"] == self.tests[name].digest:
                    found[name].append(Result(result["outcome"], _kept(path)["versions"], file))
        return found

    def record(self, outcomes: dict[str, str], versions: dict[str, str]) -> None:
        """Keep how tests ended, {name: "passed" or "failed"}, under the text that they had when `tests` was first asked for."""
        stem = "-".join(version if name == "System" else f"{name}{version}" for name, version in versions.items()).lower()
        path = self.root / "tests" / "results" / f"{stem}.json"
        kept = _kept(path)["tests"]
        kept |= {name: {"outcome": outcome, "digest": self.tests[name].digest} for name, outcome in outcomes.items() if name in self.tests}
        # A line for each test, so that a diff shows which results have changed.
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(kept[name])}" for name in sorted(kept) if name in self.tests)
        content = f'{{\n "versions": {json.dumps(versions)},\n "tests": {{\n{lines}\n }}\n}}\n'.encode()
        if not path.is_file() or path.read_bytes() != content:
            write_whole(path, content)

    def check(self) -> None:
        """Raise SiteError if a marker names no test, a claim test is not cited, or a claim's test has failed on these versions."""
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
        here = versions()
        for claim in self.claims:
            for result in self.results.get(claim.test, []):
                if result.outcome == "failed" and result.versions == here and claim.covers(here):
                    problems.append(
                        f"docs/{claim.page}:{claim.line}: the claim “{plain(claim.sentence)}” fails on {spoken(here)}: {claim.test}. "
                        f"Mend sentence or test, then run `make test`, which renews {result.file}."
                    )
        if problems:
            raise SiteError("\n".join(problems))

    def passed(self, claim: Claim) -> list[str]:
        """Return the sets of versions on which the claim's test last passed, in words; empty if it has not."""
        return [spoken(result.versions) for result in self.results.get(claim.test, []) if result.outcome == "passed"]

    def failed(self, claim: Claim) -> list[str]:
        """Return the sets of versions on which the claim's test last failed though the sentence is meant for them, in words."""
        ended = [result.versions for result in self.results.get(claim.test, []) if result.outcome == "failed"]
        return [spoken(versions) for versions in ended if claim.covers(versions)]

    def stands(self, claim: Claim) -> bool:
        """Tell whether the claim's test has passed, and has failed nowhere that the sentence is meant for."""
        return bool(self.passed(claim)) and not self.failed(claim)

    def totals(self) -> list[tuple[str, int, int, int]]:
        """Return, for each set of versions that tests ran on, it in words and how many claims passed, failed, and are meant for it."""
        ran = {spoken(result.versions): result.versions for results in self.results.values() for result in results}
        found = []
        for words, versions in sorted(ran.items()):
            meant = [claim for claim in self.claims if claim.covers(versions)]
            passed = sum(words in self.passed(claim) for claim in meant)
            found.append((words, passed, sum(words in self.failed(claim) for claim in meant), len(meant)))
        return found

    def agreement(self, test: str) -> str:
        """Return the SHA-256, shortened, of what a person has to see side by side: the sentences that cite `test`, and its text."""
        sentences = sorted(f"{claim.sentence} {claim.scope}" for claim in self.claims if claim.test == test)
        layout = re.compile(r"\s+")  # an indentation or a line break more says nothing else
        return hashlib.sha256(layout.sub(" ", "\n".join([*sentences, self.tests[test].source])).encode()).hexdigest()[:16]

    def unseen(self) -> list[str]:
        """Return the cited tests that nobody has looked at beside their sentences since either was changed."""
        agreed = dict(line.split() for line in self._agreed.read_text(encoding="utf-8").splitlines())
        cited = dict.fromkeys(claim.test for claim in self.claims)
        return [test for test in cited if test in self.tests and agreed.get(test) != self.agreement(test)]

    def agree(self, tests: list[str]) -> None:
        """Record that sentence and test say the same for each of `tests`; tests that no page cites any more are forgotten."""
        cited = sorted({claim.test for claim in self.claims} & set(self.tests))
        seen = set(cited) - set(self.unseen()) | set(tests)
        lines = [f"{test} {self.agreement(test)}\n" for test in cited if test in seen]
        write_whole(self._agreed, "".join(lines).encode())

    @property
    def _agreed(self) -> Path:
        return self.root / "tests" / "agreed.txt"

    def title(self, page: str) -> str:
        """Return the heading of a page."""
        text = (self.root / "docs" / page).read_text(encoding="utf-8")
        heading = re.search(r"^# (.+?)(?: *\{.*\})?$", text, re.MULTILINE)
        return heading[1] if heading else page


def versions() -> dict[str, str]:
    """Return what a result is kept under: the system, Python, Keras and its backend, with their versions."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")  # as Keras chooses it; to import Keras for it takes seconds
    if backend not in BACKENDS:
        raise SiteError(f"KERAS_BACKEND is {backend!r}; set it to one of {', '.join(BACKENDS)}, or unset it.")
    python = ".".join(platform.python_version_tuple()[:2])
    return {"System": platform.system(), "Python": python, "Keras": version("keras"), BACKENDS[backend]: version(backend)}


def spoken(versions: dict[str, str]) -> str:
    """Return a set of versions in words, as in "Linux, Python 3.11, Keras 3.15.1, JAX 0.10.2"."""
    return ", ".join(version if name == "System" else f"{name} {version}" for name, version in versions.items())


def _kept(path: Path) -> dict:
    """Return the content of a file of results; one that cannot be read holds nothing."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(kept["versions"], dict) and all(set(result) == {"outcome", "digest"} for result in kept["tests"].values()):
            return kept
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        pass
    return {"versions": {}, "tests": {}}


def unlink(sentence: str) -> str:
    """Return a sentence with the words of its links in their place."""
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", sentence)


def plain(sentence: str) -> str:
    """Return a sentence without Markdown and, where a formula has them, without LaTeX's commonest words, for a label."""
    text = re.sub(r"[`*$]|\{[.#][^}]*\}", "", unlink(sentence))
    text = re.sub(r"\\(?:operatorname|text)\{(\w+)\}", r"\1", text)
    return re.sub(r"\\([A-Za-z]+|.)", lambda word: _SPOKEN.get(word[1], ""), text)
