"""Find faces with MTCNN, whole batches of frames at a time.

One pass of the proposal network per pyramid level serves all frames of a batch, and all candidates of all
frames go through the second and third network together. The five points are then looked for again around
themselves (`point_search.py`). The networks are in `networks.mtcnn`, the patches in `patches.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from understudy.faces.boxes import Boxes, Places, corrected, distinct, squared
from understudy.faces.detect import Detection
from understudy.faces.patches import FramePyramid
from understudy.faces.point_search import points_expected_in, refined_points
from understudy.faces.settings import MtcnnSettings
from understudy.media.clip import Frame
from understudy.networks.mtcnn import MtcnnNets, from_rgb, load_mtcnn, normalised

_CELL_PX = 12
_STRIDE_PX = 2
_SMALLEST_FACE_PX = 20
_MOST_CELLS = 2000  # per frame, that are compared with each other: thousands of small faces fill any memory
_MOST_PROPOSALS = 400  # per frame; a wall of leaves must not cost minutes
_PATCHES_AT_ONCE = 512
_PASSES_FROM_A_BOX = 4  # boxes of other detectors lie otherwise about the face than MTCNN's


@dataclass
class _Candidates:
    """Boxes so far, with the frame each lies in."""

    boxes: Boxes
    scores: npt.NDArray[np.float64]
    frame: Places

    def at(self, places: Places | npt.NDArray[np.bool_]) -> _Candidates:
        return _Candidates(self.boxes[places], self.scores[places], self.frame[places])


class MtcnnDetector:
    """Implements `faces.detect.Detector`. Raises WeightsMissing when made without the weights' wheel."""

    def __init__(
        self,
        *,
        device: torch.device | str = "cpu",
        settings: MtcnnSettings | None = None,
        nets: MtcnnNets | None = None,
    ) -> None:
        self.device = torch.device(device)
        self.settings = settings or MtcnnSettings()
        self.nets = nets or load_mtcnn(self.device)

    @torch.inference_mode()
    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        """Faces of every frame, largest first; an empty list where there is none."""
        if not frames:
            return []
        with one_cpu_thread():
            return self._detect([frame.rgb_8bit for frame in frames])

    def _detect(self, frames_rgb: Sequence[npt.NDArray[np.uint8]]) -> list[list[Detection]]:
        pyramid = FramePyramid(frames_rgb, longest_side_px=self.settings.longest_side_px)
        found = self._refine(pyramid, self._propose(pyramid))
        found, points = self._output(pyramid, found)
        points = refined_points(
            self.nets.output,
            pyramid,
            found.frame,
            points,
            passes=self.settings.refinement_passes,
            device=self.device,
        )
        return _per_frame(found, points, len(frames_rgb))

    def _propose(self, pyramid: FramePyramid) -> _Candidates:
        settings = self.settings
        shorter_px = min(pyramid.height, pyramid.width)
        smallest_px = max(_SMALLEST_FACE_PX, settings.smallest_face_share * shorter_px)
        scale = _CELL_PX / smallest_px
        parts: list[_Candidates] = []
        while shorter_px * scale >= _CELL_PX:
            picture = normalised(pyramid.whole(scale, self.device))
            offsets, scores = self.nets.proposal(picture)
            cells = _cells(offsets, scores, settings.proposal_score)
            size = np.array([pyramid.width / picture.shape[3], pyramid.height / picture.shape[2]])
            cells.boxes = cells.boxes * np.tile(size, 2)
            parts.append(_unlike(cells, most_overlap=0.5))
            scale *= settings.pyramid_factor
        if not parts:
            return _Candidates(np.empty((0, 4)), np.empty(0), np.empty(0, np.intp))
        found = _unlike(_joined(parts), most_overlap=0.7)
        found.boxes = squared(found.boxes)
        return found.at(_best_of_each_frame(found, _MOST_PROPOSALS))

    def _refine(self, pyramid: FramePyramid, found: _Candidates) -> _Candidates:
        offsets, scores = [np.empty((0, 4))], [np.empty(0)]
        for part in _in_parts(len(found.boxes)):
            patches = pyramid.patches(found.frame[part], frame_from_box(found.boxes[part]), size_px=24)
            part_offsets, part_scores = self.nets.refine(from_rgb(patches, self.device))
            offsets.append(_numpy(part_offsets))
            scores.append(_numpy(part_scores))
        better = _Candidates(
            corrected(found.boxes, np.concatenate(offsets)), np.concatenate(scores), found.frame
        )
        better = better.at(better.scores > self.settings.refine_score)
        better = better.at(distinct(better.boxes, better.scores, better.frame, most_overlap=0.7))
        better.boxes = squared(better.boxes)
        return better

    def _output(self, pyramid: FramePyramid, found: _Candidates) -> tuple[_Candidates, npt.NDArray[np.float64]]:
        offsets, points, scores = [np.empty((0, 4))], [np.empty((0, 5, 2))], [np.empty(0)]
        for part in _in_parts(len(found.boxes)):
            patches = pyramid.patches(found.frame[part], frame_from_box(found.boxes[part]), size_px=48, fine=2)
            outputs = self.nets.output(from_rgb(patches, self.device))
            for kept, new in zip((offsets, points, scores), outputs, strict=True):
                kept.append(_numpy(new))
        size = (found.boxes[:, 2:] - found.boxes[:, :2])[:, None]
        points_in_frame = found.boxes[:, None, :2] + np.concatenate(points) * size
        final = _Candidates(
            corrected(found.boxes, np.concatenate(offsets)), np.concatenate(scores), found.frame
        )
        good = np.flatnonzero(final.scores > self.settings.output_score)
        final, points_in_frame = final.at(good), points_in_frame[good]
        keep = distinct(final.boxes, final.scores, final.frame, most_overlap=0.7, over="smaller")
        return final.at(keep), points_in_frame[keep]


class PointFinder:
    """Looks for the five points of faces whose boxes another detector found, with the last network alone."""

    def __init__(self, *, device: torch.device | str = "cpu", nets: MtcnnNets | None = None) -> None:
        self.device = torch.device(device)
        self.nets = nets or load_mtcnn(self.device)

    @torch.inference_mode()
    def points_in_boxes(self, frames: Sequence[Frame], frame: Places, boxes: Boxes) -> npt.NDArray[np.float64]:
        """Points (n, 5, 2) in frame pixels for boxes (n, 4) in the frames at the places `frame` (n,)."""
        used = np.unique(frame)
        pyramid = FramePyramid([frames[place].rgb_8bit for place in used])
        of_pyramid = np.searchsorted(used, frame)
        with one_cpu_thread():
            return refined_points(
                self.nets.output,
                pyramid,
                of_pyramid,
                points_expected_in(squared(boxes)),
                passes=_PASSES_FROM_A_BOX,
                device=self.device,
            )


@contextlib.contextmanager
def one_cpu_thread() -> Iterator[None]:
    """The networks are so small that threads wait for each other longer than they work.

    On two shared cores one thread was five times as fast as two.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def frame_from_box(boxes: Boxes) -> npt.NDArray[np.float64]:
    """The transforms (n, 2, 3) that lay a unit square onto boxes."""
    out = np.zeros((len(boxes), 2, 3))
    out[:, 0, 0] = boxes[:, 2] - boxes[:, 0]
    out[:, 1, 1] = boxes[:, 3] - boxes[:, 1]
    out[:, :, 2] = boxes[:, :2]
    return out


def _cells(offsets_B4HW: Tensor, scores_BHW: Tensor, least_score: float) -> _Candidates:
    """Boxes in the pixels of the level that was searched."""
    frame, row, column = (scores_BHW > least_score).nonzero(as_tuple=True)
    cell_offsets = _numpy(offsets_B4HW[frame, :, row, column])
    scores = _numpy(scores_BHW[frame, row, column])
    corner = np.stack([_numpy(column), _numpy(row)], axis=1) * _STRIDE_PX
    boxes = corrected(np.concatenate([corner, corner + _CELL_PX], axis=1), cell_offsets)
    return _Candidates(boxes, scores, frame.cpu().numpy())


def _joined(parts: Sequence[_Candidates]) -> _Candidates:
    return _Candidates(
        np.concatenate([p.boxes for p in parts]),
        np.concatenate([p.scores for p in parts]),
        np.concatenate([p.frame for p in parts]),
    )


def _unlike(found: _Candidates, *, most_overlap: float) -> _Candidates:
    """Of each frame those that no better one overlaps, among the best."""
    best = found.at(_best_of_each_frame(found, _MOST_CELLS))
    return best.at(distinct(best.boxes, best.scores, best.frame, most_overlap=most_overlap))


def _best_of_each_frame(found: _Candidates, most: int) -> Places:
    places = [np.flatnonzero(found.frame == frame) for frame in np.unique(found.frame)]
    best = [p[np.argsort(-found.scores[p], kind="stable")[:most]] for p in places]
    return np.concatenate(best) if best else np.empty(0, np.intp)


def _in_parts(count: int) -> list[slice]:
    return [slice(start, start + _PATCHES_AT_ONCE) for start in range(0, count, _PATCHES_AT_ONCE)]


def _numpy(values: Tensor) -> npt.NDArray[np.float64]:
    return values.cpu().numpy().astype(np.float64)


def _per_frame(found: _Candidates, points: npt.NDArray[np.float64], frames: int) -> list[list[Detection]]:
    out: list[list[Detection]] = [[] for _ in range(frames)]
    size = found.boxes[:, 2:] - found.boxes[:, :2]
    for place in np.argsort(-size.prod(1), kind="stable"):
        out[found.frame[place]].append(
            Detection(found.boxes[place], float(min(1.0, found.scores[place])), points[place])
        )
    return out
