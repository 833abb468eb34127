"""Draw the image that a link to the site shows elsewhere: `python -m tools.card` writes docs/assets/card.png."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import font_manager

from pipeline.source import ROOT

DRAWING = ROOT / "pipeline"


def draw(path: Path) -> None:
    """Write the card, 1200 × 630 pixels: the L1 diamond, the L2 circle and the elastic net between them."""
    for font in (DRAWING / "fonts").glob("*.ttf"):
        font_manager.fontManager.addfont(font)
    with matplotlib.rc_context(fname=DRAWING / "matplotlibrc", rc={"figure.constrained_layout.use": False}):
        figure = plt.figure(figsize=(12, 6.3), dpi=100, facecolor="white")
        axes = figure.add_axes([0.58, 0.13, 0.74 * 6.3 / 12, 0.74], aspect="equal")
        grid = np.linspace(-1.12, 1.12, 401)
        x, y = np.meshgrid(grid, grid)
        norm, square = abs(x) + abs(y), x**2 + y**2
        for penalty, colour, style in ((square, "C2", "-"), (0.5 * norm + 0.5 * square, "C3", "--"), (norm, "C1", "-")):
            axes.contour(x, y, penalty, levels=[1.0], colors=colour, linewidths=5, linestyles=style)
        axes.axhline(0, color="#d9dee5", linewidth=1.5, zorder=0)
        axes.axvline(0, color="#d9dee5", linewidth=1.5, zorder=0)
        axes.axis("off")
        figure.text(0.07, 0.56, "The Penalty Term", fontsize=54, weight="semibold")
        figure.text(0.07, 0.43, "L1, L2 and both in Keras:", fontsize=27, color="#4d5968")
        figure.text(0.07, 0.345, "executed examples, tested claims", fontsize=27, color="#4d5968")
        figure.savefig(path, facecolor="white", metadata={"Software": None})
        plt.close(figure)


if __name__ == "__main__":
    draw(ROOT / "docs" / "assets" / "card.png")
