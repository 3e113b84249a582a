"""The pictures of `clean-faceset.md`, made by running the page's own commands on rendered clips.

`make guide-pictures`, or: python docs/guide/make_pictures.py [--keep FOLDER | --clips-only FOLDER]

Nobody real is in them. A test runs the same commands on smaller clips, so that the page can't go stale.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from understudy.actors.identity import DEMO_DST, DEMO_SRC, Identity, identity
from understudy.actors.performance import RATE_HZ, Background, Light, State, dst_track, src_track
from understudy.actors.scene import Cover, Placed, UInt8, staged, with_sensor_noise
from understudy.media.clip import ColorTags
from understudy.media.images import encode_jpeg, read_image
from understudy.media.movie import MovieWriter

HERE = Path(__file__).resolve().parent
PAGE = HERE / "clean-faceset.md"
PICTURES = HERE / "pictures"
LARGEST_BYTES = 200_000
_FENCE = re.compile(r"^```sh(?: exit=(\d+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BT709 = ColorTags(matrix=1, range=1, primaries=1, transfer=1)
_OTHERS = identity(7), identity(6)


@dataclass(frozen=True)
class Command:
    """One line of the page, and the exit code that the page says it has."""

    line: str
    exit_code: int

    def run(self, folder: Path, home: Path) -> str:
        """What the command says, run in `folder`. Raises RuntimeError when it ends in another way."""
        words = shlex.split(self.line, comments=True)
        if words[0] == "rm":
            return str([(folder / name).unlink() for name in words[1:]])
        if words[0] != "understudy":
            raise RuntimeError(f"only understudy's own commands can be run here, not {self.line!r}")
        run = subprocess.run(
            [sys.executable, "-m", "understudy", *words[1:]],
            cwd=folder,
            env=os.environ | {"UNDERSTUDY_HOME": str(home), "COLUMNS": "100"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        if run.returncode != self.exit_code:
            raise RuntimeError(f"{self.line}\nended with {run.returncode}:\n{run.stdout}{run.stderr}")
        return run.stdout + run.stderr


def commands(page: Path = PAGE) -> Iterator[Command]:
    """The commands in the page's fences, in order."""
    for exit_code, block in _FENCE.findall(page.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip() and not line.startswith("#"):
                yield Command(line.strip(), int(exit_code or 0))


# The clips.


def film(folder: Path, *, size_px: int = 240, pace: int = 3) -> None:
    """`interview.mp4` (src) and `scene.mp4` (dst) in `folder`. A higher `pace` takes fewer frames."""
    _write(folder / "interview.mp4", _interview(size_px, pace))
    _write(folder / "scene.mp4", _scene(size_px, pace))


def _interview(size_px: int, pace: int) -> Iterator[UInt8]:
    """The performer talks, turns quickly once, and the interviewer is seen for a moment."""
    plate = _plate(size_px, (96, 104, 110))
    states = src_track(260, 3)[:: 2 * pace]
    # Many moments within one exposure: three would be three sharp faces rather than a blurred one.
    quick = [replace(states[-1], yaw_deg=float(yaw)) for yaw in np.linspace(-35, 35, 44)]
    blurred = [tuple(quick[k : k + 11]) for k in range(0, 44, 11)]
    for exposed in [*((state,) for state in states), *blurred]:
        yield staged(plate, [_in_the_middle(DEMO_SRC, exposed, plate, size_px)])[0]
    other_side = _plate(size_px, (150, 142, 128))
    for state in src_track(60, 8)[: 40 // pace : 3]:
        yield staged(other_side, [_in_the_middle(_OTHERS[0], (state,), other_side, size_px)])[0]


def _scene(size_px: int, pace: int) -> Iterator[UInt8]:
    """Two people side by side, then, after a cut, one of them alone, and a hand passes before the face."""
    wide = _plate(size_px, (70, 58, 50))
    dim = Light(key_direction=(0.6, -0.4, 0.6), key_color=(1.0, 0.88, 0.72), exposure=1.1)
    small = round(0.8 * size_px)
    for index, state in enumerate(dst_track(48, 5)[::pace]):
        other = replace(src_track(60, 9)[index], light=dim)
        top = wide.shape[0] - small
        cast = [
            Placed(DEMO_DST, (state,), small, round(-0.05 * size_px), top),
            Placed(_OTHERS[1], (other,), small, wide.shape[1] - small + round(0.05 * size_px), top),
        ]
        yield with_sensor_noise(staged(wide, cast)[0], np.random.default_rng(index), strength=2)
    close = _plate(size_px, (44, 46, 60))
    frames = dst_track(80, 6)[10:70:pace]
    for index, state in enumerate(frames):
        placed = _in_the_middle(DEMO_DST, (state,), close, size_px)
        share = (index - len(frames) // 2) / 4
        hand = (placed.left_px + size_px * (0.5 + 0.16 * share), placed.top_px + 0.62 * size_px)
        covers = [Cover(hand, (0.09 * size_px, 0.3 * size_px), -15)] if abs(share) <= 1 else []
        yield staged(close, [placed], covers=covers)[0]


def _plate(size_px: int, tone: tuple[int, int, int]) -> UInt8:
    width, height = 2 * round(0.8 * size_px), 2 * round(0.52 * size_px)
    fall_off = np.linspace(1.15, 0.7, height)[:, None, None]
    return np.clip(np.full((height, width, 3), tone) * fall_off, 0, 255).astype(np.uint8)


def _in_the_middle(who: Identity, states: Sequence[State], plate: UInt8, size_px: int) -> Placed:
    bare = tuple(replace(state, background=Background()) for state in states)
    return Placed(who, bare, size_px, (plate.shape[1] - size_px) // 2, plate.shape[0] - size_px)


def _write(path: Path, frames: Iterator[UInt8]) -> None:
    print(f"rendering {path}", flush=True)
    rate = Fraction(RATE_HZ)
    first = next(frames)
    height, width = first.shape[:2]
    with MovieWriter(path, width=width, height=height, time_base=1 / rate, rate=rate, color=_BT709) as movie:
        movie.write(first, 0)
        count = 1
        for count, rgb in enumerate(frames, 2):
            movie.write(rgb, count - 1)
    print(f"{path.name}: {count} frames of {width} x {height}", flush=True)


# The pictures.


def links(page: Path) -> list[str]:
    """The pictures that a page shows, as it writes them."""
    return re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8"))


def pictures(folder: Path) -> dict[str, UInt8]:
    """The page's pictures by name, from what its commands left in `folder`."""
    film_folder = folder / "film"
    people = [read_image(path) for path in sorted((film_folder / "people" / "scene").glob("person-*.jpg"))]
    overlays = sorted((film_folder / "overlays" / "scene").glob("*.jpg"))
    chosen = [read_image(overlays[k]) for k in np.linspace(1, len(overlays) - 1, 4).round().astype(int)]
    marks = [read_image(path) for path in sorted((folder / "marks").glob("*.jpg"))[:4]]
    before, after = (read_image(folder / name / "sheet-001.jpg") for name in ("before", "after"))
    return {
        "people.jpg": _beside(people, 220),
        "tracks.jpg": read_image(film_folder / "people" / "scene" / "tracks.jpg"),
        "overlays.jpg": np.vstack([_beside(pair, 240) for pair in (chosen[:2], chosen[2:])]),
        "landmarks.jpg": _beside(marks, 200),
        "blur.jpg": read_image(folder / "worst" / "sheet-001.jpg"),
        "hist.jpg": read_image(folder / "alike" / "sheet-001.jpg"),
        "before-after.jpg": _beside([before, after], max(before.shape[0], after.shape[0]), scale=False),
        "coverage.jpg": _narrow(read_image(film_folder / "sheets" / "coverage.png"), 1100),
    }


def _beside(row: Sequence[UInt8], height: int, *, scale: bool = True) -> UInt8:
    parts = []
    for picture in row:
        rgb = picture[..., :3].astype(np.uint8)
        if scale:
            rgb = _narrow(rgb, round(rgb.shape[1] * height / rgb.shape[0]))
        rgb = rgb[:height]
        parts.append(np.pad(rgb, ((0, height - len(rgb)), (0, 8), (0, 0)), constant_values=24))
    return np.hstack(parts)[:, :-8]


def _narrow(rgb: UInt8, width: int) -> UInt8:
    height = round(rgb.shape[0] * width / rgb.shape[1])
    return cv2.resize(rgb[..., :3].astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA).astype(
        np.uint8
    )


def _run_page(folder: Path) -> None:
    """Every command of the page, and before and after the rejections a sheet of all faces."""
    look = "understudy faceset sheet film src --columns 9 --rows 8 --cell-px 64 -o {}"
    for command in commands():
        if "--track" in command.line and not (folder / "before").exists():
            Command(look.format("before"), 0).run(folder, folder / "home")
        if "faceset history" in command.line:
            Command(look.format("after"), 0).run(folder, folder / "home")
        print(command.line, flush=True)
        command.run(folder, folder / "home")


def _keep(made: dict[str, UInt8]) -> None:
    """Write the pictures, as good as fits."""
    PICTURES.mkdir(exist_ok=True)
    for name, rgb in made.items():
        data = b""
        for quality in (88, 75, 60, 45):
            data = encode_jpeg(rgb, quality=quality)
            if len(data) <= LARGEST_BYTES:
                break
        (PICTURES / name).write_bytes(data)
        print(f"{name}: {rgb.shape[1]} x {rgb.shape[0]}, {len(data) // 1000} kB", flush=True)


def main() -> None:
    """Film the clips, run the page, keep its pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it there")
    parser.add_argument("--clips-only", type=Path, help="only render the two clips, into this folder")
    said = parser.parse_args()
    if said.clips_only:
        said.clips_only.mkdir(parents=True, exist_ok=True)
        film(said.clips_only)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = said.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "scene.mp4").exists():
            film(folder)
        _run_page(folder)
        _keep(pictures(folder))


if __name__ == "__main__":
    main()
