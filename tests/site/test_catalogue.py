"""What a chapter tells catalogues of open education about itself."""

import json
import re
from html import unescape

import yaml

from pipeline.catalogue import LICENCE, keywords, resource
from pipeline.chapters import chapters
from tests.site.conftest import ROOT
from tests.site.small import write


def test_the_keywords_of_a_chapter_are_the_words_that_it_explains(tmp_path):
    entries = "**lasso**: A word.\n[L1](../learn/l1.md)\n{: #lasso }\n\n**`l2`**: A word.\n[L2](../learn/l2.md#idea)\n{: #l2 }\n"
    write(tmp_path / "docs" / "reference" / "glossary.md", entries)
    assert keywords("l1", tmp_path) == ["lasso"] and keywords("l2", tmp_path) == ["l2"]


HEAD = """<div class="pt-head"><p><strong>7 minutes</strong> and 3 more</p><ul class="pt-take"><li><a href="a">The script</a></li></ul>
<ul><li>draw <code>two</code> lines, and <math><mi>w</mi><annotation>\\w</annotation></math>;</li>
<li>read
them.</li></ul></div><ul><li>Another list</li></ul>"""


def test_a_chapter_is_described_by_its_head(tmp_path):
    front = {"title": "Demo", "description": "Two lines."}
    told = resource(HEAD, front, "https://x.org/learn/demo/", "Somebody", "2023-11-14", tmp_path)
    assert told["name"] == "Demo" and told["description"] == "Two lines." and told["timeRequired"] == "PT7M"
    assert told["teaches"] == ["draw two lines, and w", "read them"]
    assert told["dateModified"] == "2023-11-14" and told["author"]["name"] == "Somebody"


def test_what_is_not_known_is_not_said(tmp_path):
    told = resource("<p>No head</p>", {"title": "Demo"}, "https://x.org/learn/demo/", "Somebody", "", tmp_path)
    assert not {"description", "teaches", "timeRequired", "dateModified"} & told.keys()


def test_every_chapter_describes_itself_for_catalogues(site_dir):
    modified = re.search("<lastmod>(.*?)</lastmod>", (site_dir / "sitemap.xml").read_text(encoding="utf-8"))
    author = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["authors"][0]["name"]
    for known in chapters():
        page = site_dir / "learn" / known.stem / "index.html"
        text = page.read_text(encoding="utf-8")
        told = json.loads(re.search('<script type="application/ld.json">(.*?)</script>', text, re.DOTALL)[1])
        where = f"docs/learn/{known.stem}.md"
        assert told["@context"] == "https://schema.org" and told["@type"] == "LearningResource"
        assert told["name"] == known.title and told["author"]["name"] == author and told["inLanguage"] == "en"
        assert told["description"] == unescape(re.search('name="description" content="(.*?)"', text)[1]), where
        assert told["url"] == re.search('rel="canonical" href="(.*?)"', text)[1] == re.search('og:url" content="(.*?)"', text)[1]
        assert told.get("timeRequired") == f"PT{known.minutes}M", f"{where}: its head says no minutes"
        assert told.get("teaches"), f"{where}: its head lists nothing that a reader can do by the end"
        assert told["license"] == LICENCE and told["keywords"]
        assert told.get("dateModified") == (modified and modified[1])  # neither is known in a copy without git
    assert LICENCE in (ROOT / "LICENSE").read_text(encoding="utf-8")
