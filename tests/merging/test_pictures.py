"""Merged frames on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.merging.conftest import drawn_frame, landmarks
from tests.merging.test_composite import PLAIN, face_in
from understudy.media.images import read_image_deep
from understudy.merging.journal import frame_path
from understudy.merging.pictures import (
    MergedFrame,
    faces_path,
    mask_path,
    merged_as_far_as_possible,
    merged_frame,
    remove_merged,
    write_merged,
)
from understudy.provenance.xmp import source_type_in


@pytest.mark.parametrize(
    ("layers", "mode", "kept"),
    [
        ("none", "overlay", set()),
        ("mask", "overlay", {"mask"}),
        ("all", "overlay", {"mask", "faces"}),
        ("none", "original", {"mask"}),
        ("none", "raw-layers", {"mask", "faces"}),
    ],
)
def test_what_is_asked_for_is_kept_beside_a_frame_and_older_layers_go(
    layers: str, mode: str, kept: set[str], tmp_path: Path
) -> None:
    frame = drawn_frame(1)
    everything = merged_frame(frame, [face_in(frame, landmarks())], PLAIN.changed(layers="all"))
    write_merged(tmp_path, 7, everything)
    options = PLAIN.changed(layers=layers, mode=mode)
    merged = merged_frame(frame, [face_in(frame, landmarks(), options)], options)
    write_merged(tmp_path, 7, merged)
    found = {"mask": mask_path(tmp_path, 7).is_file(), "faces": faces_path(tmp_path, 7).is_file()}
    assert {name for name, there in found.items() if there} == kept
    np.testing.assert_array_equal(read_image_deep(frame_path(tmp_path, 7)), merged.picture)
    remove_merged(tmp_path, 7)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize(
    ("mode", "said"), [("overlay", True), ("raw-rgb", True), ("original", False), ("raw-layers", False)]
)
def test_a_picture_says_that_it_was_painted_in_and_one_that_is_left_as_it_was_does_not(
    mode: str, said: bool, deep: bool, tmp_path: Path
) -> None:
    frame = drawn_frame(1)
    if deep:
        frame = (frame.astype(np.float32) / 255).astype(np.float16).astype(np.float32)
    options = PLAIN.changed(layers="all", mode=mode)
    merged = merged_frame(frame, [face_in(frame, landmarks(), options)], options)
    write_merged(tmp_path, 7, merged)
    word = "compositeWithTrainedAlgorithmicMedia"
    assert source_type_in(frame_path(tmp_path, 7)) == (word if said else "")
    assert source_type_in(faces_path(tmp_path, 7)) == word and not source_type_in(mask_path(tmp_path, 7))
    back = read_image_deep(frame_path(tmp_path, 7))
    np.testing.assert_allclose(back, merged.picture, rtol=1e-3 if deep else 0, atol=1e-4 if deep else 0)
    write_merged(tmp_path, 7, MergedFrame(frame))  # a plate's, which takes its place
    assert not source_type_in(frame_path(tmp_path, 7))


def test_where_one_face_is_painted_and_another_left_the_picture_says_so(tmp_path: Path) -> None:
    frame, left = drawn_frame(1), PLAIN.changed(mode="original")
    faces = [replace(face_in(frame, landmarks()), options=own) for own in (PLAIN, left)]
    assert merged_frame(frame, faces, left).is_painted
    assert not merged_frame(frame, faces[1:], PLAIN).is_painted


def test_layers_of_raw_predict_are_as_large_as_its_picture() -> None:
    frame, options = drawn_frame(1), PLAIN.changed(mode="raw-predict", layers="all")
    merged = merged_frame(frame, [face_in(frame, landmarks(), options)], options)
    assert merged.mask_HW is not None and merged.faces_HWC is not None
    assert merged.picture.shape == merged.faces_HWC.shape == (32, 32, 3)
    assert merged.mask_HW.shape == (32, 32) and merged.mask_HW.max() == 255


def test_a_face_that_can_not_be_painted_does_not_hold_up_the_others() -> None:
    frame = drawn_frame(1)
    good, gone = face_in(frame, landmarks()), face_in(frame, landmarks(-200, 40))
    merged, reason = merged_as_far_as_possible(frame, [good, gone], PLAIN)
    assert merged is not None and "outside" in reason
    np.testing.assert_array_equal(merged.picture, merged_frame(frame, [good], PLAIN).picture)
    assert merged_as_far_as_possible(frame, [gone], PLAIN)[0] is None


def test_scene_linear_frames_are_half_floats_and_take_the_place_of_older_pngs(tmp_path: Path) -> None:
    bytes_ = drawn_frame(1)
    write_merged(tmp_path, 3, merged_frame(bytes_, [face_in(bytes_, landmarks())], PLAIN))
    frame = (bytes_.astype(np.float32) / 20).astype(np.float16).astype(np.float32)
    options = PLAIN.changed(layers="all")
    merged = merged_frame(frame, [face_in(frame, landmarks(), options)], options)
    write_merged(tmp_path, 3, merged)
    assert [path.name for path in sorted(tmp_path.glob("0*"))] == ["000003.exr"]
    back = read_image_deep(frame_path(tmp_path, 3))
    np.testing.assert_allclose(back, merged.picture, rtol=1e-3, atol=1e-4)
    assert back.max() > 5
    np.testing.assert_array_equal(back[:5], frame[:5])  # outside the mask to the last bit
    assert faces_path(tmp_path, 3).suffix == ".exr" and mask_path(tmp_path, 3).suffix == ".png"
