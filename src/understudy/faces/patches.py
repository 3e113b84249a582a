"""Cut many small upright patches out of a batch of frames at once, without aliasing or half-pixel drift.

A patch is a unit square laid into a frame by a 2 x 3 transform `frame_from_patch`; positions are measured from
the frame's corner. Outside the frame lies mid grey. Used by the networks that look at patches.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

_SMALLEST_SIDE = 12


class FramePyramid:
    """A batch of equally sized frames and ever smaller copies of them.

    Parameters
    ----------
    frames_rgb:
        Frames of shape (height, width, 3), uint8, all of one size.
    longest_side_px:
        Larger frames are made smaller first; positions stay in the given frames' pixels.
    device:
        Where patches are cut.
    """

    def __init__(
        self,
        frames_rgb: Sequence[npt.NDArray[np.uint8]],
        *,
        longest_side_px: int = 1 << 30,
        device: torch.device | str = "cpu",
    ) -> None:
        self.height, self.width = frames_rgb[0].shape[:2]
        if any(frame.shape != (self.height, self.width, 3) for frame in frames_rgb):
            raise ValueError("frames of one batch must have one size and three channels")
        self.count = len(frames_rgb)
        shrink = min(1.0, longest_side_px / max(self.height, self.width))
        copies = [np.stack([_shrunk(frame, shrink) for frame in frames_rgb])]
        while min(copies[-1].shape[1:3]) >= 2 * _SMALLEST_SIDE:
            copies.append(np.stack([_shrunk(frame, 0.5) for frame in copies[-1]]))
        self.levels_BHWC = [torch.from_numpy(copy).to(device) for copy in copies]

    @property
    def device(self) -> torch.device:
        """Where the frames lie."""
        return self.levels_BHWC[0].device

    def whole(self, scale: float) -> Tensor:
        """All frames at `scale` of their given size: (B, 3, h, w), float, 0..255."""
        size = (max(1, round(self.height * scale)), max(1, round(self.width * scale)))
        fitting = [
            level for level in self.levels_BHWC if min(level.shape[1] / size[0], level.shape[2] / size[1]) >= 1
        ]
        level = fitting[-1] if fitting else self.levels_BHWC[0]
        picture_BCHW = level.permute(0, 3, 1, 2).float()
        return functional.interpolate(picture_BCHW, size=size, mode="bilinear", antialias=True)

    def patches(
        self,
        frame: npt.NDArray[np.intp],
        frame_from_patch: npt.NDArray[np.float64],
        *,
        size_px: int,
        fine: int = 1,
    ) -> Tensor:
        """Patches (n, 3, size_px, size_px), float, scaled like `networks.mtcnn.normalised`.

        `frame` (n,) says which frame each lies in, `frame_from_patch` is (n, 2, 3). `fine` > 1 averages that
        many samples per pixel and direction.
        """
        out = torch.zeros(len(frame), 3, size_px, size_px, device=self.device)
        side_px = np.sqrt(np.abs(np.linalg.det(frame_from_patch[:, :, :2])))
        shrink = side_px * (self.levels_BHWC[0].shape[2] / self.width) / (size_px * fine)
        wanted = np.clip(np.round(np.log2(np.maximum(shrink, 1e-6))), 0, len(self.levels_BHWC) - 1)
        for index in np.unique(wanted).astype(int):
            chosen = np.flatnonzero(wanted == index)
            patches = self._from_level(index, frame[chosen], frame_from_patch[chosen], size_px * fine)
            out[torch.from_numpy(chosen).to(self.device)] = functional.avg_pool2d(patches, fine)
        return out

    def _from_level(
        self, index: int, frame: npt.NDArray[np.intp], frame_from_patch: npt.NDArray[np.float64], samples: int
    ) -> Tensor:
        level = self.levels_BHWC[index]
        height, width = level.shape[1:3]
        to_level = np.array([width / self.width, height / self.height])
        m = torch.tensor(frame_from_patch * to_level[:, None], dtype=torch.float32, device=self.device)
        along = (torch.arange(samples, device=self.device) + 0.5) / samples
        x = (
            m[:, 0, 0, None, None] * along
            + m[:, 0, 1, None, None] * along[:, None]
            + m[:, 0, 2, None, None]
            - 0.5
        )
        y = (
            m[:, 1, 0, None, None] * along
            + m[:, 1, 1, None, None] * along[:, None]
            + m[:, 1, 2, None, None]
            - 0.5
        )
        pixels = level.reshape(-1, 3)
        first = torch.from_numpy(frame).to(self.device)[:, None, None] * (height * width)
        x0, y0 = x.floor(), y.floor()
        out = torch.zeros(*x.shape, 3, device=self.device)
        for dy in (0, 1):
            for dx in (0, 1):
                column, row = (x0 + dx).long(), (y0 + dy).long()
                weight = (1 - (x - column).abs()) * (1 - (y - row).abs())
                weight = weight * ((column >= 0) & (column < width) & (row >= 0) & (row < height))
                place = first + row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
                seen = pixels.index_select(0, place.reshape(-1)).reshape(*x.shape, 3)
                out += weight[..., None] * ((seen.float() - 127.5) / 128)
        return out.permute(0, 3, 1, 2)


def _shrunk(frame: npt.NDArray[np.uint8], scale: float) -> npt.NDArray[np.uint8]:
    if scale == 1.0:
        return frame
    size = (max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale)))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
