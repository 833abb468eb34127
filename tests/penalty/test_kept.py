"""What is finished is kept, and only what is missing is trained."""

from dataclasses import replace

import numpy as np
import pytest

from penalty import engines, parts
from penalty.compare import compare
from penalty.kept import fingerprint
from penalty.table import Problem
from tests.penalty.test_compare import SHORT, same, table_of

SMALL = replace(SHORT, factors=(0.03,), epochs=10)
TOTAL = 4  # three outer folds, and all rows


@pytest.fixture(scope="module")
def table():
    return table_of("three classes")


@pytest.fixture(scope="module")
def serial(table):
    return compare(table, SMALL)


@pytest.fixture
def trained(monkeypatch):
    """The numbers of the parts that were trained, in order."""
    numbers, plain = [], parts.train_part

    def counted(table, settings, number, width):
        numbers.append(number)
        return plain(table, settings, number, width)

    monkeypatch.setattr(parts, "train_part", counted)
    return numbers


def test_after_an_interruption_only_what_is_missing_is_trained(table, serial, tmp_path, trained):
    def interrupt(done, total, seconds_left):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(table, SMALL, folder=tmp_path, progress=interrupt)
    assert trained == [0, 1]
    seen = []
    again = compare(table, SMALL, folder=tmp_path, progress=lambda *said: seen.append(said))
    assert trained == [0, 1, 2, 3]
    assert same(again, serial)
    assert [(done, total) for done, total, _ in seen] == [(2, TOTAL), (3, TOTAL), (4, TOTAL)]
    assert seen[0][2] is None and seen[1][2] > 0 and seen[2][2] == 0
    assert same(compare(table, SMALL, folder=tmp_path), serial)
    assert trained == [0, 1, 2, 3]


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "another file"])
def test_a_damaged_part_is_trained_again(table, serial, tmp_path, trained, damage):
    compare(table, SMALL, folder=tmp_path)
    path = sorted(tmp_path.glob("parts/*.npz"))[2]
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    if damage == "flipped":
        content[half] ^= 0xFF
    path.write_bytes({"cut": content[:half], "flipped": content, "emptied": b"", "another file": b"a,b\n1,2\n"}[damage])
    trained.clear()
    assert same(compare(table, SMALL, folder=tmp_path), serial)
    assert trained == [2]
    assert np.load(path)["chosen"].shape == (6,)


def test_parts_of_another_table_or_other_settings_are_left_alone_and_named(table, serial, tmp_path, trained):
    other = compare(table, replace(SMALL, seed=1), folder=tmp_path)
    assert not any("not used" in note for note in other.notes)
    trained.clear()
    comparison = compare(table, SMALL, folder=tmp_path)
    assert trained == [0, 1, 2, 3]
    assert same(comparison, serial)
    assert any(note.endswith("keeps 4 parts of another table, other settings or another version: not used.") for note in comparison.notes)
    assert len(list(tmp_path.glob("parts/*.npz"))) == 2 * TOTAL


def test_the_fingerprint_changes_with_every_value_and_every_setting_and_with_nothing_else(table, monkeypatch):
    plain = fingerprint(table, SMALL)
    assert fingerprint(table_of("three classes"), SMALL) == plain
    one_value = table.features.copy()
    one_value.loc[5, "size"] += 1e-12
    one_name = table.features.rename(columns={"age": "years"})
    other_target = table.target.copy()
    other_target[3] = (other_target[3] + 1) % 3
    codes = np.arange(90)
    others = [
        fingerprint(replace(table, features=one_value), SMALL),
        fingerprint(replace(table, features=one_name), SMALL),
        fingerprint(replace(table, target=other_target), SMALL),
        fingerprint(replace(table, classes=("a", "b", "d")), SMALL),
        fingerprint(replace(table, groups=codes), SMALL),
        fingerprint(replace(table, time=codes), SMALL),
        fingerprint(table, replace(SMALL, seed=1)),
        fingerprint(table, replace(SMALL, factors=(0.031,))),
    ]
    monkeypatch.setattr(engines, "version", lambda name: "0")
    others.append(fingerprint(table, SMALL))
    assert len({plain, *others}) == 1 + len(others)


def test_a_folder_that_cannot_be_written_is_named(table, tmp_path, trained, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem, match="cannot be made"):
        compare(table, SMALL, folder=tmp_path / "file")
    assert trained == []  # before anything was trained

    def full(*arguments, **arrays):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(Problem, match="No space left on device"):
        compare(table, SMALL, folder=tmp_path)
    assert list(tmp_path.glob("parts/*")) == []


def test_without_a_folder_nothing_is_written(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    compare(table, SMALL)
    assert list(tmp_path.iterdir()) == []
