"""The regions that stand for a painted face give the same mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.facesets.test_face_mask import record, stored
from understudy.facesets.face_mask import face_mask
from understudy.facesets.outlines import outlined
from understudy.facesets.painted import layer_of


def test_regions_with_their_holes_cover_what_the_painted_mask_does(tmp_path: Path) -> None:
    face = record(tmp_path, masks=stored(20, 80))
    grey = np.full((face.size_px, face.size_px), 128, np.uint8)
    third = face.size_px // 3
    grey[third : 2 * third, third : 2 * third] = 0
    face = face.model_copy(update={"painted": layer_of(grey, face.crop_matrix(), face.size_px)})
    regions = outlined(face)
    assert {region.kind for region in regions} == {"include", "exclude"}
    drawn = face.model_copy(update={"painted": None, "polygons": regions})
    wanted, got = (face_mask(one, one.crop_matrix(), one.size_px) >= 0.5 for one in (face, drawn))
    assert (wanted & got).sum() / (wanted | got).sum() > 0.95


def test_a_face_without_any_mask_left_has_no_regions(tmp_path: Path) -> None:
    face = record(tmp_path)
    nothing = np.zeros((face.size_px, face.size_px), np.uint8)
    layer = layer_of(nothing, face.crop_matrix(), face.size_px)
    assert outlined(face.model_copy(update={"painted": layer})) == []
