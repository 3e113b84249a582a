"""Cut many small patches out of a batch of frames, without aliasing or half-pixel drift.

A patch is a unit square laid into a frame by a 2 x 3 transform `frame_from_patch`; positions are measured from
the frame's corner. Outside the frame lies mid grey. Cutting is done on the CPU, where OpenCV needs some
microseconds a patch; only what the networks see goes to their device.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from understudy.geometry import for_pixel_grid

_SMALLEST_SIDE_PX = 24
_GREY = (128, 128, 128)


class FramePyramid:
    """A batch of equally sized frames and ever smaller copies of them.

    Parameters
    ----------
    frames_rgb:
        Frames of shape (height, width, 3), uint8, all of one size.
    longest_side_px:
        Larger frames are made smaller first; positions stay in the given frames' pixels.
    """

    def __init__(self, frames_rgb: Sequence[npt.NDArray[np.uint8]], *, longest_side_px: int = 1 << 30) -> None:
        self.height, self.width = frames_rgb[0].shape[:2]
        if any(frame.shape != (self.height, self.width, 3) for frame in frames_rgb):
            raise ValueError("frames of one batch must have one size and three channels")
        shrink = min(1.0, longest_side_px / max(self.height, self.width))
        self.levels = [[_shrunk(frame, shrink) for frame in frames_rgb]]
        while min(self.levels[-1][0].shape[:2]) >= 2 * _SMALLEST_SIDE_PX:
            self.levels.append([_shrunk(frame, 0.5) for frame in self.levels[-1]])

    def whole(self, scale: float, device: torch.device | str = "cpu") -> Tensor:
        """All frames at `scale` of their given size: (B, 3, h, w), float, 0..255."""
        height, width = max(1, round(self.height * scale)), max(1, round(self.width * scale))
        fitting = [level for level in self.levels if level[0].shape[0] >= height and level[0].shape[1] >= width]
        level = fitting[-1] if fitting else self.levels[0]
        picture = torch.from_numpy(np.stack(level)).to(device).permute(0, 3, 1, 2)
        if picture.device.type != "cpu":  # elsewhere only floats are scaled; here bytes are seven times as fast
            picture = picture.float()
        return functional.interpolate(picture, size=(height, width), mode="bilinear", antialias=True).float()

    def patches(
        self,
        frame: npt.NDArray[np.intp],
        frame_from_patch: npt.NDArray[np.float64],
        *,
        size_px: int,
        fine: int = 1,
        outside: tuple[int, int, int] = _GREY,
    ) -> npt.NDArray[np.uint8]:
        """Patches (n, size_px, size_px, 3), RGB.

        `frame` (n,) says which frame each lies in, `frame_from_patch` is (n, 2, 3). `fine` > 1 averages that
        many samples per pixel and direction. `outside` is the colour beyond the frame.
        """
        out = np.empty((len(frame), size_px, size_px, 3), np.uint8)
        side_px = np.sqrt(np.abs(np.linalg.det(frame_from_patch[:, :, :2])))
        shrink = side_px * (self.levels[0][0].shape[1] / self.width) / (size_px * fine)
        wanted = np.clip(np.round(np.log2(np.maximum(shrink, 1e-6))), 0, len(self.levels) - 1).astype(int)
        ratios = np.array(
            [[row[0].shape[1] / self.width, row[0].shape[0] / self.height] for row in self.levels]
        )
        per_sample = np.array([1 / (size_px * fine), 1 / (size_px * fine), 1])
        on_grid = for_pixel_grid(frame_from_patch * ratios[wanted][:, :, None] * per_sample)
        for place, (index, level) in enumerate(zip(frame, wanted, strict=True)):
            picture = self.levels[level][index]
            out[place] = _cut(picture, on_grid[place], size_px, fine, outside)
        return out


def _cut(
    picture: npt.NDArray[np.uint8],
    picture_from_sample: npt.NDArray[np.float64],
    size_px: int,
    fine: int,
    outside: tuple[int, int, int],
) -> npt.NDArray[np.uint8]:
    samples = size_px * fine
    cut = cv2.warpAffine(
        picture,
        picture_from_sample,
        (samples, samples),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=outside,
    )
    if fine > 1:
        cut = cv2.resize(cut, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return np.asarray(cut, np.uint8)


def _shrunk(frame: npt.NDArray[np.uint8], scale: float) -> npt.NDArray[np.uint8]:
    if scale == 1.0:
        return frame
    size = (max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale)))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
