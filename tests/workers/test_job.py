"""How frames are cut into stretches, and how many processes are worth starting."""

from __future__ import annotations

import pytest

from understudy.workers import job
from understudy.workers.job import stretches, worth_starting


def test_stretches_hold_every_frame_once_in_whole_steps() -> None:
    indices = [*range(3, 60), *range(80, 143)]
    cut = stretches(indices, step=8, most=4, workers=2, each=2)
    assert [index for stretch in cut for index in stretch] == indices
    assert {len(stretch) for stretch in cut[:-1]} == {32}


def test_short_work_is_still_shared_by_all() -> None:
    assert len(stretches(range(40), step=1, most=512, workers=4, each=2)) == 8


def test_as_many_processes_as_cores_memory_and_frames_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "cores", lambda: 6)
    monkeypatch.setattr(job, "free_memory", lambda: 100)

    def count(devices: list[str], frames: int, memory_bytes: int = 1) -> int:
        return worth_starting(devices, frames, worth_frames=10, memory_bytes=memory_bytes)

    assert count(["cpu"], 5) == 1
    assert count(["cpu"], 29) == 2
    assert count(["cpu"], 1000) == 6
    assert count(["cpu"], 1000, memory_bytes=30) == 3
    assert count(["cuda:0", "cuda:1"], 1000, memory_bytes=1000) == 2
