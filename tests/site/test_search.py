"""The index of the search."""

import json
from types import SimpleNamespace

import pytest
from material.plugins.search.plugin import SearchIndex

from pipeline import search
from pipeline.source import SiteError
from tests.site.small import build_site, edit


def _index(project, site):
    return json.loads((build_site(project, site) / "search" / "search_index.json").read_text(encoding="utf-8"))


def test_the_kept_index_is_the_theme_s_own(project, monkeypatch):
    read = []
    whole = SearchIndex.add_entry_from_context
    monkeypatch.setattr(SearchIndex, "add_entry_from_context", lambda self, page: read.append(page.url) or whole(self, page))
    first = _index(project, "first")
    assert set(read) == {"", "learn/demo/", "examples/demo/", "ledger/", "ledger/demo/"}
    read.clear()
    assert _index(project, "second") == first and read == []
    edit(project / "docs" / "learn" / "demo.md", "## Idea", "Quite another word: xylophone.\n\n## Idea")
    third = _index(project, "third")
    assert read == ["learn/demo/"]
    assert "xylophone" in str(third) and "xylophone" not in str(first)
    read.clear()
    (project / ".cache" / "search" / "index.md.json").write_bytes(b"{")
    assert _index(project, "fourth") == third and read == [""]
    with monkeypatch.context() as patch:
        patch.setattr(search, "keep", lambda *_: None)
        assert _index(project, "fifth") == third


@pytest.mark.parametrize("index", [None, SimpleNamespace(entries=[])])
def test_another_index_stops_the_build(tmp_path, index):
    with pytest.raises(SiteError, match=r"mkdocs-material .* fills the index of its search in another way"):
        search.keep(index, tmp_path)
