"""Lay out a chapter: `python -m tools.chapter early_stopping "Early stopping"` makes its page, script and tests, and registers it.

Without arguments, write the table of chapters in README.md anew, from the pages themselves.
"""

import re
import sys
from pathlib import Path

from pipeline.chapters import chapters, scripts
from pipeline.files import write_whole
from pipeline.source import ROOT, SiteError

PAGE = """---
title: {quoted}
description: TODO one sentence that says what a reader learns here, for search engines.
outcome: TODO what a reader can do after this chapter
keywords: [TODO what people type who look for it]
---

# {title} {{#{name}}}

<div class="pt-head" markdown>
**TODO minutes** · you need: TODO the chapters before

By the end you can:

- TODO something that can be observed.
</div>

## In Keras {{#in-keras}}

TODO what the picture shows, and why we look at it.

{{{{ {stem}#sweep | table }}}}
TODO what is listed, and what to notice.

TODO a sentence on how Keras or the mathematics behaves. [✓ test_todo_{stem}]

## The mathematics {{#mathematics}}

## What the run showed {{#results}}

## What to watch out for {{#pitfalls}}

## Exercises {{#exercises}}

## In short {{#in-short}}

## Sources {{#sources}}
"""

QUIET = """# TensorFlow logs while Keras loads it, whatever log level it is told, so
# standard error (number 2) leads nowhere for as long as that takes.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # nor does it log later
standard_error = os.dup(2)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
try:
    import keras
finally:
    os.dup2(standard_error, 2)
"""

SCRIPT = """# %% [markdown]
# # {title}
#
# TODO one sentence of purpose. It runs in about TODO seconds. What each step
# means is in [the chapter](../docs/learn/{stem}.md).

# %%
import os
import tempfile
from pathlib import Path

{quiet}
import matplotlib.pyplot as plt
from keras import Sequential, layers, regularizers

keras.utils.set_random_seed(0)

# %% tags=["sweep"]
print("factor  penalty")
for factor in (0.0, 0.01, 0.1):
    unit = layers.Dense(1, kernel_regularizer=regularizers.L2(factor))
    model = Sequential([layers.Input((2,)), unit])
    unit.kernel.assign([[3.0], [-4.0]])
    print(f"{{factor:<6}}  {{float(sum(model.losses)):.2f}}")

"""

LAST_CELL = """# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="{prefix}-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{{number}}.png", dpi=150)
    print(f"figures saved in {{folder}}")
"""

TESTS = '''"""Claims of the chapter "{title}"."""

import pytest


def test_todo_{stem}():
    pytest.fail("docs/learn/{stem}.md: say something that can be tested, and test it here")
'''


def _quoted(title: str) -> str:
    """Return a title as YAML writes it."""
    return f'"{title}"' if ":" in title else title


def last_cell(stem: str) -> str:
    """Return the last cell of every script: where no window can show them, the figures are saved."""
    return LAST_CELL.format(prefix=stem.replace("_", "-"))


def readme(root: Path = ROOT) -> str:
    """Return README.md with the table of chapters as it should be.

    Raises:
        SiteError: if README.md has no such table.
    """
    programs = scripts(root)
    rows = [
        f"| {chapter.title} | [docs/learn/{chapter.stem}.md](docs/learn/{chapter.stem}.md) "
        f"| {', '.join(f'[examples/{stem}.py](examples/{stem}.py)' for stem in programs[chapter.stem])} "
        f"| [tests/test_{chapter.stem}.py](tests/test_{chapter.stem}.py) |\n"
        for chapter in chapters(root)
    ]
    text = (root / "README.md").read_text(encoding="utf-8")
    head = "| chapter | page | script | tests |\n|---|---|---|---|\n"
    if head not in text:
        raise SiteError(f"README.md has no table of chapters; it begins with {head.splitlines()[0]!r}.")
    before, _, after = text.partition(head)
    return before + head + "".join(rows) + re.sub(r"^(\|.*\n)*", "", after)


def register(settings: str, stem: str, title: str) -> str:
    """Return the text of mkdocs.yml with page and script of a new chapter at the end of their parts of `nav`."""
    for entry, folder in ((f"{_quoted(title)}: learn/{stem}.md", "learn/"), (f"examples/{stem}.ipynb", "examples/")):
        last = re.findall(rf"^ +- (?:.*: )?{folder}\S+\n", settings, re.MULTILINE)[-1]
        indent = last[: last.index("-")]
        settings = settings.replace(last, f"{last}{indent}- {entry}\n")
    return settings


def lay_out(stem: str, title: str, root: Path = ROOT) -> list[str]:
    """Make the files of a new chapter; return those that were made or changed.

    Raises:
        SiteError: if the stem is no name for a file, or one of the files is there already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", stem):
        raise SiteError(f"{stem!r} cannot name a page, a script and a file of tests; take small letters, digits and _.")
    last = last_cell(stem)
    made = {
        f"docs/learn/{stem}.md": PAGE.format(quoted=_quoted(title), title=title, name=stem.replace("_", "-"), stem=stem),
        f"examples/{stem}.py": SCRIPT.format(title=title, stem=stem, quiet=QUIET) + last,
        f"tests/test_{stem}.py": TESTS.format(title=title, stem=stem),
    }
    for name in made:
        if (root / name).exists():
            raise SiteError(f"{name} is there already; choose another stem.")
    for name, text in made.items():
        write_whole(root / name, text.encode())
    settings = root / "mkdocs.yml"
    write_whole(settings, register(settings.read_text(encoding="utf-8"), stem, title).encode())
    write_whole(root / "README.md", readme(root).encode())
    return [*made, "mkdocs.yml", "README.md"]


def main(arguments: list[str]) -> None:
    try:
        if len(arguments) == 2:
            print("\n".join(lay_out(*arguments)))
            print("`make serve` shows the chapter; the TODOs in these files say what is left to write.")
        elif not arguments:
            write_whole(ROOT / "README.md", readme().encode())
            print("README.md lists the chapters as mkdocs.yml and the pages do.")
        else:
            sys.exit('Say the stem and the title, as in: python -m tools.chapter early_stopping "Early stopping"')
    except SiteError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
