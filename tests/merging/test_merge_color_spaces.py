"""Log and ACES clips through the whole merge: painted as in sRGB, and given back in their own numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.merging.conftest import Painter, drawn_frame, landmarks
from tests.merging.test_merge import PLAIN, run
from understudy.color import linear_from_srgb, srgb_from_linear
from understudy.facesets.store import Faceset
from understudy.media.color_spaces import ColorSpace
from understudy.media.exr import encode_exr
from understudy.media.images import encode_png, read_image, read_image_deep
from understudy.merging.journal import frame_path
from understudy.merging.pictures import faces_path

pytest.importorskip("PyOpenColorIO", reason="opencolorio is not installed")
MakeFaceset = Callable[[dict[int, list[np.ndarray]]], Faceset]


def shot(folder: Path, space: ColorSpace | None, dtype: type) -> Path:
    """Two frames of the same drawing, in whatever space."""
    folder.mkdir()
    for index in range(2):
        share = drawn_frame(index, deep=True).astype(np.float32) / 65535
        if space is None:
            picture = (share * 65535).round().astype(np.uint16)
        else:
            picture = space.from_light(linear_from_srgb(share), np.dtype(dtype))
        is_float = picture.dtype.kind == "f"
        data = encode_exr({"": picture}) if is_float else encode_png(picture)
        (folder / f"{index}.{'exr' if is_float else 'png'}").write_bytes(data)
    return folder


@pytest.mark.parametrize(
    ("name", "dtype", "tolerance"),
    [
        ("ACEScct", np.uint16, 2e-3),
        ("S-Log3 S-Gamut3.Cine", np.uint16, 2e-3),
        ("ARRI LogC4", np.uint8, 0.04),  # 8 bits of log are 2.5 % of light a level
        ("ACEScg", np.float32, 2e-3),
    ],
)
@pytest.mark.parametrize("mode", ["overlay", "hist-match"])
def test_the_painted_face_seen_in_srgb_is_that_of_the_same_clip_in_srgb(
    name: str, dtype: type, tolerance: float, mode: str, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    space, options = ColorSpace(name), PLAIN.changed(mode=mode, color="rct")
    clip, plain = shot(tmp_path / "own", space, dtype), shot(tmp_path / "srgb", None, np.uint16)
    faces = faceset({0: [landmarks()]})
    run(clip, faces, painter, tmp_path / "merged", options, color_space=space)
    run(plain, faces, painter, tmp_path / "truth", options)
    merged = read_image_deep(frame_path(tmp_path / "merged", 0))
    before = read_image_deep(next(iter(sorted(clip.iterdir()))))
    truth = read_image_deep(frame_path(tmp_path / "truth", 0)) / 65535
    assert merged.dtype == dtype
    seen = srgb_from_linear(space.light_of(merged))
    assert np.abs(seen - truth).max() < tolerance
    changed = (merged != before).any(-1)
    assert changed[45:55, 55:65].mean() > 0.8  # of 8 bits a few levels may meet
    assert not changed[:10].any() and not changed[:, :20].any()


def test_another_colour_space_makes_the_frames_again_and_the_same_one_does_not(
    faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    clip, faces = shot(tmp_path / "own", ColorSpace("ACEScct"), np.uint16), faceset({0: [landmarks()]})
    run(clip, faces, painter, tmp_path / "merged", color_space=ColorSpace("ACEScct"))
    assert run(clip, faces, painter, tmp_path / "merged", color_space=ColorSpace("ACEScct")).skipped
    assert not run(clip, faces, painter, tmp_path / "merged", color_space=ColorSpace("ACEScc")).skipped


def test_layers_are_in_the_clips_own_numbers_and_a_mask_stays_a_mask(
    faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    space = ColorSpace("ACEScct")
    clip, faces = shot(tmp_path / "own", space, np.uint16), faceset({0: [landmarks()]})
    run(clip, faces, painter, tmp_path / "merged", PLAIN.changed(layers="all"), color_space=space)
    straight = read_image_deep(faces_path(tmp_path / "merged", 0))
    np.testing.assert_allclose(srgb_from_linear(space.light_of(straight))[50, 60], [0.9, 0.2, 0.2], atol=3e-3)
    run(clip, faces, painter, tmp_path / "masks", PLAIN.changed(mode="raw-mask"), color_space=space)
    mask = read_image(frame_path(tmp_path / "masks", 0))
    assert mask[50, 60].min() == 255 and mask[0, 0].max() == 0
