"""Draw twenty hard formulas of the course as the browser sets them: `python -m tools.golden` renews tests/site/formulas.png.

Look at the picture before you commit it: the tests hold every later drawing against it.
"""

import io
import sys
from contextlib import contextmanager
from html import escape

import markdown
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import sync_playwright

from pipeline.files import write_whole
from pipeline.source import ROOT
from tools import chromium
from tools.stills import FLAGS, served

PICTURE = ROOT / "tests" / "site" / "formulas.png"
WIDTH, HEIGHT = 390, 130  # of the strip that each formula gets, in pixels
FORMULAS = (
    r"J(w) = \frac{1}{n} \lVert y - X w \rVert^2 + \lambda_2 \lVert w \rVert^2",
    r"w_j \leftarrow w_j - \eta \left( \frac{\partial L}{\partial w_j} + 2 \lambda_2 w_j \right)",
    r"w = \left( \tfrac{1}{n} X^\top X + \lambda_2 I \right)^{-1} \tfrac{1}{n} X^\top y",
    r"q_j \cdot w = \frac{d_j^2 / n}{d_j^2 / n + \lambda_2} \; q_j \cdot w_{\text{LS}}",
    r"\sum_{j=1}^p \frac{\sigma^2 d_j^2 + k^2 a_j^2}{(d_j^2 + k)^2}",
    r"P(w) = \lambda_1 \sum_{j=1}^p \lvert w_j \rvert + \lambda_2 \sum_{j=1}^p w_j^2",
    r"\Bigl[ \Bigl( w - \frac{v}{1 + \lambda_2} \Bigr)^2 + \frac{\lambda_1}{1 + \lambda_2} \lvert w \rvert \Bigr]",
    r"\begin{aligned} \frac{1}{1 + \lambda_2} &= a \\ r &= \frac{\lambda_1}{\lambda_1 + 2 \lambda_2} \end{aligned}",
    r"\tfrac{1}{2} \lambda_2 (w_1 - w_2)^2",
    r"\lvert w_j - w_k \rvert \le \frac{1}{\lambda_2} \, \frac{\lVert e \rVert}{\sqrt{n}} \, \sqrt{2 (1 - \rho)}",
    r"\bar{d} \pm t \sqrt{ s_d^2 \left( \frac{1}{m} + r \right)}",
    r"\sqrt[3]{0.01 \cdot 0.03 \cdot 0.09} = 0.03",
    r"\lambda_{\text{noise}} = 2 \sigma \sqrt{\frac{2 \ln (2 p)}{n}}",
    r"b = \frac{\bar{y} - \bar{x}^\top w}{1 + \lambda_b}",
    r"\operatorname{E} \sum_j w_j^2 = p m \cdot \frac{a^2}{3} = \frac{2 p m}{p + m}",
    r"\hat{w} = \operatorname*{arg\,min}_w L(w) + \lambda_1 \lVert w \rVert_1",
    r"S(v, t) = \operatorname{sign}(v) \max(\lvert v \rvert - t, 0)",
    r"\begin{cases} v - t & \text{if } v > t \\ 0 & \text{otherwise} \end{cases}",
    r"x_i \quad y_i \quad q_j^2 \quad w_j^2 \quad (w)_1^2 \quad \lVert w \rVert_1",
    r"\sigma(z) = \frac{1}{1 + e^{-z}}",
)


@contextmanager
def shown(browser, formulas=FORMULAS):
    """Yield a page that shows each of the displayed `formulas` in its strip, with nothing but our style sheet."""
    lines = [markdown.markdown(f"$$\n{latex}\n$$", extensions=["pipeline.maths"]) for latex in formulas]
    strips = "".join(
        f'<div style="display: flow-root; height: {HEIGHT}px; overflow: hidden" title="{escape(latex)}">{line}</div>'
        for latex, line in zip(formulas, lines)
    )
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT * len(formulas)})
    with served(ROOT / "docs") as site:
        page.goto(f"{site}stylesheets/site.css")  # an address, below which the sheet may load the fonts
        page.set_content(f'<link rel="stylesheet" href="{site}stylesheets/site.css"><body style="margin: 0; font-size: 17.6px">{strips}')
        page.evaluate("document.fonts.ready")
        yield page
    page.close()


def draw(browser) -> Image.Image:
    """Return the formulas, one strip below the other, grey on white."""
    with shown(browser) as page:
        return Image.open(io.BytesIO(page.screenshot())).convert("L")


def major(browser) -> str:
    return browser.version.partition(".")[0]


def main() -> None:
    program = chromium.find()
    if program is None:
        sys.exit(chromium.HOW)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        made = PngInfo()
        made.add_text("Chromium", major(browser))
        buffer = io.BytesIO()
        draw(browser).save(buffer, "PNG", pnginfo=made, optimize=True)
    write_whole(PICTURE, buffer.getvalue())
    print(PICTURE.relative_to(ROOT))


if __name__ == "__main__":
    main()
