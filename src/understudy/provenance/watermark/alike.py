"""The mark that a finished clip carries, for its plate, so that both can be compared as if neither had one.

It lies still while faces move under it, which followers of faces and of edges take for trembling. The plate is
given the same; nothing takes a mark out.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from understudy.media.opening import open_clip
from understudy.provenance.watermark.embed import Watermark
from understudy.provenance.watermark.keys import known_keys
from understudy.provenance.watermark.pattern import tile_px
from understudy.provenance.watermark.reading import Reading, watermark_by_steps
from understudy.provenance.watermark.search import WORKING_PX

_SIZES_APART = 0.01  # of the tile's side, at most, where nobody scaled the picture


def mark_to_share(result: Path, plate: Path) -> Generator[float, None, Watermark | None]:
    """The mark of `result` that `plate` lacks; None where there is none that a key of this machine reads, where
    the picture was scaled or mirrored since, or where the plate has the same one already.

    Reads at most some 90 frames of each, and yields after every one. Raises what opening a clip raises.
    """
    keys = known_keys()
    reading = yield from watermark_by_steps(result, keys=keys, everywhere=False)
    if reading is None or reading.found.mirrored or not _as_it_was_put(result, reading):
        return None
    key = next(key for key in keys if key.name == reading.key)
    own = yield from watermark_by_steps(plate, keys=[key], everywhere=False)
    plate_has_it = own is not None and own.found.number == reading.found.number
    return None if plate_has_it else Watermark(reading.found.number, key=key.secret)


def _as_it_was_put(clip: Path, reading: Reading) -> bool:
    with open_clip(clip) as opened:
        width, height = opened.info.width, opened.info.height
    side = tile_px(width, height) * min(1.0, WORKING_PX / min(width, height))
    found = reading.found
    return all(abs(each / side - 1) <= _SIZES_APART for each in (found.tile_width_px, found.tile_height_px))
