"""Files that cannot be read or written: one sentence, and nothing half written."""

import errno
import os

import pytest

from pipeline.files import read_text, write_whole
from pipeline.source import SiteError


def test_a_file_is_written_with_the_folders_above_it(tmp_path):
    write_whole(tmp_path / "a" / "b" / "file", b"whole")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"whole"
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["file"]


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(tmp_path):
    (tmp_path / "file").touch()  # where a folder is needed, so that it holds for an administrator too
    with pytest.raises(SiteError, match=r"file/below could not be written \(.+\); make room or give write access, then run again\."):
        write_whole(tmp_path / "file" / "below", b"new")


@pytest.mark.parametrize("problem", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), KeyboardInterrupt()])
def test_what_was_there_stays_when_a_file_cannot_be_written(tmp_path, monkeypatch, problem):
    def stop(*_):
        raise problem

    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", stop)
    with pytest.raises((SiteError, KeyboardInterrupt)):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [left.name for left in tmp_path.iterdir()] == ["file"]


def test_a_file_that_cannot_be_read_is_said_in_one_sentence(tmp_path):
    with pytest.raises(SiteError, match=r"could not be read \(.+\); give read access to it, then run again\."):
        read_text(tmp_path)
    (tmp_path / "binary").write_bytes(b"text\n\xff\n")
    with pytest.raises(SiteError, match="binary:2: this is no text in UTF-8; save it as UTF-8, then run again"):
        read_text(tmp_path / "binary")
