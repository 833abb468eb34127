"""The package `penalty` as one file that Python runs: who only reads the site can take it along with a script."""

import io
import zipfile
from pathlib import Path

ADDRESS = "downloads/penalty.pyz"
_MAIN = "import sys\n\nfrom penalty.__main__ import main\n\nsys.exit(main())\n"


def archive(root: Path) -> bytes:
    """Return the archive, the same bytes for the same files. `python penalty.pyz table.csv` runs it, and scripts can import from it."""
    files = sorted(path for path in (root / "penalty").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    content = {path.relative_to(root).as_posix(): path.read_bytes() for path in files}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in {"__main__.py": _MAIN.encode(), **content}.items():
            file.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)  # dated 1980, whenever it is built
    return buffer.getvalue()
