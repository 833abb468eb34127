"""What a run has shown, and what it may not show."""

import pytest

from pipeline import results
from tests.site.small import edit, stops


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('figure.set_label("Two lines that rise")\n', "", "a figure has no alt text"),
        (' tags=["lines"]', "", "this cell shows a figure and needs a tag"),
        ('"C1", label', '"hotpink", label', "#ff69b4, which have no dark counterpart"),
        ('"C1", label', '"C4", label', 'a fifth colour ("C4", or that of a fifth thing without one)'),
        ('"C1", label="L1")', 'label="L1")\nfor _ in range(4):\n    axes.plot([1, 2])', 'draw what is none of these in "black"'),
        ('cmap="Blues"', 'cmap="viridis"', "the colour map 'viridis' has no dark counterpart"),
        (
            'print(f"accuracy: {0.925:.3f}")',
            'from IPython.display import HTML, display\ndisplay(HTML("<b>1</b>"))',
            "this cell displays text/html, text/plain",
        ),
        ('tags=["sweep"]', 'tags=["lines"]', "two cells carry the tag 'lines'"),
        ("../docs/learn/demo.md#idea", "../docs/learn/absent.md", "there is no page docs/learn/absent.md"),
        ("../docs/learn/demo.md#idea", "absent.py", "there is no script examples/absent.py"),
    ],
)
def test_a_wrong_script_stops_the_build_and_says_where(project, caplog, old, new, expected):
    edit(project / "examples" / "demo.py", old, new)
    stops(project, caplog, "examples/demo.py", expected)


def test_a_printed_table_with_a_missing_entry_is_refused():
    with pytest.raises(ValueError, match="has 1 entries, the header 2"):
        results.parse_table("l2  accuracy\n0.1\n0.2  3\n")
