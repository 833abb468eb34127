"""Validate the HTML of a built site with the W3C's checker (vnu): `python -m tools.validate site`."""

import json
import subprocess
import sys
from pathlib import Path

from tools import node

# What is known and left out.
_KNOWN = (
    "Trailing slash on void elements.*",  # Python-Markdown writes <img />, which HTML allows
    "Attribute “(displaystyle|scriptlevel)” not allowed on element “m.*",  # MathML Core has them on every element
    "Attribute “autocomplete” is only allowed when the input type is.*",  # the theme's: Firefox is not to restore an open menu
    "Bad value “” for attribute “tabindex” on element “label”.*",  # the theme's: without effect
)


def messages(site: Path) -> list[dict]:
    """Return what the checker has to say about the HTML pages of `site`.

    Raises:
        node.Missing: if Java or Node is not there.
    """
    java = node.program("java")
    jar = node.package("vnu-jar") / "build" / "dist" / "vnu.jar"
    command = [java, "-jar", str(jar), "--skip-non-html", "--exit-zero-always", "--format", "json"]
    command += ["--filterpattern", "|".join(_KNOWN), str(site)]
    checked = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(checked.stderr)["messages"]


def main() -> None:
    site = Path(sys.argv[1]).resolve()
    try:
        found = messages(site)
    except node.Missing as missing:
        print(f"HTML not checked: {missing}.")
        return
    for message in found:
        page = Path(message["url"].removeprefix("file:")).relative_to(site).as_posix()
        print(f"{page}:{message.get('lastLine', 1)}: {message.get('subType', message['type'])}: {message['message']}")
    errors = sum(message["type"] == "error" for message in found)
    print(f"HTML checked: {len(list(site.rglob('*.html')))} pages, {errors} errors, {len(found) - errors} remarks.")
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
