"""An interlaced film: a bright bar that moves by two pixels from field to field."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from understudy.media.clip import Picture

FRAMES = 6


def make_interlaced(path: Path, *, flagged: bool = True, first: int = 0) -> Path:
    """Write it, bottom field first, losslessly, with a timecode; `flagged` says so in the file. `first` is the
    time of the first frame."""
    with av.open(str(path), "w") as container:
        options = {"qp": "0", "preset": "ultrafast"} | ({"x264-params": "bff=1"} if flagged else {})
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.metadata["timecode"] = "01:00:00:10"
        for number in range(FRAMES):
            picture = np.full((48, 64, 3), 40, np.uint8)
            for field in (0, 1):
                left = bar_at(2 * number + field)
                picture[1 - field :: 2, left : left + 12] = 220
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
            frame.pts = first + number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def make_partly_interlaced(path: Path) -> Path:
    """A transport stream whose second half alone says that it is interlaced."""
    halves = [
        make_interlaced(path.with_name(f"half{number}.ts"), flagged=number == 1, first=number * FRAMES)
        for number in (0, 1)
    ]
    path.write_bytes(b"".join(half.read_bytes() for half in halves))
    return path


def bar_at(field: int) -> int:
    """Its left edge in a field, counted from 0."""
    return 4 + 2 * field


def bars_in(picture: Picture) -> set[int]:
    """The left edges seen in a picture's lines, in its middle: one where it is whole, two where it is torn."""
    return {int(np.argmax(line > 130)) for line in np.asarray(picture)[8:40, :, 1]}
