"""All that is measured of one painted face's colours, steadied over its track, and applied.

Frames are averaged as a bilateral filter does (Tomasi and Manduchi, "Bilateral filtering for gray and color
images", ICCV 1998), along time: neighbours count less the farther they are and the more either face's mean
colour differs. So what the measuring itself lets tremble is averaged out, while a lamp that is switched on, a
cut that the tracker missed or a model that flickers is followed in the very frame where it happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from understudy import color
from understudy.merging.coloring.color_transfer import COLOR_TRANSFERS
from understudy.merging.coloring.histogram import gray, matched, quantiles
from understudy.merging.coloring.options import ColorOptions
from understudy.merging.coloring.pixels import FEWEST_PIXELS, compared, sample

Float32 = npt.NDArray[np.float32]

_MEANS_OF = 4096  # pixels; what decides how alike frames are need not be exact
_ALIKE_DELTA_E = 1.0  # a neighbour whose mean colours differ by this counts for 0.6 of one that is alike


@dataclass(frozen=True, eq=False)
class Tone:
    """What was measured of one face. Everything is empty where too few pixels can be compared."""

    color: str  # the colour transfer
    means_lab: Float32  # (2, 3): the painted face's mean colour, and that of dst's own
    transfer: Float32  # what the colour transfer measured
    quantiles: Float32  # (2, 257, 3): of the painted face after the transfer, and of dst's own; or empty

    @property
    def known(self) -> bool:
        """Whether anything could be measured."""
        return bool(self.means_lab.size)


_NOTHING = np.zeros(0, np.float32)
UNKNOWN = Tone("none", _NOTHING, _NOTHING, _NOTHING)


def measured_tone(
    painted_HWC: Float32,
    own_HWC: Float32,
    area_HW: Float32,
    options: ColorOptions,
    *,
    light_px: float,
    histogram: bool = False,
    bw: bool = False,
) -> Tone:
    """Measure two crops where `area_HW` is above one half; `light_px` is the size of slow changes.

    `histogram` asks for quantiles too, `bw` for those of the painted face without its colours.
    """
    if options.color == "none" and not histogram:
        return UNKNOWN
    inside = compared(painted_HWC, own_HWC, area_HW)
    if inside.sum() < FEWEST_PIXELS:
        return UNKNOWN
    some = [sample(crop, inside, _MEANS_OF) for crop in (painted_HWC, own_HWC)]
    means = np.stack([color.lab_from_rgb(pixels).mean(0) for pixels in some])
    transfer = COLOR_TRANSFERS[options.color].measure(painted_HWC, own_HWC, inside, light_px=light_px)
    tone = Tone(options.color, means, transfer, _NOTHING)
    if not histogram:
        return tone
    shown = recolored(painted_HWC, tone, options)
    both = [quantiles(gray(shown) if bw else shown, inside), quantiles(own_HWC, inside)]
    return Tone(options.color, means, transfer, np.stack(both))


def steadied_tone(tone: Tone, neighbours: Sequence[tuple[int, Tone]], *, reach: int) -> Tone:
    """The tone averaged with its neighbours: (distance in frames, tone), none of them across a cut.

    Frames farther than `reach` don't count, nor do those with another transfer. A face too small to be measured
    takes its neighbours' tone.
    """
    near = [(distance, other) for distance, other in neighbours if 0 < abs(distance) <= reach and other.known]
    first = tone if tone.known else min(near, key=lambda one: abs(one[0]), default=(0, tone))[1]
    weighted = [(1.0, tone)] if tone.known else []
    for distance, other in near:
        if (other.color, other.quantiles.shape) == (first.color, first.quantiles.shape):
            weighted.append((_weight(tone, other, distance, reach), other))
    if not weighted:
        return tone
    total = sum(weight for weight, _ in weighted)

    def average(name: str) -> Float32:
        parts = (weight / total * getattr(other, name).astype(np.float64) for weight, other in weighted)
        return np.asarray(sum(parts), np.float32)

    return Tone(first.color, average("means_lab"), average("transfer"), average("quantiles"))


def _weight(tone: Tone, other: Tone, distance: int, reach: int) -> float:
    near = 1 - abs(distance) / (reach + 1)
    if not tone.known:
        return near
    apart = float(np.square(tone.means_lab - other.means_lab).sum())
    return near * float(np.exp(-apart / (2 * _ALIKE_DELTA_E**2)))


def recolored(painted_HWC: Float32, tone: Tone, options: ColorOptions) -> Float32:
    """The painted crop after the colour transfer, by `color_strength`. May leave 0..1."""
    if not tone.transfer.size or options.color_strength == 0:
        return painted_HWC
    changed = COLOR_TRANSFERS[options.color].apply(painted_HWC, tone.transfer)
    return (painted_HWC + np.float32(options.color_strength) * (changed - painted_HWC)).astype(np.float32)


def with_histogram(recolored_HWC: Float32, tone: Tone, options: ColorOptions, *, bw: bool = False) -> Float32:
    """A recoloured crop with dst's histogram, if that was measured; `bw` takes its own colours away first."""
    shown = gray(recolored_HWC) if bw else recolored_HWC
    if not tone.quantiles.size:
        return shown
    return matched(shown, *tone.quantiles, top=options.hist_match_top)
