"""What holds of every widget."""

import pytest

from tests.site.small import edit, stops
from tools import stills


@pytest.mark.parametrize("name", stills.names())
def test_the_still_is_what_the_module_draws(browser, site_url, name):
    kept = stills.path(name).read_text(encoding="utf-8")
    drawn = stills.draw(browser, site_url, name)
    assert kept == drawn, f"docs/widgets/{name}.html is another picture than {name}.js draws; python -m tools.stills draws it anew"


def test_a_page_loads_the_modules_it_names_and_no_others(open_page):
    loaded = (
        "performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname).filter((path) => path.includes('/widgets/'))"
    )
    assert open_page("ledger/").evaluate(loaded) == []
    assert open_page().evaluate(loaded) == [f"/the-penalty-term/widgets/{name}.js" for name in ("shrink", "penalties")]


def test_a_page_with_a_widget_that_has_no_still_stops_the_build(project, caplog):
    edit(project / "docs" / "learn" / "demo.md", "See [the script]", "{{ widget absent }}\n\nSee [the script]")
    stops(project, caplog, "docs/learn/demo.md:", "there is no still docs/widgets/absent.html; python -m tools.stills draws it.")
