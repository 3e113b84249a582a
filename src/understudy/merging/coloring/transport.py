"""Whole distributions of colour moved to those of dst's own face: idt, sot and mix.

The moves are found for a sample of the face's pixels, with the same random directions every time, and kept as
a table over colours (`lookup`). The table moves like colours alike, so neighbouring pixels don't part, and
tables of neighbouring frames are averaged, so colour doesn't pump.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from understudy import color
from understudy.merging.coloring.lookup import fitted, moves_at
from understudy.merging.coloring.pixels import Inside, sample

Float32 = npt.NDArray[np.float32]

_SAMPLE = 2048
_SEED = 0
# Lightness and two differences of colours, at right angles: axes along which skin varies separately.
_AXES = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]], np.float32)
_AXES /= np.linalg.norm(_AXES, axis=1, keepdims=True)
_MIX_LIGHTNESS = 100 / 255 * 100  # at which mix compares chroma
_LEAST_SPREAD = 0.5  # of Lab
_MOST_GAIN = 3.0


class Transport:
    """idt and sot: the distribution of RGB becomes that of dst, by `grading.color_transfer`."""

    def __init__(self, mode: str) -> None:
        self._mode = mode

    def measure(self, painted_HWC: Float32, own_HWC: Float32, inside_HW: Inside, *, light_px: float) -> Float32:
        painted, own = (sample(crop, inside_HW, _SAMPLE) for crop in (painted_HWC, own_HWC))
        return fitted(painted @ _AXES.T, _moved(self._mode, painted, own) - painted)

    def apply(self, painted_HWC: Float32, measured: Float32) -> Float32:
        return painted_HWC + moves_at(measured, painted_HWC @ _AXES.T)


class Mix:
    """mix: lightness by its mean and spread (lct on L alone), chroma by sot between both at one lightness."""

    def measure(self, painted_HWC: Float32, own_HWC: Float32, inside_HW: Inside, *, light_px: float) -> Float32:
        painted, own = (color.lab_from_rgb(sample(crop, inside_HW, _SAMPLE)) for crop in (painted_HWC, own_HWC))
        level = [_at_one_lightness(lab) for lab in (painted, own)]
        moves = color.lab_from_rgb(_moved("sot", *level)) - color.lab_from_rgb(level[0])
        ours, theirs = painted[:, 0], own[:, 0]
        gain = min(max(theirs.std(), _LEAST_SPREAD) / max(ours.std(), _LEAST_SPREAD), _MOST_GAIN)
        moves[:, 0] = (ours - ours.mean()) * gain + theirs.mean() - ours
        return fitted(painted, moves)

    def apply(self, painted_HWC: Float32, measured: Float32) -> Float32:
        lab = color.lab_from_rgb(painted_HWC)
        return color.rgb_from_lab(lab + moves_at(measured, lab))


def _at_one_lightness(lab_N3: Float32) -> Float32:
    level = lab_N3.copy()
    level[:, 0] = _MIX_LIGHTNESS
    return color.rgb_from_lab(level)


def _moved(mode: str, painted_N3: Float32, own_N3: Float32) -> Float32:
    """The painted colours after the transfer, (n, 3)."""
    import torch  # other transfers do without, and so do the processes that know only them

    from understudy.grading.color_transfer import TRANSFERS, Colors

    painted, own = (
        Colors(torch.from_numpy(np.ascontiguousarray(pixels.T))[None], torch.ones(1, len(pixels)))
        for pixels in (painted_N3, own_N3)
    )
    return TRANSFERS[mode](painted, own, torch.Generator().manual_seed(_SEED))[0].numpy().T
