"""The mask of one face: every kind from its own source, regions drawn by hand, sizes that follow the face."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.merging.conftest import landmarks, record
from understudy import geometry
from understudy.facesets.record import Polygon, StoredMask
from understudy.masks.hull import hull_mask
from understudy.media.images import encode_png
from understudy.merging.masking.face_mask import FaceMask, MaskInputs, combined, face_mask
from understudy.merging.masking.kinds import MASK_KINDS
from understudy.merging.masking.mask import resized_mask
from understudy.merging.masking.options import MaskOptions
from understudy.merging.masking.segment import Segmented

SIZE = 64
POINTS = landmarks()
CROP = geometry.crop_from_frame(POINTS, face_type="full", size_px=SIZE)


def dot(x: float, y: float, radius: float, strength: float = 1.0, *, size: int = SIZE) -> np.ndarray:
    rows, columns = np.mgrid[0:size, 0:size] + 0.5
    return (strength * np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1)).astype(np.float32)


PRD, DST = dot(26, 34, 18, 0.9), dot(38, 34, 18, 0.8)
SEG_PRD, SEG_DST = dot(32, 34, 22, 0.7), dot(32, 34, 12, 0.6)


def inputs(*, scale: float = 1.0, **changes: Any) -> MaskInputs:
    centre = SIZE / 2
    zoom = np.array([[1 / scale, 0, centre * (1 - 1 / scale)], [0, 1 / scale, centre * (1 - 1 / scale)]])
    return MaskInputs(
        record=record(1, POINTS).model_copy(update=changes),
        crop_from_frame=CROP,
        paste_from_frame=geometry.compose(zoom, CROP),
        learned_prd_HW=PRD,
        learned_dst_HW=DST,
        segmented=Segmented(SEG_PRD, SEG_DST),
    )


def made(**options: Any) -> FaceMask:
    return face_mask(inputs(), MaskOptions(**options))


def square(low: float, high: float, kind: str) -> Polygon:
    """In crop pixels, said in frame pixels as faces carry them."""
    corners = np.array([(low, low), (high, low), (high, high), (low, high)])
    points = geometry.transform_points(geometry.inverse(CROP), corners)
    return Polygon(kind=kind, points=[(float(x), float(y)) for x, y in points])


def at(mask: np.ndarray, x: float, y: float) -> float:
    """In crop pixels."""
    return float(mask[int(y / SIZE * len(mask)), int(x / SIZE * len(mask))])


def test_every_kind_is_made_of_its_own_sources() -> None:
    # Only prd; both; only dst; neither.
    seen = {kind: [at(made(mask=kind).seen_HW, x, 34) for x in (14, 32, 50, 60)] for kind in MASK_KINDS}
    wanted = {
        "full": [1, 1, 1, 1],
        "learned-prd": [0.9, 0.9, 0, 0],
        "learned-dst": [0, 0.8, 0.8, 0],
        "learned-product": [0, 0.72, 0, 0],
        "learned-sum": [0.9, 1, 0.8, 0],
        "seg-prd": [0.7, 0.7, 0.7, 0],
        "seg-dst": [0, 0.6, 0, 0],
        "seg-product": [0, 0.42, 0, 0],
        "product-of-all": [0, 0.3024, 0, 0],
    }
    for kind, values in wanted.items():
        np.testing.assert_allclose(seen[kind], values, atol=0.02, err_msg=kind)


def test_the_hull_is_drawn_where_dsts_landmarks_are_and_as_high_as_the_face_says() -> None:
    hull = made(mask="dst-hull").seen_HW
    to_mask = geometry.resized_crop(CROP, from_px=SIZE, to_px=256)
    np.testing.assert_allclose(hull, hull_mask(geometry.transform_points(to_mask, POINTS), 256, 256))
    higher = face_mask(inputs(brows_up=2.0), MaskOptions(mask="dst-hull")).seen_HW
    assert higher.sum() > hull.sum() * 1.02


def test_a_mask_stored_in_dsts_face_is_taken_for_what_a_segmenter_would_see() -> None:
    grey = (dot(20, 20, 10) * 255).astype(np.uint8)
    png = base64.b64encode(encode_png(grey)).decode()
    stored = StoredMask(size_px=SIZE, mask_from_frame=CROP.tolist(), png_base64=png)
    mask = face_mask(inputs(masks={"xseg": stored}), MaskOptions(mask="seg-dst")).seen_HW
    assert at(mask, 20, 20) == 1 and at(mask, 32, 34) == 0
    plain = face_mask(inputs(masks={"xseg": stored}), MaskOptions(mask="learned-prd")).seen_HW
    np.testing.assert_array_equal(plain, made(mask="learned-prd").seen_HW)


def test_products_bind_before_sums_and_named_kinds_stand_in_brackets() -> None:
    pictures = {
        name: np.float32(value)
        for name, value in {"learned-prd": 0.6, "learned-dst": 0.7, "dst-hull": 0.5, "full": 1.0}.items()
    }
    for text, value in {
        "learned-prd*learned-dst+dst-hull": 0.92,
        "dst-hull+learned-prd*learned-dst": 0.92,
        "learned-sum*dst-hull": 0.5,
        "learned-prd*learned-prd": 0.36,
        "full+full": 1.0,
    }.items():
        assert combined(text, pictures.__getitem__) == pytest.approx(value), text


def test_a_source_is_drawn_once_however_often_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from understudy.merging.masking import face_mask as module

    calls = []
    drawn = module._DRAWN_BY["dst-hull"]
    monkeypatch.setitem(module._DRAWN_BY, "dst-hull", lambda given: (calls.append(1), drawn(given))[1])
    made(mask="dst-hull*learned-prd+dst-hull*learned-dst")
    made(mask="learned-prd", erode_hairline=0.0)
    assert len(calls) == 1


@pytest.mark.parametrize("kind", [*MASK_KINDS, "learned-prd*dst-hull"])
def test_regions_drawn_by_hand_win_over_every_kind(kind: str) -> None:
    options = MaskOptions(mask=kind)
    plain = face_mask(inputs(), options).area_HW
    within = face_mask(inputs(polygons=[square(4, 16, "include")]), options).area_HW
    assert at(within, 10, 10) == 1 and at(within, 32, 34) == 0
    without = face_mask(inputs(polygons=[square(28, 36, "exclude")]), options).area_HW
    assert at(without, 32, 34) == 0
    far = np.ones_like(plain, bool)
    far[100:150, 100:150] = False
    np.testing.assert_array_equal(without[far], plain[far])
    both = [square(20, 44, "include"), square(28, 36, "exclude")]
    cut = face_mask(inputs(polygons=both), options).area_HW
    assert at(cut, 32, 34) == 0 and at(cut, 24, 24) == 1


def test_dsts_masks_stay_where_dst_is_when_the_painted_face_is_scaled() -> None:
    scaled = inputs(scale=1.25)
    back = geometry.compose(CROP, geometry.inverse(scaled.mask_from_frame))
    for kind in ("dst-hull", "learned-dst", "seg-dst"):
        plain = face_mask(inputs(), MaskOptions(mask=kind)).seen_HW
        seen = face_mask(scaled, MaskOptions(mask=kind)).seen_HW
        rows, columns = np.mgrid[0:256, 0:256] + 0.5
        places = [
            geometry.transform_points(
                to_crop, [(mask * columns).sum() / mask.sum(), (mask * rows).sum() / mask.sum()]
            )
            for mask, to_crop in (
                (plain, geometry.compose(CROP, geometry.inverse(inputs().mask_from_frame))),
                (seen, back),
            )
        ]
        np.testing.assert_allclose(places[0], places[1], atol=0.2)
        assert plain.sum() / seen.sum() == pytest.approx(1.25**2, rel=0.03)
    painted = face_mask(scaled, MaskOptions(mask="learned-prd")).seen_HW
    np.testing.assert_array_equal(painted, made(mask="learned-prd").seen_HW)


CHANGES = {
    "erode": 0.1,
    "erode_left": 0.1,
    "erode_right": 0.1,
    "erode_top": 0.1,
    "erode_bottom": 0.1,
    "blur": 0.3,
    "blur_left": 0.2,
    "blur_right": 0.2,
    "blur_top": 0.2,
    "blur_bottom": 0.2,
    "border": 0.25,
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_option_of_the_edge_changes_the_soft_mask_where_it_says(name: str) -> None:
    options = {"mask": "full"} if name == "border" else {"mask": "dst-hull"}
    plain, changed = made(**options).soft_HW, made(**options, **{name: CHANGES[name]}).soft_HW
    difference = np.abs(plain - changed)
    assert difference.sum() > 50
    rows, columns = np.mgrid[0:256, 0:256] - 128.0
    middle = (difference * columns).sum() / difference.sum(), (difference * rows).sum() / difference.sum()
    if "_" in name:
        wanted = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}[name.split("_")[1]]
        assert np.dot(middle, wanted) > 12


def test_sizes_are_shares_of_the_faces_width_whatever_the_crop_shows() -> None:
    """The same erode takes the same part of a face away, in a tight crop and in a wide one."""
    lost = {}
    for face_type in ("full", "whole", "head"):
        crop = geometry.crop_from_frame(POINTS, face_type=face_type, size_px=SIZE)
        given = MaskInputs(
            record=record(1, POINTS),
            crop_from_frame=crop,
            paste_from_frame=crop,
            learned_prd_HW=PRD,
            learned_dst_HW=DST,
        )
        areas = [
            float((face_mask(given, MaskOptions(mask="dst-hull", blur=0.0, erode=erode)).soft_HW).sum())
            for erode in (0.0, 0.1)
        ]
        lost[face_type] = areas[1] / areas[0]
    assert lost["full"] == pytest.approx(lost["whole"], abs=0.02)
    assert lost["full"] == pytest.approx(lost["head"], abs=0.03)


def test_sides_turn_with_the_head_where_the_crop_does_not() -> None:
    middle = POINTS.mean(0)
    lying = (POINTS - middle) @ np.array([[0.0, 1.0], [-1.0, 0.0]]) + middle  # its brows at the right
    crop = geometry.crop_from_frame(lying, face_type="full-no-align", size_px=SIZE)
    given = MaskInputs(
        record=record(1, lying),
        crop_from_frame=crop,
        paste_from_frame=crop,
        learned_prd_HW=dot(32, 32, 20),
        learned_dst_HW=DST,
    )
    plain, less = (face_mask(given, MaskOptions(erode_top=top)).soft_HW for top in (0.0, 0.1))
    lost = plain - less
    assert (lost * (np.arange(256) - 128)).sum() / lost.sum() > 40


def test_the_seam_of_seamless_modes_can_be_eroded_alone() -> None:
    plain, eroded = made(mask="dst-hull"), made(mask="dst-hull", erode_seamless=0.08)
    np.testing.assert_array_equal(plain.soft_HW, eroded.soft_HW)
    np.testing.assert_array_equal(plain.seam_HW, plain.soft_HW)
    assert eroded.seam_HW.sum() < 0.9 * eroded.soft_HW.sum()


def test_a_mask_that_goes_up_to_the_hair_is_taken_back_at_the_top_but_never_from_the_hull() -> None:
    """The landmarks' hull holds the brows; what a model learned by it stays as it was learned."""

    def rows(**options: Any) -> tuple[int, int]:
        wide = replace(inputs(), learned_prd_HW=np.ones((SIZE, SIZE), np.float32))
        mask = face_mask(wide, MaskOptions(blur=0.0, erode=0.0, border=0.01, **options))
        inside = np.flatnonzero((mask.soft_HW > 0.5).any(1))
        return int(inside[0]), int(inside[-1])

    usual, all_of_it = rows(mask="learned-prd"), rows(mask="learned-prd", erode_hairline=0.0)
    hull = rows(mask="dst-hull")
    assert all_of_it[0] < usual[0] <= hull[0] and usual[1] == all_of_it[1]
    assert rows(mask="learned-prd", erode_hairline=0.3)[0] <= hull[0]
    assert hull == rows(mask="dst-hull", erode_hairline=0.3)


def test_what_was_drawn_by_hand_is_not_taken_back_at_the_hairline() -> None:
    drawn = {"included_HW": np.ones((256, 256), np.float32)}
    near, far = (replace(made(mask="learned-prd", erode_hairline=wide), **drawn).soft_HW for wide in (0.0, 0.3))
    np.testing.assert_array_equal(near, far)


@pytest.mark.parametrize("kind", ["learned-prd", "learned-dst"])
def test_the_hull_stands_in_for_a_mask_that_is_not_learnt_yet(kind: str) -> None:
    """A model of few iterations says a half everywhere, which would show as a see-through square."""

    def seen(mask_HW: np.ndarray) -> tuple[np.ndarray, float]:
        young = replace(inputs(), **{kind.replace("-", "_") + "_HW": mask_HW.astype(np.float32)})
        mask = face_mask(young, MaskOptions(mask=kind))
        return mask.seen_HW, mask.hull_share

    hull = made(mask="dst-hull").seen_HW
    for half in (np.full((SIZE, SIZE), 0.5), np.full((SIZE, SIZE), 0.8)):
        mask, share = seen(half)
        np.testing.assert_allclose(mask, hull, atol=1e-6)
        assert share == 1
    learnt = dot(32, 34, 18)
    mask, share = seen(learnt)
    np.testing.assert_array_equal(mask, resized_mask(learnt, 256))
    assert share == 0
    # In between neither jumps, so that frames beside each other look alike.
    unsure = [learnt + doubt * (0.5 - learnt) for doubt in (0.15, 0.2, 0.25, 0.3, 0.4)]
    shares = [seen(one)[1] for one in unsure]
    assert shares == sorted(shares) and 0 <= shares[0] < shares[2] < shares[4] == 1
    assert made(mask="seg-dst").hull_share == 0  # no learned mask is asked for


def test_half_sure_masks_are_joined_as_their_formula_says_with_the_hull_in_their_place() -> None:
    young = replace(inputs(), learned_prd_HW=np.full((SIZE, SIZE), 0.5, np.float32))
    product = face_mask(young, MaskOptions(mask="learned-prd*learned-dst"))
    wanted = made(mask="dst-hull*learned-dst").seen_HW
    np.testing.assert_allclose(product.seen_HW, wanted, atol=1e-6)
    assert product.hull_share == 1
