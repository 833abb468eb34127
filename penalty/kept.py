"""The parts of a comparison: those that a folder keeps are taken from there, and the others are trained and kept."""

import hashlib
import os
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from penalty.engines import environment, run
from penalty.table import Problem, Table

Part = dict[str, np.ndarray]


def run_parts(
    table: Table,
    settings,
    total: int,
    width: int,
    *,
    workers: int = 1,
    dask: str | None = None,
    folder: str | Path | None = None,
    progress: Callable[[int, int, float | None], None] | None = None,
) -> tuple[list[Part], tuple[str, ...]]:
    """Return the parts 0 … total − 1 in order, and sentences on what was found in the folder; arguments as for `compare`.

    A finished part is written at once, so that the next call with the same table and settings trains what is missing.
    """
    store = _Store(Path(folder) / "parts", fingerprint(table, settings)) if folder is not None else None
    parts = store.read(total) if store else {}
    notes = store.notes() if store else ()
    progress = progress or (lambda done, total, seconds_left: None)
    progress(len(parts), total, None)
    missing = [number for number in range(total) if number not in parts]
    begun, before = time.monotonic(), len(parts)
    with closing(run(partial(_train, table, settings, width), missing, workers=workers, dask=dask)) as finished:
        for number, part in finished:
            parts[number] = part
            if store:
                store.write(number, part)
            each = (time.monotonic() - begun) / (len(parts) - before)
            progress(len(parts), total, each * (total - len(parts)))
    return [parts[number] for number in range(total)], notes


def _train(table: Table, settings, width: int, number: int) -> Part:
    from penalty.parts import train_part  # here, because it loads TensorFlow, which only who trains needs

    return train_part(table, settings, number, width)


def fingerprint(table: Table, settings) -> str:
    """Return what is the same when the parts are the same: 12 hexadecimal digits of table, settings, code and libraries."""
    digest = hashlib.sha256()
    digest.update(repr((settings, table.classes, [(name, str(kind)) for name, kind in table.features.dtypes.items()])).encode())
    digest.update(pd.util.hash_pandas_object(table.features, index=False).to_numpy().tobytes())
    for values in (table.target, table.groups, table.time):
        digest.update(b"none" if values is None else np.ascontiguousarray(values).tobytes())
    digest.update(repr(environment()).encode())
    return digest.hexdigest()[:12]


class _Store:
    """Finished parts in a folder, each a file `<fingerprint>-<number>.npz`."""

    def __init__(self, folder: Path, mark: str):
        self.folder, self.mark = folder, mark
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Problem(f"The folder {folder} cannot be made: {error.strerror}.") from None

    def _path(self, number: int) -> Path:
        return self.folder / f"{self.mark}-{number:02d}.npz"

    def read(self, total: int) -> dict[int, Part]:
        """Return the parts that are there and whole, by number."""
        parts = {}
        for number in range(total):
            try:
                with np.load(self._path(number), allow_pickle=False) as file:
                    parts[number] = dict(file)
            except FileNotFoundError:
                continue
            except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
                continue  # damaged: trained again, and written over
        return parts

    def write(self, number: int, part: Part) -> None:
        """Write a part under its name only when it is whole."""
        path = self._path(number)
        unfinished = path.with_suffix(".unfinished")
        try:
            with open(unfinished, "wb") as file:
                np.savez_compressed(file, **part)
            os.replace(unfinished, path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise Problem(f"A finished part cannot be written to {path}: {error.strerror}.") from None

    def notes(self) -> tuple[str, ...]:
        """Return a sentence on parts that belong to something else."""
        others = sum(not path.name.startswith(self.mark) for path in self.folder.glob("*.npz"))
        return (f"{self.folder} keeps {others} parts of another table, other settings or another version: not used.",) if others else ()
