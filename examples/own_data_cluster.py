# %% [markdown]
# # On more than one machine
#
# Run one comparison in this process and on a Dask cluster, kill a worker, and
# see what changes. It runs in about half a minute, and needs
# pandas, distributed, and the folder `penalty` of this project beside the
# folder of this script. When it pays is in
# [the chapter](../docs/learn/own_data.md#cluster).

# %%
import os
import tempfile
from pathlib import Path

# TensorFlow logs while Keras loads it, whatever log level it is told, so
# standard error (number 2) leads nowhere for as long as that takes.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # nor does it log later
standard_error = os.dup(2)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
try:
    import keras
finally:
    os.dup2(standard_error, 2)

import subprocess
import sys
import time

import matplotlib.pyplot as plt
import numpy as np
from distributed import Client

project = Path(__file__).resolve().parents[1]
sys.path.append(str(project))  # where the folder penalty is

from penalty.compare import Settings, compare
from penalty.table import read_table

print(f"Keras: {keras.__version__}")

# %% [markdown]
# ## The comparison, in this process
#
# Three outer folds, and all rows: four parts. It is smaller than what the
# command does without further options, which would take longer here.

# %%
table = read_table(project / "penalty" / "members.csv", "churned")
settings = Settings(
    folds=3,
    repeats=1,
    inner_folds=3,
    epochs=100,
    factors=(0.001, 0.01, 0.1),
)
here = compare(table, settings)


def apart(comparison):
    """Return how many numbers two comparisons have, and how far apart."""
    names = "losses accuracies inner outer_curve stopping linear_inner"
    pairs = [
        (getattr(here, name), getattr(comparison, name))
        for name in (*names.split(), "predictions", "largest_weight")
    ]
    count = sum(one.size for one, _ in pairs)
    return count, max(np.abs(one - other).max() for one, other in pairs)


# %% [markdown]
# ## On a Dask cluster
#
# A scheduler and two workers are three commands. On several machines, each
# would be typed where it is to run: `dask scheduler` on one of them, and
# `dask worker tcp://… --nthreads 1` on the others. The scheduler ends
# itself, and with it the workers, when nobody has asked for anything for a
# minute.

# %%
folder = Path(tempfile.mkdtemp(prefix="own-data-cluster-"))
surroundings = {**os.environ, "PYTHONPATH": str(project)}


def start(*arguments):
    """Start a command of Dask, and return its process."""
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        cwd=folder,
        env=surroundings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


file = ["--scheduler-file", str(folder / "scheduler.json")]
local = ["--host", "127.0.0.1", "--port", "0", "--dashboard-address", ":0"]
scheduler = start("scheduler", *file, *local, "--idle-timeout", "60")
one = ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
workers = {
    name: start("worker", *file, *one, "--name", name)
    for name in ("first", "second")
}
while not (folder / "scheduler.json").exists():
    time.sleep(0.1)
client = Client(scheduler_file=file[1], set_as_default=False)
client.wait_for_workers(2)

address = client.scheduler.address
cluster = compare(table, settings, dask=address)

# %% [markdown]
# ## A worker is killed
#
# When one part is finished, the first worker is killed in the middle of
# another one. On several machines, this is a cable that is pulled.

# %% tags=["killed"]
counts = {"when the worker was killed": [], "in the end": []}


def busy(dask_worker):
    """Return how many parts a worker is training."""
    return len(dask_worker.state.executing)


def kill_the_first(done, total, seconds_left):
    if done == 1:
        known = client.scheduler_info()["workers"]
        first = next(a for a in known if known[a]["name"] == "first")
        while not (lost := client.run(busy, workers=[first])[first]):
            time.sleep(0.01)
        workers["first"].kill()
        counts["when the worker was killed"] = [2, done, lost]
    if done == total:
        left = client.scheduler_info()["workers"]
        counts["in the end"] = [len(left), done, 0]


survived = compare(table, settings, dask=address, progress=kill_the_first)

print("moment                      workers   parts done   parts lost")
for moment, (alive, done, lost) in counts.items():
    print(f"{moment:<26}   {alive:6d}   {done:10d}   {lost:10d}")

# %% [markdown]
# ## Do the numbers agree?

# %% tags=["agree"]
print("engine                       numbers   largest difference")
for name, comparison in {
    "Dask cluster": cluster,
    "Dask, one worker killed": survived,
}.items():
    count, difference = apart(comparison)
    print(f"{name:<24}   {count:9,d}   {difference:18g}")

# %%
client.close()
scheduler.terminate()  # and with it the worker that is left

# %% [markdown]
# No number changes with the engine, and no part is lost with a worker: what
# the killed worker was training, the other one has trained again, from the
# same seeds.

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="own-data-cluster-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
