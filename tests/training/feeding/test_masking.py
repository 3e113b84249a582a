"""Where the mask comes from that a model learns from, and that a drawing wins over all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.conftest import add_faces
from understudy.errors import OptionInvalid, SegmenterUnknown
from understudy.facesets.curation.masks import apply_masks
from understudy.facesets.face_mask import record_hull
from understudy.facesets.record import FaceRecord, Polygon
from understudy.facesets.store import Faceset
from understudy.geometry import crop_from_frame
from understudy.masks.own import AboutSegmenter, publish
from understudy.masks.segmenter import SEGMENTERS, Segmenters
from understudy.networks.dense_face import DenseFaceNet
from understudy.options import parse_options
from understudy.training.feeding.masking import MASK_SOURCES, MaskSource
from understudy.training.feeding.options import FeedOptions

SKIN = (200, 150, 130)


class LeftHalf:
    """Sees the left half of every crop."""

    def segment(self, crops_NHWC: np.ndarray, landmarks_N682: np.ndarray) -> np.ndarray:
        masks = np.zeros(crops_NHWC.shape[:3], np.float32)
        masks[:, :, : crops_NHWC.shape[2] // 2] = 1
        return masks


@pytest.fixture(autouse=True)
def left_half(monkeypatch) -> None:
    monkeypatch.setitem(SEGMENTERS, "skin", lambda _: LeftHalf())


@pytest.fixture(params=["full", "mark-only"])
def faceset(tmp_path: Path, request: pytest.FixtureRequest) -> Faceset:
    return add_faces(tmp_path / "a", 1, skin=SKIN, face_type=request.param, size_px=64)


def mask(faceset: Faceset, name: str, record: FaceRecord | None = None) -> np.ndarray:
    (face,) = faceset.faces()
    record = record or face.record
    return MaskSource(name).mask(faceset.image(face), record, goal(record), 48)


def goal(record: FaceRecord) -> np.ndarray:
    return crop_from_frame(record.landmarks(), face_type="full", size_px=48)


def hull(faceset: Faceset) -> np.ndarray:
    (face,) = faceset.faces()
    return record_hull(face.record, goal(face.record), 48)


def test_beyond_the_picture_that_was_segmented_there_is_no_face(faceset, monkeypatch):
    class Everywhere:
        def segment(self, crops_NHWC: np.ndarray, landmarks_N682: np.ndarray) -> np.ndarray:
            return np.ones(crops_NHWC.shape[:3], np.float32)

    monkeypatch.setitem(SEGMENTERS, "skin", lambda _: Everywhere())
    (face,) = faceset.faces()
    wide = crop_from_frame(face.record.landmarks(), face_type="head", size_px=48)
    seen = MaskSource("skin").mask(faceset.image(face), face.record, wide, 48)
    assert seen.max() > 0.99 and seen[0].max() == 0 == seen[:, [0, -1]].max()


def test_a_face_that_holds_no_mask_has_the_hull_or_what_a_segmenter_sees_in_its_place(faceset):
    assert np.array_equal(mask(faceset, "stored"), hull(faceset))
    assert np.array_equal(mask(faceset, "hull"), hull(faceset))
    seen = mask(faceset, "skin")
    assert seen[10:38, 10:22].min() > 0.95
    assert seen[10:38, 27:38].max() < 0.05


def test_a_stored_mask_counts_before_a_segmenter_but_not_before_the_hull(tmp_path):
    class Upper(LeftHalf):
        def segment(self, crops_NHWC, landmarks_N682):
            return super().segment(crops_NHWC, landmarks_N682).swapaxes(1, 2)

    faceset = add_faces(tmp_path / "a", 1, skin=SKIN)
    list(apply_masks(faceset, faceset.faces(), Upper(), name="x", made_by="x 1", trash=tmp_path / "trash"))
    faceset.refresh()
    for name in ("stored", "skin"):
        upper = mask(faceset, name)
        assert upper[8:20, 8:40].min() > 0.95 and upper[28:40, 8:40].max() < 0.05
    assert np.array_equal(mask(faceset, "hull"), hull(faceset))


@pytest.mark.parametrize("name", ["stored", "hull", "skin"])
def test_what_was_drawn_by_hand_wins_over_every_source(tmp_path, name):
    faceset = add_faces(tmp_path / "a", 1, skin=SKIN)
    record = faceset.faces()[0].record
    x, y = record.landmarks()[30]
    square = [(x - 8, y - 8), (x + 8, y - 8), (x + 8, y + 8), (x - 8, y + 8)]
    drawn = record.model_copy(update={"polygons": [Polygon(kind="include", points=square)]})
    without = record.model_copy(update={"polygons": [Polygon(kind="exclude", points=square)]})
    plain = mask(faceset, name)
    column, row = (goal(record) @ [x, y, 1]).astype(int)
    assert mask(faceset, name, drawn)[row, column] > 0.95
    assert mask(faceset, name, drawn).sum() < 0.8 * plain.sum()
    assert mask(faceset, name, without)[row, column] < 0.05


def test_different_makers_have_different_keys_and_stored_masks_need_none():
    keys = {name: MaskSource.key(name) for name in MASK_SOURCES}
    assert keys["stored"] == ""
    assert len(set(keys.values())) == len(keys)


def test_a_source_that_is_none_is_refused_with_those_there_are():
    with pytest.raises(OptionInvalid, match="stored, hull, dense, skin"):
        parse_options(FeedOptions, {"mask_from": "../xseg"})


def test_a_segmenter_of_the_projects_own_says_where_faces_are(faceset: Faceset, tmp_path: Path) -> None:
    network = DenseFaceNet()
    with torch.no_grad():
        network.mask_head.out.weight.zero_()
        network.mask_head.out.bias.fill_(9.0)
    publish(tmp_path / "masks" / "mic", AboutSegmenter(face_type="half", size_px=64), network.state_dict())
    mine = Segmenters(tmp_path / "masks")
    (face,) = faceset.faces()
    seen = MaskSource("mic", mine).mask(faceset.image(face), face.record, goal(face.record), 48)
    assert seen[24, 24] > 0.99 and seen[:3].max() == 0  # half shows less than full
    assert MaskSource.key("mic", mine).startswith("mic ")
    with pytest.raises(SegmenterUnknown, match="no segmenter 'boom'"):
        MaskSource("boom", mine)
