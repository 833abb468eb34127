"""Worked answers are told apart from other folded parts, so that a printed page can leave them out.

Markdown extension: a `<details>` whose summary begins with "Answer" gets the class `pt-answer`.
"""

from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor


class _Answers(Treeprocessor):
    def run(self, root):
        for details in root.iter("details"):
            if "".join(details.find("summary").itertext()).startswith("Answer"):
                details.set("class", "pt-answer")


class Answers(Extension):
    def extendMarkdown(self, md):
        md.treeprocessors.register(_Answers(md), "answers", 5)  # after the summaries are read


def makeExtension(**options):
    return Answers(**options)
