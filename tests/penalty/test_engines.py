"""Where the parts of a comparison are trained does not change them, and a worker that dies takes nothing with it."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from functools import partial

import dask
import joblib
import pytest
from distributed import Client, LocalCluster
from threadpoolctl import threadpool_info, threadpool_limits

from penalty import engines, parts
from penalty.__main__ import main
from penalty.compare import compare
from penalty.engines import environment, run
from penalty.table import Problem
from tests.penalty import tasks
from tests.penalty.test_compare import same, table_of
from tests.penalty.test_kept import SMALL, TOTAL


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two processes that work for it."""
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster,
    ):
        yield cluster


@pytest.fixture(params=["this process", "two processes", "a Dask cluster"])
def engine(request):
    """What `run` is called with for an engine."""
    if request.param == "a Dask cluster":
        return {"dask": request.getfixturevalue("cluster").scheduler_address}
    return {"workers": 2 if request.param == "two processes" else 1}


@pytest.fixture(scope="module")
def table():
    return table_of("three classes")


@pytest.fixture(scope="module")
def serial(table):
    return compare(table, SMALL)


def test_two_processes_give_exactly_what_one_gives(table, serial, tmp_path):
    seen = []
    assert same(compare(table, SMALL, workers=2, folder=tmp_path, progress=lambda *said: seen.append(said)), serial)
    assert [done for done, _, _ in seen] == [0, 1, 2, 3, 4]
    assert len(list(tmp_path.glob("parts/*.npz"))) == TOTAL


def test_a_worker_takes_no_more_threads_than_its_share():
    share = os.environ.get("OMP_NUM_THREADS", max(1, joblib.cpu_count() // 2))
    assert [threads for _, threads in run(tasks.threads_of_tensorflow, [0, 1], workers=2)] == [str(share)] * 2


def test_a_dask_cluster_gives_exactly_what_one_process_gives_though_a_worker_is_killed(table, serial, cluster, tmp_path):
    seen = []

    def kill_one(done, total, seconds_left):
        seen.append(done)
        if done == 1:
            os.kill(cluster.workers[0].pid, signal.SIGKILL)

    assert same(compare(table, SMALL, dask=cluster.scheduler_address, folder=tmp_path, progress=kill_one), serial)
    assert seen == [0, 1, 2, 3, 4]
    assert len(list(tmp_path.glob("parts/*.npz"))) == TOTAL


def test_every_number_comes_once_with_its_result(engine):
    assert sorted(run(tasks.squared, [3, 0, 5], **engine)) == [(0, 0), (3, 9), (5, 25)]
    assert list(run(tasks.squared, [], **engine)) == []


@pytest.mark.parametrize("engine", ["two processes", "a Dask cluster"], indirect=True)
def test_what_a_killed_worker_was_doing_is_done_again_and_nothing_else_is_lost(engine, tmp_path):
    assert sorted(run(partial(tasks.killed_once, tmp_path), range(5), **engine)) == [(n, n**2) for n in range(5)]
    assert (tmp_path / "2").read_text() == "begun\n" * 2


@pytest.mark.parametrize("engine", ["two processes", "a Dask cluster"], indirect=True)
def test_a_part_that_kills_its_workers_ends_in_a_sentence_and_the_others_are_kept(engine, monkeypatch):
    monkeypatch.setattr(engines, "DEATHS", 2)
    finished = []
    with pytest.raises(Problem, match="because the memory did not suffice"):
        for number, _ in run(tasks.killed_at_two, range(5), **engine):
            finished.append(number)
    assert 2 not in finished and set(finished) <= {0, 1, 3, 4} and len(finished) >= 2


def test_a_part_that_fails_is_named_with_its_reason_and_is_not_tried_again(engine):
    with pytest.raises(Problem, match=r"^Part 3 cannot be trained \(ValueError: no such thing\)\.$"):
        list(run(tasks.fails_at_two, range(4), **engine))


def test_what_has_not_begun_is_cancelled(engine, tmp_path):
    with closing(run(partial(tasks.noted, tmp_path), range(30), **engine)) as finished:
        next(finished)
    assert sorted(run(tasks.squared, [1, 2], **engine)) == [(1, 1), (2, 4)]  # after what had begun
    begun = len(list(tmp_path.iterdir()))
    assert begun < 10
    list(run(partial(tasks.noted, tmp_path / ".."), [1], **engine))
    assert len(list(tmp_path.iterdir())) == begun


def test_control_c_stops_workers_without_a_word_of_theirs(tmp_path):
    code = """
import sys
from functools import partial
from pathlib import Path
from penalty.engines import run
from tests.penalty.tasks import noted
try:
    folder = Path(sys.argv[1])
    for number, _ in run(partial(noted, folder), range(500), workers=2):
        if len({path.name.partition("-")[2] for path in folder.iterdir()}) == 2:
            print("both are at work", flush=True)
except KeyboardInterrupt:
    sys.exit(130)
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")
    assert len(list(tmp_path.iterdir())) < 500


def test_numpy_has_one_thread_while_a_part_is_trained_so_that_its_sums_are_the_same_everywhere(table, monkeypatch):
    seen, linear = [], parts._linear

    def spy(*arguments):
        seen.extend(library["num_threads"] for library in threadpool_info())
        return linear(*arguments)

    monkeypatch.setattr(parts, "_linear", spy)
    with threadpool_limits(2):
        assert {library["num_threads"] for library in threadpool_info()} == {2}
        parts.train_part(table, SMALL, 0, 6)
    assert set(seen) == {1}


def test_a_cluster_that_does_not_answer_is_named_in_one_sentence_with_exit_code_2(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(engines, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for address in ("tcp://127.0.0.1:9", "nonsense", f"tcp://127.0.0.1:{silent.getsockname()[1]}"):
            assert main(["--dask", address]) == 2
            said = " ".join(capfd.readouterr().err.split())
            assert said.startswith(f"No Dask scheduler answers at {address}: start one") and said.count(". ") == 0
    assert list(tmp_path.iterdir()) == []


def test_who_has_not_installed_distributed_is_told_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(Problem, match="pip install distributed"):
        list(run(tasks.squared, [1], dask="tcp://127.0.0.1:9"))


@pytest.mark.parametrize(
    ("lack", "sentence"),
    [
        ("sys.modules['penalty'] = None", "cannot load the package penalty"),
        ("import importlib.metadata as m; v = m.version; m.version = lambda name: '2.0' if name == 'keras' else v(name)", "has keras 2.0"),
    ],
)
def test_a_worker_without_the_package_or_with_another_version_is_named(lack, sentence):
    with LocalCluster(n_workers=0, processes=False, protocol="tcp", dashboard_address=":0", silence_logs=50) as empty:
        with pytest.raises(Problem, match="has no workers"):
            list(run(tasks.squared, [1], dask=empty.scheduler_address))
        code = f"import sys; {lack}; from distributed.cli.dask_worker import main; main()"
        command = [sys.executable, "-c", code, empty.scheduler_address, "--no-nanny", "--nthreads", "1", "--no-dashboard"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as worker:
            try:
                with Client(empty, set_as_default=False) as client:
                    client.wait_for_workers(1, timeout=60)
                with pytest.raises(Problem, match=f"The Dask worker tcp://.* {sentence}"):
                    list(run(tasks.squared, [1], dask=empty.scheduler_address))
            finally:
                worker.terminate()


def test_the_environment_names_what_decides_on_the_numbers():
    assert {"penalty", "python", "keras", "tensorflow", "numpy", "scikit-learn"} <= set(environment())
