"""The strictest content-security policy under which a built site works: `python -m tools.policy site` prints the header.

Scripts are the site's own; those that stand in its pages, the theme's and the loader of widgets, are named by their hashes.
Styles in attributes are allowed, because math-core sets the cells of aligned formulas by them.
"""

import base64
import hashlib
import re
import sys
from pathlib import Path


def policy(site: Path) -> str:
    """Return the value of the header Content-Security-Policy for the built `site`."""
    inline = set()
    for page in site.rglob("*.html"):
        for attributes, script in re.findall(r"<script\b([^>]*)>(.*?)</script>", page.read_text(encoding="utf-8"), re.DOTALL):
            if "src=" not in attributes and "application/" not in attributes:
                inline.add(base64.b64encode(hashlib.sha256(script.encode()).digest()).decode())
    hashes = "".join(f" 'sha256-{digest}'" for digest in sorted(inline))
    return (
        f"default-src 'none'; script-src 'self'{hashes}; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


if __name__ == "__main__":
    print(f"Content-Security-Policy: {policy(Path(sys.argv[1]))}")
