"""What is done to the finished site: one style sheet, a font cut to size, names for what the theme leaves unnamed.

Four style sheets block the first paint of a page, and the theme's own, 137 kB, is for the most part for features that this
site has not. They become one, without the rules that no page can use.
"""

import hashlib
import html
import io
import posixpath
import re
import unicodedata
from pathlib import Path

import tinycss2
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from pipeline.files import write_whole
from pipeline.source import ROOT, SiteError

_LINKS = re.compile(r'(?:\s*<link rel="stylesheet" href="[^"]+">)+')
# Parts of the theme that mkdocs.yml does not switch on, though its script knows them.
_ABSENT = re.compile(
    r"(md-(annotation|banner|consent|feedback|grid--|path|post|profile|pagination|progress|social|source__fact|status|tabs|tag|version))"
    r"|admonition|mermaid|tabbed|task-list|critic|glightbox|keys|doc-"
)
_BUNDLE = re.compile(r'<script src=("[^"]*/bundle\.\w+\.min\.js")></script>')
# The script of the theme (menu, search, copy buttons) takes a phone longer than the page itself: first the reader sees the page.
_AFTER_PAINT = (
    r'<script>requestAnimationFrame(()=>setTimeout(()=>{const bundle=document.createElement("script");bundle.src=\1;'
    "document.head.append(bundle)}))</script>"
)
_HREF = re.compile(r'<link rel="stylesheet" href="([^"]+)">')


def slim_down(css: str, words: set[str]) -> str:
    """Return `css` without the selectors that name a class or an attribute's value not in `words`, and without unused
    custom properties."""
    rules = _filter(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True), words)
    rules = _without_unused(rules, set(re.findall(r"--[\w-]+", css)))  # rules that were empty from the start
    while True:
        used = set(re.findall(r"var\(\s*(--[\w-]+)", _write(rules)))
        slimmer = _without_unused(rules, used)
        if slimmer == rules:
            return _write(rules)
        rules = slimmer


def _filter(rules, words: set[str]) -> list[tuple]:
    """Return the rules as (selectors or at-rule, content); content is declarations, inner rules, or None."""
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [selector for selector in _split(tinycss2.serialize(rule.prelude)) if _names(selector) <= words]
            declarations = tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True)
            if selectors:
                kept.append((",".join(selectors), [_declaration(declaration) for declaration in declarations]))
        elif rule.lower_at_keyword in ("media", "supports"):
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            kept.append((f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude).rstrip()}", _filter(inner, words)))
        elif rule.lower_at_keyword != "charset":
            kept.append((re.sub(r"\s+", " ", tinycss2.serialize([rule])), None))
    return kept


def _names(selector: str) -> set[str]:
    """Return the classes and values of attributes without which the selector finds nothing."""
    while (needed := re.sub(r":(?:not|is|where|has)\([^()]*\)|(?<!:not)(?<!:is)(?<!:where)(?<!:has)\([^()]*\)", "", selector)) != selector:
        selector = needed
    values = re.findall(r"\[[\w-]+[~|^$*]?=\"?([\w-]+)\"?\]", selector)
    return set(re.findall(r"\.(-?[A-Za-z_][\w-]*)", re.sub(r"\[[^\]]*\]", "", selector))) | set(values)


def _declaration(node) -> str:
    if node.type != "declaration":
        raise ValueError(f"line {node.source_line}: only declarations are expected inside a rule, not {node.type}")
    return f"{node.name}:{tinycss2.serialize(node.value).strip()}{'!important' if node.important else ''}"


def _without_unused(rules: list[tuple], used: set[str]) -> list[tuple]:
    kept = []
    for head, content in rules:
        if content and isinstance(content[0], tuple):
            content = _without_unused(content, used)
        elif content:
            content = [text for text in content if not text.startswith("--") or text.partition(":")[0] in used]
        if content or content is None:
            kept.append((head, content))
    return kept


def _write(rules: list[tuple]) -> str:
    parts = []
    for head, content in rules:
        if content is None:
            parts.append(head)
        elif isinstance(content[0], tuple):
            parts.append(f"{head}{{{_write(content)}}}")
        else:
            parts.append(f"{head}{{{';'.join(content)}}}")
    return "".join(parts)


def _split(prelude: str) -> list[str]:
    """Split a selector list at its own commas, not at those inside `:is(a, b)`."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(prelude):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(prelude[start:position])
            start = position + 1
    return [part.strip() for part in [*parts, prelude[start:]]]


def finish(site: Path) -> None:
    """Replace the style sheets that the pages of the built `site` link to with one, and mend the theme's markup.

    Raises:
        SiteError: if the theme is not the one that this was written for.
    """
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.html"))}
    pages = {path: text for path, text in pages.items() if _LINKS.search(text)}  # the others lead on to another page
    for bundle in sorted(site.glob("assets/javascripts/bundle.*.js")):
        _mend_script(bundle)
    sheets = [site / href for href in _HREF.findall(_LINKS.search(pages[site / "index.html"])[0])]
    slim = slim_down("".join(_movable(sheet, site) for sheet in sheets), _words(site, pages.values()))
    name = f"site.{hashlib.sha256(slim.encode()).hexdigest()[:8]}.css"
    (site / name).write_text(slim, encoding="utf-8")
    for sheet in sheets:
        sheet.unlink()
        sheet.with_name(f"{sheet.name}.map").unlink(missing_ok=True)
    _cut_math_font(site, pages.values())
    for path, text in pages.items():
        up = _HREF.search(text)[1].partition("assets/")[0]
        text = _LINKS.sub(f'\n<link rel="stylesheet" href="{up}{name}">', text, count=1)
        text = _BUNDLE.sub(_AFTER_PAINT, text)
        text = text.replace('role="dialog"', 'role="dialog" aria-label="Search"', 1)
        path.write_text(text, encoding="utf-8")


def _cut_math_font(site: Path, texts) -> None:
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
    key = hashlib.sha256(wanted.encode() + path.read_bytes()).hexdigest()[:12]
    kept = ROOT / ".cache" / "fonts" / f"{key}.woff2"
    if not kept.is_file():
        options = Options(flavor="woff2", layout_features=["ccmp"], hinting=False)
        subsetter = Subsetter(options)
        subsetter.populate(text=wanted)
        subsetter.subset(font)
        buffer = io.BytesIO()
        font.flavor = "woff2"
        font.save(buffer)
        write_whole(kept, buffer.getvalue())
    path.write_bytes(kept.read_bytes())


def _mend_script(bundle: Path) -> None:
    """Name what a screen reader could not, start without the browser's signal, and load the index of the search when it is wanted.

    Each copy button stands in a navigation landmark without a name, of which a screen reader would list them all. The script now
    comes after the whole page, so the signal that the page is there may have been given before. The index holds the words of the
    whole site; the theme loads it with every page, here it is loaded when a reader goes to the search.
    """
    text = bundle.read_text(encoding="utf-8")
    landmark = '"nav",{class:"md-code__nav"}'
    if landmark not in text:
        raise SiteError(f"{bundle.name}: the theme makes its copy buttons in another way than pipeline/finish.py mends.")
    text = text.replace(landmark, '"div",{class:"md-code__nav"}')
    text, waits = re.subn(r'\w+\(document,"DOMContentLoaded",\{once:!0\}\)\.subscribe\(\(\)=>(\w+\.next\(document\))\)', r"\1", text)
    if waits != 1:
        raise SiteError(f"{bundle.name}: the theme waits for the page in another way than pipeline/finish.py mends.")
    form = 'document.forms.namedItem("search")'
    loads = re.search(rf"{re.escape(form)}\?(\w+)\(\):", text)
    # The names that RxJS's fromEvent and switchMap have in the bundle, read off a place where the theme uses them.
    from_event = re.search(r'(\w+)\(window,"compositionstart"\)', text)
    switch_map = re.search(r"return \w+\(\)\.pipe\((\w+)\((\w)=>\2\?\w+:\w+\)\)", text)
    if not (loads and from_event and switch_map):
        raise SiteError(f"{bundle.name}: the theme loads the index of its search in another way than pipeline/finish.py mends.")
    asked = f'{from_event[1]}({form},"focusin",{{once:!0}}).pipe({switch_map[1]}({loads[1]}))'
    bundle.write_text(text.replace(loads[0], f"{form}?{asked}:"), encoding="utf-8")


def _words(site: Path, texts) -> set[str]:
    """Return all that can be a class or the value of an attribute: in the pages, or set by a script."""
    words = set()
    for text in texts:
        for value in re.findall(r'="([^"]*)"', text):
            words.update(value.split())
    for script in site.rglob("*.js"):
        words.update(re.findall(r"-?[A-Za-z_][\w-]*", script.read_text(encoding="utf-8")))
    return {word for word in words if not _ABSENT.match(word)}


def _movable(sheet: Path, site: Path) -> str:
    """Return a sheet's text with its addresses relative to the site's root, where the joined sheet stands."""
    text = re.sub(r"/\*# sourceMappingURL.*?\*/", "", sheet.read_text(encoding="utf-8"))
    base = sheet.parent.relative_to(site).as_posix()
    return re.sub(r'url\("?(\.\.?/[^")]+)"?\)', lambda match: f'url("{posixpath.normpath(posixpath.join(base, match[1]))}")', text)
