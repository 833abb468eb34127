"""What a run of an example has shown: its printed texts and tables, its figures and the data behind them."""

import csv
import io
import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement

from markdown.util import AtomicString

from pipeline.kernel import FIGURE_TYPE
from pipeline.script import Script
from pipeline.source import SiteError

ROWS_SHOWN = 12
CELLS_SHOWN = 72  # of a wide table fewer rows; all of them are in the CSV
_NUMBER = re.compile(r"[-−+]?[\d.,]+(e[-+]?\d+)?%?")


def parse_table(text: str) -> tuple[list[str], list[list[str]]]:
    """Read a printed table: a header line, then a line a row, entries two or more spaces apart.

    Returns:
        (header, rows); each row is as long as the header, and its first entry names it.

    Raises:
        ValueError: if there is no row, or one has not as many entries as the header.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise ValueError("it needs a header and at least one row")
    cells = [re.split(r"\s{2,}", line.strip()) for line in lines]
    header, rows = cells[0], cells[1:]
    if rows and len(header) == len(rows[0]) - 1:
        header = ["", *header]
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"the row {' '.join(row)!r} has {len(row)} entries, the header {len(header)}")
    return header, rows


@dataclass
class Shown:
    """What one tagged cell has shown.

    Attributes:
        text: what it printed, "" if nothing.
        figures: for each figure its alt text, size in CSS pixels, SVG in both schemes and data (see `kernel.py`).
        addresses: for each figure its address in the site, without ending.
    """

    text: str = ""
    figures: list[dict] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def entry(self, row: str, column: str) -> str:
        """Return one entry of the printed table.

        Raises:
            ValueError: if there is no such row or column.
        """
        header, rows = parse_table(self.text)
        if column not in header:
            raise ValueError(f"there is no column {column!r}; there are {', '.join(header)}")
        for entries in rows:
            if entries[0] == row:
                return entries[header.index(column)]
        raise ValueError(f"there is no row {row!r}; there are {', '.join(entries[0] for entries in rows)}")

    def value(self) -> str:
        """Return the value in the one line that the cell printed, 12 in "weights kept: 12".

        Raises:
            ValueError: if it printed more or fewer lines, or one that does not name its value.
        """
        if len(self.text.splitlines()) != 1:
            raise ValueError("inside a sentence there is room for one line; name a row and a column, or let the cell print one line")
        name, _, value = self.text.strip().rpartition(": ")
        if not name:
            raise ValueError(f"the printed line {value!r} does not say what it is; let the cell print `name: value`")
        return value


def results(script: Script) -> dict[str, Shown]:
    """Return what each tagged cell of `script` has shown, by tag.

    Raises:
        SiteError: if there is no current run, or a figure has no alt text or stands in a cell without a tag.
    """
    run = script.run()
    if run is None:
        raise SiteError(f"{script.name} has no current run; `mkdocs build` makes one.")
    found = {}
    for number, cell in enumerate(run.cells):
        figures = [output.data[FIGURE_TYPE] for output in cell.outputs if FIGURE_TYPE in output.get("data", {})]
        tags = cell.metadata.get("tags", [])
        other = [list(output.data) for output in cell.outputs if "data" in output and FIGURE_TYPE not in output.data]
        if other:
            raise SiteError(f"{script.name}:{script.line(number)}: this cell displays {', '.join(other[0])}; print it, or draw a figure.")
        where = f"{script.name}:{script.line(number)}" if figures else script.name
        if figures and not tags:
            raise SiteError(f'{where}: this cell shows a figure and needs a tag, as in `# %% tags=["weights"]`, to give it an address.')
        for figure in figures:
            if "error" in figure:
                raise SiteError(f"{where}: {figure['error']}.")
        if any(not figure["alt"].strip() for figure in figures):
            raise SiteError(f'{where}: a figure has no alt text; say what is to be seen with `figure.set_label("…")`.')
        if tags:
            text = "".join(output.text for output in cell.outputs if output.output_type == "stream")
            endings = [""] if len(figures) == 1 else [f"-{count}" for count in range(1, len(figures) + 1)]
            addresses = [f"figures/{script.stem}/{tags[0]}{ending}" for ending in endings][: len(figures)]
            found[tags[0]] = Shown(text, figures, addresses)
    return found


def files(script: Script) -> dict[str, bytes]:
    """Return the figures of `script` as files of the site: SVG in both schemes and the data as CSV, by address."""
    made = {}
    for shown in results(script).values():
        for address, figure in zip(shown.addresses, shown.figures):
            made[f"{address}.svg"] = figure["light"].encode()
            made[f"{address}-dark.svg"] = figure["dark"].encode()
            made[f"{address}.csv"] = _as_csv(figure["tables"]).encode()
    return made


def _as_csv(tables: list[dict]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for table in tables:
        writer.writerow(["panel", *table["columns"]])
        writer.writerows([table["title"], *row] for row in table["rows"])
    return buffer.getvalue()


def _format(entry) -> str:
    return f"{entry:.4g}".replace("-", "−") if isinstance(entry, float) else str(entry)


def table_element(header: list[str], rows: list[list[str]], caption: str = "") -> Element:
    """Return an HTML table that scrolls by itself on a narrow screen; columns of numbers are set to the right."""
    scroll = Element("div", {"class": "pt-table", "tabindex": "0"})
    table = SubElement(scroll, "table", {"class": "pt-grid"})  # a class keeps the theme from wrapping it
    if caption:
        SubElement(table, "caption").text = AtomicString(caption)
    numeric = [all(_NUMBER.fullmatch(row[column]) for row in rows) for column in range(len(header))]
    line = SubElement(SubElement(table, "thead"), "tr")
    for name, number in zip(header, numeric):
        heading = SubElement(line, "th" if name else "td", {"class": "pt-number"} if number else {})
        heading.text = AtomicString(name)
    body = SubElement(table, "tbody")
    for row in rows:
        line = SubElement(body, "tr")
        for name, number in zip(row, numeric):
            SubElement(line, "td", {"class": "pt-number"} if number else {}).text = AtomicString(name)
    return scroll


def figure_element(shown: Shown, caption: str = "") -> Element:
    """Return the figures of one cell with their caption, and the data behind them a click away."""
    figure = Element("figure", {"class": "pt-figure"})
    row = SubElement(figure, "div", {"class": "pt-row"})
    for address, about in zip(shown.addresses, shown.figures):
        size = {"width": str(about["width"]), "height": str(about["height"]), "loading": "lazy", "decoding": "async"}
        for scheme, ending in (("light", ".svg"), ("dark", "-dark.svg")):
            SubElement(row, "img", {"class": f"pt-{scheme}", "src": f"/{address}{ending}", "alt": about["alt"], **size})
    below = figure
    if caption:
        below = SubElement(figure, "figcaption")  # HTML wants it last, so that the data goes into it
        SubElement(below, "p").text = caption
    if any(about["tables"] for about in shown.figures):
        details = SubElement(below, "details", {"class": "pt-data"})
        SubElement(details, "summary").text = AtomicString("The data behind this figure")
        for address, about in zip(shown.addresses, shown.figures):
            for table in about["tables"]:
                details.append(_data_element(table))
            paragraph = SubElement(details, "p")
            link = SubElement(paragraph, "a", {"href": f"/{address}.csv", "download": ""})
            name = address.rpartition("/")[2]
            link.text = AtomicString(f"{name}.csv")
            link.tail = AtomicString(", every row")
    return figure


def _data_element(table: dict) -> Element:
    rows = table["rows"]
    caption = table["title"]
    most = max(2, min(ROWS_SHOWN, CELLS_SHOWN // len(table["columns"])))
    if len(rows) > most:
        kept = sorted({round(number * (len(rows) - 1) / (most - 1)) for number in range(most)})
        caption = f"{caption + ': ' if caption else ''}{len(kept)} of {len(rows)} rows"
        rows = [rows[number] for number in kept]
    return table_element(table["columns"], [[_format(entry) for entry in row] for row in rows], caption)
