"""One process or several: the same pixels, nothing lost to a kill, nobody left behind."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.facesets.extraction.test_workers import lives
from tests.merging.conftest import HEIGHT, WIDTH, Painter, landmarks, record
from understudy.events import Notice, Progress
from understudy.facesets.store import Faceset
from understudy.media.images import encode_png, read_image
from understudy.merging import sharing
from understudy.merging.merge import merge
from understudy.merging.options import MergeOptions
from understudy.networks.swap import Prediction
from understudy.workers import job

MakeFaceset = Callable[[dict[int, list[np.ndarray]]], Faceset]
OPTIONS = MergeOptions(color="rct", steady_frames=2, batch=3)
FRAMES = 24


class Loadable(Painter):
    """A painter that other processes can make for themselves. Each face's colour tells its crop's mean.

    The first to paint kills its process and leaves the file `deadly`; `seconds` for each batch.
    """

    def __init__(self, device: str = "cpu", *, deadly: Path | None = None, seconds: float = 0.0) -> None:
        super().__init__()
        self.deadly, self.seconds, self.device = deadly, seconds, device
        self.source = functools.partial(Loadable, deadly=deadly, seconds=seconds)

    def predict(self, crops_NHWC: np.ndarray) -> Prediction:
        time.sleep(self.seconds)
        if self.deadly and multiprocessing.parent_process() is not None:
            with contextlib.suppress(FileExistsError):
                self.deadly.touch(exist_ok=False)  # by one process alone, however many come here at once
                os.kill(os.getpid(), signal.SIGKILL)
        painted = super().predict(crops_NHWC)
        own = crops_NHWC.astype(np.float32) / 255
        return Prediction(0.5 * painted.rgb_NHWC + 0.5 * own, painted.mask_NHW, painted.dst_mask_NHW)


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return grainy_shot(tmp_path_factory.mktemp("shot"))


def grainy_shot(folder: Path) -> tuple[Path, Path]:
    """A folder of grainy images with one moving face in all but two of them, and its faceset."""
    rng = np.random.default_rng(5)
    with Faceset(folder / "faces") as faces:
        for index in range(FRAMES):
            (folder / "clip").mkdir(exist_ok=True)
            grain = rng.integers(40, 200, (HEIGHT, WIDTH, 3)).astype(np.uint8)
            (folder / "clip" / f"{index:03d}.png").write_bytes(encode_png(grain))
            if index not in (5, 17):
                faces.add(np.zeros((16, 16, 3), np.uint8), record(index, landmarks(45 + index)))
    return folder / "clip", folder / "faces"


def merged(shot: tuple[Path, Path], folder: Path, options: MergeOptions, painter: Painter) -> list:
    with Faceset(shot[1]) as faces:
        return list(merge(shot[0], faces=faces, predictor=painter, folder=folder, options=options))


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("[0-9]*.png"))}


def test_processes_give_the_pixels_of_one_also_when_one_of_them_is_killed(
    shot: tuple[Path, Path], tmp_path: Path
) -> None:
    merged(shot, tmp_path / "alone", OPTIONS.changed(workers=1), Loadable())
    painter = Loadable(deadly=tmp_path / "died")
    events = merged(shot, tmp_path / "two", OPTIONS.changed(workers=2, batch=2), painter)
    told, died = [event.text for event in events if isinstance(event, Notice)]
    assert told == "2 processes merge frames."
    assert "A process that merged frames died (signal 9" in died and "are made again" in died
    assert [event.done for event in events if isinstance(event, Progress)] == list(range(1, FRAMES - 1))
    assert len(pictures(tmp_path / "two")) == FRAMES - 2
    assert pictures(tmp_path / "two") == pictures(tmp_path / "alone")
    assert merged(shot, tmp_path / "two", OPTIONS, Loadable())[-1].skipped
    assert multiprocessing.active_children() == []


def test_a_painter_that_nobody_else_can_load_paints_in_this_process(
    shot: tuple[Path, Path], tmp_path: Path
) -> None:
    events = merged(shot, tmp_path, OPTIONS.changed(workers=3), Painter())
    assert any("can't be loaded" in event.text for event in events if isinstance(event, Notice))
    assert len(pictures(tmp_path)) == FRAMES - 2


def test_each_process_takes_the_next_device(shot: tuple[Path, Path]) -> None:
    from understudy.merging.cast import Cast

    sources = Cast(Loadable()).sources()
    assert sources is not None
    assert sources.cast("cuda:1").lead.device == "cuda:1"


KILLED = """
import multiprocessing, os, signal, sys
from pathlib import Path
from tests.merging.test_sharing import OPTIONS, Loadable
from understudy.events import Progress
from understudy.facesets.store import Faceset
from understudy.merging import sharing
from understudy.merging.merge import merge
if __name__ == "__main__":
    clip, faces, folder = map(Path, sys.argv[1:])
    with Faceset(faces) as opened:
        options, painter = OPTIONS.changed(workers=2), Loadable(seconds=0.1)
        for event in merge(clip, faces=opened, predictor=painter, folder=folder, options=options):
            if isinstance(event, Progress) and event.done == 4:
                print(*[child.pid for child in multiprocessing.active_children()], flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")
def test_after_a_kill_nobody_works_on_and_the_same_command_goes_on_where_it_stopped(
    shot: tuple[Path, Path], tmp_path: Path
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, *map(str, shot), str(tmp_path / "killed")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    children = [int(pid) for pid in ended.stdout.split()]
    assert len(children) == 2
    until = time.monotonic() + 60  # one may only be beginning, and notices then
    while any(lives(pid) for pid in children) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(lives(pid) for pid in children)
    assert all(read_image(path).shape == (HEIGHT, WIDTH, 3) for path in (tmp_path / "killed").glob("0*.png"))
    again = merged(shot, tmp_path / "killed", OPTIONS, Loadable())
    assert again[0].done >= 4
    merged(shot, tmp_path / "whole", OPTIONS, Loadable())
    assert pictures(tmp_path / "killed") == pictures(tmp_path / "whole")
    assert not list((tmp_path / "killed").glob(".*"))


def test_threads_share_a_few_cores_and_processes_many(monkeypatch: pytest.MonkeyPatch) -> None:
    def count(cores: int, frames: int, devices: tuple[str, ...] = ("cpu",)) -> int:
        monkeypatch.setattr(job, "cores", lambda: cores)
        monkeypatch.setattr(sharing, "cores", lambda: cores)
        return sharing.processes_worth_starting(devices, frames)

    monkeypatch.setattr(job, "free_memory", lambda: 1 << 40)
    assert count(2, 5000) == 1
    assert count(16, 5000) == 4
    assert count(16, 450) == 2
    assert count(16, 5000, ("cuda:0", "cuda:1")) == 2
    monkeypatch.setattr(job, "free_memory", lambda: 2 << 30)
    assert count(16, 5000) == 1
