"""Open whatever a user names as a clip. Chooses the reader; reads nothing itself."""

from __future__ import annotations

from pathlib import Path

from understudy.errors import ClipInterlaced, ClipMissing, ImageUnreadable, OptionInvalid
from understudy.media.clip import Clip, ClipInfo, Frame
from understudy.media.color_spaces import ColorSpace, ConvertedClip
from understudy.media.images import IMAGE_SUFFIXES
from understudy.media.rates import exact_rate, rate_words
from understudy.media.sequence import ImageFolderClip
from understudy.media.video import VideoClip


def open_clip(path: Path, color_space: ColorSpace | None = None, *, fps: float | None = None) -> Clip:
    """Open a video file, a folder of images or a single image. In a `color_space`, it is shown as light. Images
    are shown at `fps` frames a second; None: as they say themselves, or 25.

    Raises ClipMissing when there is nothing, ClipUnreadable when it can't be used, ClipSizesDiffer when images
    of a folder differ in size. A damaged clip opens; `info.damage` says how much of it is usable.
    PackageMissing and OptionInvalid for a colour space that can't be converted, and for a video with `fps`.
    """
    clip = _opened(path, fps)
    return clip if color_space is None else ConvertedClip(clip, color_space)


def holds_images(path: Path) -> bool:
    """Whether a clip is a folder of images, or one: those have no time of their own."""
    return path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES


def _opened(path: Path, fps: float | None) -> Clip:
    if not path.exists():
        raise ClipMissing("There is no such file or folder. Check the name.", path)
    if holds_images(path):
        return ImageFolderClip(path, time_base=1 / exact_rate(fps) if fps else None)
    if fps:
        raise OptionInvalid(
            f"A rate is said for this clip, {rate_words(fps)} frames a second, and it is a video, which keeps "
            "its own times. Take the rate back with --fps 0, or name a folder of images.",
            path,
        )
    return VideoClip(path)


def frame_to_show(clip: Clip, index: int) -> Frame:
    """The frame `index` in 8 bits, or where that can't be decoded the next one that can, for whoever wants to
    see what a clip is. Raises ImageUnreadable where none can."""
    for start, stop in ((index, None), (0, index)):
        for frame in clip.frames(start, stop):
            return frame
    raise ImageUnreadable("No frame of this clip can be decoded. Copy it again.", clip.info.path)


def require_progressive(info: ClipInfo) -> None:
    """Raise ClipInterlaced where a clip says that its frames are interlaced. One that says nothing passes.

    It is known of the first frame when a clip is opened, and of each other once that is read.
    """
    if info.interlaced:
        raise ClipInterlaced(
            "This clip is interlaced: every frame shows two moments, and a face would be painted between them. "
            "Make whole frames with `understudy clip deinterlace CLIP -o NEW.mov` and use that; where only the "
            "clip's flag is wrong, add --field-order none.",
            info.path,
        )
