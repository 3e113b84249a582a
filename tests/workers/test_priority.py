"""What a library does to the scheduling of this process is taken back."""

from __future__ import annotations

import os
import threading

import pytest

from understudy.workers.priority import priority_kept

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setscheduler"), reason="threads are scheduled so on Linux only"
)


def in_a_thread(work) -> None:  # the test's own thread keeps its scheduling whatever happens
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def as_batch() -> None:
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


@pytest.mark.parametrize("fails", [False, True])
def test_a_thread_and_those_started_meanwhile_are_scheduled_as_before(fails: bool) -> None:
    def work() -> None:
        started, over = threading.Event(), threading.Event()
        inside: list[int] = []

        def waits() -> None:
            inside.append(threading.get_native_id())
            started.set()
            over.wait(30)

        helper = threading.Thread(target=waits)
        try:
            with priority_kept():
                as_batch()
                helper.start()
                started.wait(30)
                assert os.sched_getscheduler(inside[0]) == os.SCHED_BATCH
                if fails:
                    raise ValueError("refused")
        except ValueError:
            assert fails
        try:
            assert os.sched_getscheduler(0) == os.SCHED_OTHER
            assert os.sched_getscheduler(inside[0]) == os.SCHED_OTHER
        finally:
            over.set()
            helper.join()

    in_a_thread(work)


def test_other_threads_keep_what_they_have() -> None:
    ready, over = threading.Event(), threading.Event()
    other: list[int] = []

    def waits() -> None:
        as_batch()
        other.append(threading.get_native_id())
        ready.set()
        over.wait(30)

    thread = threading.Thread(target=waits)
    thread.start()
    ready.wait(30)
    try:
        with priority_kept():
            pass
        assert os.sched_getscheduler(other[0]) == os.SCHED_BATCH
    finally:
        over.set()
        thread.join()
