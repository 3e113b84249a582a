"""A folder of images as a clip: one image, one frame, in the natural order of their names.

Reads pixels through `images.py`. Sizes are checked from the files' heads when the folder is opened. A file that
can't be read keeps its number: its frame is missing, and no other frame moves into its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import numpy as np

from understudy.errors import ClipSizesDiffer, ClipUnreadable, ImageUnreadable
from understudy.media.clip import ClipInfo, ColorTags, Float32, Frame, UInt8, UInt16
from understudy.media.exr import (
    EXR_SUFFIX,
    exr_bits,
    exr_chromaticities,
    exr_header,
    exr_rate,
    exr_timecode,
    exr_unread,
)
from understudy.media.images import (
    IMAGE_SUFFIXES,
    eight_bit,
    has_alpha,
    image_size,
    read_image_deep,
    scene_linear,
    sixteen_bit,
)
from understudy.media.numbering import skipped_numbers

DEFAULT_TIME_BASE = Fraction(1, 25)
_NUMBERS = re.compile(r"(\d+)")


class ImageFolderClip:
    """Images open as a clip. Implements `Clip`. `path` is a folder, or one image for a clip of one frame.

    Raises ClipUnreadable when there is no readable image and ClipSizesDiffer when sizes are mixed.
    """

    def __init__(self, path: Path, *, time_base: Fraction | None = None) -> None:
        found = [path] if path.is_file() else image_files(path)
        if not found:
            raise ClipUnreadable(
                "There are no images in this folder. Name a folder with PNG, JPEG, TIFF, EXR, WebP or BMP "
                "files.",
                path,
            )
        size, self._broken = _size_of_all(found, path)
        first, pixel_format, bits = _first_read([file for file in found if file not in self._broken], path)
        head = exr_header(first) if first.suffix.lower() == EXR_SUFFIX else {}
        said = exr_rate(head)
        self.time_base = time_base or (1 / said if said else DEFAULT_TIME_BASE)
        self._files, count = found, len(found)
        self.info = ClipInfo(
            path=path,
            kind="images",
            width=size[0],
            height=size[1],
            frame_count=count,
            duration_s=float(count * self.time_base),
            rate=1 / self.time_base if time_base or said else None,
            variable_rate=False,
            rotation_deg=0,
            codec=first.suffix[1:].lower(),
            pixel_format=pixel_format,
            bit_depth=bits,
            color=ColorTags(),
            has_audio=False,
            pixel_aspect=_pixel_aspect(head),
            timecode=exr_timecode(head),
            scene_linear=pixel_format in (f"rgbf{bits}", f"rgbaf{bits}"),
            chromaticities=exr_chromaticities(head),
            assumed_rate=not time_base and not said and count > 1,
            skipped=skipped_numbers(found),
            unread=exr_unread(head) if head else "",
            damage=_damage(found, self._broken),
            file_names=tuple(file.name for file in self._files),
        )

    def timestamps(self) -> Sequence[int]:
        """0, 1, 2 … in `time_base`."""
        return range(len(self._files))

    def frames(
        self, start: int = 0, stop: int | None = None, *, step: int = 1, deep: bool = False
    ) -> Iterator[Frame]:
        """Stream frames; see `Clip.frames`. Unreadable images are left out and told in `info.damage`."""
        for index in range(len(self._files))[slice(max(0, start), stop, step)]:
            file = self._files[index]
            try:
                rgb = read_image_deep(file)
            except ImageUnreadable as error:
                self._note_broken(file, error.message)
                continue
            if rgb.shape[:2] != (self.info.height, self.info.width):
                self._note_broken(
                    file, "It was replaced by an image of another size since the folder was opened."
                )
                continue
            rgb = self._in_its_depth(rgb) if deep and self.info.bit_depth > 8 else eight_bit(rgb)
            yield Frame(index, index, float(index * self.time_base), rgb, file.name)

    def _in_its_depth(self, rgb: UInt8 | UInt16 | Float32) -> UInt16 | Float32:
        return scene_linear(rgb) if self.info.scene_linear else sixteen_bit(rgb)

    def _note_broken(self, file: Path, why: str) -> None:
        self._broken[file] = why
        self.info = replace(self.info, damage=_damage(self._files, self._broken))

    def close(self) -> None:
        """Nothing stays open between readings."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def image_files(folder: Path) -> list[Path]:
    """The images directly in a folder in natural order (frame2 before frame10); hidden files are left out."""
    files = (p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith("."))
    return sorted((p for p in files if p.is_file()), key=natural_key)


def natural_key(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Sort key that reads numbers in names as numbers."""
    parts = _NUMBERS.split(path.name)
    return [(int(p), "") if i % 2 else (0, p.casefold()) for i, p in enumerate(parts)], path.name


def _kind_of(file: Path) -> tuple[str, int]:
    """Name of the pixel format, with an a where there is transparency, and bits."""
    rgb, alpha = read_image_deep(file), has_alpha(file)
    if rgb.dtype.kind == "f":
        bits = exr_bits(file)
        return f"{'rgba' if alpha else 'rgb'}f{bits}", bits
    if rgb.dtype == np.uint8:
        return "rgba" if alpha else "rgb24", 8
    return "rgba64" if alpha else "rgb48", 16


def _pixel_aspect(head: Mapping[str, Any]) -> Fraction:
    said = float(head.get("pixelAspectRatio", 1.0))
    return Fraction(said).limit_denominator(1000) if 0 < said < 100 else Fraction(1)


def _damage(files: Sequence[Path], broken: Mapping[Path, str]) -> str:
    """Which images are left out, and of the first with each reason what to do about it."""
    if not broken:
        return ""
    left_out = [file for file in files if file in broken]
    firsts = dict[str, Path]()
    for file in left_out:
        firsts.setdefault(broken[file], file)
    which = (
        f"{left_out[0].name} is" if len(broken) == 1 else f"{left_out[0].name} and {len(broken) - 1} more are"
    )
    whys = [f"Of {file.name}: {why}" for why, file in firsts.items()]
    return " ".join(
        [
            f"Only {len(files) - len(broken)} of {len(files)} images could be read: {which} left out. "
            "The other frames keep their numbers.",
            *whys,
        ]
    )


def _first_read(files: Sequence[Path], folder: Path) -> tuple[Path, str, int]:
    """The first image of which the pixels can be read too, and what `_kind_of` tells of it."""
    whys = dict[Path, str]()
    for file in files:
        try:
            return file, *_kind_of(file)
        except ImageUnreadable as error:
            whys[file] = error.message
    raise _none_read(whys, folder)


def _none_read(whys: Mapping[Path, str], folder: Path) -> ClipUnreadable:
    first, why = next(iter(whys.items()))
    return ClipUnreadable(f"None of the images in this folder can be read. Of {first.name}: {why}", folder)


def _size_of_all(found: Sequence[Path], folder: Path) -> tuple[tuple[int, int], dict[Path, str]]:
    """The one size that the images have, by their heads, and why the heads of others can't be read."""
    broken, like, size = dict[Path, str](), None, (0, 0)
    for file in found:
        try:
            this = image_size(file)
        except ImageUnreadable as error:
            broken[file] = error.message
            continue
        if like is not None and this != size:
            raise ClipSizesDiffer(
                f"The images differ in size: {like.name} is {size[0]} x {size[1]} and {file.name} is "
                f"{this[0]} x {this[1]}. Bring them to one size or move the others away.",
                folder,
            )
        like, size = like or file, this
    if like is None:
        raise _none_read(broken, folder)
    return size, broken
