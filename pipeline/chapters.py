"""The chapters, registered once: those that `nav` in mkdocs.yml has in docs/learn/, in its order.

Markdown extension: `{{ chapters }}` alone on a line becomes the list of them, each with its minutes and what a reader can do
afterwards, which the page's front matter says as `outcome`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor

from pipeline.source import ROOT, SiteError

LIST = "{{ chapters }}"


@dataclass(frozen=True)
class Chapter:
    """One chapter.

    Attributes:
        stem: the name that its page, script and tests share.
        title: of its page.
        outcome: what a reader can do afterwards, as in "derive the update, and predict how far the weights shrink".
        minutes: that its head says, as in `**27 minutes**`; None while it says none.
    """

    stem: str
    title: str
    outcome: str
    minutes: int | None


def pages(root: Path = ROOT) -> list[str]:
    """Return the pages that `nav` names, in order, as in "learn/l2.md"."""
    settings = yaml.load((root / "mkdocs.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return list(_leaves(settings.get("nav", [])))


def _leaves(nav):
    for entry in nav:
        target = next(iter(entry.values())) if isinstance(entry, dict) else entry
        if isinstance(target, list):
            yield from _leaves(target)
        else:
            yield target


def chapters(root: Path = ROOT) -> list[Chapter]:
    """Return the chapters in reading order.

    Raises:
        SiteError: if a page is not there, or does not say its title and its outcome.
    """
    found = []
    for page in pages(root):
        if page.startswith("learn/"):
            path = root / "docs" / page
            if not path.is_file():
                raise SiteError(f"mkdocs.yml: nav names {page}, and there is no docs/{page}; write it, or take it out of nav.")
            text = path.read_text(encoding="utf-8")
            front = re.match(r"---\n(.*?\n)---\n", text, re.DOTALL)
            said = yaml.safe_load(front[1]) if front else {}
            for key in ("title", "outcome"):
                if not said.get(key):
                    raise SiteError(f"docs/{page}: the front matter has no {key}; say it, for the lists of chapters.")
            minutes = re.search(r"^\*\*(\d+) minutes", text, re.MULTILINE)
            found.append(Chapter(path.stem, said["title"], said["outcome"], int(minutes[1]) if minutes else None))
    return found


def scripts(root: Path = ROOT) -> dict[str, list[str]]:
    """Return the stems of the scripts of each chapter, {stem: [stem, …]}: its own, then its experiments, named `<stem>_<experiment>`.

    Raises:
        SiteError: if a script belongs to no chapter.
    """
    found = {chapter.stem: [] for chapter in chapters(root)}
    for script in sorted(path.stem for path in (root / "examples").glob("*.py")):
        # The longest name wins: l1_l2 is a chapter, and no experiment of l1.
        owner = max((stem for stem in found if f"{script}_".startswith(f"{stem}_")), key=len, default=None)
        if owner is None:
            raise SiteError(f"examples/{script}.py belongs to no chapter; name it <stem>.py or <stem>_<experiment>.py.")
        found[owner].append(script)
    return found


def script_title(name: str) -> str:
    """Return the title of a script, told apart from that of a chapter, as in "L2 regularization: the script"."""
    return f"{name}{',' if ':' in name else ':'} the script"


class _List(Preprocessor):
    def run(self, lines):
        if LIST not in [line.strip() for line in lines]:
            return lines
        items = ['<div class="pt-chapters" markdown>', ""]
        for number, chapter in enumerate(chapters(self.md.pt_root), start=1):
            minutes = f" <small>{chapter.minutes} minutes</small>" if chapter.minutes else ""
            outcome = chapter.outcome[0].upper() + chapter.outcome[1:]
            items.append(f"{number}. [{chapter.title}](learn/{chapter.stem}.md){minutes} <span>{outcome}.</span>")
        items += ["", "</div>"]
        return [item for line in lines for item in (items if line.strip() == LIST else [line])]


class Chapters(Extension):
    def __init__(self, **options):
        self.config = {"root": [str(ROOT), "the project's folder"]}
        super().__init__(**options)

    def extendMarkdown(self, md):
        md.pt_root = Path(self.getConfig("root"))
        md.preprocessors.register(_List(md), "chapters", 42)


def makeExtension(**options):
    return Chapters(**options)
