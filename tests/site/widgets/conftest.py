"""Pages with widgets, open in a browser, and their modules, run there."""

import pytest

from tests.site.conftest import LAPTOP


@pytest.fixture
def open_page(browser, site_url):
    """Return a function that opens the home page, or another one, in a context of its own, and waits for its scripts."""
    contexts = []

    def open_in(address="", viewport=LAPTOP, **options):
        contexts.append(browser.new_context(viewport=viewport, **options))
        page = contexts[-1].new_page()
        page.goto(site_url + address)
        if options.get("java_script_enabled", True):
            page.wait_for_function("window.document$")  # the script of the theme, which changes the page as well
            if address == "":
                page.locator("pt-shrink input").wait_for()
        return page

    yield open_in
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def run(browser, site_url):
    """Return a function that evaluates a JavaScript `expression`, in which `m` is the module; None where it raises RangeError."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(site_url)
    attempt = "try { return %s } catch (error) { if (error instanceof RangeError) return null; throw error; }"

    yield lambda module, expression: page.evaluate(f"import('{site_url}widgets/{module}').then((m) => {{ {attempt % expression} }})")
    context.close()
