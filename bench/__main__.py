"""`make bench`: the pages under Lighthouse and the builds by the clock, each beside stock Material and stock mkdocs-jupyter,
and many trainings in one fit beside the same trainings apart.

It reports, and says which targets are reached; it does not fail because a machine is slow.
"""

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from rich.console import Console
from rich.table import Table

from bench import builds, pages, stock, trainings
from pipeline import chapters
from pipeline.source import ROOT
from tools import node

PAGES = {"home page": "", "chapter": "learn/quickstart/", "example page": "examples/quickstart/"}
EDITED = "learn/quickstart.md"
CHAPTER_BYTES = 150_000


def _reached(value: float, target: float) -> str:
    return "reached" if value <= target else "[bold]missed[/bold]"


def _pages_table(measured: dict, of_stock: dict) -> Table:
    table = Table("page", "built by", "performance", "accessibility", "best practices", "SEO", "LCP", "over the wire", "HTML", "target")
    for column in table.columns[2:9]:
        column.justify = "right"
    for name in PAGES:
        for maker, found in (("stock", of_stock[name]), ("ours", measured[name])):
            values = [*map(str, found.scores), f"{found.lcp:.2f} s", f"{found.bytes / 1000:.0f} kB", f"{found.html / 1000:.0f} kB"]
            table.add_row(name if maker == "stock" else "", maker, *values, _page_target(name, found, of_stock) if maker == "ours" else "")
        table.add_section()
    return table


def _page_target(name: str, found: pages.Measured, of_stock: dict) -> str:
    missed = []
    if min(found.scores) < 100:
        missed.append("100 four times")
    plain = of_stock["chapter" if name == "example page" else name].lcp  # a page from Markdown is what stock Material does best
    if round(found.lcp, 2) > round(plain, 2):
        missed.append(f"LCP {plain:.2f} s")
    if name == "chapter" and found.bytes >= CHAPTER_BYTES:
        missed.append(f"under {CHAPTER_BYTES // 1000} kB")
    return f"[bold]missed:[/bold] {'; '.join(missed)}" if missed else "reached"


def _base() -> str:
    """Return the path of the site on its host, which ends with a slash."""
    return urlsplit(yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)["site_url"]).path


def bench_pages(console: Console, ours: Path, plain: Path, runs: int) -> None:
    base = _base()
    measured, of_stock = {}, {}
    with console.status("") as status:
        for name, address in PAGES.items():
            status.update(f"Lighthouse, {runs} times: {name}")
            of_stock[name] = pages.measure(plain / "site", base, address, runs)
            measured[name] = pages.measure(ours / "site", base, address, runs)
    console.print(_pages_table(measured, of_stock))
    for name, found in measured.items():
        for title in found.failed:
            console.print(f"  {name}: {title}")
    console.print(
        f"Lighthouse {pages.VERSION}, mobile, served with gzip, median of {runs}. Stock loads no fonts and sets no formulas here.\n"
        "Targets: 100 in all four, LCP at most that of the stock page (for the example page, of the stock chapter), "
        f"a chapter under {CHAPTER_BYTES // 1000} kB.\n",
        highlight=False,
    )


def bench_every_page(console: Console, ours: Path) -> None:
    """Run Lighthouse once on every page, and say which have less than 100 in one of the four categories."""
    site = ours / "site"
    addresses = pages.addresses(site)
    below = Table("page", "performance", "accessibility", "best practices", "SEO", "HTML")
    with console.status("") as status:
        for number, address in enumerate(addresses, start=1):
            status.update(f"Lighthouse, page {number} of {len(addresses)}: {address or 'home'}")
            found = pages.measure(site, _base(), address, 1)
            if min(found.scores) < 100:
                below.add_row(address or "home", *map(str, found.scores), f"{found.html / 1000:.0f} kB")
    console.print(f"{len(addresses) - below.row_count} of {len(addresses)} pages have 100 four times; the others, each measured once:")
    console.print(below)


def bench_builds(console: Console, ours: Path, executing: Path, rest: dict[str, float]) -> None:
    with console.status("") as status:
        status.update("each example by itself")
        alone = builds.time_scripts()
        status.update("stock mkdocs-jupyter, execute: true")
        theirs = {"cold": builds.build(executing), "warm": builds.build(executing), "edit": builds.edit(executing, EDITED)}
        status.update("our edits under mkdocs serve")
        warm, edited = builds.build(ours), builds.edit(ours, EDITED)
    cores = os.cpu_count() or 1
    total = sum(alone.values())
    table = Table("build", "ours", "stock, execute: true", "target for ours", "")
    for column in table.columns[1:4]:
        column.justify = "right"
    rows = [
        ("cold, every example executed", rest["cold"], theirs["cold"], 1.2 * total / cores + 10),
        ("warm, nothing changed", warm, theirs["warm"], 4.5),
        ("prose saved to page served", edited, theirs["edit"], 2.0),
    ]
    for name, own, other, target in rows:
        table.add_row(name, f"{own:.1f} s", f"{other:.1f} s", f"{target:.1f} s", _reached(own, target))
    console.print(table)
    by_chapter = Table("chapter", "its scripts, each run by itself", "in all")
    by_chapter.columns[2].justify = "right"
    for chapter, stems in chapters.scripts(ROOT).items():
        each = ", ".join(f"{stem} {alone[stem]:.1f} s" for stem in stems)
        by_chapter.add_row(chapter, each, f"{sum(alone[stem] for stem in stems):.1f} s")
    console.print(by_chapter)
    console.print(f"{total:.1f} s in all; the target for a cold build is 1.2 × that / {cores} cores + 10 s.", highlight=False)


def bench_trainings(console: Console) -> None:
    with console.status("many trainings, in one fit and apart"):
        found = trainings.measure()
    table = Table("trained", "seconds", "times the stack", "target", "")
    for column in table.columns[1:4]:
        column.justify = "right"
    table.add_row(f"{found.networks} networks in one fit", f"{found.stack:.1f}")
    measured = (
        (f"apart, one batch repeated, from {trainings.APART}", found.apart, 30),
        (f"plain fit, from {trainings.PLAIN}", found.plain, 300),
    )
    for name, seconds, target in measured:
        times = seconds / found.stack
        table.add_row(name, f"{seconds:.0f}", f"{times:.0f}", f"{target}", _reached(target, times))  # more is better here
    console.print(table)
    console.print(
        f"Cross-entropy on held-out rows, in the stack and apart: at most {abs(found.differences).max():.4f} between the two, "
        f"which for these {trainings.APART} networks goes from {found.apart_losses.min():.3f} to {found.apart_losses.max():.3f}.\n",
        highlight=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="how often Lighthouse looks at a page (default: 3)")
    parser.add_argument("--only", choices=("pages", "builds", "own_data"), help="leave out the other parts")
    options = parser.parse_args()
    console = Console(width=None if Console().is_terminal else 150)
    console.print(f"{platform.system()}, Python {platform.python_version()}, {os.cpu_count()} cores", highlight=False)
    if options.only in (None, "own_data"):
        bench_trainings(console)
    if options.only == "own_data":
        return
    with tempfile.TemporaryDirectory() as folder:
        ours, plain, executing = (Path(folder) / name for name in ("ours", "plain", "executing"))
        builds.copy_project(ours)
        with console.status("our cold build"):
            times = {"cold": builds.build(ours)}
        try:
            if options.only != "builds":
                stock.make(ours, plain, execute=False)
                builds.build(plain)
                bench_pages(console, ours, plain, options.runs)
                bench_every_page(console, ours)
        except node.Missing as missing:
            console.print(f"Pages not measured: {missing}.\n", highlight=False)
        if options.only != "pages":
            stock.make(ours, executing, execute=True)
            bench_builds(console, ours, executing, times)


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        sys.exit(f"Not measured: {error}")
    except KeyboardInterrupt:
        sys.exit("Stopped.")
