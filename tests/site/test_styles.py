import re
from pathlib import Path

import material

from pipeline.source import ROOT
from pipeline.styles import names, used

SHEET = """
.here,.gone{color:red}
.gone{color:blue}
.gone .here{color:green}
p:not(.gone){color:black}
@media print{.gone{margin:0}.here{margin:1px}}
@media screen{.gone{margin:2px}}
@font-face{font-family:"A";src:url("a.woff2")}
.made-by-script{top:0}
.part__added{top:1px}
"""


def test_what_no_page_can_use_is_left_out():
    kept = used(SHEET, names(['<p class="here other">'], ['add("made-by-script");add("part__"+name)']))
    assert re.findall(r"\.gone\b[^)]", kept) == []
    assert ".here{color:red}" in kept
    assert "@media print{.here{margin:1px}}" in kept
    assert "screen" not in kept


def test_what_a_page_or_a_script_may_use_stays():
    page = '<p class="here"></p><script>mark("from-a-page")</script>'
    kept = used(f"{SHEET}.from-a-page{{left:0}}", names([page], ['add("made-by-script");add("part__"+name)']))
    for rule in ("p:not(.gone){color:black}", '@font-face{font-family:"A";src:url("a.woff2")}', ".made-by-script{top:0}"):
        assert rule in kept
    assert ".part__added{top:1px}" in kept  # the script puts the name together
    assert ".from-a-page{left:0}" in kept


def test_a_word_of_the_prose_is_no_class():
    assert ".gone" not in used(".gone{color:red}", names(["<p>It is gone.</p>"], []))


def test_the_site_keeps_what_its_pages_use_of_the_theme_and_no_more_than_three_quarters(site_dir):
    theme = "".join(path.read_text(encoding="utf-8") for path in Path(material.__file__).parent.rglob("assets/stylesheets/*.css"))
    joined = next(site_dir.glob("site.*.css")).read_text(encoding="utf-8")
    styled, kept = (set(re.findall(r"\.(md-[\w-]+)", sheet)) for sheet in (theme, joined))
    on_pages = {
        name
        for page in site_dir.rglob("index.html")
        for value in re.findall(r'class="([^"]*)"', page.read_text("utf-8"))
        for name in value.split()
    }
    assert len(on_pages & styled) > 50
    assert on_pages & styled <= kept
    assert len(joined) < 0.75 * len(theme) + sum(path.stat().st_size for path in (ROOT / "docs" / "stylesheets").iterdir())
