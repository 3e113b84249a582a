"""Look for a face's five points again, around where they were found, until they settle.

The detector's last network sees whatever box the cascade happened to find, and its points wander with the box.
Here it sees the face upright, centred and at a few sizes, plain and mirrored, and the answers are averaged.
Measured gain: docs/decisions/0002-mtcnn-in-torch.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from understudy.faces.boxes import Places
from understudy.faces.patches import FramePyramid
from understudy.geometry import similarity_fits
from understudy.networks.mtcnn import OutputNet, from_rgb

Points = npt.NDArray[np.float64]

# Where the network expects the five points of a frontal face in its patch.
_EXPECTED_IN_PATCH = np.array([(0.31, 0.35), (0.69, 0.35), (0.50, 0.55), (0.35, 0.74), (0.65, 0.74)])
_MIRRORED_ORDER = [1, 0, 2, 4, 3]
_SIZES = (0.9, 1.0, 1.1)
_PATCH_PX = 48
_PATCHES_AT_ONCE = 512


def _views() -> Points:
    """Transforms (views, 2, 3) from a view's unit square to that of the plain patch; odd ones are mirrored."""
    views = []
    for size in _SIZES:
        for side in (1.0, -1.0):
            linear = np.diag([side * size, size])
            views.append(np.column_stack([linear, 0.5 - linear @ [0.5, 0.5]]))
    return np.stack(views)


_VIEWS = _views()


def points_expected_in(boxes: Points) -> Points:
    """Where the five points (n, 5, 2) of upright frontal faces lie in their boxes (n, 4)."""
    corner, size = boxes[:, None, :2], (boxes[:, 2:] - boxes[:, :2])[:, None]
    return corner + _EXPECTED_IN_PATCH * size


def refined_points(
    output_net: OutputNet,
    pyramid: FramePyramid,
    frame: Places,
    points: Points,
    *,
    passes: int,
    device: torch.device | str = "cpu",
) -> Points:
    """Better points (n, 5, 2) in frame pixels for faces in the frames `frame` (n,)."""
    for _ in range(passes if len(points) else 0):
        points = _mean_of_views(output_net, pyramid, frame, points, device)
    return points


def _mean_of_views(
    output_net: OutputNet, pyramid: FramePyramid, frame: Places, points: Points, device: torch.device | str
) -> Points:
    frame_from_patch = similarity_fits(_EXPECTED_IN_PATCH, points)
    linear = np.einsum("nij,vjk->nvik", frame_from_patch[:, :, :2], _VIEWS[:, :, :2])
    shift = (
        np.einsum("nij,vj->nvi", frame_from_patch[:, :, :2], _VIEWS[:, :, 2]) + frame_from_patch[:, None, :, 2]
    )
    frame_from_view = np.concatenate([linear, shift[..., None]], axis=3).reshape(-1, 2, 3)
    frame_of_view = np.repeat(frame, len(_VIEWS))
    seen: list[Points] = []
    for start in range(0, len(frame_of_view), _PATCHES_AT_ONCE):
        part = slice(start, start + _PATCHES_AT_ONCE)
        patches = pyramid.patches(frame_of_view[part], frame_from_view[part], size_px=_PATCH_PX, fine=2)
        seen.append(output_net(from_rgb(patches, device))[1].cpu().numpy().astype(np.float64))
    in_frame = np.einsum("nij,npj->npi", frame_from_view[:, :, :2], np.concatenate(seen))
    in_frame = (in_frame + frame_from_view[:, None, :, 2]).reshape(len(points), len(_VIEWS), 5, 2)
    in_frame[:, 1::2] = in_frame[:, 1::2][:, :, _MIRRORED_ORDER]
    return in_frame.mean(1)
