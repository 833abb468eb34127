"""A small project with one chapter, to break each promise of the pipeline once and see the build stop and say why."""

from pathlib import Path

import mkdocs.config
import pytest
from mkdocs.commands.build import build
from mkdocs.exceptions import Abort

from pipeline import ledger
from pipeline.script import Script
from pipeline.source import SiteError

SCRIPT = """# %% [markdown]
# # Demo
# A small example, with $w^2$. See [the chapter](../docs/learn/demo.md#idea).

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay

# %% tags=["lines"]
figure, axes = plt.subplots()
axes.plot([1, 2, 3], [1, 4, 9], "C1", label="L1")
axes.plot(np.arange(40), np.arange(40), "C2", label="L2")
axes.set(xlabel="factor", ylabel="weight", title="Paths")
figure.set_label("Two lines that rise")
plt.show()

# %% tags=["matrix"]
display = ConfusionMatrixDisplay(np.array([[30, 2], [5, 40]]), display_labels=["no", "yes"])
display.plot(cmap="Blues", colorbar=False)
display.figure_.set_label("Most rows are on the diagonal")
plt.show()

# %% tags=["sweep"]
print("l2      test accuracy")
print("0.01             0.91")
print("0.1              0.95")

# %% tags=["accuracy"]
print(f"accuracy: {0.925:.3f}")
"""


CHAPTER = """# Demo chapter {#demo}

## Idea {#idea}

The `bias` is left
out. [✓ test_bias_is_left_out] Twice two is $4$. [✓ test_twice_two]
At 0.1 it reaches {{ demo#sweep | 0.1, test accuracy }}, at best {{ demo#accuracy }}.

{{ demo#lines }}
Notice **this**.

{{ demo#sweep | table }}

| factor | accuracy |
|---|---|
| 0.1 | {{ demo#sweep \\| 0.1, test accuracy }} |

$$
\\lambda \\lVert w \\rVert_1
$$

See [the script](../examples/demo.ipynb).
"""


CLAIMS = """def test_bias_is_left_out():
    assert True


def test_twice_two():
    assert 2 * 2 == 4
"""


HERE = ledger.versions()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def build_site(project: Path, site: str = "site") -> Path:
    """Build the small project as `mkdocs build --strict` does; return the site's folder."""
    config = mkdocs.config.load_config(str(project / "mkdocs.yml"), strict=True, site_dir=str(project / site))
    config.plugins.on_startup(command="build", dirty=False)
    try:
        build(config)
    finally:
        config.plugins.on_shutdown()
    return project / site


def stops(project, capture, *expected):
    """Assert that the build stops, and that what it says holds each of `expected`."""
    with pytest.raises((Abort, SiteError)) as stopped:
        build_site(project)
    said = str(stopped.value) + capture.text
    for part in expected:
        assert part in said


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def passed(project: Path) -> None:
    """Record that the small project's claims passed."""
    outcomes = {"test_bias_is_left_out": "passed", "test_twice_two": "passed"}
    ledger.Ledger(project).record(outcomes, HERE)


def demo(project: Path) -> Script:
    """Return the small project's one script."""
    return Script(project / "examples" / "demo.py", project)
