"""The demo: render two actors as ordinary clips, do the main job on these files, measure against the true swap.

The swap sees only the files, as with anybody's footage; the truth is used for measuring alone. Run again, it
goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from understudy.actors.identity import DEMO_DST, DEMO_SRC, Identity
from understudy.actors.performance import RATE_HZ, State, dst_track, src_track
from understudy.actors.render import Rendered, render_frames
from understudy.actors.voice import voice
from understudy.events import Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.files import read_json, said_plainly, write_json, written_aside
from understudy.jobs.clips.results import made_file
from understudy.jobs.request import SwapRequest
from understudy.jobs.swap import swap
from understudy.measure.sheet import UInt8, sheet, side_by_side
from understudy.measure.shots import MaskOf, ShotScore, compare_all, in_step
from understudy.media.clip import ColorTags
from understudy.media.images import encode_png
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip
from understudy.merging.delivery.places import clear_leftovers

_SEED = 7
_SOUND_HZ = 48_000
_BT709 = ColorTags(matrix=1, range=1, primaries=1, transfer=1)
_SHEET_ROWS = 6
COLUMNS = ("src", "dst", "result", "truth")


@dataclass(frozen=True, kw_only=True)
class DemoRequest:
    """How large and how long the demo is. The defaults fit a few minutes on two CPU cores."""

    folder: Path
    minutes: float = 4.0
    device: str = "auto"
    size_px: int = 288
    src_frames: int = 160
    dst_frames: int = 60
    processes: int = 2


@dataclass(frozen=True)
class _Shoot:
    """One clip to render: who plays what."""

    name: str
    who: Identity
    track: Sequence[State]


def demo(request: DemoRequest) -> Events:
    """Make `result.mp4`, `compare.mp4`, `sheet.png` and `report.json` in the demo's folder.

    Raises DeviceUnavailable before anything is rendered, and what a swap raises.
    """
    from understudy.training.machine.device import choose_device

    choose_device(request.device)
    folder, clips = request.folder, request.folder / "clips"
    yield from _rendered(request, clips)
    swap_request = SwapRequest(
        src=(clips / "src.mp4",),
        dst=(clips / "dst.mp4",),
        out=folder / "result.mp4",
        project=folder / "project",
        consent="fictional",
        preset="quick",
        device=request.device,
        train={"minutes": request.minutes},
    )
    yield from swap(swap_request)
    yield from _compared(folder, clips)


def _rendered(request: DemoRequest, clips: Path) -> Events:
    """Render the clips that are not there yet, and keep the truth's masks beside them."""
    dst = dst_track(request.dst_frames, _SEED)
    shoots = [
        _Shoot("src", DEMO_SRC, src_track(request.src_frames, _SEED)),
        _Shoot("dst", DEMO_DST, dst),
        _Shoot("truth", DEMO_SRC, dst),
    ]
    wanted = {"size_px": request.size_px, "src": request.src_frames, "dst": request.dst_frames, "seed": _SEED}
    memory = clips / "rendered.json"
    done = read_json(memory) if memory.exists() else {}
    done = done if done.get("wanted") == wanted else {"wanted": wanted, "clips": []}
    todo = [shoot for shoot in shoots if shoot.name not in done["clips"]]
    total = sum(len(shoot.track) for shoot in shoots)
    before = total - sum(len(shoot.track) for shoot in todo)
    why = f"goes on at frame {before} of {total}" if before and todo else ""
    yield StageStarted(stage="render", unit="frames", total=total, done=before, why=why)
    for shoot in todo:
        for count in _shot(shoot, clips, request):
            before += 1
            yield Progress(stage="render", done=before, total=total, note=f"{shoot.name} {count}")
        done["clips"].append(shoot.name)
        write_json(memory, done)
    yield StageFinished(stage="render", summary={"frames": total}, skipped=not todo)


def _shot(shoot: _Shoot, clips: Path, request: DemoRequest) -> Iterator[int]:
    """Render one clip to an ordinary H.264 file with sound; yields after every frame."""
    masks = []
    with MovieWriter(
        clips / f"{shoot.name}.mp4",
        width=request.size_px,
        height=request.size_px,
        time_base=Fraction(1, RATE_HZ),
        rate=Fraction(RATE_HZ),
        color=_BT709,
        sound=(voice(shoot.track, rate_hz=_SOUND_HZ, seed=_SEED), _SOUND_HZ),
    ) as movie:
        frames: Iterator[Rendered] = render_frames(
            shoot.who, shoot.track, size_px=request.size_px, processes=request.processes
        )
        for index, rendered in enumerate(frames):
            movie.write(rendered.rgb, index)
            masks.append(np.round(rendered.mask * 255).astype(np.uint8))
            yield index + 1
    if shoot.name == "truth":
        with written_aside(clips / "truth-masks.npz") as aside:
            np.savez_compressed(aside, masks=np.stack(masks))


def _compared(folder: Path, clips: Path) -> Events:
    """Measure inside the face against the true swap, and make the pictures people look at."""
    with np.load(clips / "truth-masks.npz", allow_pickle=False) as stored:
        masks = stored["masks"].astype(np.float32) / 255
    yield StageStarted(stage="compare", unit="frames", total=len(masks))
    scores = compare_all(
        {"result": folder / "result.mp4", "untouched dst": clips / "dst.mp4"},
        clips / "truth.mp4",
        masks=_masks_of(masks),
        tinted="untouched dst",
        fitted=True,
    )
    figures = {name: {"psnr_db": score.psnr_db, "ssim": score.ssim} for name, score in scores.items()}
    yield from _pictures(folder, clips, len(masks))
    report = read_json(folder / "result.swap.json")
    write_json(folder / "report.json", {"inside_the_face": _rounded(scores), **report})
    yield Made("report", folder / "report.json")
    yield StageFinished(stage="compare", summary=figures)


def _masks_of(masks: np.ndarray) -> MaskOf:
    return lambda index, _rgb: masks[index] if index < len(masks) else None


def _rounded(scores: dict[str, ShotScore]) -> dict[str, Any]:
    return {name: score.as_json() for name, score in scores.items()}


def _pictures(folder: Path, clips: Path, frames: int) -> Events:
    """compare.mp4 and sheet.png; src, which is longer and says something else, runs beside the others."""
    rows: list[list[UInt8]] = []
    names: list[str] = []
    wanted = set(np.linspace(0, frames - 1, _SHEET_ROWS).round().astype(int).tolist())
    dst, result, goal = clips / "dst.mp4", folder / "result.mp4", folder / "compare.mp4"
    overview = folder / "sheet.png"
    with said_plainly(folder):
        for made in (goal, overview):
            clear_leftovers(made)
    with (
        open_clip(clips / "src.mp4") as src,
        # Whoever verifies what shows the result, with its watermark, takes it for stripped without credentials.
        made_file(goal, [result], "Clips were laid beside each other.") as (place, told),
        ExitStack() as stack,
    ):
        writer: MovieWriter | None = None
        with open_clip(dst) as timed:
            pts, time_base, rate = timed.timestamps(), timed.time_base, timed.info.rate
        for (index, truth, pictures), src_frame in zip(
            in_step(clips / "truth.mp4", [dst, result]), src.frames(), strict=False
        ):
            row = [np.asarray(src_frame.rgb, np.uint8), *pictures, truth]
            joined = side_by_side(row, COLUMNS)
            if writer is None:
                writer = stack.enter_context(
                    MovieWriter(
                        place,
                        width=joined.shape[1],
                        height=joined.shape[0],
                        time_base=time_base,
                        rate=rate,
                        color=_BT709,
                        audio_from=result,
                    )
                )
            writer.write(joined, pts[index])
            if index in wanted:
                rows.append(row)
                names.append(f"frame {index}")
            yield Progress(stage="compare", done=index + 1, total=frames)
    yield from (event for event in told if isinstance(event, Notice))
    yield Made("comparison", goal)
    with made_file(overview, [result], "Frames were laid beside each other.") as (place, told):
        place.write_bytes(encode_png(sheet(rows, COLUMNS, row_names=names)))
    yield from (event for event in told if isinstance(event, Notice))
    yield Made("sheet", overview)
