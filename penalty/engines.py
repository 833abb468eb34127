"""Where the parts of a comparison are trained: in this process, in processes beside it, or on a Dask cluster.

Every engine gives the same parts, because a part depends on table, settings and its number only. A finished part is written at once, so
that the next call with the same table and settings trains what is missing.
"""

import hashlib
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from joblib.externals.loky.process_executor import TerminatedWorkerError

from penalty.table import Problem, Table

Part = dict[str, np.ndarray]
# What decides on the numbers in a part, beside table and settings.
CODE = ("compare", "estimator", "folds", "parts", "preprocessing", "stack")
LIBRARIES = ("keras", "numpy", "pandas", "scikit-learn", "tensorflow")


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
    """Return the parts 0 … total − 1 in order, and sentences on what was found in the folder; arguments as for `compare`."""
    store = _Store(Path(folder) / "parts", fingerprint(table, settings)) if folder is not None else None
    parts = store.read(total) if store else {}
    notes = store.notes() if store else ()
    progress = progress or (lambda done, total, seconds_left: None)
    progress(len(parts), total, None)
    jobs = [(table, settings, number, width) for number in range(total) if number not in parts]
    engine = _dask(jobs, dask) if dask else _loky(jobs, workers) if workers > 1 else map(_job, jobs)
    begun, before = time.monotonic(), len(parts)
    for number, part in engine if jobs else ():
        parts[number] = part
        if store:
            store.write(number, part)
        each = (time.monotonic() - begun) / (len(parts) - before)
        progress(len(parts), total, each * (total - len(parts)))
    return [parts[number] for number in range(total)], notes


def _job(job: tuple) -> tuple[int, Part]:
    from penalty.parts import train_part  # here, because it loads TensorFlow, which only who trains needs

    return job[2], train_part(*job)


def _loky(jobs: list[tuple], workers: int) -> Iterator[tuple[int, Part]]:
    parallel = joblib.Parallel(n_jobs=min(workers, len(jobs)), backend="loky", batch_size=1, return_as="generator_unordered")
    try:
        yield from parallel(joblib.delayed(_job)(job) for job in jobs)
    except TerminatedWorkerError:
        raise Problem("A worker process was killed, probably because the memory did not suffice: use fewer workers.") from None


def _dask(jobs: list[tuple], address: str) -> Iterator[tuple[int, Part]]:
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise Problem("To use a Dask cluster, install the package distributed here: pip install distributed.") from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TimeoutError):
        raise Problem(f"No Dask scheduler answers at {address}: start one (dask scheduler), and workers that know its address.") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise Problem(f"The Dask scheduler at {address} has no workers: start some (dask worker {address}).")
        futures = [client.submit(_job, job, pure=False) for job in jobs]
        # The parts of a worker that dies are given to another one.
        yield from (part for _, part in as_completed(futures, client.loop, with_results=True))


def fingerprint(table: Table, settings) -> str:
    """Return what is the same when the parts are the same: 12 hexadecimal digits of table, settings, code and libraries."""
    digest = hashlib.sha256()
    digest.update(repr((settings, table.classes, [(name, str(kind)) for name, kind in table.features.dtypes.items()])).encode())
    digest.update(pd.util.hash_pandas_object(table.features, index=False).to_numpy().tobytes())
    for values in (table.target, table.groups, table.time):
        digest.update(b"none" if values is None else np.ascontiguousarray(values).tobytes())
    for name in CODE:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    digest.update(repr([version(name) for name in LIBRARIES]).encode())
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
