"""What the theme's search takes from each page: words, kept from build to build, because to read every page again is a third of a build."""

import copy
import html
import json
import re
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

from pipeline.files import kept
from pipeline.source import SiteError, unlike

# What nobody looks for, although it stands in a page.
_NO_WORDS = "|".join(
    (
        r'<details class="pt-data">.*?</details>',  # the data behind a figure
        r"<(pt-[\w-]+)>.*?</\1>",  # the still of a widget
        r'<a [^>]*class="pt-claim".*?</a>',  # the mark of a claim
        r'<div class="pt-maths".*?</div>',  # a formula on a line of its own
        r'(?<=<div class="pt-head">)\s*<p>.*?</p>',  # minutes, and other chapters
    )
)
_ACCENTS = {"ˆ": "\u0302", "¯": "\u0304"}
# A chapter comes before a page of reference with the same words, and that before a script.
_BOOSTS = {"learn": 2, "examples": 0.5}


def keep(index, folder: Path) -> None:
    """Make the theme's `index` of the search take the words of a page; those of a page that has not changed, from `folder`.

    Raises:
        SiteError: if the theme has another kind of index; later, if a page's keywords are no list.
    """
    if not (hasattr(index, "add_entry_from_context") and hasattr(index, "entries")):
        raise unlike("mkdocs.yml", "mkdocs-material", "fills the index of its search", "search.py")
    read = index.add_entry_from_context
    theme = version("mkdocs-material")

    def add(page) -> None:
        wordy = copy.copy(page)
        wordy.content = words(page.content)

        def make() -> bytes:
            begin = len(index.entries)
            read(wordy)
            taken = index.entries[begin:]
            del index.entries[begin:]
            return json.dumps(taken).encode()

        depends = repr([theme, page.url, page.title, page.meta, str(page.toc), wordy.content])
        entries = json.loads(kept(folder / f"{page.file.src_uri}.json", depends.encode(), make))
        for entry in entries:
            entry["boost"] = _BOOSTS.get(page.url.partition("/")[0], 1)
        if entries and "keywords" in page.meta:  # the first is the page, the others are its sections
            if not isinstance(page.meta["keywords"], list):
                raise SiteError(f"docs/{page.file.src_uri}: keywords in the front matter is no list; write it like [ridge, weight decay].")
            entries[0]["keywords"] = ", ".join(page.meta["keywords"])
        index.entries += entries

    index.add_entry_from_context = add


def words(content: str) -> str:
    """Return the HTML of a page as a list of results shows it: a table's rows as paragraphs without their numbers, formulas as text."""
    content = re.sub(_NO_WORDS, "", content, flags=re.DOTALL)
    content = re.sub(r"<math.*?</math>", _formula, content, flags=re.DOTALL)
    return re.sub(r"<tr\b[^>]*>(.*?)</tr>", _row, content, flags=re.DOTALL)


def _row(match: re.Match) -> str:
    cells = re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", match[1], re.DOTALL)
    wordy = [cell for cell in cells if re.search(r"[^\W\d_]", re.sub("<[^>]*>", "", cell))]
    return f"<p>{' · '.join(wordy)}</p>"


def _formula(match: re.Match) -> str:
    named = r"&(?!lt;|gt;|amp;)\w+;"  # signs whose names XML does not know
    return _text(ElementTree.fromstring(re.sub(named, lambda sign: html.unescape(sign[0]), match[0])))


def _text(element: ElementTree.Element) -> str:
    """Return MathML as text, with what HTML has for indices and exponents."""
    if element.tag == "annotation":
        return ""
    inside = [_text(child) for child in element]
    match element.tag, inside:
        case "msub" | "munder", [base, index]:
            return f"{base}<sub>{index}</sub>"
        case "msup", [base, exponent]:
            return f"{base}<sup>{exponent}</sup>"
        case "msubsup" | "munderover", [base, index, exponent]:
            return f"{base}<sub>{index}</sub><sup>{exponent}</sup>"
        case "mfrac", [above, below]:
            return f"{above} / {below}"
        case "mover", [base, sign]:
            return base + _ACCENTS.get(sign, "")
        case "msqrt", _:
            return f"√({''.join(inside)})"
    return html.escape(element.text or "", quote=False) + "".join(inside)
