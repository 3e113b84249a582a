"""Clips in another colour space than sRGB or linear light: PQ, HLG; log, ACES, by an OpenColorIO config.

The clip's numbers are shown as scene-linear light with Rec.709 primaries, as those of an EXR are, and come back
by the inverse. A plain conversion of colour spaces and no display's view: a view's tone curve and gamut mapping
can't be undone exactly. Not here: what a frame's light is good for (`merging.light`).
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from understudy.errors import OptionInvalid, PackageMissing
from understudy.media.clip import Clip, ClipInfo, Float32, Frame, Picture
from understudy.media.hdr_curves import HDR_CURVES

STUDIO_CONFIG = "ocio://studio-config-latest"  # part of OpenColorIO; knows the cameras' log curves
_LIGHT = "lin_rec709_srgb"  # the alias that the ACES configs have for "Linear Rec.709 (sRGB)"
_LIGHT_NAMES = (_LIGHT, "Linear Rec.709 (sRGB)", "Utility - Linear - sRGB", "lin_srgb")
_LISTED = 6
_TAGGED = {16: "PQ", 18: "HLG"}  # transfer characteristics of ITU-T H.273, table 3


@dataclass(frozen=True)
class ColorSpace:
    """A colour space of a config: a file, or the name of one that OpenColorIO brings. Can be pickled."""

    name: str
    config: str = STUDIO_CONFIG

    def require_known(self) -> None:
        """Raise PackageMissing, or OptionInvalid where the config can't be used or has no such space."""
        _conversions(self)

    def mark(self) -> str:
        """Changes whenever the conversion does."""
        return f"{self.name} {_conversions(self).mark}"

    def light_of(self, picture: Picture) -> Float32:
        """Scene-linear light (H, W, 3), unclipped, of the clip's own numbers; integers span 0..1."""
        return _conversions(self).to_light(_share(picture))

    def from_light(self, light: Float32, dtype: np.dtype[Any]) -> Picture:
        """The inverse: integers rounded and clipped, floats unclipped."""
        return _stored(_conversions(self).from_light(light), dtype)


def space_to_draw_in(info: ClipInfo, said: ColorSpace | None) -> ColorSpace | None:
    """The space in which white is looked up for what is drawn on a clip's own numbers: the one that is said,
    or that of its tags. None: sRGB, or of floats linear light.
    """
    tagged = None if info.scene_linear else _TAGGED.get(info.color.transfer)
    return said or (ColorSpace(tagged) if tagged else None)


@dataclass(frozen=True, eq=False)
class InSpace:
    """One frame as its file has it. Implements `clip.OwnNumbers`."""

    picture: Picture
    space: ColorSpace

    def of_light(self, light: Float32, *, seen: Float32 | None = None) -> Picture:
        """Light in the clip's numbers; pixels that are as in `seen`, the frame's light, stay exactly."""
        if seen is None or light.shape != seen.shape:
            return self.space.from_light(light, self.picture.dtype)
        changed = (light != seen).any(-1)
        own: Any = self.picture.copy()
        own[changed] = self.space.from_light(light[changed][None], self.picture.dtype)[0]
        return own

    def of_shares(self, shares: Float32) -> Picture:
        """Numbers 0..1 that are no colours, as a mask's, stored as they are."""
        return _stored(shares, self.picture.dtype)


class ConvertedClip:
    """An open clip whose frames are shown as light; closing it closes the clip. Implements `Clip`.

    Deep frames are float32 scene-linear with `own` beside; others are their sRGB view in 8 bits.
    """

    def __init__(self, clip: Clip, space: ColorSpace) -> None:
        self._clip, self._space = clip, space
        self._mark = space.mark()
        self.info = replace(clip.info, color_space=self._mark)
        self.time_base = clip.time_base

    def timestamps(self) -> Sequence[int]:
        """The pts of every frame in order of showing."""
        return self._clip.timestamps()

    def frames(
        self, start: int = 0, stop: int | None = None, *, step: int = 1, deep: bool = False
    ) -> Iterator[Frame]:
        """Stream frames; see `Clip.frames`."""
        for frame in self._clip.frames(start, stop, step=step, deep=True):
            self.info = replace(self.info, interlaced=self._clip.info.interlaced)
            shown = replace(frame, rgb=self._space.light_of(frame.rgb), own=InSpace(frame.rgb, self._space))
            yield shown if deep else replace(shown, rgb=shown.rgb_8bit, own=None)
        self.info = replace(self._clip.info, color_space=self._mark)

    def close(self) -> None:
        """Close the clip."""
        self._clip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def config_named(said: str, folder: Path) -> str:
    """The config that counts: what is `said`, perhaps a file in `folder`; or else $OCIO, or the studio's."""
    wanted = said or os.environ.get("OCIO", "") or STUDIO_CONFIG
    return wanted if "://" in wanted or not said else str(folder / wanted)


@dataclass(frozen=True, eq=False)
class _Conversions:
    forth: Any  # CPU processors of OpenColorIO, which threads may share
    back: Any
    mark: str

    def to_light(self, share: Float32) -> Float32:
        return _applied(self.forth, share)

    def from_light(self, light: Float32) -> Float32:
        return _applied(self.back, light)


def _conversions(space: ColorSpace) -> _Conversions | _HdrConversions:
    return _HdrConversions(space.name) if space.name in HDR_CURVES else _configured(space)


@dataclass(frozen=True)
class _HdrConversions:
    """Of HDR video's own curves, which need no config."""

    name: str

    def to_light(self, share: Float32) -> Float32:
        return HDR_CURVES[self.name].to_light(share)

    def from_light(self, light: Float32) -> Float32:
        return HDR_CURVES[self.name].from_light(light)

    @property
    def mark(self) -> str:
        return f"BT.2100 {self.name}, white at 203 cd/m2"


@lru_cache(32)
def _configured(space: ColorSpace) -> _Conversions:
    ocio = _package()
    try:
        config = ocio.Config.CreateFromFile(space.config)
    except (ocio.Exception, ocio.ExceptionMissingFile) as error:
        raise OptionInvalid(
            f"The OpenColorIO config can't be read. Name a file, or {STUDIO_CONFIG!r}. {error}"
        ) from None
    light = next((name for name in _LIGHT_NAMES if config.getColorSpace(name)), None)
    if light is None:
        raise OptionInvalid(
            "The OpenColorIO config has no linear Rec.709 colour space. Add one, with the alias "
            f"{_LIGHT!r}, or take {STUDIO_CONFIG!r}. Config: {space.config}"
        )
    known = config.getColorSpace(space.name)
    if known is None or known.isData():
        raise OptionInvalid(_unknown(space, list(config.getColorSpaceNames())))
    try:
        there = config.getProcessor(space.name, light)
        back = config.getProcessor(light, space.name)
    except (ocio.Exception, ocio.ExceptionMissingFile) as error:  # a lookup table is gone
        raise OptionInvalid(f"Colour space {space.name!r} can't be converted. {error}") from None
    processors = (there.getDefaultCPUProcessor(), back.getDefaultCPUProcessor())
    return _Conversions(*processors, mark=str(there.getCacheID()))


def _package() -> Any:
    try:
        import PyOpenColorIO  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise PackageMissing(
            "A clip's colour space is converted by OpenColorIO, which is not installed. Install it: "
            "pip install opencolorio"
        ) from None
    return PyOpenColorIO


def _unknown(space: ColorSpace, names: list[str]) -> str:
    folded = {name.casefold(): name for name in names}
    wanted = space.name.casefold()
    close = [folded[name] for name in difflib.get_close_matches(wanted, folded, n=_LISTED, cutoff=0.3)]
    close.sort(key=lambda name: wanted not in name.casefold())
    others = [name for name in names if name not in close]
    return (
        f"Colour space can't be {space.name!r}: there are {' and '.join(HDR_CURVES)}, and the OpenColorIO "
        f"config has {', '.join([*close, *others])}. "
        "Choose one of these, or another config with `ocio_config` in understudy.toml."
    )


def _applied(processor: Any, picture: Float32) -> Float32:
    result = np.array(picture, np.float32, order="C")  # a copy: it is converted in place
    if result.size:
        processor.applyRGB(result)
    return result


def _share(picture: npt.NDArray[Any]) -> Float32:
    if picture.dtype.kind == "f":
        return picture.astype(np.float32)
    return picture.astype(np.float32) / np.float32(np.iinfo(picture.dtype).max)


def _stored(share: Float32, dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "f":
        return share.astype(dtype)
    return np.rint(np.clip(share, 0, 1) * float(np.iinfo(dtype).max)).astype(dtype)
