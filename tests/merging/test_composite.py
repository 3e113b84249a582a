"""One frame: what changes, what must not, and in which order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.merging.conftest import Painter, drawn_frame, landmarks, record
from understudy import geometry
from understudy.media.images import eight_bit
from understudy.merging.blending.blend import BlendFailed
from understudy.merging.composite import composite
from understudy.merging.options import MergeOptions
from understudy.merging.painted import PaintedFace, enlarged, own_crop, painted_face, steadied
from understudy.networks.swap import Prediction

PLAIN = MergeOptions(color="none", mask="dst-hull", super_resolution="none")


def face_in(
    frame: np.ndarray,
    points: np.ndarray,
    options: MergeOptions = PLAIN,
    rgb: Any = (0.9, 0.2, 0.2),
    mask: np.ndarray | None = None,
) -> PaintedFace:
    painter = Painter(rgb)
    matrix = geometry.crop_from_frame(points, face_type="full", size_px=32)
    own = own_crop(frame, matrix, 32)
    bytes_of_it = eight_bit(own)
    prediction = painter.predict(bytes_of_it[None])
    if mask is not None:
        prediction = Prediction(prediction.rgb_NHWC, mask[None], mask[None])
    face = painted_face(own, prediction, 0, record=record(1, points), crop_from_frame=matrix, options=options)
    return enlarged(face, options)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("mode", ["overlay", "hist-match", "seamless"])
def test_every_mode_changes_the_face_and_not_a_bit_outside_it(mode: str, deep: bool) -> None:
    options = PLAIN.changed(mode=mode, color="light")
    frame = drawn_frame(1, deep=deep)
    before = frame.copy()
    rng = np.random.default_rng(0)
    points = landmarks()
    face = face_in(frame, points, options, rgb=rng.uniform(0.2, 0.9, (32, 32, 3)).astype(np.float32))
    merged = composite(frame, [face], options)
    assert merged.dtype == frame.dtype and merged.shape == frame.shape
    np.testing.assert_array_equal(frame, before)
    changed = (merged != frame).any(-1)
    assert changed[45:60, 52:68].mean() > 0.9
    y, x = np.nonzero(changed)
    in_crop = geometry.transform_points(face.paste_from_frame, np.stack([x, y], -1) + 0.5)
    assert in_crop.min() > 0 and in_crop.max() < 32


def test_a_constant_face_comes_out_constant() -> None:
    merged = composite(drawn_frame(1), [face_in(drawn_frame(1), landmarks())], PLAIN)
    assert np.abs(merged[46:58, 54:68].astype(int) - np.array([230, 51, 51])).max() <= 1


def test_deep_frames_keep_more_than_eight_bits() -> None:
    frame = drawn_frame(1, deep=True)
    face = face_in(frame, landmarks(), rgb=(0.50123, 0.2, 0.2))
    merged = composite(frame, [face], PLAIN)
    assert abs(int(merged[50, 60, 0]) - round(0.50123 * 65535)) <= 2


@pytest.mark.parametrize("kind", ["learned", "product"])
def test_an_empty_learned_mask_leaves_the_frame_and_says_why(kind: str) -> None:
    options = PLAIN.changed(mask=kind)
    face = face_in(drawn_frame(1), landmarks(), options, mask=np.zeros((32, 32), np.float32))
    with pytest.raises(BlendFailed, match="covers less than"):
        composite(drawn_frame(1), [face], options)


def test_a_seam_eroded_alone_changes_the_flow_of_colours_in_seamless_modes_and_nothing_else() -> None:
    frame = drawn_frame(1)

    def merged(mode: str, erode_seamless: float) -> np.ndarray:
        options = PLAIN.changed(mode=mode, erode_seamless=erode_seamless)
        return composite(frame, [face_in(frame, landmarks(), options)], options).astype(int)

    np.testing.assert_array_equal(merged("overlay", 0.15), merged("overlay", 0.0))
    plain, less = merged("seamless", 0.0), merged("seamless", 0.15)
    assert np.abs(plain - less).max() > 2
    beyond_its_mask = (merged("overlay", 0.0) == frame).all(-1)
    np.testing.assert_array_equal(less[beyond_its_mask], frame[beyond_its_mask])


def test_no_faces_give_the_same_frame() -> None:
    np.testing.assert_array_equal(composite(drawn_frame(3), [], PLAIN), drawn_frame(3))


def test_a_full_learned_mask_shows_no_square_edge() -> None:
    options = PLAIN.changed(mask="learned", blur=0.0)
    frame = np.full_like(drawn_frame(0), 10)
    face = face_in(frame, landmarks(), options, rgb=(1, 1, 1), mask=np.ones((32, 32), np.float32))
    merged = composite(frame, [face], options).astype(int)
    assert merged[46, 60, 0] == 255
    y, x = np.mgrid[0:96, 0:128] + 0.5
    in_crop = geometry.transform_points(face.paste_from_frame, np.stack([x, y], -1))
    depth_px = np.minimum(in_crop, 32 - in_crop).min(-1) * face.side_in_frame_px / 32
    assert (merged[depth_px <= 0] == 10).all()
    assert merged[(depth_px > 0) & (depth_px < 1)].max() < 100  # of 10 to 255


def test_the_order_of_faces_does_not_matter_even_where_they_overlap() -> None:
    frame = drawn_frame(2)
    near = face_in(frame, landmarks(70, 52, width_px=32), rgb=(0.1, 0.9, 0.1))
    far = face_in(frame, landmarks(54, 46, width_px=20), rgb=(0.9, 0.1, 0.1))
    one, other = composite(frame, [near, far], PLAIN), composite(frame, [far, near], PLAIN)
    np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(one[52, 70], [26, 230, 26], atol=1)  # the nearer face is in front


def test_two_faces_apart_are_as_if_each_had_been_alone() -> None:
    frame = drawn_frame(2)
    options = PLAIN.changed(mode="seamless")
    left = face_in(frame, landmarks(30, 50, width_px=18), options, rgb=(0.1, 0.9, 0.1))
    right = face_in(frame, landmarks(95, 50, width_px=18), options, rgb=(0.9, 0.1, 0.1))
    both = composite(frame, [left, right], options)
    alone = composite(frame, [right], options)
    np.testing.assert_array_equal(both[:, 64:], alone[:, 64:])


@pytest.mark.parametrize("place", [(2.0, 50.0), (126.0, 50.0), (60.0, 2.0), (60.0, 94.0)])
@pytest.mark.parametrize("mode", ["overlay", "seamless"])
def test_faces_cut_by_the_frames_edge_are_painted_as_far_as_they_show(
    place: tuple[float, float], mode: str
) -> None:
    options = PLAIN.changed(mode=mode)
    frame = drawn_frame(1)
    merged = composite(frame, [face_in(frame, landmarks(*place), options)], options)
    assert (merged != frame).any()


def test_a_face_that_left_the_frame_says_so() -> None:
    with pytest.raises(BlendFailed, match="outside"):
        composite(drawn_frame(1), [face_in(drawn_frame(1), landmarks(-200, 40))], PLAIN)


def test_colours_flow_in_on_encoded_numbers_also_where_light_is_linear() -> None:
    frame, waves = drawn_frame(1), np.full((32, 32, 3), 0.5, np.float32)
    waves += np.float32(0.2) * np.sin(np.arange(32, dtype=np.float32) / 2)[:, None, None]
    shown = []
    for light in ("encoded", "linear"):
        options = PLAIN.changed(mode="seamless", light=light)
        face = face_in(frame, landmarks(), options, rgb=waves)
        shown.append(composite(frame, [face], options).astype(int)[46:58, 54:68])
    assert np.abs(shown[0] - shown[1]).mean() < 2 < 0.2 * np.abs(shown[0] - frame[46:58, 54:68]).mean()


@pytest.mark.parametrize("mode", ["hist-match", "seamless-hist-match"])
def test_the_brightest_painted_value_reaches_the_quantile_that_is_asked(mode: str) -> None:
    frame = drawn_frame(1)
    rough = np.random.default_rng(0).uniform(0.2, 0.9, (32, 32, 3)).astype(np.float32)
    brightest = []
    for top in (1.0, 0.5):
        options = PLAIN.changed(mode=mode, hist_match_top=top)
        merged = composite(frame, [face_in(frame, landmarks(), options, rgb=rough)], options)
        brightest.append(int(merged[46:58, 54:68, 0].max()))
    assert brightest[1] < brightest[0] - 5


def test_no_strength_is_no_transfer() -> None:
    frame = drawn_frame(1)
    none = PLAIN.changed(color="light", color_strength=0.0)
    np.testing.assert_array_equal(
        composite(frame, [face_in(frame, landmarks(), none)], none),
        composite(frame, [face_in(frame, landmarks(), PLAIN)], PLAIN),
    )


def test_the_golden_face_looks_as_it_did() -> None:
    """A small merged face as numbers; what moves it on purpose updates the numbers with a reason."""
    y, x = np.mgrid[0:32, 0:32] / 32
    painted = np.stack([0.7 - 0.2 * y, 0.4 + 0.3 * (np.sin(12 * y) > 0), 0.4 + 0.1 * x * y], -1).astype(
        np.float32
    )
    options = PLAIN.changed(color="light", blur=0.06, erode=0.0)
    frame = drawn_frame(2)
    merged = composite(frame, [face_in(frame, landmarks(), options, rgb=painted)], options)
    seen = [merged[y, x].tolist() for y, x in ((40, 50), (46, 60), (50, 60), (56, 64), (62, 60))]
    np.testing.assert_allclose(seen, GOLDEN, atol=2)


GOLDEN = [[118, 87, 102], [124, 93, 102], [124, 152, 102], [126, 159, 102], [123, 93, 102]]


def test_every_step_is_shown_to_whoever_watches_and_changes_nothing_by_it() -> None:
    frame = drawn_frame(1)
    face = face_in(frame, landmarks())
    seen: list[str] = []
    watched = composite(frame, [face], PLAIN, watch=lambda step, picture, whose, place: seen.append(step))
    assert seen[0] == "mask" and seen[-1] == "grained" and len(set(seen)) == len(seen)
    assert seen.index("transferred") < seen.index("histogram") < seen.index("effects") < seen.index("warped")
    assert seen.index("warped") < seen.index("joined") < seen.index("blended")
    np.testing.assert_array_equal(watched, composite(frame, [face], PLAIN))


@pytest.mark.parametrize(
    "change", [{"sharpen": "gaussian", "sharpen_amount": 3.0}, {"sharpen_amount": -1.0, "sharpen_radius": 0.1}]
)
@pytest.mark.parametrize("deep", [False, True])
def test_effects_on_the_face_change_it_and_not_a_bit_around_it(change: dict[str, Any], deep: bool) -> None:
    frame = drawn_frame(1, deep=deep)
    rough = np.random.default_rng(0).uniform(0.2, 0.8, (32, 32, 3)).astype(np.float32)
    face = face_in(frame, landmarks(), rgb=rough)
    plain, changed = composite(frame, [face], PLAIN), composite(frame, [face], PLAIN.changed(**change))
    differs = (plain != changed).any(-1)
    assert differs[45:60, 52:68].mean() > 0.9
    for around in (np.s_[:, :20], np.s_[:10], np.s_[:, -20:]):
        np.testing.assert_array_equal(changed[around], frame[around])


@pytest.mark.parametrize("change", [{"plate_denoise": 1.0}, {"plate_bicubic": 0.6}, {"color_degrade": 0.7}])
@pytest.mark.parametrize("deep", [False, True])
def test_effects_on_the_frame_change_all_of_it(change: dict[str, Any], deep: bool) -> None:
    frame = drawn_frame(1, deep=deep)
    frame = frame + np.random.default_rng(0).integers(
        0, np.iinfo(frame.dtype).max // 8, frame.shape, frame.dtype
    )
    before = frame.copy()
    changed = composite(frame, [face_in(frame, landmarks())], PLAIN.changed(**change))
    np.testing.assert_array_equal(frame, before)
    assert changed.dtype == frame.dtype
    assert (changed != frame)[:, :20].mean() > 0.5


def test_motion_blur_smears_the_face_along_its_way_in_the_frame() -> None:
    """The crop is turned against the frame, so a wrong space would show as a wrong direction."""
    frame = drawn_frame(1)
    turn = np.deg2rad(90)
    points = (landmarks() - (60, 50)) @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    stripes = np.zeros((32, 32, 3), np.float32)
    stripes[::8] = stripes[1::8] = stripes[2::8] = stripes[3::8] = 1  # down the crop is left in the frame
    here, there = (face_in(frame, points + np.array([60 + dx, 50]), rgb=stripes) for dx in (0, 9))
    options = PLAIN.changed(motion_blur=1.0)

    def roughness(face: PaintedFace) -> float:
        merged = composite(frame, [face], options).astype(float)
        return float(np.abs(np.diff(merged[45:56, 52:68], axis=1)).mean())

    across, down = steadied(here, [(1, there)], reach=0), replace(here, movement_px=np.array([0.0, 9.0]))
    assert roughness(across) < 0.5 * roughness(here)
    assert roughness(down) > 0.9 * roughness(here)


@pytest.mark.parametrize("deep", [False, True])
def test_grain_is_the_frames_own_in_every_frame_and_the_same_when_made_again(deep: bool) -> None:
    big = np.kron(drawn_frame(1, deep=deep), np.ones((2, 2, 1), drawn_frame(1, deep=deep).dtype))
    most = np.iinfo(big.dtype).max
    rough = np.random.default_rng(0).normal(0, 0.03 * most, big.shape)
    frame = np.clip(big + rough, 0, most).astype(big.dtype)
    face = face_in(frame, landmarks(120, 100, width_px=60), rgb=(0.5, 0.4, 0.3))
    options = PLAIN.changed(grain=1.0)
    shown = composite(frame, [face], options)
    np.testing.assert_array_equal(composite(frame, [face], options), shown)
    other = composite(frame, [replace(face, frame_index=7)], options)
    middle = np.s_[95:115, 108:132]
    assert (other != shown)[middle].mean() > 0.8
    assert shown[middle].std((0, 1)) / most == pytest.approx(np.full(3, 0.03), rel=0.25)
    assert composite(frame, [face], PLAIN)[middle].std((0, 1)).max() / most < 0.003
    np.testing.assert_array_equal(shown[:20], frame[:20])


def test_a_face_painted_small_is_enlarged_in_its_place() -> None:
    frame = np.kron(drawn_frame(1), np.ones((3, 3, 1), np.uint8))
    edge = np.full((32, 32, 3), 0.2, np.float32)
    edge[:, 16:] = 0.8
    points = landmarks(180, 150, width_px=90)
    sharper = PLAIN.changed(super_resolution="lanczos")
    plain, large = face_in(frame, points, rgb=edge), face_in(frame, points, sharper, rgb=edge)
    assert len(plain.painted_HWC) == 32 and len(large.painted_HWC) == 128
    assert large.side_in_frame_px == pytest.approx(plain.side_in_frame_px)
    assert large.width_px == pytest.approx(4 * plain.width_px)
    one = composite(frame, [plain], PLAIN)[150, 150:210, 0].astype(float)
    other = composite(frame, [large], sharper)[150, 150:210, 0].astype(float)
    assert np.diff(other).max() > 1.3 * np.diff(one).max()
    assert abs(np.argmax(np.diff(other)) - np.argmax(np.diff(one))) <= 1
    half = PLAIN.changed(super_resolution="lanczos", super_resolution_power=0.5)
    between = composite(frame, [face_in(frame, points, half, rgb=edge)], half)[150, 150:210, 0].astype(float)
    assert np.diff(one).max() < np.diff(between).max() < np.diff(other).max()


@pytest.mark.parametrize(
    "change",
    [
        {"sharpen": "unsharp", "sharpen_threshold": 0.0, "sharpen_amount": 2.0},
        {"grain": 1.0},
        {"plate_denoise": 0.5},
        {"plate_bicubic": 0.3},
        {"color_degrade": 0.5},
        {"mode": "seamless"},
        {"mode": "seamless", "light": "linear", "grain": 1.0},
    ],
    ids=str,
)
def test_effects_work_on_scene_linear_frames_and_keep_what_is_beyond_white(change: dict[str, Any]) -> None:
    small = (drawn_frame(1).astype(np.float32) / 255) ** 2.2
    frame = np.kron(small, np.ones((3, 3, 1), np.float32))
    frame += np.random.default_rng(0).normal(0, 0.01, frame.shape).astype(np.float32)
    frame[:40] *= 9  # a lamp
    rough = np.random.default_rng(0).uniform(0.2, 0.8, (32, 32, 3)).astype(np.float32)
    options = PLAIN.changed(**change)
    points = landmarks(180, 150, width_px=80)
    face = face_in(frame, points, options, rgb=rough if "sharpen" in change else (0.5, 0.4, 0.3))
    shown, plain = composite(frame, [face], options), composite(frame, [face], PLAIN)
    assert shown.dtype == np.float32 and np.isfinite(shown).all()
    assert np.abs(shown - plain)[140:160, 170:190].mean() > 2e-4 or "plate" in str(change)
    np.testing.assert_allclose(shown[5:30, 40:-40].mean((0, 1)), frame[5:30, 40:-40].mean((0, 1)), rtol=0.02)
    assert shown[:40].max() > 1.5


def test_a_membrane_is_solved_where_the_model_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    options, frame, asked = PLAIN.changed(mode="seamless"), drawn_frame(1), []
    face = replace(face_in(frame, landmarks(), options), device="cpu:0")

    def noted(clonings: list[Any], *, device: str) -> list[np.ndarray]:
        asked.append(device)
        return [one.painted_HWC for one in clonings]

    monkeypatch.setattr("understudy.merging.blending.blend.seamless_all", noted)
    composite(frame, [face], options)
    assert asked == ["cpu:0"]
