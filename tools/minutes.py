"""How long a chapter takes to read: `python -m tools.minutes` prints it for each, beside what its page says."""

import re
from pathlib import Path

from pipeline.chapters import chapters
from pipeline.source import ROOT, prose_lines

WORDS = 180  # a minute
FORMULA, FIGURE = 0.5, 1  # minutes
_FOLDED = re.compile(r"^(/{3,}) details.*?^\1$", re.MULTILINE | re.DOTALL)


def reading(text: str) -> float:
    """Return the minutes that a page's Markdown `text` takes, without code and what is folded."""
    text = re.sub(r"\A---\n.*?\n---\n", "", _FOLDED.sub("", text), flags=re.DOTALL)
    prose = "\n".join(line for _, line in prose_lines(text))
    figures = len(re.findall(r"^\{\{ \w+#[\w-]+ \}\}", prose, re.MULTILINE))
    formulas = prose.count("\n$$\n") // 2
    words = re.sub(r"\$\$.*?\$\$|<!--.*?-->|\[✓[^\]]*\]|\{[^}]*\}|<[^>]*>|\]\([^)]*\)", " ", prose, flags=re.DOTALL)
    return len(re.findall(r"\w[\w’'-]*", words)) / WORDS + FORMULA * formulas + FIGURE * figures


def stated(text: str) -> str:
    """Return what the head of a page says of its minutes."""
    found = re.search(r"\*\*(\d+ minutes[^*]*)\*\*", text)
    return found[1] if found else "nothing"


def main(root: Path = ROOT) -> None:
    print("chapter  measured  the page says")
    for chapter in chapters(root):
        text = (root / "docs" / "learn" / f"{chapter.stem}.md").read_text(encoding="utf-8")
        print(f"{chapter.stem}  {reading(text):.0f} minutes  {stated(text)}")


if __name__ == "__main__":
    main()
