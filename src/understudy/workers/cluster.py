"""The machines of a Ray cluster share a job: the stretches that processes of one machine get, as Ray's tasks.

Every machine must have the same understudy, and see clip, project and models under the same paths. A task whose
process or machine dies is given out once more. Not here: starting a cluster on other machines (`ray start`).
"""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
import threading
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

from understudy.errors import ClusterUnavailable, UnderstudyError, WorkerDied
from understudy.events import Notice
from understudy.workers.job import Job, Order, Stretch, Work, told_of_death
from understudy.workers.options import parse_workers

_HERE = "ray"
_ANSWER_S = 10.0
_AHEAD = 2  # stretches given out for every core, so that none waits for us
_opened: dict[str, tuple[ExitStack, Work]] = {}
_alone = threading.Lock()


def shared_out(
    address: str, job: Job, stretches: Sequence[Stretch], order: Order, *, on_gpu: bool = False
) -> Generator[Any | Notice]:
    """The answers of the machines at `address`; "ray" means RAY_ADDRESS, or a cluster of this machine alone.

    With `on_gpu` every task takes a GPU. Closing the generator calls the tasks off. Raises
    ClusterUnavailable, WorkerDied, and what the work raises.
    """
    with _joined(address) as ray:
        yield Notice(f"{int(ray.cluster_resources().get('CPU', 0))} cores of {len(ray.nodes())} machines work.")
        yield from _handed_out(ray, job, stretches, order, on_gpu=on_gpu)


def require_reachable(workers: str) -> None:
    """Raise ClusterUnavailable where the option `workers` names a cluster, and Ray is not installed or nobody
    answers there: asked before anything is begun that only the cluster would finish."""
    if address := parse_workers(workers).cluster:
        _ray()
        _require_answer(_place(address))


def _handed_out(
    ray: Any, job: Job, stretches: Sequence[Stretch], order: Order, *, on_gpu: bool
) -> Iterator[Any | Notice]:
    task = ray.remote(num_cpus=1, num_gpus=int(on_gpu), max_retries=0)(_work)
    sent = ray.put(job)
    key = os.urandom(8).hex()
    most = _AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
    waiting, running = deque(enumerate(stretches)), dict[Any, int]()
    held, deaths, front = dict[int, list[Any]](), Counter[int](), 0
    deadly: dict[int, WorkerDied] = {}
    try:
        while front < len(stretches) and (waiting or running or front in held):
            # Not far ahead of a stretch that is late: what is done meanwhile lies in the memory.
            while waiting and len(running) < most and (not order.in_order or waiting[0][0] < front + 2 * most):
                number, stretch = waiting.popleft()
                running[task.remote(key, sent, order.parcel(stretch))] = number
            (done,), _ = ray.wait(list(running), num_returns=1)
            number = running.pop(done)
            try:
                held[number] = ray.get(done)
            except ray.exceptions.RayTaskError as error:
                raise _our_own(error) from None
            except ray.exceptions.RayError as error:
                deaths[number] += 1
                cause = str(error).splitlines()[0].rstrip(".")
                try:
                    told = told_of_death(order.words, stretches[number], deaths=deaths[number], cause=cause)
                except WorkerDied as twice:
                    if not order.in_order:
                        raise
                    deadly[number] = twice  # said when it is its turn: others may be at frames before
                    waiting = deque(each for each in waiting if each[0] < number)
                else:
                    yield told
                    waiting.appendleft((number, stretches[number]))
            if not order.in_order and number in held:
                yield from held[number]
                held[number] = []
            while front in held:
                yield from held.pop(front)
                front += 1
            if front in deadly:
                raise deadly[front]
    finally:
        for left in running:
            ray.cancel(left, force=True)


def _our_own(error: Any) -> Exception:
    """What went wrong over there, as if it had gone wrong here."""
    return error.cause if isinstance(error.cause, UnderstudyError) else RuntimeError(str(error))


@contextlib.contextmanager
def _joined(address: str) -> Iterator[Any]:
    ray = _ray()
    place = _place(address)
    _require_answer(place)
    how = {"address": place} if place else {"include_dashboard": False}
    try:
        ray.init(**how, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, TimeoutError, OSError) as error:
        raise ClusterUnavailable(
            f"There is no Ray cluster at {address!r} ({_first_line(error)}). Start one with `ray start "
            "--head`, or say --workers ray to use this machine alone."
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _place(address: str) -> str | None:
    return os.environ.get("RAY_ADDRESS") if address == _HERE else address


def _require_answer(place: str | None) -> None:
    """Raise ClusterUnavailable where nobody listens: Ray itself would try, and log, for minutes."""
    said = place or ""
    parts = urlsplit(said if "://" in said else f"//{said}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:  # no number for a port: Ray says what it thinks of that
        return
    if not host or not port:
        return
    try:
        socket.create_connection((host, port), timeout=_ANSWER_S).close()
    except OSError as error:
        raise ClusterUnavailable(
            f"No Ray cluster answers at {place} ({error.strerror or error}); is `ray start --head` running "
            "there? To use this machine alone, say --workers ray without RAY_ADDRESS."
        ) from error


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ModuleNotFoundError as error:
        raise ClusterUnavailable(
            "Sharing work over machines needs Ray. Install it with `pip install 'understudy[cluster]'`."
        ) from error


def _work(key: str, job: Job, parcel: Any) -> list[Any]:
    """In a process of the cluster: all answers for one parcel. What the job opened stays open for the next."""
    with _alone:
        if key not in _opened:
            for stack, _ in _opened.values():
                stack.close()
            _opened.clear()
            import cv2

            cv2.setNumThreads(1)  # Ray gives every task one core, and says so to the other libraries
            stack = ExitStack()
            _opened[key] = stack, stack.enter_context(job.opened())
        _, work = _opened[key]
        return [said for _, said in work(parcel)]
