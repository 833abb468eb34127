"""The build as a whole, on the small project."""

import filecmp
import re
import shutil

import yaml

from tests.site.small import build_site, passed, write


def test_the_small_project_builds(project):
    passed(project)
    site = build_site(project)
    page = (site / "learn" / "demo" / "index.html").read_text(encoding="utf-8")
    assert 'it reaches <span class="pt-measured">0.95</span>, at best <span class="pt-measured">0.925</span>' in page
    assert re.search(r'<td>0.1</td>\s*<td><span class="pt-measured">0.95</span></td>', page)
    assert (
        '<img alt="Two lines that rise" class="pt-light" decoding="async" height="307" loading="lazy" '
        'src="../../figures/demo/lines.svg" width="442"' in page
    )
    assert "<figcaption>\n<p>Notice <strong>this</strong>.</p>" in page
    assert "12 of 43 rows" in page
    assert "<math" in page and "$" not in re.search("<article.*</article>", page, re.DOTALL)[0]
    script = (site / "examples" / "demo" / "index.html").read_text(encoding="utf-8")
    assert '<a href="../../learn/demo/#idea">' in script and "<math" in script and 'id="demo"' in script
    assert len(script) < 40_000
    assert (site / "figures" / "demo" / "lines.csv").read_text().startswith("panel,series,factor,weight\nPaths,L1,1.0,1.0\n")
    table = (site / "figures" / "demo" / "matrix.csv").read_text()
    assert table == "panel,True label \\ Predicted label,no,yes\n,no,30,2\n,yes,5,40\n"


def test_two_builds_of_the_same_sources_are_the_same_byte_for_byte(project, executed):
    first = build_site(project, "first")
    shutil.rmtree(project / ".cache")
    second = build_site(project, "second")

    def same(comparison):
        assert not (comparison.left_only or comparison.right_only)
        _, different, unread = filecmp.cmpfiles(comparison.left, comparison.right, comparison.common_files, shallow=False)
        assert different == [] and unread == []
        for inner in comparison.subdirs.values():
            same(inner)

    same(filecmp.dircmp(first, second))


def test_a_page_that_has_moved_leads_on(project):
    settings = yaml.safe_load((project / "mkdocs.yml").read_text(encoding="utf-8"))
    next(plugin for plugin in settings["plugins"] if "redirects" in plugin)["redirects"]["redirect_maps"] = {"old.md": "learn/demo.md"}
    write(project / "mkdocs.yml", yaml.safe_dump(settings))
    assert 'url=../learn/demo/"' in (build_site(project) / "old" / "index.html").read_text(encoding="utf-8")
