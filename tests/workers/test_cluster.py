"""Handing a job out to the machines of a Ray cluster."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.facesets.extraction.stand_in import StandInPlan, one_person, write_clip
from tests.merging.test_sharing import FRAMES, OPTIONS, Loadable, grainy_shot, merged, pictures
from understudy.errors import ClusterUnavailable, OptionInvalid, WorkerDied
from understudy.events import Notice, Progress
from understudy.faces.inputs import FinderInputs
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.workers import looked_at_by_cluster, looked_at_by_workers
from understudy.workers import cluster
from understudy.workers.job import Order, Words, Work

WORDS = Words(
    does="doubled numbers", again="are doubled again", kept="The others are kept.", advice="fewer of them"
)
STRETCHES = [range(0, 5), range(5, 10), range(10, 15)]
DOUBLES = [2 * number for number in range(15)]


@dataclass(frozen=True)
class Doubling:
    """Doubles numbers."""

    refuses: bool = False

    @contextlib.contextmanager
    def opened(self) -> Iterator[Work]:
        if self.refuses:
            raise OptionInvalid("These numbers can't be doubled.")
        yield lambda numbers: ((number, 2 * number) for number in numbers)


class RayError(Exception):
    pass


class RayTaskError(RayError):
    cause: Exception


class PuppetRay:
    """As much of Ray as is used: tasks run when they are waited for, the newest first; `dies` of them fail."""

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def __init__(self, *, cores: int = 2, dies: int = 0) -> None:
        self._cores, self.dies = cores, dies
        self.sent, self.cancelled, self.most = itertools.count(), list[int](), 0
        self._tasks: dict[int, object] = {}

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": float(self._cores)}

    def put(self, value: object) -> object:
        return value

    def remote(self, **resources: float) -> object:
        self.resources = resources

        def made(function: object) -> object:
            def remote(*arguments: object) -> int:
                number = next(self.sent)
                self._tasks[number] = lambda: function(*arguments)
                return number

            return SimpleNamespace(remote=remote)

        return made

    def wait(self, running: list[int], num_returns: int) -> tuple[list[int], list[int]]:
        self.most = max(self.most, len(running))
        return [max(running)], []

    def get(self, number: int) -> object:
        if self.dies:
            self.dies -= 1
            raise RayError("The node was lost.\nMore lines.")
        try:
            return self._tasks[number]()
        except Exception as error:
            told = RayTaskError(str(error))
            told.cause = error
            raise told from error

    def cancel(self, number: int, force: bool) -> None:
        self.cancelled.append(number)


def handed(ray: PuppetRay, job: Doubling | None = None, *, in_order: bool = True) -> list:
    order = Order(WORDS, in_order=in_order)
    return list(cluster._handed_out(ray, job or Doubling(), STRETCHES, order, on_gpu=False))


def test_answers_come_in_the_order_of_frames_whichever_task_ends_first() -> None:
    assert handed(PuppetRay()) == DOUBLES


def test_without_an_order_they_come_as_the_tasks_end() -> None:
    said = handed(PuppetRay(), in_order=False)
    assert said != DOUBLES and sorted(said) == DOUBLES


def test_no_more_stretches_are_out_than_the_cores_need() -> None:
    ray = PuppetRay(cores=1)
    handed(ray)
    assert ray.most == 2


def test_while_the_next_answer_is_late_only_a_few_stretches_are_done_and_held_ahead_of_it() -> None:
    ray, many = PuppetRay(cores=1), [range(at, at + 1) for at in range(100)]
    answers = cluster._handed_out(ray, Doubling(), many, Order(WORDS), on_gpu=False)
    assert next(answers) == 0, "the first stretch, which this puppet does last"
    assert next(ray.sent) <= 5
    assert list(answers) == [2 * number for number in range(1, 100)]


def test_a_lost_task_is_given_out_once_more_and_that_is_said() -> None:
    said = handed(PuppetRay(dies=1))
    assert [each for each in said if not isinstance(each, Notice)] == DOUBLES
    assert ["died (The node was lost)" in each.text for each in said if isinstance(each, Notice)] == [True]


def test_a_task_that_is_lost_twice_ends_the_job_and_calls_off_the_others() -> None:
    ray = PuppetRay(dies=2)
    with pytest.raises(WorkerDied, match="died twice at frames 10 to 14"):
        handed(ray, in_order=False)
    assert ray.cancelled == [0, 1]


def test_what_comes_before_frames_that_are_lost_twice_is_waited_for_where_answers_are_in_order() -> None:
    ray, came = PuppetRay(cores=1, dies=2), []
    many = [*STRETCHES, range(15, 20)]
    with pytest.raises(WorkerDied, match="died twice at frames 5 to 9"):
        for each in cluster._handed_out(ray, Doubling(), many, Order(WORDS), on_gpu=False):
            came += [] if isinstance(each, Notice) else [each]
    assert came == DOUBLES[:5]
    assert next(ray.sent) == 3, "the first, and the second twice"


def test_what_the_work_refuses_is_said_as_if_it_were_refused_here() -> None:
    with pytest.raises(OptionInvalid, match="can't be doubled"):
        handed(PuppetRay(), Doubling(refuses=True))


def test_where_ray_is_missing_the_way_to_get_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterUnavailable, match=r"understudy\[cluster\]"):
        list(cluster.shared_out("ray", Doubling(), STRETCHES, Order(WORDS)))


@dataclass(frozen=True)
class Deadly(Doubling):
    """Kills its process at 7 until the file `once` is there."""

    once: Path = Path()

    @contextlib.contextmanager
    def opened(self) -> Iterator[Work]:
        def work(numbers: list[int]) -> Iterator[tuple[int, int]]:
            for number in numbers:
                if number == 7 and not self.once.exists():
                    self.once.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
                yield number, 2 * number

        yield work


@pytest.fixture(scope="module")
def head() -> Iterator[str]:
    """A cluster of this machine, started as on the first machine of many."""
    if importlib.util.find_spec("ray") is None:  # imported here, it would read its environment too early
        pytest.skip("needs Ray: pip install 'understudy[cluster]'")
    ray = str(Path(sys.executable).with_name("ray"))
    port = "6411"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", "only-for-this-test-" + os.urandom(16).hex())
        yield from _started(ray, port)


def _started(ray: str, port: str) -> Iterator[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [ray, "start", "--head", "--port", port, "--num-cpus", "2", "--include-dashboard", "false"]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=180)
    yield f"127.0.0.1:{port}"
    subprocess.run([ray, "stop", "--force"], check=False, capture_output=True, timeout=120)


@pytest.mark.journey
@pytest.mark.filterwarnings("ignore")
def test_a_real_cluster_finds_what_processes_find_and_redoes_what_a_kill_lost(
    head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", head)
    said = list(cluster.shared_out("ray", Deadly(once=tmp_path / "died"), STRETCHES, Order(WORDS)))
    notices = [each.text for each in said if isinstance(each, Notice)]
    assert [each for each in said if not isinstance(each, Notice)] == DOUBLES
    assert len(notices) == 2 and "frames 5 to 9 are doubled again" in notices[1]
    clip = write_clip(tmp_path / "clip", one_person(40))
    options = ExtractOptions(detector="stand-in", landmarker="five-point", batch_frames=3, workers="ray")
    plan = StandInPlan(options, FinderInputs())
    far = [
        frame
        for found in looked_at_by_cluster(clip, plan, range(40))
        if isinstance(found, list)
        for frame in found
    ]
    near = [frame for found in looked_at_by_workers(clip, [plan], range(40)) for frame in found]
    assert [frame.index for frame in far] == [frame.index for frame in near] == list(range(40))
    for one, other in zip(far, near, strict=True):
        np.testing.assert_array_equal(one.faces[0].landmarks_68, other.faces[0].landmarks_68)


@pytest.mark.journey
@pytest.mark.filterwarnings("ignore")
def test_a_real_cluster_merges_to_the_pixels_of_one_process(
    head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", head)
    place = grainy_shot(tmp_path)
    merged(place, tmp_path / "here", OPTIONS.changed(workers=1), Loadable())
    events = merged(place, tmp_path / "there", OPTIONS.changed(workers="ray"), Loadable())
    assert len(pictures(tmp_path / "there")) == FRAMES - 2
    assert pictures(tmp_path / "there") == pictures(tmp_path / "here")
    assert sum(isinstance(event, Progress) for event in events) == FRAMES - 2


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_a_cluster_that_does_not_answer_is_told_at_once_without_asking_ray(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ray:
        def init(self, **_: object) -> None:
            raise AssertionError("Ray would try for minutes")

    monkeypatch.setattr(cluster, "_ray", Ray)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        place = f"{scheme}127.0.0.1:{nobody.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", place)
        with pytest.raises(ClusterUnavailable, match=f"No Ray cluster answers at {place}.*`ray start --head`"):
            next(cluster.shared_out("ray", Doubling(), STRETCHES, Order(WORDS)))
