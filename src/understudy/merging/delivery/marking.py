"""The watermark goes into every frame of the finished shot: after the label, before the codec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from understudy.media.color_spaces import ColorSpace
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.delivery.shown import Shown
from understudy.provenance.watermark.embed import Watermark


def carries_watermark(options: EncodeOptions) -> bool:
    """Pictures and faces carry it, unless they stay in a closed production; a mask's numbers are measures that
    nobody should see changed.
    """
    return options.content != "mask" and not options.closed_production


def carries_source_type(options: EncodeOptions) -> bool:
    """IPTC's word, for stills and movies into which something was painted."""
    return carries_watermark(options)


def with_watermark(
    frames: Iterable[Shown],
    watermark: Watermark | None,
    options: EncodeOptions,
    *,
    space: ColorSpace | None = None,
) -> Iterator[Shown]:
    """The frames with the mark where there is one and they can carry it; what is transparent stays as it is.

    `space` tells how their numbers look.
    """
    marks = watermark if carries_watermark(options) else None
    for shown in frames:
        if marks is None:
            yield shown
        else:
            yield replace(shown, rgb=marks.marked(shown.rgb, alpha_HW=shown.alpha_HW, space=space))
