"""Run inside each example's kernel, before its first cell.

A figure that a cell shows becomes an SVG for the light and one for the dark scheme, with its alt text, its size, and the
data read off its axes. The files that the script reads are noted, so that a change of one makes its run stale.
"""

import hashlib
import io
import json
import os
import re
import sys
from pathlib import Path

FIGURE_TYPE = "application/vnd.penalty-term.figure+json"

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
DARK_MAPS = {
    "Blues": ["#1b212a", "#1d4a80", "#9cc8ff"],
    "RdBu": ["#b3561f", "#5c3a2a", "#14181f", "#243f66", "#2f74c8"],
}


class _Reads:
    """The project's own files that this kernel has opened for reading."""

    def __init__(self, root):
        self.root = root
        self.paths = set()
        sys.addaudithook(self._hear)

    def _hear(self, event, arguments):
        if event == "open" and isinstance(arguments[0], str) and not set("wax+") & set(arguments[1] or ""):
            path = os.path.abspath(arguments[0])
            if path.startswith(self.root + os.sep):
                self.paths.add(path)

    def digest(self):
        """Return {path relative to the project: SHA-256 of its bytes}, imported modules of the project included."""
        modules = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
        paths = self.paths | {path for path in modules if path.startswith(self.root + os.sep)}
        relative = {path: os.path.relpath(path, self.root) for path in paths}
        own = {path: name for path, name in relative.items() if name.split(os.sep)[0] in ("docs", "examples", "tests")}
        return {
            Path(name).as_posix(): hashlib.sha256(Path(path).read_bytes()).hexdigest()
            for path, name in sorted(own.items())
            if os.path.isfile(path) and not path.endswith(".pyc")
        }


def _mappables(figure):
    from matplotlib.cm import ScalarMappable

    return [artist for artist in figure.findobj() if isinstance(artist, ScalarMappable) and artist.get_array() is not None]


def _svg(figure):
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r" <metadata>.*?</metadata>\n", "", svg, flags=re.DOTALL)
    # A hundredth of a pixel is enough for a point; scales keep their digits.
    svg = re.sub(r'( (?:d|x|y|width|height)="|translate\()([^")]*)', lambda part: part[1] + _DIGITS.sub(_rounded, part[2]), svg)
    svg = _LETTER.sub(lambda path: f'{path[1]} d="{_shorter(path[2])}" transform="scale(0.25)"/>', svg)
    return re.sub(r"\n\s*", "\n", svg)


# The outline of a letter, in 64ths of 1/64 em; it is most of a small figure's bytes.
_LETTER = re.compile(r'(<path id="[^"]+") d="([^"]+)" transform="scale\(0\.015625\)"/>')


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
    tables = _tables(figure)
    try:
        light, dark = _in_both_schemes(figure)
    except ValueError as error:  # IPython would print it and go on; results.py stops the build
        return {FIGURE_TYPE: {"error": str(error)}}, {}
    width, height = (round(96 * inches) for inches in figure.get_size_inches())
    about = {"alt": alt, "width": width, "height": height, "light": light, "dark": dark, "tables": tables}
    return {FIGURE_TYPE: about, "image/svg+xml": light, "text/plain": alt}, {}


def start(root, script):
    """Prepare this kernel; `root` is the project's folder and `script` the example's path."""
    import matplotlib
    from matplotlib import font_manager
    from matplotlib.figure import Figure

    shell = get_ipython()  # noqa: F821 - IPython puts it there
    shell.user_ns.update(_reads=_Reads(root), __file__=script)
    for font in sorted((Path(__file__).parent / "fonts").glob("*.ttf")):
        font_manager.fontManager.addfont(font)
    matplotlib.use("module://matplotlib_inline.backend_inline")
    shell.run_line_magic("config", "InlineBackend.figure_formats = []")
    shell.display_formatter.mimebundle_formatter.for_type(Figure, _figure_bundle)


def reads_as_json():
    """Return the files that the script has read, as JSON."""
    return json.dumps(get_ipython().user_ns["_reads"].digest())  # noqa: F821
