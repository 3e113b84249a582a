"""A folder of images as a clip: one image, one frame, in the natural order of their names.

Reads pixels through `images.py`. Sizes are checked from the files' heads when the folder is opened.
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
        self._files, size = _of_one_size(found, path)
        pixel_format, bits = _kind_of(self._files[0])
        head = exr_header(self._files[0]) if self._files[0].suffix.lower() == EXR_SUFFIX else {}
        said = exr_rate(head)
        self.time_base = time_base or (1 / said if said else DEFAULT_TIME_BASE)
        count = len(self._files)
        self.info = ClipInfo(
            path=path,
            kind="images",
            width=size[0],
            height=size[1],
            frame_count=count,
            duration_s=float(count * self.time_base),
            rate=None,
            variable_rate=False,
            rotation_deg=0,
            codec=self._files[0].suffix[1:].lower(),
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
            damage=_damage(count, len(found)),
            file_names=tuple(file.name for file in self._files),
        )
        self._found = len(found)
        self._broken: set[int] = set()

    def timestamps(self) -> Sequence[int]:
        """0, 1, 2 … in `time_base`."""
        return range(len(self._files))

    def frames(
        self, start: int = 0, stop: int | None = None, *, step: int = 1, deep: bool = False
    ) -> Iterator[Frame]:
        """Stream frames; see `Clip.frames`. Unreadable images are left out and told in `info.damage`."""
        for index in range(len(self._files))[slice(max(0, start), stop, step)]:
            try:
                rgb = read_image_deep(self._files[index])
            except ImageUnreadable:
                self._note_broken(index)
                continue
            if rgb.shape[:2] != (self.info.height, self.info.width):
                self._note_broken(index)  # replaced by another picture since the folder was opened
                continue
            rgb = self._in_its_depth(rgb) if deep and self.info.bit_depth > 8 else eight_bit(rgb)
            yield Frame(index, index, float(index * self.time_base), rgb, self._files[index].name)

    def _in_its_depth(self, rgb: UInt8 | UInt16 | Float32) -> UInt16 | Float32:
        return scene_linear(rgb) if self.info.scene_linear else sixteen_bit(rgb)

    def _note_broken(self, index: int) -> None:
        self._broken.add(index)
        damage = _damage(len(self._files) - len(self._broken), self._found)
        self.info = replace(self.info, damage=damage)

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


def _damage(have: int, found: int) -> str:
    return "" if have == found else f"Only {have} of {found} images could be read: the rest is damaged."


def _of_one_size(found: list[Path], folder: Path) -> tuple[list[Path], tuple[int, int]]:
    readable: list[Path] = []
    size = (0, 0)
    for file in found:
        try:
            this = image_size(file)
        except ImageUnreadable:
            continue
        if readable and this != size:
            raise ClipSizesDiffer(
                f"The images differ in size: {readable[0].name} is {size[0]} x {size[1]} and {file.name} is "
                f"{this[0]} x {this[1]}. Bring them to one size or move the others away.",
                folder,
            )
        size = this
        readable.append(file)
    if not readable:
        raise ClipUnreadable("None of the images in this folder can be read. Save them again.", folder)
    return readable, size
