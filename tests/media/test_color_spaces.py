"""Colour spaces of clips: there and back, what is seen, and what is refused."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from understudy.color import linear_from_srgb, srgb_from_linear
from understudy.errors import OptionInvalid, PackageMissing
from understudy.media.color_spaces import STUDIO_CONFIG, ColorSpace, ConvertedClip, InSpace, config_named
from understudy.media.images import encode_png
from understudy.media.opening import open_clip

RAMP = np.stack(np.meshgrid(np.linspace(0.02, 0.98, 25), np.linspace(0.02, 0.98, 25)), -1)
RAMP = np.concatenate([RAMP, RAMP[..., :1] * RAMP[..., 1:]], -1).astype(np.float32)
SPACES = ["ACEScct", "ARRI LogC4", "S-Log3 S-Gamut3.Cine"]


@pytest.fixture
def ocio() -> None:
    pytest.importorskip("PyOpenColorIO", reason="opencolorio is not installed")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("name", SPACES)
def test_a_ramp_of_drawn_colours_comes_back_from_light_as_it_was(name: str, dtype: type, ocio: None) -> None:
    space, most = ColorSpace(name), 1.0 if dtype is np.float32 else float(np.iinfo(dtype).max)
    own = space.from_light(linear_from_srgb(RAMP), np.dtype(np.float32))
    stored = own if dtype is np.float32 else np.rint(np.clip(own, 0, 1) * most).astype(dtype)
    back = space.from_light(space.light_of(stored), np.dtype(dtype))
    assert back.dtype == dtype
    # One level of 16 bits: log curves stretch float32's own rounding.
    assert np.abs(back.astype(float) - stored.astype(float)).max() <= (1e-4 if most == 1 else 1)


def test_grey_is_grey_at_the_light_that_the_curve_says(ocio: None) -> None:
    """ACEScct's 0.18 is at 0.4135884 (Academy S-2016-001)."""
    grey = np.full((1, 1, 3), 0.4135884, np.float32)
    np.testing.assert_allclose(ColorSpace("ACEScct").light_of(grey), 0.18, atol=1e-4)


def test_light_above_white_is_clipped_neither_forth_nor_back(ocio: None) -> None:
    lamp = np.full((1, 1, 3), 20.0, np.float32)
    space = ColorSpace("ACEScg")
    np.testing.assert_allclose(space.light_of(space.from_light(lamp, np.dtype(np.float32))), 20, rtol=1e-4)


def test_the_conversion_has_the_primaries_too_not_only_the_curve(ocio: None) -> None:
    red = ColorSpace("ACEScg").from_light(np.array([[[1.0, 0, 0]]], np.float32), np.dtype(np.float32))
    assert red[0, 0, 0] < 0.7 < 1 - red[0, 0, 1]


def test_untouched_pixels_keep_their_numbers_exactly(ocio: None) -> None:
    own = np.random.default_rng(1).integers(0, 65536, (9, 9, 3)).astype(np.uint16)
    frame = InSpace(own, ColorSpace("ARRI LogC4"))
    seen = frame.space.light_of(own)
    painted = seen.copy()
    painted[4, 4] = 0.5
    back = frame.of_light(painted, seen=seen)
    changed = (back != own).any(-1)
    assert changed[4, 4] and changed.sum() == 1
    np.testing.assert_allclose(frame.space.light_of(back)[4, 4], 0.5, atol=1e-3)


def test_a_clip_in_a_colour_space_is_seen_in_srgb_and_keeps_its_numbers_beside(
    ocio: None, tmp_path: Path
) -> None:
    space = ColorSpace("ACEScct")
    own = space.from_light(linear_from_srgb(RAMP), np.dtype(np.uint16))
    (tmp_path / "0.png").write_bytes(encode_png(own))
    with open_clip(tmp_path, space) as clip:
        assert isinstance(clip, ConvertedClip) and clip.info.is_deep and "ACEScct" in clip.info.color_space
        (plain,), (deep,) = list(clip.frames()), list(clip.frames(deep=True))
    assert plain.rgb.dtype == np.uint8
    assert np.abs(plain.rgb / 255 - RAMP).max() < 0.004
    np.testing.assert_allclose(srgb_from_linear(deep.rgb), RAMP, atol=1e-3)
    assert deep.own is not None
    np.testing.assert_array_equal(deep.own.picture, own)


def test_an_unknown_space_is_refused_with_the_closest_names_first(ocio: None) -> None:
    with pytest.raises(OptionInvalid, match=r"can't be 'LogC4 ARRI': .* has .*ARRI LogC4.*ocio_config") as told:
        ColorSpace("LogC4 ARRI").require_known()
    assert told.value.message.index("ARRI LogC4") < told.value.message.index("Rec.2100-PQ")


def test_a_space_of_data_is_no_colour_space(ocio: None) -> None:
    with pytest.raises(OptionInvalid, match="can't be 'Raw'"):
        ColorSpace("Raw").require_known()


def test_a_config_that_is_not_there_is_refused_in_a_sentence(ocio: None, tmp_path: Path) -> None:
    with pytest.raises(OptionInvalid, match=r"config can't be read.*gone\.ocio"):
        ColorSpace("ACEScg", str(tmp_path / "gone.ocio")).require_known()


def test_without_the_package_the_sentence_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PyOpenColorIO", None)
    with pytest.raises(PackageMissing, match="pip install opencolorio"):
        ColorSpace("ACEScct", "ocio://not-asked-before").require_known()


def test_the_config_is_what_is_said_or_the_environments_or_the_studios(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("OCIO", raising=False)
    assert config_named("", tmp_path) == STUDIO_CONFIG
    monkeypatch.setenv("OCIO", "/shows/one.ocio")
    assert config_named("", tmp_path) == "/shows/one.ocio"
    assert config_named("own.ocio", tmp_path) == str(tmp_path / "own.ocio")
    assert config_named("ocio://default", tmp_path) == "ocio://default"


def test_a_space_and_a_frame_can_go_to_another_process(ocio: None) -> None:
    space = ColorSpace("ACEScg")
    space.require_known()
    assert pickle.loads(pickle.dumps(space)) == space
