"""Run inside each example's kernel, before its first cell.

A figure that a cell shows becomes an SVG for the light and one for the dark scheme, with its alt text, its size, and the
data read off its axes. The libraries and files that the script uses are noted, so that a change of one makes its run stale.
"""

import hashlib
import importlib.metadata
import importlib.util
import io
import json
import os
import re
import sys
from contextlib import suppress
from pathlib import Path

FIGURE_TYPE = "application/vnd.penalty-term.figure+json"

# Library -> its module. What a run shows may depend on the version of each that it has loaded.
LIBRARIES = {
    "tensorflow": "tensorflow",
    "keras": "keras",
    "scikit-learn": "sklearn",
    "scipy": "scipy",
    "numpy": "numpy",
    "matplotlib": "matplotlib",
}

# Light colour -> dark colour. A figure may use these and the colours of COLOUR_MAPS, nothing else.
DARK = {
    "#5b6675": "#8792a2",  # no penalty
    "#c8500a": "#f58442",  # L1
    "#1668c7": "#5aa0fa",  # L2
    "#7a1f6b": "#efb5ea",  # L1 and L2 together
    "#1c2430": "#e6eaf0",  # ink
    "#4d5968": "#a9b4c2",  # soft ink
    "#d9dee5": "#323a46",  # hairlines
    "#f6f7f9": "#1b212a",  # panel
    "#ffffff": "#14181f",  # page
    "#000000": "#e6eaf0",
}
_FIFTH = "#fe01fe"  # what matplotlib's cycle of colours goes on with after the four; it would begin anew, with "no penalty"
DARK_MAPS = {
    "Blues": ["#1b212a", "#1d4a80", "#9cc8ff"],
    "Greys": ["#14181f", "#4d5968", "#e6eaf0"],
    "RdBu": ["#b3561f", "#5c3a2a", "#14181f", "#243f66", "#2f74c8"],
}


class _Reads:
    """The project's own files that this kernel has read, each with the SHA-256 of the bytes it held when first opened.

    Own is every file below the project's folder but those of a Python environment in it. Read is what Python opens for reading:
    with `open`, NumPy or pandas, by an import, also one from kept bytecode. What a library opens in C, as HDF5 does, is not heard.
    """

    def __init__(self, root):
        self.root = os.path.join(root, "")
        prefixes = (os.path.join(prefix, "") for prefix in (sys.prefix, sys.base_prefix))
        self.environments = tuple(prefix for prefix in prefixes if prefix.startswith(self.root))
        self.digests = {}
        sys.addaudithook(self._hear)

    def _hear(self, event, arguments):
        if event == "open" and not isinstance(arguments[0], int) and not arguments[2] & (os.O_WRONLY | os.O_CREAT):
            path = os.path.abspath(os.fsdecode(arguments[0]))
            if path.endswith(".pyc"):
                with suppress(ValueError):  # bytecode without a source
                    path = importlib.util.source_from_cache(path)
            own = path.startswith(self.root) and not path.startswith(self.environments)
            name = Path(path.removeprefix(self.root)).as_posix()
            if own and name not in self.digests and os.path.isfile(path):
                self.digests[name] = None  # the next line is heard too
                self.digests[name] = hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _mappables(figure):
    from matplotlib.cm import ScalarMappable

    return [artist for artist in figure.findobj() if isinstance(artist, ScalarMappable) and artist.get_array() is not None]


def _svg(figure):
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    _, begun, svg = buffer.getvalue().partition("<svg ")
    # A black surface or letter is written without a colour, as SVG's default; named here, that gets its dark counterpart too.
    svg, metadata = re.subn(r" <metadata>.*?</metadata>\n", "", f'<svg fill="#000000" {svg}', flags=re.DOTALL)
    # A hundredth of a pixel is enough for a point; scales keep their digits.
    svg = re.sub(r'( (?:d|x|y|width|height)="|translate\()([^")]*)', lambda part: part[1] + _DIGITS.sub(_rounded, part[2]), svg)
    svg, letters = _LETTER.subn(lambda path: f'{path[1]} d="{_shorter(path[2])}" transform="scale(0.25)"/>', svg)
    as_expected = {
        "an SVG": begun,
        "its metadata": metadata,
        "a colour": not re.search(r"(?:fill|stroke): (?!none|url|#[0-9a-f]{6}\b)", svg),
        "the outline of a letter": letters or '<g id="text_' not in svg,
    }
    for part, found in as_expected.items():
        if not found:
            raise ValueError(f"matplotlib writes {part} in another way than _svg in pipeline/kernel.py expects; adapt it")
    return re.sub(r"\n\s*", "\n", svg)


# The outline of a letter, in 64ths of 1/64 em; it is most of a small figure's bytes.
_LETTER = re.compile(r'(<path id="[^"]+") d="([MLQCz\d\s.-]+)" transform="scale\(0\.015625\)"/>')


def _shorter(outline):
    """Return an outline in units 16 times as large, which still are 1/256 em, each point relative to the one before."""
    here = start = (0, 0)
    written = []
    for command, numbers in re.findall(r"([MLQCz])([^MLQCz]*)", outline):
        places = [round(float(number) / 16) for number in numbers.split()]
        points = list(zip(places[::2], places[1::2]))
        written.append(command.lower() + " ".join(f"{x - here[0]} {y - here[1]}" for x, y in points).replace(" -", "-"))
        here = points[-1] if points else start
        start = here if command == "M" else start
    return "".join(written)


_DIGITS = re.compile(r"-?\d+\.\d{3,}")


def _rounded(number):
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _in_both_schemes(figure):
    """Return the figure as SVG in light and in dark colours.

    Raises:
        ValueError: if the figure uses a colour or a colour map that has no dark counterpart.
    """
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    mappables = _mappables(figure)
    light = _svg(figure)
    table = dict(DARK)
    mapped = set()
    for artist in mappables:
        name = artist.get_cmap().name
        if name not in DARK_MAPS:
            raise ValueError(f"the colour map {name!r} has no dark counterpart; use one of {', '.join(DARK_MAPS)}")
        light_map = artist.get_cmap()
        dark_map = LinearSegmentedColormap.from_list(name, DARK_MAPS[name])
        # Text that scikit-learn sets in the map's end colours follows the map.
        table.update({to_hex(light_map(end)): to_hex(dark_map(end)) for end in (0.0, 1.0)})
        if artist.get_array().ndim == 1:
            mapped |= {to_hex(colour) for colour in artist.to_rgba(artist.get_array())}
        artist.set_cmap(dark_map)
    unknown = set(re.findall(r"#[0-9a-f]{6}\b", light)) - set(table) - mapped
    if _FIFTH in unknown:
        raise ValueError(
            'the figure uses a fifth colour ("C4", or that of a fifth thing without one), and there are four: C0 no penalty, C1 L1, C2 L2, '
            'C3 both; draw what is none of these in "black", told apart by the style of its line or marker'
        )
    if unknown:
        raise ValueError(f"the figure uses {', '.join(sorted(unknown))}, which have no dark counterpart; use C0 to C3")
    dark = re.sub(r"#[0-9a-f]{6}\b", lambda match: table.get(match[0], match[0]), _svg(figure) if mappables else light)
    return light, dark


def _categories(axis):
    """Return {position: label} where the axis names its ticks with words, else {}."""
    from matplotlib.category import StrCategoryFormatter
    from matplotlib.ticker import FixedFormatter, FuncFormatter

    if isinstance(axis.get_major_formatter(), (FixedFormatter, StrCategoryFormatter, FuncFormatter)):
        ticks = axis.get_majorticklocs()
        words = axis.get_major_formatter().format_ticks(ticks)
        return {float(tick): str(word) for tick, word in zip(ticks, words)}
    return {}


def _series(axes):
    """Yield (label, points) for the lines, bars and scatters of `axes`; points are (x, y) pairs."""
    import numpy as np
    from matplotlib.collections import PathCollection
    from matplotlib.container import BarContainer

    for container in axes.containers:
        if isinstance(container, BarContainer):
            if container.orientation == "vertical":
                yield container.get_label(), [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in container]
            else:
                yield container.get_label(), [(bar.get_width(), bar.get_y() + bar.get_height() / 2) for bar in container]
    for line in axes.lines:
        if line.get_transform().contains_branch(axes.transData):
            yield line.get_label(), list(zip(line.get_xdata(), line.get_ydata()))
    for collection in axes.collections:
        if isinstance(collection, PathCollection):
            yield collection.get_label(), np.ma.getdata(collection.get_offsets()).tolist()


def _tables(figure):
    """Return the data behind the figure: for each axes {"title", "columns", "rows"}, entries numbers or words."""
    tables = []
    for axes in figure.axes:
        title = axes.get_title(loc="left") or axes.get_title()
        x_name, y_name = axes.get_xlabel() or "x", axes.get_ylabel() or "y"
        x_words, y_words = _categories(axes.xaxis), _categories(axes.yaxis)
        for image in axes.images:
            values = image.get_array().tolist()
            header = [x_words.get(float(column), str(column)) for column in range(len(values[0]))]
            rows = [[y_words.get(float(row), str(row)), *entries] for row, entries in enumerate(values)]
            tables.append({"title": title, "columns": [f"{y_name} \\ {x_name}", *header], "rows": rows})
        rows = []
        for number, (label, points) in enumerate(_series(axes), start=1):
            label = f"series {number}" if not label or label.startswith("_") else label
            rows += [[label, x_words.get(float(x), float(x)), y_words.get(float(y), float(y))] for x, y in points]
        if rows and not axes.images:
            tables.append({"title": title, "columns": ["series", x_name, y_name], "rows": rows})
    return tables


def _figure_bundle(figure, include=None, exclude=None):
    alt = str(figure.get_label())
    try:
        tables = _tables(figure)
        light, dark = _in_both_schemes(figure)
    except Exception as error:  # IPython would print it and go on without the figure; results.py stops the build
        said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        return {FIGURE_TYPE: {"error": said}}, {}
    width, height = (round(96 * inches) for inches in figure.get_size_inches())
    about = {"alt": alt, "width": width, "height": height, "light": light, "dark": dark, "tables": tables}
    return {FIGURE_TYPE: about, "image/svg+xml": light, "text/plain": alt}, {}


def start(root, script):
    """Prepare this kernel; `root` is the project's folder and `script` the example's path."""
    import matplotlib
    from cycler import cycler
    from matplotlib import font_manager
    from matplotlib.figure import Figure

    shell = get_ipython()  # noqa: F821 - IPython puts it there
    shell.user_ns.update(_reads=_Reads(root), __file__=script)
    for font in sorted((Path(__file__).parent / "fonts").glob("*.ttf")):
        font_manager.fontManager.addfont(font)
    colours = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
    matplotlib.rcParams["axes.prop_cycle"] = cycler(color=[*colours, *[_FIFTH] * (100 - len(colours))])  # C4 to C99
    matplotlib.use("module://matplotlib_inline.backend_inline")
    shell.run_line_magic("config", "InlineBackend.figure_formats = []")
    shell.display_formatter.mimebundle_formatter.for_type(Figure, _figure_bundle)


def used_as_json():
    """Return what the script has used, as JSON: the libraries with their versions, the files that it has read with their SHA-256."""
    libraries = {name: importlib.metadata.version(name) for name, module in LIBRARIES.items() if module in sys.modules}
    return json.dumps({"libraries": libraries, "reads": get_ipython().user_ns["_reads"].digests})  # noqa: F821
