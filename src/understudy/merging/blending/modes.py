"""The modes of a merge by name: what each does that overlay does not. One entry a line.

Not here: the order in which it is done (`composite`, and `raw` for the raw ones).
"""

from __future__ import annotations

from dataclasses import dataclass

from understudy.merging.blending.options import Mode


@dataclass(frozen=True)
class MergeMode:
    """What sets a mode apart; all false is overlay."""

    paints: bool = True  # False leaves the frame as it is, though its mask is made
    histogram: bool = False  # of dst's own face, before the face enters the frame
    grey: bool = False  # the painted face loses its colours first; the histograms give it dst's
    poisson: bool = False  # the frame's colours flow in from the mask's edge
    histogram_after: bool = False  # of dst's own face, once the colours have flown in
    raw: bool = False  # what the model painted, for work elsewhere: no soft mask, no colours, no effects
    black: bool = False  # a frame without a face is black instead of dst's own
    leaves: bool = False  # the frame stays dst's own; only what lies beside it is made


MODES: dict[Mode, MergeMode] = {
    "original": MergeMode(paints=False, leaves=True),
    "overlay": MergeMode(),
    "hist-match": MergeMode(histogram=True),
    "hist-match-bw": MergeMode(histogram=True, grey=True),
    "seamless": MergeMode(poisson=True),
    "seamless-hist-match": MergeMode(poisson=True, histogram_after=True),
    "raw-rgb": MergeMode(raw=True),
    "raw-predict": MergeMode(raw=True, black=True),
    "raw-mask": MergeMode(raw=True, black=True),
    "raw-layers": MergeMode(raw=True, leaves=True),
}
