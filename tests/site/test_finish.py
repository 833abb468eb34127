"""What is done to the finished site."""

import html
import re

import mkdocs.config
import pytest
from fontTools.ttLib import TTFont
from mkdocs.commands.build import build

from pipeline import finish
from pipeline.source import ROOT, SiteError


def test_only_rules_that_no_page_can_use_are_left_out():
    css = (
        ":root{--used:1px;--unused:url('data:,;}')}.a:not(.x),.b{margin:var(--used)}.a:is(.c,.d){left:1px}"
        "@media print{.b{color:red}}@media screen{.a[dir=rtl]{left:0}.a:hover{top:0}}@font-face{src:url(x)}"
    )
    expected = ":root{--used:1px}.a:not(.x){margin:var(--used)}.a:is(.c,.d){left:1px}@media screen{.a:hover{top:0}}@font-face{src:url(x)}"
    assert finish.slim_down(css, {"a", "c"}) == expected


LOOK = """(scheme) => {
    document.body.dataset.mdColorScheme = scheme;
    const seen = new Map();
    for (const element of document.querySelectorAll("body, body *")) {
        const kind = `${element.parentElement.className} > ${element.tagName}.${element.className}`;
        if (seen.has(kind)) continue;
        const style = getComputedStyle(element), box = element.getBoundingClientRect();
        const look = [...style].filter((name) => !name.startsWith("--")).map((name) => `${name}: ${style.getPropertyValue(name)}`);
        seen.set(kind, [...look, `box: ${[box.x, box.y, box.width, box.height]}`]);
    }
    return [...seen];
}"""


@pytest.mark.parametrize("address", ["", "learn/quickstart/", "examples/quickstart/", "ledger/"])
def test_pages_look_the_same_with_the_one_style_sheet(site_dir, whole_site, browser, address):
    """Every property of an element of each kind, its place and its size."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce", java_script_enabled=False)
    page = context.new_page()
    looks = []
    for site in (site_dir, whole_site):
        page.goto((site / address / "index.html").as_uri())
        page.evaluate("Promise.allSettled([...document.fonts].map((font) => font.load()))")
        looks.append([dict(page.evaluate(LOOK, scheme)) for scheme in ("default", "slate")])
    context.close()
    assert len(looks[0][0]) > 100
    for one, whole in zip(*looks):
        for kind, look in whole.items():
            assert [pair for pair in zip(one[kind], look) if pair[0] != pair[1]] == [], kind


@pytest.fixture(scope="module")
def whole_site(tmp_path_factory):
    """This project's site with the theme's style sheets as they are."""
    folder = tmp_path_factory.mktemp("whole") / "site"
    config = mkdocs.config.load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finish, "finish", lambda site: None)
        build(config)
    # With the whole font, a system that hints by itself may round the height of a formula by a pixel.
    finish._cut_math_font(folder, [path.read_text(encoding="utf-8") for path in folder.rglob("*.html")])
    assert len(list(folder.rglob("*.css"))) >= 4
    return folder


BUTTONS = 't("nav",{class:"md-code__nav"});'


WAITS = 'h(document,"DOMContentLoaded",{once:!0}).subscribe(()=>e.next(document));'


@pytest.mark.parametrize(
    ("text", "said"), [(WAITS, "copy buttons"), (BUTTONS, "waits for the page"), (BUTTONS + WAITS, "index of its search")]
)
def test_a_theme_whose_script_has_changed_stops_the_build(tmp_path, text, said):
    bundle = tmp_path / "bundle.1.js"
    bundle.write_text(text)
    with pytest.raises(SiteError, match=said):
        finish._mend_script(bundle)


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
