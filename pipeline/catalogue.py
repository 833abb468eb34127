"""Describe a chapter as catalogues of open education ask: as schema.org's LearningResource, https://schema.org/LearningResource."""

import html
import re
from pathlib import Path

from pipeline.source import ROOT

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
SUBJECT = ["Keras", "regularization"]  # of every chapter


def resource(content: str, front: dict, address: str, author: str, date: str, root: Path = ROOT) -> dict:
    """Return the description of a chapter, to be written as JSON-LD.

    Time and objectives are those that the head of its page says, keywords are the words that the glossary says it explains.

    Args:
        content: the page's HTML.
        front: its front matter, with `title` and `description`.
        address: where it is published; its last part names the chapter.
        author: of the site.
        date: of the commit, as in "2026-11-25"; "" if it is not known.
        root: the project's folder.
    """
    head = re.search(r'<div class="pt-head">(.*?)</div>', content, re.DOTALL)
    told = re.sub(r'<ul class="pt-take.*?</ul>', "", head[1], flags=re.DOTALL) if head else ""
    minutes = re.search(r"<strong>(\d+) minutes", told)
    described = {
        "@context": "https://schema.org",
        "@type": "LearningResource",
        "name": front["title"],
        "description": front.get("description"),
        "url": address,
        "keywords": SUBJECT + keywords(address.rstrip("/").rpartition("/")[2], root),
        "teaches": [_words(objective) for objective in re.findall(r"<li>(.*?)</li>", told, re.DOTALL)],
        "timeRequired": f"PT{minutes[1]}M" if minutes else None,
        "learningResourceType": "tutorial",
        "license": LICENCE,
        "isAccessibleForFree": True,
        "inLanguage": "en",
        "author": {"@type": "Organization", "name": author},
        "dateModified": date,
    }
    return {name: value for name, value in described.items() if value}


def keywords(stem: str, root: Path = ROOT) -> list[str]:
    """Return the words that a chapter explains, as the glossary says; none where there is no glossary."""
    path = root / "docs" / "reference" / "glossary.md"
    glossary = path.read_text(encoding="utf-8") if path.is_file() else ""
    entries = re.findall(r"^\*\*(.+?)\*\*: (.*?)^\{:", glossary, re.MULTILINE | re.DOTALL)
    return [re.sub("[`*$]", "", word) for word, explained in entries if f"(../learn/{stem}.md" in explained]


def _words(content: str) -> str:
    """Return the words of a list's item, its formulas as they are read."""
    words = html.unescape(re.sub(r"<annotation.*?</annotation>|<[^>]*>", "", content, flags=re.DOTALL))
    return " ".join(words.split()).rstrip(".;")
