"""Cut the two typefaces down to the signs of this project, and rename them as their licence asks.

Run when a page needs a sign that they lack, with Source Sans 3 from npm and STIX Two Math from PyPI:

    npm install source-sans@3.52.0 && pip download ziamath==0.13 --no-deps && unzip ziamath-*.whl
    python -m tools.fonts node_modules/source-sans/VF ziamath/fonts/STIXTwoMath-Regular.ttf
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter, parse_unicodes
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

from pipeline.source import ROOT

SITE = ROOT / "docs" / "assets" / "fonts"  # for the pages
FIGURES = ROOT / "pipeline" / "fonts"  # for the figures

# Latin with the letters of the authors' names, Greek that stands in sentences, arrows, relations, quotation marks, ✓ and ○.
TEXT = (
    "20-7E,A0,A7,A9,AB,B0-B3,B7,B9,BB,BD,C4,D6,D7,DC,DF,E0,E4,E7-EA,F6,F7,FC,3B1,3B2,3B5,3B7,3BB,3BC,3C1,3C3,3C4,2009,2010,2013,2014,2018-201D,"
    "2022,2026,202F,2032,207B,2192,2208,2211,2212,2016,221A,221E,2248,2260,2264,2265,2080-2084,2713,25CB"
)
ITALIC = "20-7E,A0,B7,D7,E4,E9,F6,FC,2013,2014,2018-201D,2026,2212"
# What LaTeX of our kind becomes: Greek, operators, arrows, fences, italic and bold letters. The build cuts it further.
MATHS = (
    "20-7E,A0,A7,AC,AF,B1,B7,D7,F7,2C6,2C9,2D9,2DC,302-305,307-308,393-394,398,39B,3A3,3A6,3A8-3A9,3B1-3C9,3D1,3D5,3F5,2016,2026,2032-2033,203E,"
    "2061-2064,20D7,210E,2112-2113,2115,211D,2124,2130,2190-2194,21A6,21D0-21D4,2200,2202-2209,220B-220C,220F,2211-2213,2216-221A,221D-221E,2223,"
    "2225-222B,2236,2248,2254-2255,2260-2265,226A-226B,2282-2283,2286-2287,2295,2297,2299,22A4-22A5,22C5-22C6,22EE-22F1,2308-230B,"
    "23B4-23B5,23DC-23DF,25CB,2713,27E8-27E9,2A7D-2A7E,1D400-1D454,1D456-1D467,1D49C,1D49E-1D49F,1D4A9,1D53C,1D6E2-1D71B,1D7CE-1D7D7,"
    "1D7D9"
)
SHAPING = ["kern", "liga", "ccmp", "locl", "mark", "tnum", "lnum"]


def cut(source: Path, signs: str, features: list[str]) -> TTFont:
    """Return the font at `source` with the `signs` ("20-7E,A0", hexadecimal) that it has, and with these OpenType features."""
    font = TTFont(source, recalcTimestamp=False)
    options = Options(layout_features=features, name_IDs=[0, 1, 2, 3, 4, 6, 13, 14, 16, 17, 25], notdef_outline=True, hinting=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=parse_unicodes(signs))
    subsetter.subset(font)
    return font


def save(font: TTFont, path: Path, family: str, style: str = "Regular") -> None:
    """Save `font` under another name, which its licence asks of a changed font; as WOFF2 if `path` says so."""
    full = f"{family} {style}"
    names = {1: family, 2: style, 3: full, 4: full, 6: full.replace(" ", "-"), 16: family, 17: style, 25: family.replace(" ", "")}
    for record in font["name"].names:
        if record.nameID in names:
            record.string = names[record.nameID]
    font.flavor = "woff2" if path.suffix == ".woff2" else None
    font.save(path)
    print(f"{path.name}: {path.stat().st_size:,} bytes")


def as_in_tex(font: TTFont) -> TTFont:
    """Return the font of the formulas with what makes a browser set them as TeX does: scripts at one height, no gap behind a root.

    A browser lets a tall or deep base move its script, up to a distance that the font gives; TeX does so for groups alone. The distances
    become so large that brackets (0.736 em) and the deepest letter (0.235 em) stay below them, rounded to pixels too. And Chromium gives
    every √ the room of the widest; so the taller ones become as narrow as the smallest.
    """
    constants = font["MATH"].table.MathConstants
    constants.SuperscriptBaselineDropMax.Value = 820 - constants.SuperscriptShiftUp.Value
    constants.SubscriptBaselineDropMin.Value = constants.SubscriptShiftDown.Value - 260
    variants, smallest = font["MATH"].table.MathVariants, font.getBestCmap()[ord("√")]
    radical = variants.VertGlyphConstruction[variants.VertGlyphCoverage.glyphs.index(smallest)]
    taller = {record.VariantGlyph for record in radical.MathGlyphVariantRecord} | {part.glyph for part in radical.GlyphAssembly.PartRecords}
    width = font["hmtx"][smallest][0]
    for name in taller - {smallest}:
        glyph, (own, left) = font["glyf"][name], font["hmtx"][name]
        glyph.coordinates.scale((width / own, 1))
        glyph.coordinates.toInt()
        glyph.recalcBounds(font["glyf"])
        font["hmtx"][name] = (width, round(left * width / own))
    return font


if __name__ == "__main__":
    sans, stix = map(Path, sys.argv[1:])
    upright, italic = sans / "SourceSans3VF-Upright.ttf", sans / "SourceSans3VF-Italic.ttf"
    save(instantiateVariableFont(cut(upright, TEXT, SHAPING), {"wght": (400, 700)}), SITE / "penalty-sans-normal.woff2", "Penalty Sans")
    save(instantiateVariableFont(cut(italic, ITALIC, SHAPING), {"wght": 400}), SITE / "penalty-sans-italic.woff2", "Penalty Sans", "Italic")
    for weight, style in ((400, "Regular"), (600, "Semibold")):  # for the figures
        still = instantiateVariableFont(cut(upright, TEXT, ["kern", "mark"]), {"wght": weight})
        still["OS/2"].usWeightClass = weight
        save(still, FIGURES / f"PenaltySans-{style}.ttf", "Penalty Sans", style)
    save(as_in_tex(cut(stix, MATHS, ["ccmp"])), SITE / "penalty-math.woff2", "Penalty Math")
