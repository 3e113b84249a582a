"""Which files are films: by their names, and where a name can't tell by how they begin.

The one list of endings. Which formats are really read is decided when a file is opened (`containers.py`).
"""

from __future__ import annotations

from pathlib import Path

# fmt: off
MOVIE_SUFFIXES = frozenset({
    ".mp4", ".mov", ".m4v", ".f4v", ".3gp", ".3g2", ".mj2", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m2v",
    ".vob", ".ts", ".m2ts", ".mts", ".mxf", ".gxf", ".flv", ".wmv", ".asf", ".ogv", ".y4m", ".nut", ".dv",
    ".ivf", ".obu", ".h264", ".264", ".hevc", ".h265", ".265", ".gif", ".apng",
})
# fmt: on
_PACKET_BYTES = 188  # of MPEG-TS


def is_movie(path: Path) -> bool:
    """Whether this is called like a film. A name in .ts may be that of a program in TypeScript; packets of
    MPEG-TS begin with one byte."""
    suffix = path.suffix.lower()
    if suffix != ".ts":
        return suffix in MOVIE_SUFFIXES
    try:
        with path.open("rb") as file:
            start = file.read(_PACKET_BYTES + 1)
    except OSError:
        return False
    return start[:1] == start[_PACKET_BYTES:] == b"G"
