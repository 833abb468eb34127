"""Where work is done: in this process, in processes beside it, or on a Dask cluster.

Every engine gives the same results, because a result depends on the task and its number only.
"""

import hashlib
import socket
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from penalty.table import Problem

# What decides on the numbers in a part, beside table and settings.
CODE = ("compare", "estimator", "folds", "parts", "preprocessing", "stack")
LIBRARIES = ("keras", "numpy", "pandas", "scikit-learn", "tensorflow")
SECONDS = 5  # for a scheduler to answer
DEATHS = 3  # of workers in a row, without a part that was finished in between


def run(task: Callable, numbers: Sequence[int], *, workers: int = 1, dask: str | None = None) -> Iterator[tuple]:
    """Yield (number, task(number)) for each number, in the order in which they are finished.

    What has not begun is cancelled when the iterator is closed, as Ctrl-C does. What a worker that dies was doing is done again.

    Args:
        task: a function of the number; with several processes, one that can be pickled.
        numbers: of the parts, from 0.
        workers: processes on this machine; 1 is this process itself.
        dask: address of the scheduler of a Dask cluster, which does the work instead.

    Raises:
        Problem: if a part fails, with its number and the reason; if workers die again and again; if the cluster cannot be used.
    """
    if not numbers:
        return
    if dask:
        yield from _cluster(task, numbers, dask)
    elif workers > 1:
        yield from _loky(task, numbers, workers)
    else:
        yield from map(partial(_attempt, task), numbers)


def environment() -> dict[str, str]:
    """Return the versions of what decides on the numbers, which have to be the same on all workers."""
    code = hashlib.sha256()
    for name in CODE:
        code.update((Path(__file__).parent / f"{name}.py").read_bytes())
    python = "{}.{}".format(*sys.version_info)
    return {"penalty": code.hexdigest()[:12], "python": python} | {name: version(name) for name in LIBRARIES}


def _attempt(task: Callable, number: int) -> tuple:
    try:
        return number, task(number)
    except Problem:
        raise
    except Exception as error:
        raise Problem(f"Part {number + 1} cannot be trained ({type(error).__name__}: {error}).") from error


def _loky(task: Callable, numbers: Sequence[int], workers: int) -> Iterator[tuple]:
    left, deaths = list(numbers), 0
    while left:
        # At least two, because joblib runs one in this process, which a lack of memory would then kill. Arrays are sent as they are:
        # those that joblib maps from a file are read-only.
        processes = max(2, min(workers, len(left)))
        parallel = joblib.Parallel(processes, backend="loky", batch_size=1, max_nbytes=None, return_as="generator_unordered")
        finished = parallel([joblib.delayed(_attempt)(task, number) for number in left])
        try:
            for number, result in finished:
                left.remove(number)
                deaths = 0
                yield number, result
        except TerminatedWorkerError:
            deaths += 1
            if deaths == DEATHS:
                raise Problem(
                    f"Worker processes were killed {DEATHS} times in a row, probably because the memory did not suffice: use fewer workers."
                ) from None
        finally:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # joblib counts what it cancels, and gives advice
                finished.close()


def _cluster(task: Callable, numbers: Sequence[int], address: str) -> Iterator[tuple]:
    try:
        from distributed import Client, KilledWorker, as_completed
    except ImportError:
        raise Problem("To use a Dask cluster, install the package distributed here: pip install distributed.") from None
    try:
        place = urlsplit(address)
        with socket.create_connection((place.hostname, place.port), SECONDS) as connection:
            connection.recv(1)  # a scheduler speaks first; where something else listens, a client would wait for ever
        client = Client(address, timeout=SECONDS, set_as_default=False)
    except Exception:  # many kinds, by what is at the address instead
        raise Problem(
            f"No Dask scheduler answers at {address}: start one (dask scheduler), and workers that know its address, as tcp://10.0.0.1:8786."
        ) from None
    with client:
        _check_workers(client, address)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph")  # the table: safe in the scheduler, whichever worker dies
            futures = client.map(partial(_attempt, task), numbers, pure=False)
        for future in as_completed(futures, loop=client.loop):
            part = f"Part {numbers[futures.index(future)] + 1}"
            try:
                result = future.result()
            except Problem:
                raise
            except KilledWorker as error:
                times = error.allowed_failures + 1
                reason = f"was begun {times} times, and each time its worker died, probably because the memory did not suffice"
                raise Problem(f"{part} {reason}.") from None
            except Exception as error:  # a worker came that lacks the package, or the scheduler went
                raise Problem(f"{part} is lost on the way to or from the cluster ({type(error).__name__}: {error}).") from None
            yield result


def _check_workers(client, address: str) -> None:
    """Make sure that the cluster has workers, and each what this process has."""
    here = environment()
    found = client.run(environment, on_error="return")
    if not found:
        raise Problem(f"The Dask scheduler at {address} has no workers: start some (dask worker {address} --nthreads 1).")
    for worker, there in found.items():
        if isinstance(there, Exception):
            raise Problem(f"The Dask worker {worker} cannot load the package penalty ({there}): install it there too.")
        for name, value in here.items():
            if there[name] != value:
                raise Problem(f"The Dask worker {worker} has {name} {there[name]}, and here it is {value}: use the same on all machines.")
