"""The home page's figure: the still is what the module draws, its numbers are right, everyone can work it."""

import re

import keras
import numpy as np
import pytest
from keras import regularizers

from tests.site.conftest import LAPTOP, PHONE
from tests.site.widgets.optima import solve
from tests.test_index import V, trained_weights


def set_factor(page, factor):
    page.locator("pt-shrink input").fill(str(factor))


# The still


@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_without_scripts_the_still_is_whole_and_there_is_no_slider(open_page, viewport):
    page = open_page(viewport=viewport, java_script_enabled=False)
    drawings = page.get_by_role("img", name=re.compile(r"L[12] at λ = 2\.0, a bar for each weight"))
    assert drawings.count() == 2
    for number in range(2):
        assert drawings.nth(number).is_visible()
    assert page.locator(".pt-slider__scale .pt-mark").is_visible()
    assert page.get_by_text("λ = 2.0", exact=True).is_visible()
    assert page.get_by_role("slider").count() == 0


@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_nothing_shifts_when_the_slider_is_added(open_page, viewport):
    places = """[...document.querySelectorAll("pt-shrink, pt-shrink *:not(.pt-mark, input, .pt-heard), article h2, figcaption")].map(
        (element) => { const box = element.getBoundingClientRect(); return [box.x, box.y, box.width, box.height]; })"""
    still = np.array(open_page(viewport=viewport, java_script_enabled=False).evaluate(places))
    live = np.array(open_page(viewport=viewport).evaluate(places))
    assert len(still) > 80
    np.testing.assert_allclose(live, still, atol=0.5)


def test_the_thumb_stands_where_the_still_marks_the_factor(open_page):
    """And follows: the native thumb's centre is on the scale wherever it goes."""
    page = open_page()
    for factor in (0, 2, 7.3, 10):
        set_factor(page, factor)
        end, box = page.evaluate("""[document.querySelector(".pt-rail--done").getBoundingClientRect().right,
            document.querySelector("pt-shrink input").getBoundingClientRect().toJSON()]""")
        thumb = box["left"] + 22 + factor / 10 * (box["width"] - 44)  # a thumb of 44 pixels stays within the control
        assert end == pytest.approx(thumb, abs=1)


# The numbers


def test_the_figure_starts_from_the_weights_of_the_claims_and_reaches_every_zero(run):
    assert run("shrink.js", "m.WEIGHTS") == V.tolist()
    assert run("shrink.js", "m.MAXIMUM") >= 2 * np.abs(V).max()


def _shown(page):
    """What is to be seen in the two panels: the weights in print, their bars and arrows in pixels, the three numbers."""
    return page.evaluate("""Object.fromEntries(["l2", "l1"].map((name) => {
        const panel = document.querySelector(`.pt-panel--${name}`);
        const all = (selector) => [...panel.querySelectorAll(selector)];
        const zero = panel.querySelector(".pt-zero").getBoundingClientRect().left;
        const bars = (selector) => all(selector).map((bar) => {
            const box = bar.getBoundingClientRect();
            return box.left < zero - 2 ? -box.width : box.width;
        });
        return [name, {
            weights: all(".pt-now").map((text) => text.textContent),
            before: bars(".pt-before"), after: bars(".pt-after"),
            arrows: all(".pt-arrow").map((arrow) => arrow.getBoundingClientRect().width),
            rings: all(".pt-gone").length, facts: all("dd").map((fact) => fact.textContent),
            name: panel.querySelector("svg").getAttribute("aria-label"),
        }];
    }))""")


def _number(text):
    return float(text.replace("−", "-"))


@pytest.mark.parametrize("factor", [0, 0.6, 2, 5, 8, 10])
def test_the_picture_shows_what_a_solver_finds(open_page, factor):
    page = open_page()
    set_factor(page, factor)
    shown = _shown(page)
    half_a_digit = 0.005 + 1e-9
    for name, weights, cost in zip(("l2", "l1"), solve(factor), (np.square, np.abs)):
        panel = shown[name]
        assert [_number(text) for text in panel["weights"]] == pytest.approx(weights, abs=half_a_digit)
        assert [text == "0" for text in panel["weights"]] == [weight == 0 for weight in weights]
        assert all(f"becomes {text}" in panel["name"] for text in panel["weights"])
        zeros = int((weights == 0).sum())
        assert panel["rings"] == zeros
        assert panel["facts"][2] == f"{zeros} of 5"
        assert float(panel["facts"][1]) == pytest.approx(factor * cost(weights).sum(), abs=half_a_digit)
        unit = abs(panel["before"][1]) / 4  # pixels
        moved = np.abs(V - weights)
        assert np.array(panel["before"]) / unit == pytest.approx(V, abs=0.02)
        assert np.array(panel["after"]) / unit == pytest.approx(weights[weights != 0], abs=0.02)
        assert np.array(panel["arrows"]) / unit == pytest.approx(moved[moved > 1e-9], abs=0.02)
    assert shown["l2"]["facts"][0] == f"÷ {1 + factor:.1f}"
    assert shown["l1"]["facts"][0] == f"{factor / 2:.2f} towards 0"


def test_no_weight_under_l2_is_ever_shown_as_zero(run):
    """Rounding included, and no number reads −0.00, at every stop of the slider."""
    texts = run("shrink.js", "Array.from({length: m.MAXIMUM / m.STEP + 1}, (_, step) => m.panels(step * m.STEP))")
    assert len(texts) == 101
    for text in texts:
        l2, l1 = (re.findall(r'class="pt-now"[^>]*>([^<]+)<', panel) for panel in text.split("pt-panel--l1"))
        assert len(l2) == len(l1) == 5
        assert all(_number(text) != 0 for text in l2)
        assert all(_number(text) != 0 or text == "0" for text in l1)
    assert l1 == ["0"] * 5


@pytest.mark.parametrize("name", ["L2", "L1"])
def test_a_model_trained_in_keras_ends_at_the_weights_that_are_drawn(open_page, name):
    page = open_page()
    drawn = [_number(text) for text in _shown(page)[name.lower()]["weights"]]
    optimizer = keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 1000))
    trained = trained_weights(getattr(regularizers, name)(float(page.locator("pt-shrink input").input_value())), optimizer)
    np.testing.assert_allclose(drawn, trained, atol=0.01)


# The reader


def test_the_keyboard_reaches_and_moves_the_slider(open_page):
    page = open_page()
    slider = page.get_by_role("slider", name="Regularization factor")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('pt-shrink input')"):
            break
    else:
        pytest.fail("the slider is not among the first twenty stops")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2
    for key, factor, zeros in [
        ("ArrowRight", "2.1", "2 of 5"),
        ("ArrowLeft", "2.0", "2 of 5"),
        ("End", "10.0", "5 of 5"),
        ("Home", "0.0", "0 of 5"),
        ("PageUp", "1.0", "1 of 5"),
    ]:
        page.keyboard.press(key)
        assert page.locator(".pt-slider__value").inner_text() == f"λ = {factor}"
        assert page.locator(".pt-panel--l1 dd").last.inner_text() == zeros
        assert page.locator(".pt-panel--l2 dd").last.inner_text() == "0 of 5"
        assert slider.get_attribute("aria-valuetext").startswith(f"λ = {factor}; weights at zero: L2 none, L1 ")


def test_a_screen_reader_hears_the_outcome_once_the_slider_rests(open_page):
    page = open_page()
    page.clock.install()
    page.evaluate("""() => {
        window.said = [];
        const status = document.querySelector("pt-shrink [role=status]");
        const heard = new MutationObserver(() => window.said.push(status.textContent));
        heard.observe(status, {childList: true, characterData: true, subtree: true});
    }""")
    slider = page.get_by_role("slider")
    assert slider.get_attribute("aria-valuetext") == "λ = 2.0; weights at zero: L2 none, L1 2"
    for _ in range(30):
        slider.press("ArrowRight")
    assert page.evaluate("said") == []
    page.clock.run_for(1500)
    assert page.evaluate("said") == [page.locator("pt-shrink [role=status]").text_content()]
    l2, l1 = (page.locator(f".pt-panel--{name} dd").nth(1).inner_text() for name in ("l2", "l1"))
    assert page.evaluate("said") == [f"Penalty: L2 {l2}, L1 {l1}"]


def test_a_finger_can_move_the_slider(open_page):
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    slider = page.locator("pt-shrink input")
    box = slider.bounding_box()
    assert box["height"] >= 44
    assert box["width"] > 300
    page.touchscreen.tap(box["x"] + 22 + 0.6 * (box["width"] - 44), box["y"] + 4)  # near its edge
    assert float(slider.input_value()) == pytest.approx(6, abs=0.2)
    assert page.locator(".pt-slider__value").inner_text() == f"λ = {float(slider.input_value()):.1f}"


def test_the_slider_stays_in_sight_on_a_phone(open_page):
    page = open_page(viewport={"width": 390, "height": 664})  # a phone with the browser's own bars
    for target in ("h1", ".pt-panel--l2", ".pt-panel--l1"):
        page.locator(target).evaluate("(element) => window.scrollTo(0, element.getBoundingClientRect().top + scrollY - 60)")
        box = page.locator("pt-shrink input").bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 664


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_shows_all_of_it_and_legibly(open_page, width):
    page = open_page(viewport={"width": width, "height": 844})
    for factor in (0, 2, 10):
        set_factor(page, factor)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        texts = page.evaluate("""[...document.querySelectorAll("pt-shrink text")].map((text) => {
            const box = text.getBoundingClientRect();
            return [parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a, box.left, box.right];
        })""")
        assert len(texts) > 30
        assert all(left >= 0 and right <= width for _, left, right in texts)
        if width == 390:
            assert min(size for size, _, _ in texts) >= 12


@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_panels_stand_side_by_side_where_there_is_room(open_page, viewport):
    page = open_page(viewport=viewport)
    l2, l1 = (page.locator(f".pt-panel--{name}").bounding_box() for name in ("l2", "l1"))
    if viewport is LAPTOP:
        assert l1["y"] == l2["y"] and l1["x"] >= l2["x"] + l2["width"]
    else:
        assert l1["x"] == l2["x"] and l1["y"] >= l2["y"] + l2["height"]


COLOURS = {"--pt-l1": ".pt-panel--l1 .pt-after", "--pt-l2": ".pt-panel--l2 .pt-after", "--pt-ink": ".pt-now"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_drawing_takes_the_colours_of_the_scheme(open_page, scheme):
    page = open_page(color_scheme=scheme)
    for name, selector in COLOURS.items():
        wanted, found, paper = page.evaluate(
            """([name, selector]) => {
                const probe = document.createElement("i");
                document.querySelector("article").append(probe);
                probe.style.color = `var(${name})`;
                probe.style.backgroundColor = "var(--md-default-bg-color)";
                const { color, backgroundColor } = getComputedStyle(probe);
                probe.remove();
                return [color, getComputedStyle(document.querySelector(selector)).fill, backgroundColor];
            }""",
            [name, selector],
        )
        assert found == wanted
        assert _contrast(found, paper) >= 4.5


def _contrast(*colours):
    def luminance(colour):
        channels = np.array([int(part) for part in re.findall(r"\d+", colour)[:3]]) / 255
        return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    light, dark = sorted((luminance(colour) for colour in colours), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_nothing_moves_by_itself(open_page):
    page = open_page(reduced_motion="no-preference")
    set_factor(page, 7)
    moving = page.evaluate("""[...document.querySelectorAll("pt-shrink, pt-shrink *")].filter((element) => {
        const { animationName, transitionDuration } = getComputedStyle(element);
        return animationName !== "none" || transitionDuration.split(", ").some((time) => parseFloat(time) > 0);
    }).map((element) => element.className.baseVal ?? element.outerHTML)""")
    assert moving == []


def test_the_module_leaves_other_pages_alone(open_page, site_url):
    page = open_page("ledger/")
    before = page.evaluate("document.querySelector('article').outerHTML")
    page.evaluate("(url) => import(url)", f"{site_url}widgets/shrink.js")  # raises here if the module does
    assert page.evaluate("customElements.get('pt-shrink') !== undefined")
    assert page.evaluate("document.querySelector('article').outerHTML") == before


def test_an_element_without_a_still_draws_itself(open_page, site_url):
    page = open_page("ledger/")
    page.evaluate("(url) => import(url)", f"{site_url}widgets/shrink.js")
    page.evaluate("document.querySelector('article').append(document.createElement('pt-shrink'))")
    page.locator("pt-shrink input").wait_for()
    assert page.locator("pt-shrink .pt-after").count() == 8
