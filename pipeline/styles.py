"""Leave out of a style sheet what no page of the site can use: a third of the theme's is for parts that this site does not have."""

import re
from collections.abc import Iterable
from itertools import pairwise

import tinycss2

_NAME = r"[\w-]+"


def names(pages: Iterable[str], scripts: Iterable[str]) -> set[str]:
    """Return the classes that the HTML of pages has, and all words of scripts, which may give classes to elements."""
    found = set()
    for page in pages:
        found.update(*(value.split() for value in re.findall(r'class="([^"]*)"', page)))
        found.update(*(re.findall(_NAME, script) for script in re.findall(r"<script.*?</script>", page, re.DOTALL)))
    return found.union(*(re.findall(_NAME, script) for script in scripts))


def used(sheet: str, names: set[str]) -> str:
    """Return a style sheet without the selectors that ask for a class that is not among `names`.

    A name that ends with a hyphen or an underscore may be the beginning of one that a script puts together.
    """
    beginnings = tuple(name for name in names if name.endswith(("-", "_")) and len(name) > 3)

    def can_match(selector: list) -> bool:
        # Only what stands in the selector itself: one inside :not() or :is() need not match.
        classes = [token.value for dot, token in pairwise(selector) if dot == "." and token.type == "ident"]
        return all(name in names or name.startswith(beginnings) for name in classes)

    def kept(rules: list) -> str:
        text = ""
        for rule in rules:
            if rule.type == "qualified-rule":
                selectors = [[]]
                for token in rule.prelude:
                    selectors.append([]) if token == "," else selectors[-1].append(token)
                matching = ",".join(tinycss2.serialize(selector) for selector in selectors if can_match(selector))
                text += f"{matching}{{{tinycss2.serialize(rule.content)}}}" if matching else ""
            elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
                inner = kept(tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True))
                text += f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}" if inner else ""
            else:
                text += rule.serialize()
        return text

    return kept(tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True))
