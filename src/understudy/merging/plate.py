"""Another clip's frames to paint into, instead of dst's own: an avatar's view of src goes into src's footage.

For every frame of dst the frame of the same number is taken, or the nearest one that shows the performer; where
the footage is shorter, its last face is held. Not here: how a face enters a frame (`composite`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from understudy.errors import FacesetUnusable
from understudy.facesets.record import FaceRecord
from understudy.media.clip import LONGEST_SKIP, Clip, ClipInfo, Frame, Picture
from understudy.media.color_spaces import ColorSpace
from understudy.media.opening import open_clip, require_progressive


@dataclass(frozen=True)
class PlateFootage:
    """A clip with the faces found in it. Raises FacesetUnusable where there are none."""

    path: Path
    name: str
    faces: Sequence[FaceRecord]
    sha256: str = ""  # of the clip, so that another one under its name is noticed
    color_space: ColorSpace | None = None

    def __post_init__(self) -> None:
        if not self.faces:
            raise FacesetUnusable(
                f"The clip {self.name!r} can't be painted into: no face of it is in its faceset. Run "
                "`understudy extract`.",
                self.path,
            )

    def largest_faces(self) -> dict[int, FaceRecord]:
        """By frame, in order; where several people are seen, the largest."""
        found: dict[int, FaceRecord] = {}
        for record in self.faces:
            if record.frame not in found or _size(record) > _size(found[record.frame]):
                found[record.frame] = record
        return dict(sorted(found.items()))


class Plate(AbstractContextManager["Plate"]):
    """Open footage, read forwards beside dst."""

    def __init__(self, footage: PlateFootage) -> None:
        self.footage, self.name = footage, footage.name
        self._faces = footage.largest_faces()
        self._frames = list(self._faces)
        self._clip: Clip = open_clip(footage.path, footage.color_space)
        require_progressive(self._clip.info)
        self._coming: Iterator[Frame] = iter(())
        self._shown: Frame | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clip.close()

    @property
    def info(self) -> ClipInfo:
        """Of the footage: size and depth of what is shown."""
        return self._clip.info

    def face_for(self, dst_frame: int) -> FaceRecord:
        """The face whose place the painted one takes, in the frame that is shown with dst's."""
        place = bisect_left(self._frames, dst_frame)
        near = self._frames[max(0, place - 1) : place + 1]
        return self._faces[min(near, key=lambda frame: abs(frame - dst_frame))]

    def frame_for(self, dst_frame: int) -> Frame:
        """The frame that is shown with dst's frame; ask in rising order, or it has to seek."""
        wanted = self.face_for(dst_frame).frame
        shown = self._shown
        if shown is None or not 0 <= wanted - shown.index <= LONGEST_SKIP:
            self._coming = self._clip.frames(wanted, deep=self._clip.info.is_deep)
            shown = next(self._coming, shown)
        while shown is not None and shown.index < wanted:
            following = next(self._coming, None)
            if following is None:  # the rest can't be decoded; the last picture is held
                break
            shown = following
        if shown is None:
            raise FacesetUnusable(f"No frame of the clip {self.name!r} can be decoded.", self._clip.info.path)
        require_progressive(self._clip.info)
        self._shown = shown
        return shown

    def numbers_for(self, dst_frame: int) -> Picture:
        """The same frame as its file has it."""
        frame = self.frame_for(dst_frame)
        return frame.rgb if frame.own is None else frame.own.picture


def _size(record: FaceRecord) -> float:
    left, top, right, bottom = record.box_xyxy
    return (right - left) * (bottom - top)
