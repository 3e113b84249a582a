"""Who is segmented: only faces whose mask asks for it, each kind in one batch, stored masks untouched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.merging.conftest import landmarks, record
from understudy import geometry
from understudy.errors import OptionInvalid
from understudy.facesets.record import StoredMask
from understudy.masks.own import AboutSegmenter, publish
from understudy.masks.segmenter import SEGMENTERS, Segmenters
from understudy.merging.masking import segment
from understudy.merging.masking.options import MaskOptions
from understudy.merging.masking.segment import Segmented, ToSegment, segmented
from understudy.networks.dense_face import DenseFaceNet
from understudy.options import parse_options

POINTS = landmarks()
CROP = geometry.crop_from_frame(POINTS, face_type="full", size_px=16)
STORED = {"xseg": StoredMask(size_px=16, mask_from_frame=CROP.tolist(), png_base64="")}


class Brightness:
    """Says how bright a crop is, and remembers what it was shown."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.landmarks: list[np.ndarray] = []

    def segment(self, crops_NHWC: np.ndarray, landmarks_N682: np.ndarray) -> np.ndarray:
        assert crops_NHWC.dtype == np.uint8
        self.batches.append(len(crops_NHWC))
        self.landmarks.append(landmarks_N682)
        return (crops_NHWC[..., 0] / 255).astype(np.float32)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Brightness]:
    seen = Brightness()
    monkeypatch.setitem(SEGMENTERS, "brightness", lambda _: seen)
    segment._loaded.cache_clear()
    yield seen
    segment._loaded.cache_clear()


def faces(*masks: str, **changes: Any) -> list[ToSegment]:
    made = record(1, POINTS).model_copy(update=changes)
    return [ToSegment(made, CROP, MaskOptions(mask=mask, segmenter="brightness")) for mask in masks]


def run(asked: list[ToSegment]) -> list[Segmented]:
    crops = np.full((len(asked), 16, 16, 3), 51, np.uint8)
    return segmented(asked, crops, np.full(crops.shape, 0.8, np.float32))


def test_each_face_gets_what_its_mask_asks_for_in_one_batch_a_kind(looked: Brightness) -> None:
    seen = run(faces("seg-prd", "learned-prd", "seg-product", "seg-dst"))
    assert looked.batches == [2, 2]
    assert [one.prd_HW is not None for one in seen] == [True, False, True, False]
    assert [one.dst_HW is not None for one in seen] == [False, False, True, True]
    np.testing.assert_allclose(seen[0].prd_HW, 0.8, atol=0.002)
    np.testing.assert_allclose(seen[3].dst_HW, 0.2, atol=0.002)
    np.testing.assert_allclose(looked.landmarks[0][0], geometry.transform_points(CROP, POINTS))


def test_nobody_looks_where_nobody_asks(looked: Brightness) -> None:
    run(faces("learned-prd", "full*dst-hull"))
    assert not looked.batches


def test_a_face_with_a_stored_mask_is_not_looked_at_again(looked: Brightness) -> None:
    (seen,) = run(faces("product-of-all", masks=STORED))
    assert looked.batches == [1] and seen.prd_HW is not None and seen.dst_HW is None


def test_the_segmenter_is_the_one_that_was_chosen(looked: Brightness) -> None:
    other = Brightness()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SEGMENTERS, "other", lambda _: other)
        first, second = faces("seg-dst", "seg-dst")
        second = ToSegment(second.record, CROP, MaskOptions(mask="seg-dst", segmenter="other"))
        run([first, second])
    assert looked.batches == [1] and other.batches == [1]


def test_a_segmenter_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(OptionInvalid, match="no segmenter can have that name; known are dense, skin"):
        parse_options(MaskOptions, {"segmenter": "../xseg"})


def test_a_segmenter_of_the_projects_own_looks_and_anew_when_it_has_learned_more(tmp_path: Path) -> None:
    crops, mine = np.full((1, 16, 16, 3), 90, np.uint8), Segmenters(tmp_path)
    (face,) = faces("seg-prd")
    asked = ToSegment(face.record, CROP, MaskOptions(mask="seg-prd", segmenter="mic"))
    for level, seen in ((9.0, 1.0), (-9.0, 0.0)):
        network = DenseFaceNet()
        with torch.no_grad():
            network.mask_head.out.weight.zero_()
            network.mask_head.out.bias.fill_(level)
        publish(tmp_path / "mic", AboutSegmenter(face_type="head", size_px=64), network.state_dict())
        (found,) = segmented([asked], [crops[0]], crops / 255, mine)
        assert found.prd_HW is not None and found.prd_HW[8, 8] == pytest.approx(seen, abs=1e-3)


def test_a_segmenter_counts_only_where_a_mask_asks_for_one() -> None:
    assert "segmenter" in MaskOptions().idle()
    assert "segmenter" not in MaskOptions(mask="learned-prd*seg-dst").idle()
