"""Tables written by hand: stacked on a phone where a column of prose would be narrow."""

from markdown import Markdown

from tests.site.conftest import LAPTOP, PHONE

LONG = "| what | why |\n|---|---|\n| `a` | a reason that takes several lines on a phone |\n"
SHORT = "| a | b |\n|---|---|\n| 1 | 2 |\n"


def read(text):
    return Markdown(extensions=["tables", "pipeline.tables"]).convert(text)


def test_a_table_with_a_long_cell_can_be_stacked():
    made = read(LONG)
    assert made.startswith('<div class="pt-table pt-prose pt-stack" tabindex="0">')
    assert '<td data-label="why">a reason' in made


def test_a_table_of_short_cells_stays_as_it_is():
    made = read(SHORT)
    assert "pt-stack" not in made and "data-label" not in made and '<table class="pt-grid">' in made


def test_on_a_phone_rows_are_stacked_with_the_heads_as_labels(browser, site_url):
    for size, display in ((PHONE, "block"), (LAPTOP, "table-row")):
        page = browser.new_page(viewport=size)
        page.goto(f"{site_url}reference/notation/")
        row = page.locator(".pt-stack tbody tr").first
        assert row.evaluate("row => getComputedStyle(row).display") == display
        # Blocks in the place of rows and cells: Chromium tells a screen reader of a table all the same.
        tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
        told = [node["role"]["value"] for node in tree if not node["ignored"]]
        assert {"table", "row", "cell"} <= set(told) and told.count("row") == page.locator("tr").count()
        label = row.locator("td").nth(1).evaluate("cell => getComputedStyle(cell, '::before').content")
        assert label == ('"meaning: "' if size is PHONE else "none")
        page.close()
