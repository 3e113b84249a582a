"""Interlaced frames made whole: two half pictures of different moments become one picture of one moment.

FFmpeg's `bwdif` keeps the lines of one field and fills in the others from the fields around them, after Weston
and Zhu ("w3fdif" of the BBC, and "yadif"). It works on planes as they were decoded: turned into RGB first, the
colours of two moments would be mixed. Streams: three frames are held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, pairwise
from typing import Literal

import av.error
from av.filter import Graph
from av.video.frame import VideoFrame

FieldOrder = Literal["auto", "top", "bottom"]
_UNIT = Fraction(1, 1000)  # frames only need an order here
_PARITY = {"auto": "auto", "top": "tff", "bottom": "bff"}


def whole_frames(
    frames: Iterable[tuple[int, VideoFrame]], *, order: FieldOrder, each_field: bool
) -> Iterator[tuple[int, int, VideoFrame]]:
    """(index, field, frame) of decoded frames with rising indices: of each field 0, with `each_field` also 1.

    `auto` believes every frame's own flags and lets progressive ones pass (which then have field 0 alone); the
    other orders hold for all frames. Colour tags stay.
    """
    graph: Graph | None = None
    like: VideoFrame | None = None
    indices: list[int] = []
    fields_out: dict[int, int] = {}
    for item in chain(frames, [None]):
        if item is not None:
            index, frame = item
            if graph is None:
                graph, like = _graph(frame, order, each_field=each_field), frame
            frame.pts, frame.time_base = len(indices), _UNIT
            indices.append(index)
            graph.push(frame)
        elif graph is not None:
            graph.push(None)
        if graph is None or like is None:
            return
        for out in _ready(graph):
            number = int(out.pts or 0) // 2  # the filter counts in half units
            field = fields_out[number] = fields_out.get(number, -1) + 1
            out.colorspace, out.color_range = like.colorspace, like.color_range
            out.color_primaries, out.color_trc = like.color_primaries, like.color_trc
            yield indices[number], field, out


def _graph(frame: VideoFrame, order: FieldOrder, *, each_field: bool) -> Graph:
    mode = "send_field" if each_field else "send_frame"
    which = "interlaced" if order == "auto" else "all"
    graph = Graph()
    ends = [
        graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=_UNIT),
        graph.add("bwdif", f"mode={mode}:parity={_PARITY[order]}:deint={which}"),
        graph.add("buffersink"),
    ]
    for before, after in pairwise(ends):
        before.link_to(after)
    graph.configure()
    return graph


def _ready(graph: Graph) -> Iterator[VideoFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, VideoFrame)
        yield frame
