"""Take the noise out of a film's pictures and leave their edges, over time and in each picture, in any depth.

FFmpeg's `atadenoise` averages a pixel over up to nine frames for as long as it stays nearly the same, so that
nothing that moves is smeared (Bartovčak and Vrankić, "Adaptive temporal averaging filter", ELMAR 2012); its
`bilateral` then evens each picture out between edges. Streams: nine frames are held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, pairwise

import av.error
import numpy as np
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from understudy.media.clip import UInt8, UInt16

STRENGTHS = range(1, 21)
_FRAMES = 9
_UNIT = Fraction(1, 25)  # frames only need an order here
# Per unit of strength, in shares of white: 5 takes the grain of a modern camera, 20 that of pushed film.
_SAME_PIXEL, _SAME_SUM = 0.008, 4.0
_SAME_TONE, _REACH_PX = 0.006, 1.5
_MOST_SAME_PIXEL, _MOST_SAME_SUM = 0.3, 5.0  # what the filter takes


def denoised(pictures: Iterable[UInt8 | UInt16], strength: float) -> Iterator[UInt8 | UInt16]:
    """The pictures (height, width, 3) of one size and depth without their noise, in the same depth and number.

    `strength` is 1, hardly any, to 20.
    """
    graph: Graph | None = None
    for number, picture in enumerate(chain(pictures, [None])):
        if picture is not None and graph is None:
            graph = _graph(picture, strength)
        if graph is None:
            return
        graph.push(None if picture is None else _planar(picture, number))
        yield from _ready(graph)


def _graph(picture: UInt8 | UInt16, strength: float) -> Graph:
    same = min(_MOST_SAME_PIXEL, _SAME_PIXEL * strength)
    total = min(_MOST_SAME_SUM, _SAME_SUM * same)
    thresholds = ":".join(f"{plane}a={same}:{plane}b={total}" for plane in range(3))
    height, width = picture.shape[:2]
    graph = Graph()
    ends = [
        graph.add_buffer(width=width, height=height, format=VideoFormat(_format(picture)), time_base=_UNIT),
        graph.add("atadenoise", f"{thresholds}:s={_FRAMES}"),
        graph.add("bilateral", f"sigmaS={_REACH_PX}:sigmaR={_SAME_TONE * strength}:planes=7"),
        graph.add("buffersink"),
    ]
    for before, after in pairwise(ends):
        before.link_to(after)
    graph.configure()
    return graph


def _format(picture: UInt8 | UInt16) -> str:
    return "gbrp" if picture.dtype == np.uint8 else "gbrp16le"


def _planar(picture: UInt8 | UInt16, number: int) -> VideoFrame:
    plain = np.ascontiguousarray(picture)
    if plain.dtype == np.uint8:
        frame = VideoFrame.from_ndarray(plain.astype(np.uint8, copy=False), format=_format(picture))
    else:
        frame = VideoFrame.from_ndarray(plain.astype(np.uint16, copy=False), format=_format(picture))
    frame.pts, frame.time_base = number, _UNIT
    return frame


def _ready(graph: Graph) -> Iterator[UInt8 | UInt16]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, VideoFrame)
        picture = frame.to_ndarray()
        if picture.dtype == np.uint8:
            yield picture.astype(np.uint8, copy=False)
        else:
            yield picture.astype(np.uint16, copy=False)
