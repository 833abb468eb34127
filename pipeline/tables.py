"""Tables written by hand: in a box that scrolls if it must, and on a phone, where a column of prose would be one word wide, stacked.

Markdown extension: each cell gets `data-label`, the head of its column, which the style sheet shows where rows are stacked.
"""

from xml.etree.ElementTree import Element

from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

_LONG = 24  # characters of a cell that on a phone would take three lines or more of a third of the width


def _text(cell: Element) -> str:
    return "".join(cell.itertext()).strip()


class _Tables(Treeprocessor):
    def run(self, root):
        for parent in list(root.iter()):
            for place, table in enumerate(list(parent)):
                if table.tag == "table" and not table.get("class"):
                    parent[place] = _box(table)


def _box(table: Element) -> Element:
    """Return the box that takes the place of a table; its rows can be stacked if a cell is long."""
    heads = [_text(cell) for cell in table.iter("th")]
    long = any(len(_text(cell)) > _LONG for cell in table.iter("td"))
    # Where the table is wider, keys have to be able to scroll it.
    box = Element("div", {"class": "pt-table pt-prose" + (" pt-stack" if long else ""), "tabindex": "0"})
    table.set("class", "pt-grid")  # a class keeps the theme from wrapping it
    box.tail, table.tail = table.tail, None
    box.append(table)
    if long:
        for row in table.iter("tr"):
            for head, cell in zip(heads, row.findall("td")):
                cell.set("data-label", head)
    return box


class Tables(Extension):
    def extendMarkdown(self, md):
        md.treeprocessors.register(_Tables(md), "boxes", 5)  # after the cells are read


def makeExtension(**options):
    return Tables(**options)
