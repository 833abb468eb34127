"""The package for a reader's own table, as one file on the site."""

import subprocess
import sys
import time
import zipfile

from pipeline.package import ADDRESS, archive
from pipeline.source import ROOT
from tests.site.small import write


def test_the_archive_holds_the_package_whole_and_is_the_same_in_every_build(tmp_path):
    write(tmp_path / "penalty" / "__init__.py", "VALUE = 3\n")
    write(tmp_path / "penalty" / "templates" / "report.css", "p{}\n")
    write(tmp_path / "penalty" / "__pycache__" / "old.pyc", "")
    first = archive(tmp_path)
    time.sleep(0.01)
    write(tmp_path / "penalty" / "__init__.py", "VALUE = 3\n")  # later, and the same
    assert archive(tmp_path) == first
    write(tmp_path / "all.pyz", "")
    (tmp_path / "all.pyz").write_bytes(first)
    assert zipfile.ZipFile(tmp_path / "all.pyz").namelist() == ["__main__.py", "penalty/__init__.py", "penalty/templates/report.css"]


def test_the_file_on_the_site_runs_and_is_imported(site_dir, tmp_path):
    path = site_dir / ADDRESS
    assert path.read_bytes() == archive(ROOT)
    run = [sys.executable, "-I", str(path), "no-such-table.csv", "--target", "x"]  # isolated: the project is not on its path
    ended = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "no-such-table.csv" in ended.stderr
    imported = f"import sys; sys.path.insert(0, {str(path)!r}); import penalty; print(penalty.__file__)"
    ended = subprocess.run([sys.executable, "-c", imported], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ended.stdout.startswith(str(path))
