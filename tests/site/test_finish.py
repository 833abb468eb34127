"""What is done to the finished site."""

import html
import posixpath
import re
import shutil
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest
from fontTools.ttLib import TTFont

from pipeline import finish
from pipeline.source import ROOT, SiteError
from tests.site.small import edit, write

PAGE = """<head>
<link rel="stylesheet" href="assets/stylesheets/main.1.css">
<link rel="stylesheet" href="stylesheets/site.css">
</head>
<div class="md-search" data-md-component="search" role="dialog"></div>
<math><mi>w</mi><mo>∑</mo></math>
<script src="assets/javascripts/bundle.1.min.js"></script>
"""
SCRIPT = """t("nav",{class:"md-code__nav"});h(document,"DOMContentLoaded",{once:!0}).subscribe(()=>e.next(document));
g(window,"compositionstart");function s(){return q().pipe(w(a=>a?b:c))}document.forms.namedItem("search")?i():d;
function l(e,t=new Worker(e)){}
function d(e,t,r){let o=!0;return L(t.pipe(m(n=>n.closest("details:not([open])")),g(n=>e===n)),r.pipe(g(n=>n||!o),O(()=>o=e.open)))}
"""
WORKER = "words.map(r=>typed(r)?r:`${r}*`).join(' ')"


@pytest.fixture
def site(tmp_path):
    """A site of one page, as the theme would have written it."""
    write(tmp_path / "index.html", PAGE)
    write(tmp_path / "old" / "index.html", '<meta http-equiv="refresh" content="0; url=..">')
    write(tmp_path / "assets" / "javascripts" / "bundle.1.min.js", SCRIPT)
    write(tmp_path / "assets" / "javascripts" / "workers" / "search.1.min.js", WORKER)
    write(tmp_path / "assets" / "stylesheets" / "main.1.css", "p{color:red}/*# sourceMappingURL=main.1.css.map */")
    write(tmp_path / "stylesheets" / "site.css", 'q { src: url("../assets/fonts/penalty-math.woff2"); }')
    (tmp_path / "assets" / "fonts").mkdir()
    shutil.copy(ROOT / "docs" / "assets" / "fonts" / "penalty-math.woff2", tmp_path / "assets" / "fonts")
    return tmp_path


def test_style_sheets_are_joined_in_their_order(site):
    finish.finish(site, site)
    (sheet,) = site.rglob("*.css")
    assert sheet.read_text(encoding="utf-8") == 'p{color:red}q { src: url("assets/fonts/penalty-math.woff2"); }'
    assert re.findall("<link[^>]*>", (site / "index.html").read_text(encoding="utf-8")) == [f'<link rel="stylesheet" href="{sheet.name}">']


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "index.html",
            'rel="stylesheet" href',
            "rel=stylesheet href",
            "index.html: mkdocs-material .* writes its links to style sheets in",
        ),
        ("index.html", 'href="stylesheets', 'media="all" href="stylesheets', "its links to style sheets in"),
        ("index.html", "</head>", '<hr><link rel="stylesheet" href="assets/x.css">', "its links to style sheets in"),
        ("index.html", "<script src", "<script defer src", "index.html: mkdocs-material .* writes the tag of its script in"),
        ("index.html", 'role="dialog"', 'role="search"', "index.html: mkdocs-material .* writes its search in"),
        ("assets/javascripts/bundle.1.min.js", '"nav"', '"div"', "bundle.1.min.js: mkdocs-material .* writes its copy buttons in"),
        ("assets/javascripts/bundle.1.min.js", "{once:!0}", "", "writes its wait for the page in"),
        ("assets/javascripts/bundle.1.min.js", "Worker(e)", "Worker(a)", "writes the start of its search's worker in"),
        ("assets/javascripts/bundle.1.min.js", "n||!o", "n", "writes the unfolding before it prints in"),
        ("assets/javascripts/bundle.1.min.js", "window", "document", "writes the loading of its search's index in"),
        ("assets/javascripts/bundle.1.min.js", "?i():", "&&i()||", "writes the loading of its search's index in"),
        (
            "assets/javascripts/workers/search.1.min.js",
            "*`",
            "`+star",
            "search.1.min.js: mkdocs-material .* writes a query of its search in",
        ),
    ],
)
def test_a_theme_that_has_changed_stops_the_build(site, file, old, new, said):
    edit(site / file, old, new)
    with pytest.raises(SiteError, match=said) as stopped:
        finish.finish(site, site)
    assert "another way than pipeline/finish.py expects; mend that file, or go back" in str(stopped.value)


def test_a_damaged_font_in_the_cache_is_made_anew(site):
    font, pristine = (folder / "penalty-math.woff2" for folder in (site / "assets" / "fonts", ROOT / "docs" / "assets" / "fonts"))
    finish._cut_math_font(site, site, [PAGE])
    whole = font.read_bytes()
    assert {ord(sign) for sign in "w∑"} <= set(TTFont(font).getBestCmap())
    (kept,) = (site / ".cache" / "fonts").iterdir()
    kept.write_bytes(kept.read_bytes()[:-100])
    shutil.copy(pristine, font)
    finish._cut_math_font(site, site, [PAGE])
    assert font.read_bytes() == whole


def test_every_page_has_the_one_style_sheet_and_all_that_it_names_is_there(site_dir):
    (sheet,) = site_dir.rglob("*.css")
    for page in site_dir.rglob("*.html"):
        links = re.findall(r'<link[^>]*rel="stylesheet"[^>]*href="([^"]*)"', page.read_text(encoding="utf-8"))
        at = f"/{site_dir.name}/{page.relative_to(site_dir).as_posix()}"
        assert [urljoin(at, link) for link in links] == [f"/{site_dir.name}/{sheet.name}"], at
    named = re.findall(r"url\(\"?((?!data:)[^\")]+)", sheet.read_text(encoding="utf-8"))
    assert named and [name for name in named if not (site_dir / posixpath.normpath(name)).is_file()] == []


def test_the_font_of_the_formulas_has_every_sign_that_the_site_uses(site_dir):
    """Also the italic sign that the browser puts for a letter of its own; and far less than the whole font."""
    cut, whole = (TTFont(root / "assets" / "fonts" / "penalty-math.woff2").getBestCmap() for root in (site_dir, ROOT / "docs"))
    pages = "".join(path.read_text(encoding="utf-8") for path in site_dir.rglob("*.html"))
    formulas = re.sub(r"<annotation.*?</annotation>", "", "".join(re.findall(r"<math.*?</math>", pages, re.DOTALL)), flags=re.DOTALL)
    signs = set(html.unescape(re.sub(r"<[^>]*>", "", formulas))) - {"\n", "\t"}
    lacking = sorted(sign for sign in signs if ord(sign) not in whole)
    assert not lacking, f"Penalty Math lacks {lacking}; add them to tools/fonts.py and run it"
    assert {"w", "λ", "∑"} <= signs and {ord(sign) for sign in signs} <= set(cut)
    assert {0x1D464, 0x1D706, ord("√")} <= set(cut)  # italic w and λ, and the sign that <msqrt> draws
    assert set(cut) < set(whole)


def test_the_font_of_the_text_has_every_sign_that_the_site_uses(site_dir):
    """But for code, whose face is the reader's own."""
    known = TTFont(ROOT / "docs" / "assets" / "fonts" / "penalty-sans-normal.woff2").getBestCmap()
    lacking = {}
    for path in sorted(site_dir.rglob("*.html")):
        article = re.search(r"<article.*?</article>", path.read_text(encoding="utf-8"), re.DOTALL)
        text = re.sub(r"<(code|pre|math|svg|style|script)\b.*?</\1>|<[^>]*>", "", article[0] if article else "", flags=re.DOTALL)
        lacking |= {
            sign: path.relative_to(site_dir).as_posix() for sign in set(html.unescape(text)) - {"\n", "\t"} if ord(sign) not in known
        }
    assert not lacking, f"Penalty Sans lacks {lacking}; add them to TEXT in tools/fonts.py and run it"


_FOREIGN = re.compile(r"(?:https?:|(?<![:\w]))//(?!www\.w3\.org/)[\w-]+\.[^\s\"')]+")  # a name space of the W3C is no address
_LOADING = {"src", "srcset", "imagesrcset", "href", "xlink:href", "data", "poster", "background"}


def _named_in(css: str) -> list[str]:
    return re.findall(r"(?:url\(|@import(?!\s*url))\s*[\"']?([^\"')\s;]+)", css)


class _Loads(HTMLParser):
    """Gathers what makes a browser load something: attributes, styles and scripts, but for links to follow and metadata."""

    def __init__(self):
        super().__init__()
        self.found, self.inside = [], None

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        follows = tag in ("a", "area") or given.get("rel") in ("canonical", "prev", "next", "alternate", "license")
        self.found += [value for name, value in attrs if name in _LOADING and value and not follows]
        self.found += _named_in(given.get("style", ""))
        self.inside = tag if tag in ("style", "script") and given.get("type") != "application/ld+json" else None

    def handle_data(self, data):
        if self.inside:
            self.found += _named_in(data) if self.inside == "style" else [data]

    def handle_endtag(self, tag):
        self.inside = None


def foreign(page: str) -> list[str]:
    """Return the addresses of other hosts that the text of a `page` makes a browser load, or may."""
    parser = _Loads()
    parser.feed(page)
    return [address for text in parser.found for address in _FOREIGN.findall(text)]


@pytest.mark.parametrize(
    "loads",
    [
        '<script src="https://cdn.example/a.js"></script>',
        '<script>const address = "https://cdn.example/a.js"</script>',
        '<script type="module">import "//cdn.example/a.js"</script>',
        '<link rel="stylesheet" href="//cdn.example/a.css">',
        '<link as="font" rel="preload" href="https://cdn.example/a.woff2">',
        '<link rel="preconnect" href="https://cdn.example/">',
        '<img src="a.svg" srcset="https://cdn.example/a.svg 2x">',
        '<iframe src="https://cdn.example/"></iframe>',
        '<p style="background: url(https://cdn.example/a.svg)">',
        "<style>@import 'https://cdn.example/a.css';</style>",
        '<style>@import url("https://cdn.example/a.css");</style>',
    ],
)
def test_an_address_of_another_host_is_found(loads):
    assert len(foreign(loads)) == 1


@pytest.mark.parametrize(
    "follows",
    [
        '<link rel="canonical" href="https://other.example/">',
        '<a href="https://other.example/">a link</a>',
        '<meta property="og:image" content="https://other.example/card.png">',
        '<script type="application/ld+json">{"url": "https://other.example/"}</script>',
        '<svg xmlns="http://www.w3.org/2000/svg">',
        "<p>https://other.example/a.js</p>",
    ],
)
def test_an_address_that_is_only_named_is_none(follows):
    assert foreign(follows) == []


def test_no_page_holds_an_address_of_another_host_that_a_browser_would_load(site_dir):
    """Read from their text, so that what is loaded only now and then, or by other browsers, is found too."""
    texts = {path: path.read_text(encoding="utf-8") for path in site_dir.rglob("*.html")}
    texts |= {path: f"<style>{path.read_text(encoding='utf-8')}</style>" for path in site_dir.rglob("*.css")}
    texts |= {path: f"<script>{path.read_text(encoding='utf-8')}</script>" for path in site_dir.glob("widgets/*.js")}
    named = {path.relative_to(site_dir).as_posix(): foreign(text) for path, text in texts.items()}
    assert {name: addresses for name, addresses in named.items() if addresses} == {}, "serve these files from docs/assets, or do without"
