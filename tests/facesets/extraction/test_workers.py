"""Finding with several processes: the same finds in the same order, whatever happens to the processes."""

import functools
import multiprocessing
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.facesets.extraction.stand_in import StandInPlan, one_person, write_clip
from understudy.errors import OptionInvalid, WorkerDied
from understudy.events import Notice
from understudy.faces.inputs import FinderInputs
from understudy.facesets.extraction import following, workers
from understudy.facesets.extraction.found import FoundFrame
from understudy.facesets.extraction.looking import looked_at
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.workers import LookingJob, looked_at_by_workers, worker_devices
from understudy.media.opening import open_clip
from understudy.workers import job

OPTIONS = ExtractOptions(detector="stand-in", landmarker="five-point", batch_frames=3)
plan = functools.partial(StandInPlan, OPTIONS, FinderInputs())


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip", one_person(40))


def alone(clip: Path, indices: list[int]) -> list[FoundFrame]:
    with open_clip(clip) as opened:
        return [frame for found in looked_at(opened, plan().make(), indices) for frame in found]


def together(clip: Path, plans: list[StandInPlan], indices: list[int]) -> tuple[list[FoundFrame], list[Notice]]:
    came = list(looked_at_by_workers(clip, plans, indices))
    notices = [each for each in came if isinstance(each, Notice)]
    return [frame for found in came if not isinstance(found, Notice) for frame in found], notices


def same(a: list[FoundFrame], b: list[FoundFrame]) -> None:
    assert [frame.index for frame in a] == [frame.index for frame in b]
    for one, other in zip(a, b, strict=True):
        assert one.scene.change == other.scene.change
        assert len(one.faces) == len(other.faces)
        for face, twin in zip(one.faces, other.faces, strict=True):
            assert np.array_equal(face.landmarks_68, twin.landmarks_68)
            assert np.array_equal(face.signature, twin.signature)
            assert face.sharpness == pytest.approx(twin.sharpness, abs=0.01)


def test_several_processes_find_what_one_finds_in_the_same_order(clip):
    indices = [*range(3, 12), *range(15, 40)]
    found, notices = together(clip, [plan(), plan()], indices)
    same(found, alone(clip, indices))
    assert notices == []
    assert multiprocessing.active_children() == []


def test_where_the_last_frames_landmarks_lead_every_process_gets_whole_chains(
    clip, detector, dense, monkeypatch
):
    monkeypatch.setattr(following, "_CHAIN_FRAMES", 12)
    monkeypatch.setattr(following, "_BEFORE_FRAMES", 6)
    options = OPTIONS.changed(landmarker="dense", detect_every=6)
    leading, indices = StandInPlan(options, FinderInputs()), range(6, 30)
    parts = workers._stretches(indices, leading, workers=2)
    assert [(part[0], part[-1]) for part in parts] == [(6, 11), (12, 23), (24, 29)]
    with LookingJob(clip, leading).opened() as work:
        apart = [frame for part in parts for _, some in work(part) for frame in some]
        together = [frame for _, some in work(indices) for frame in some]
    assert [frame.index for frame in apart] == list(indices)
    same(apart, together)


def test_a_process_that_is_killed_is_replaced_and_nothing_is_lost(clip, tmp_path):
    plans = [plan(deadly=(17,), once=tmp_path / "died")] * 2
    found, notices = together(clip, plans, list(range(40)))
    same(found, alone(clip, list(range(40))))
    (notice,) = notices
    assert "signal 9; usually the memory ran out" in notice.text
    assert notice.level == "warning"


def test_frames_that_kill_every_process_are_said_after_the_second_and_all_before_them_came(clip):
    came: list[int] = []
    with pytest.raises(WorkerDied, match=r"died twice at frames 1\d to \d+ .*fewer --workers") as caught:
        for found in looked_at_by_workers(clip, [plan(deadly=(17,))] * 2, range(40)):
            came += [] if isinstance(found, Notice) else [frame.index for frame in found]
    assert "frames 15 to" in str(caught.value)
    assert came == list(range(15))
    assert multiprocessing.active_children() == []


def test_closing_ends_all_processes_at_once(clip):
    looking = looked_at_by_workers(clip, [plan(seconds=0.2)] * 2, range(40))
    next(looking)
    assert len(multiprocessing.active_children()) == 2
    looking.close()
    assert multiprocessing.active_children() == []


def test_what_a_process_can_not_do_is_said_as_if_it_were_done_here(clip):
    options = OPTIONS.changed(landmarker="oracle")
    with pytest.raises(OptionInvalid, match="oracle"):
        list(looked_at_by_workers(clip, [StandInPlan(options, FinderInputs())] * 2, range(40)))


ORPHANS = """
import multiprocessing, os, signal, sys
from pathlib import Path
from tests.facesets.extraction.test_workers import plan
from understudy.facesets.extraction.workers import looked_at_by_workers
if __name__ == "__main__":
    looking = looked_at_by_workers(Path(sys.argv[1]), [plan(seconds=0.2)] * 2, range(40))
    next(looking)
    print(*[child.pid for child in multiprocessing.active_children()], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def lives(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")
def test_processes_leave_when_their_parent_is_killed(clip):
    folder = Path(__file__).parents[3]
    ended = subprocess.run(
        [sys.executable, "-c", ORPHANS, clip],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=folder,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    children = [int(pid) for pid in ended.stdout.split()]
    assert len(children) == 2
    until = time.monotonic() + 60  # one may only be beginning, and notices then
    while any(lives(pid) for pid in children) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(lives(pid) for pid in children)


def test_automatic_is_one_process_for_short_clips_and_as_many_as_cores_and_memory_allow(monkeypatch):
    monkeypatch.setattr(job, "cores", lambda: 6)
    monkeypatch.setattr(job, "free_memory", lambda: 100 << 30)
    assert worker_devices(OPTIONS, ["cpu"], 200) == ["cpu"]
    assert worker_devices(OPTIONS, ["cpu"], 700) == ["cpu"] * 2
    assert worker_devices(OPTIONS, ["cpu"], 100_000) == ["cpu"] * 6
    monkeypatch.setattr(job, "free_memory", lambda: 4 << 30)
    assert worker_devices(OPTIONS, ["cpu"], 100_000) == ["cpu"] * 2
    assert worker_devices(OPTIONS.changed(workers=3), ["cpu"], 5) == ["cpu"] * 3


def test_every_accelerator_given_gets_a_process(monkeypatch):
    gpus = ["cuda:0", "cuda:1"]
    assert worker_devices(OPTIONS, gpus, 100_000) == gpus
    assert worker_devices(OPTIONS, gpus, 10) == ["cuda:0"]
    assert worker_devices(OPTIONS.changed(workers=4), gpus, 10) == gpus * 2
    assert worker_devices(OPTIONS, ["mps"], 100_000) == ["mps"]
