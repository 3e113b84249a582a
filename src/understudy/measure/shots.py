"""How near whole shots are to a true one: figures per frame and on average, inside the face.

Streams all clips in step. Which pixels count is asked of a function, so that true landmarks, detected faces or
the whole picture fit the same place. Not here: the formulas (`pictures`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.counts import counted
from understudy.errors import ClipSizesDiffer, NoFaceFound
from understudy.events import Events, Notice, Progress, StageFinished, StageStarted
from understudy.faces.detect import DETECTORS, Detector
from understudy.faces.inputs import FinderInputs
from understudy.faces.landmark import LANDMARKERS
from understudy.masks.hull import hull_mask
from understudy.measure.colour_match import best_tint
from understudy.measure.pictures import Picture, psnr, ssim
from understudy.measure.placed import moved_to_fit, without_rim
from understudy.media.clip import Clip, Frame, loose_frame
from understudy.media.opening import open_clip

UInt8 = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.float32]
MaskOf = Callable[[int, UInt8], Mask | None]  # (frame index, true frame) to the pixels that count

STAGE = "measure"
FITTED = ", laid to fit"
_WORST = 5
_SMALLEST_MASK_PX = 64
_BATCH = 8


@dataclass(frozen=True)
class FrameScore:
    """One frame's figures inside the mask."""

    frame: int
    psnr_db: float
    ssim: float


@dataclass
class ShotScore:
    """A shot's figures: means over the frames that had a mask. NaN-free: without frames there is no mean."""

    frames: list[FrameScore] = field(default_factory=list)
    unmeasured: list[int] = field(default_factory=list)  # frames without a face in the truth

    @property
    def psnr_db(self) -> float | None:
        """Mean of the frames' PSNR."""
        return float(np.mean([f.psnr_db for f in self.frames])) if self.frames else None

    @property
    def ssim(self) -> float | None:
        """Mean of the frames' SSIM."""
        return float(np.mean([f.ssim for f in self.frames])) if self.frames else None

    def worst(self, count: int = _WORST) -> list[FrameScore]:
        """The frames with the lowest PSNR, worst first."""
        return sorted(self.frames, key=lambda f: f.psnr_db)[:count]

    def as_json(self) -> dict[str, Any]:
        """Plain values for reports."""
        return {
            "psnr_db": _rounded(self.psnr_db, 2),
            "ssim": _rounded(self.ssim, 4),
            "measured_frames": len(self.frames),
            "unmeasured_frames": self.unmeasured,
            "worst": [_plain(f) for f in self.worst()],
            "frames": [_plain(f) for f in self.frames],
        }


def compare(result: Path, truth: Path, *, masks: MaskOf) -> ShotScore:
    """The figures of one clip against the truth, inside `masks`."""
    return compare_all({"result": result}, truth, masks=masks)["result"]


def compare_all(
    shots: Mapping[str, Path], truth: Path, *, masks: MaskOf, tinted: str | None = None, fitted: bool = False
) -> dict[str, ShotScore]:
    """The figures of several clips against one truth, in one pass.

    With `tinted`, the shot of that name is scored once more with its colours matched to the truth
    (`colour_match.best_tint`), as "<name>, tinted". With `fitted`, every shot is scored once more, as "<name>,
    laid to fit", against the truth as it fits that shot best (`placed.moved_to_fit`), without the face's rim.
    Frames beyond the shortest clip are not measured. Raises ClipSizesDiffer, and what opening raises.
    """
    names = [
        *shots,
        *([f"{tinted}, tinted"] if tinted else []),
        *([f"{name}{FITTED}" for name in shots] if fitted else []),
    ]
    scores = {name: ShotScore() for name in names}
    for index, true_rgb, pictures in in_step(truth, list(shots.values())):
        mask = masks(index, true_rgb)
        if mask is None or float(mask.sum()) < _SMALLEST_MASK_PX:
            for score in scores.values():
                score.unmeasured.append(index)
            continue
        shown: dict[str, Picture] = dict(zip(shots, pictures, strict=True))
        if tinted:
            shown[f"{tinted}, tinted"] = best_tint(shown[tinted], true_rgb, mask)
        for name, picture in shown.items():
            scores[name].frames.append(
                FrameScore(index, psnr(picture, true_rgb, mask), ssim(picture, true_rgb, mask))
            )
        if fitted:
            inner = without_rim(mask)
            for name, made in zip(shots, pictures, strict=True):
                if float(inner.sum()) < _SMALLEST_MASK_PX:
                    scores[f"{name}{FITTED}"].unmeasured.append(index)
                    continue
                moved = moved_to_fit(true_rgb, made, inner)
                score = FrameScore(index, psnr(made, moved, inner), ssim(made, moved, inner))
                scores[f"{name}{FITTED}"].frames.append(score)
    return scores


def in_step(truth: Path, others: Sequence[Path]) -> Iterator[tuple[int, UInt8, list[UInt8]]]:
    """(index, true frame, the others' frames) until the shortest clip ends. 8-bit RGB."""
    with ExitStack() as stack:
        clips = [stack.enter_context(open_clip(path)) for path in (truth, *others)]
        require_one_size(clips)
        for first, *rest in frames_in_step(clips):
            yield first.index, first.rgb.astype(np.uint8, copy=False), [f.rgb.astype(np.uint8) for f in rest]


def frames_in_step(clips: Sequence[Clip]) -> Iterator[list[Frame]]:
    """A frame of each clip, until the shortest one ends.

    Of clips of one length they have one number, and what one of them can't decode is left out of all. Others
    go by their order: a film of a clip that is damaged lacks its frames.
    """
    readings = [clip.frames() for clip in clips]
    if len({clip.info.frame_count for clip in clips}) > 1:
        yield from map(list, zip(*readings, strict=False))
        return
    waiting = [next(reading, None) for reading in readings]
    while len(frames := [frame for frame in waiting if frame is not None]) == len(clips):
        last = max(frame.index for frame in frames)
        late = [frame.index < last for frame in frames]
        if not any(late):
            yield frames
            late = [True for _ in frames]
        beside = zip(readings, frames, late, strict=True)
        waiting = [next(reading, None) if is_late else frame for reading, frame, is_late in beside]


def masks_of_landmarks(landmarks_by_frame: Mapping[int, npt.ArrayLike] | npt.NDArray[np.float64]) -> MaskOf:
    """The hull of known landmarks (68, 2) in every frame: a mapping by frame index, or (frames, 68, 2)."""
    known = (
        landmarks_by_frame
        if isinstance(landmarks_by_frame, Mapping)
        else dict(enumerate(np.asarray(landmarks_by_frame)))
    )

    def mask_of(index: int, rgb: UInt8) -> Mask | None:
        points = known.get(index)
        return None if points is None else hull_mask(points, rgb.shape[1], rgb.shape[0])

    return mask_of


def measure_clips(
    result: Path, truth: Path, *, detector: Detector | None = None, device: str = "cpu"
) -> Events:
    """The stage behind `understudy measure`: `result` against `truth`, inside the faces found in `truth`.

    Every face of every frame counts. The summary holds the figures inside the faces and over whole pictures.
    Raises NoFaceFound when the truth shows no face at all.
    """
    finder = detector or DETECTORS["mtcnn"](FinderInputs(device=device))
    inside, whole = ShotScore(), ShotScore()
    with open_clip(result) as a, open_clip(truth) as b:
        total, counts = min(a.info.frame_count, b.info.frame_count), (a.info.frame_count, b.info.frame_count)
    yield StageStarted(stage=STAGE, unit="frames", total=total)
    if counts[0] != counts[1]:
        yield Notice(
            text=f"The clips have {counts[0]} and {counts[1]} frames; the first {total} are compared.",
            level="warning",
        )
    batch: list[tuple[int, UInt8, UInt8]] = []
    compared = 0
    for index, true_rgb, (rgb,) in in_step(truth, [result]):
        batch.append((index, true_rgb, rgb))
        compared += 1
        if len(batch) == _BATCH or index == total - 1:
            _score_batch(batch, finder, inside, whole)
            batch = []
            yield Progress(stage=STAGE, done=index + 1, total=total)
    _score_batch(batch, finder, inside, whole)
    if not inside.frames:
        raise NoFaceFound("No face was found in the second clip, so there is nothing to measure inside.", truth)
    yield from unread_told(total - compared)
    if inside.unmeasured:
        yield Notice(text=f"{len(inside.unmeasured)} frames show no face and are not measured.")
    yield StageFinished(stage=STAGE, summary={"face": inside.as_json(), "picture": whole.as_json()})


def _score_batch(
    batch: Sequence[tuple[int, UInt8, UInt8]], detector: Detector, inside: ShotScore, whole: ShotScore
) -> None:
    if not batch:
        return
    true_frames = [loose_frame(true_rgb, index=index) for index, true_rgb, _ in batch]
    found = detector.detect(true_frames)
    landmarks = LANDMARKERS["five-point"](FinderInputs()).landmarks_68(true_frames, found)
    for (index, true_rgb, rgb), faces in zip(batch, landmarks, strict=True):
        whole.frames.append(FrameScore(index, psnr(rgb, true_rgb), ssim(rgb, true_rgb)))
        height, width = true_rgb.shape[:2]
        mask = np.zeros((height, width), np.float32)
        for points in faces:
            mask = np.maximum(mask, hull_mask(points, width, height))
        if mask.sum() < _SMALLEST_MASK_PX:
            inside.unmeasured.append(index)
            continue
        inside.frames.append(FrameScore(index, psnr(rgb, true_rgb, mask), ssim(rgb, true_rgb, mask)))


def unread_told(count: int) -> Iterator[Notice]:
    """What is said of frames that one of the clips lacks."""
    if count > 0:
        frames = counted(count, "frame is", "frames are")
        yield Notice(f"{frames} not measured: one of the clips can't be read there.", level="warning")


def require_one_size(clips: Sequence[Clip]) -> None:
    """Raise ClipSizesDiffer unless pictures of all clips can be laid over each other."""
    sizes = {(clip.info.width, clip.info.height) for clip in clips}
    if len(sizes) > 1:
        said = " and ".join(f"{width} x {height}" for width, height in sorted(sizes))
        raise ClipSizesDiffer(
            f"Clips of {said} can't be compared. Bring them to one size.", clips[-1].info.path
        )


def _plain(score: FrameScore) -> dict[str, Any]:
    return {
        key: _rounded(value, 4) if isinstance(value, float) else value for key, value in asdict(score).items()
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
