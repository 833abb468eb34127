"""What is done to the finished site: one style sheet, a font cut to size, names for what the theme leaves unnamed."""

import hashlib
import html
import io
import posixpath
import re
import unicodedata
from importlib.metadata import version
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from pipeline import styles
from pipeline.files import kept
from pipeline.source import ROOT, SiteError, unlike

_SHEETS = "its links to style sheets"
_LINK = '<link rel="stylesheet" href="'
_LINKS = rf'\s*{_LINK}([^"]*?)assets/[^"]+">(?:\s*{_LINK}[^"]+">)*'
_BUNDLE = r'<script src=("[^"]*/bundle\.\w+\.min\.js")></script>'
# The script of the theme (menu, search, copy buttons) takes a phone longer than the page itself: first the reader sees the page.
_AFTER_PAINT = (
    r'<script>requestAnimationFrame(()=>setTimeout(()=>{const bundle=document.createElement("script");bundle.src=\1;'
    "document.head.append(bundle)}))</script>"
)
# A stand-in for the worker of the search, which starts it at the first message.
_WORKER = (
    "(()=>{let worker;const waiting=new EventTarget;waiting.postMessage=message=>{worker??=Object.assign(new Worker(e),"
    '{onmessage:({data})=>waiting.dispatchEvent(new MessageEvent("message",{data}))});worker.postMessage(message)};return waiting})()'
)


def finish(site: Path, root: Path = ROOT) -> None:
    """Join the style sheets that the pages of the built `site` link to, and mend the theme's markup.

    Raises:
        SiteError: if the theme is not the one that this was written for.
    """
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.html"))}
    pages = {path: text for path, text in pages.items() if 'http-equiv="refresh"' not in text}  # these lead on to another page
    for bundle in sorted(site.glob("assets/javascripts/bundle.*.js")):
        bundle.write_text(_mend_script(bundle.name, bundle.read_text(encoding="utf-8")), encoding="utf-8")
    for worker in sorted(site.glob("assets/javascripts/workers/search.*.js")):
        # The theme looks for all that begins with what was typed; the very word counts more: by "L1", nobody means "l1_ratio".
        text = _mend(worker.name, "a query of its search", r"`\$\{(\w)\}\*`", r"`${\1}^16 ${\1}*`", worker.read_text(encoding="utf-8"))
        worker.write_text(text, encoding="utf-8")
    names = styles.names(pages.values(), (path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.js"))))
    sheet = _join_sheets(site, next(text for path, text in pages.items() if path.name == "index.html"), names)
    _cut_math_font(site, root, pages.values())
    for path, text in pages.items():
        name = path.relative_to(site).as_posix()
        text = _mend(name, _SHEETS, _LINKS, rf'\n{_LINK}\1{sheet}">', text)
        if len(re.findall("<link[^>]*stylesheet", text)) != 1:
            raise _unlike(name, _SHEETS)
        text = _mend(name, "the tag of its script", _BUNDLE, _AFTER_PAINT, text)
        text = _mend(name, "its search", r'<div class="md-search"[^>]* role="dialog"', r'\g<0> aria-label="Search"', text)
        path.write_text(text, encoding="utf-8")


def _unlike(name: str, what: str) -> SiteError:
    return unlike(name, "mkdocs-material", f"writes {what}", "finish.py")


def _mend(name: str, what: str, pattern: str, new: str, text: str) -> str:
    """Return `text`, that of the file `name`, with the one place that matches `pattern` made `new`."""
    text, places = re.subn(pattern, new, text)
    if places != 1:
        raise _unlike(name, what)
    return text


def _join_sheets(site: Path, page: str, names: set[str]) -> str:
    """Replace the style sheets that `page` links to, each of which would delay the first paint, with what the site uses of them.

    Return the name of the one that holds it.
    """
    links = re.search(_LINKS, page)
    if links is None:
        raise _unlike("index.html", _SHEETS)
    sheets = [site / href.removeprefix(links[1]) for href in re.findall(rf'{_LINK}([^"]+)', links[0])]
    joined = styles.used("\n".join(_movable(sheet, site) for sheet in sheets), names)
    name = f"site.{hashlib.sha256(joined.encode()).hexdigest()[:8]}.css"
    (site / name).write_text(joined, encoding="utf-8")
    for sheet in sheets:
        sheet.unlink()
        sheet.with_name(f"{sheet.name}.map").unlink(missing_ok=True)
    return name


def _movable(sheet: Path, site: Path) -> str:
    """Return a sheet's text with its addresses relative to the site's root, where the joined sheet stands."""
    text = re.sub(r"/\*# sourceMappingURL.*?\*/", "", sheet.read_text(encoding="utf-8"))
    base = sheet.parent.relative_to(site).as_posix()
    return re.sub(r'url\("?(\.\.?/[^")]+)"?\)', lambda match: f'url("{posixpath.normpath(posixpath.join(base, match[1]))}")', text)


def _cut_math_font(site: Path, root: Path, texts) -> None:
    """Cut the font of the formulas to the signs of this site; a page with formulas loads a quarter of it."""
    path = site / "assets" / "fonts" / "penalty-math.woff2"
    formulas = re.findall(r"<math.*?</math>", "".join(texts), re.DOTALL)
    signs = set(html.unescape(re.sub(r"<annotation.*?</annotation>|<[^>]*>", "", "".join(formulas), flags=re.DOTALL)))
    signs.add(" ")  # without a space, a browser takes the height of a line from another font
    signs.add("√")  # <msqrt> is drawn with it and does not write it
    font = TTFont(path, recalcTimestamp=False)
    # The browser sets a letter of its own, as in <mi>w</mi>, with the italic sign of the same letter.
    italics = {chr(code) for code in font.getBestCmap() if re.match("MATHEMATICAL ITALIC|PLANCK", unicodedata.name(chr(code)))}
    wanted = "".join(sorted(signs | {sign for sign in italics if unicodedata.normalize("NFKC", sign) in signs}))

    def cut() -> bytes:
        subsetter = Subsetter(Options(flavor="woff2", layout_features=["ccmp"], hinting=False))
        subsetter.populate(text=wanted)
        subsetter.subset(font)
        buffer = io.BytesIO()
        font.flavor = "woff2"
        font.save(buffer)
        return buffer.getvalue()

    depends = f"{version('fonttools')} {version('brotli')} {wanted}".encode() + path.read_bytes()
    path.write_bytes(kept(root / ".cache" / "fonts" / path.name, depends, cut))


def _mend_script(name: str, text: str) -> str:
    """Name what a screen reader could not, start without the browser's signal, and load the search when it is wanted.

    Each copy button stands in a navigation landmark without a name, of which a screen reader would list them all. The script now
    comes after the whole page, so the signal that the page is there may have been given before. The index holds the words of the
    whole site; the theme loads it, and the script that looks through it, with every page, here they are loaded when a reader goes
    to the search. The theme unfolds all that is folded before it prints, here an answer stays as the reader has left it.
    """
    text = _mend(name, "its copy buttons", r'"nav",(\{class:"md-code__nav"\})', r'"div",\1', text)
    ready = r'\w+\(document,"DOMContentLoaded",\{once:!0\}\)\.subscribe\(\(\)=>(\w+\.next\(document\))\)'
    text = _mend(name, "its wait for the page", ready, r"\1", text)
    text = _mend(name, "the start of its search's worker", r"\bnew Worker\(e\)", _WORKER, text)
    folded = r'(closest\("details:not\(\[open\]\)"\)\),\w+\(\w=>(\w)===\w\).{,80}?\.pipe\(\w+\(\w=>)(\w\|\|!\w)\)'
    text = _mend(name, "the unfolding before it prints", folded, r'\1(\3)&&!\2.matches(".pt-answer"))', text)
    # The names that RxJS's fromEvent and switchMap have in the bundle, read off a place where the theme uses them.
    from_event = re.search(r'(\w+)\(window,"compositionstart"\)', text)
    switch_map = re.search(r"return \w+\(\)\.pipe\((\w+)\((\w)=>\2\?\w+:\w+\)\)", text)
    if not (from_event and switch_map):
        raise _unlike(name, "the loading of its search's index")
    form = 'document.forms.namedItem("search")'
    asked = rf'{form}?{from_event[1]}({form},"focusin",{{once:!0}}).pipe({switch_map[1]}(\1)):'
    return _mend(name, "the loading of its search's index", rf"{re.escape(form)}\?(\w+)\(\):", asked, text)
