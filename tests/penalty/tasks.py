"""What workers do in the tests of the engines. Nothing here loads TensorFlow on its own, so that workers begin at once."""

import os
import signal
import time
from pathlib import Path


def squared(number: int) -> int:
    return number**2


def fails_at_two(number: int) -> int:
    if number == 2:
        raise ValueError("no such thing")
    return number


def killed_at_two(number: int) -> int:
    if number == 2:
        time.sleep(0.3)  # for others to finish
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def killed_once(folder: Path, number: int) -> int:
    """Kill the process that does number 2 for the first time; note each beginning in a file."""
    with open(folder / str(number), "a") as file:
        file.write("begun\n")
    if number == 2 and (folder / "2").read_text() == "begun\n":
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2


def noted(folder: Path, number: int) -> int:
    (folder / f"{number}-{os.getpid()}").touch()
    time.sleep(0.5)
    return number


def threads_of_tensorflow(number: int) -> str | None:
    import penalty.quiet  # noqa: F401

    return os.environ.get("TF_NUM_INTRAOP_THREADS")
