"""Rendered clips and the command run as people run it: another process, in a folder with a difficult name."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from understudy.actors.identity import DEMO_DST, DEMO_SRC, Identity
from understudy.actors.performance import RATE_HZ, State, dst_track, src_track
from understudy.actors.render import render_frames
from understudy.media.clip import ColorTags
from understudy.media.movie import MovieWriter

SIZE_PX = 192
SRC_FRAMES, DST_FRAMES = 40, 16
_BT709 = ColorTags(matrix=1, range=1, primaries=1, transfer=1)
# Small enough for minutes on two cores, with a checkpoint every second or so for the kills. Adam, since Muon's
# steps cost twice as much where batches are as small as this; the demo takes Muon's (tests/jobs/test_demo.py).
QUICK = (
    *("--batch-size", "2", "--optimizer", "adam"),
    *("--checkpoint-minutes", "0.02", "--preview-every", "0", "--device", "cpu"),
)


@dataclass(frozen=True)
class Clips:
    """Rendered material, made once for all journeys; never written to."""

    src: Path
    dst: Path
    two_people: Path
    src_frames: list[np.ndarray]
    dst_frames: list[np.ndarray]


def write_clip(path: Path, frames: Sequence[np.ndarray], *, pts: Sequence[int] | None = None) -> Path:
    """An H.264 clip with a tone as its sound; `pts` in thousandths of a second for uneven times."""
    times = pts or [round(1000 * index / RATE_HZ) for index in range(len(frames))]
    seconds = times[-1] / 1000 + 1 / RATE_HZ
    tone = 0.1 * np.sin(np.arange(int(48_000 * seconds)) * 0.06).astype(np.float32)
    height, width = frames[0].shape[:2]
    with MovieWriter(
        path,
        width=width,
        height=height,
        time_base=Fraction(1, 1000),
        rate=Fraction(RATE_HZ),
        color=_BT709,
        sound=(tone, 48_000),
    ) as movie:
        for rgb, at in zip(frames, times, strict=True):
            movie.write(rgb, at)
    return path


def _acted(who: Identity, track: list[State]) -> list[np.ndarray]:
    return [rendered.rgb for rendered in render_frames(who, track, size_px=SIZE_PX, processes=2)]


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    folder = tmp_path_factory.mktemp("material") / "Mein Prøjekt 影"
    folder.mkdir()
    # Every fourth state of a long performance: poses and expressions enough in few frames.
    src = _acted(DEMO_SRC, src_track(4 * SRC_FRAMES, 1)[::4])
    dst = _acted(DEMO_DST, dst_track(DST_FRAMES, 1))
    beside = [np.hstack([a, b]) for a, b in zip(dst, src, strict=False)]
    return Clips(
        src=write_clip(folder / "szene 影 src.mp4", src),
        dst=write_clip(folder / "szene 影 dst.mp4", dst),
        two_people=write_clip(folder / "zwei.mp4", beside),
        src_frames=src,
        dst_frames=dst,
    )


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """An empty folder to work in, with letters of several alphabets and a space in its name."""
    folder = tmp_path / "Mein Prøjekt 影"
    folder.mkdir()
    return folder


class Terminal:
    """Runs `understudy` in another process."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "UNDERSTUDY_HOME": str(home),
            "PYTHONUNBUFFERED": "1",
            # A core for each where pytest runs a process for each core (tests/conftest.py).
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "2"),
        }

    def start(self, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "understudy", *map(str, arguments)],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )

    def run(self, *arguments: object, **environment: str) -> tuple[int, str]:
        """Exit code and all that was said."""
        process = self.start(*arguments, **environment)
        said, _ = process.communicate(timeout=550)
        return process.returncode, said

    def run_until(self, what: Callable[[str], bool], signal_number: int, *arguments: object) -> tuple[int, str]:
        """Start the command and send a signal once a line fulfils `what`; exit code and what was said."""
        process = self.start(*arguments)
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if what(line):
                process.send_signal(signal_number)
                break
        rest, _ = process.communicate(timeout=120)
        return process.returncode, "".join(said) + rest


@pytest.fixture
def terminal(desk: Path, tmp_path: Path) -> Iterator[Terminal]:
    yield Terminal(desk, tmp_path / "home")


def wait_for(path: Path, *, seconds: float = 120) -> None:
    """Wait until a file is there."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.05)
