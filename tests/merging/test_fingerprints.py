"""What goes into a frame's fingerprint: exactly what decides its pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.merging.conftest import HEIGHT, WIDTH, Painter, landmarks, record
from understudy.masks.own import AboutSegmenter, write_about
from understudy.masks.segmenter import PRODUCTS_OWN, Segmenters
from understudy.media.opening import open_clip
from understudy.merging.blending.modes import MODES
from understudy.merging.cast import Cast
from understudy.merging.fingerprints import Fingerprints, what_differs
from understudy.merging.frame_ranges import parse_frames
from understudy.merging.masking.segment import Segmented
from understudy.merging.options import MergeOptions
from understudy.merging.painted import enlarged, painted_face
from understudy.merging.pictures import merged_frame
from understudy.merging.settings_over_time import FrameRange, SettingsOverTime
from understudy.options import OptionInfo, describe

ONE = {0: [record(0, landmarks())]}
FACES = {frame: [record(frame, landmarks())] for frame in range(8)}


@pytest.fixture
def marks_of(movie: Path):
    with open_clip(movie) as clip:
        info = clip.info

    def made(
        *,
        faces=FACES,
        predictor=None,
        ranges=(),
        shots=(),
        parts=None,
        clip="",
        segmenters=PRODUCTS_OWN,
        **values,
    ) -> dict[int, str]:
        settings = SettingsOverTime(
            MergeOptions(**values),
            ranges=[FrameRange(parse_frames(text), said) for text, said in ranges],
            parts=parts,
            segmenters=segmenters,
        )
        lead = predictor or Painter()
        cast = Cast(lead, dict.fromkeys(parts or {}, lead))
        return Fingerprints(
            faces, info=info, cast=cast, settings=settings, shots=shots, clip_sha256=clip
        ).marks()

    return made


def changed(a: dict[int, str], b: dict[int, str]) -> list[int]:
    return [frame for frame in a if a[frame] != b[frame]]


def test_a_range_touches_its_own_frames_alone_where_neighbours_do_not_measure_it(marks_of) -> None:
    assert changed(marks_of(), marks_of(ranges=[("3:4", {"erode": 0.1})])) == [3, 4]


def test_a_range_that_changes_what_is_measured_touches_the_neighbours_it_steadies(marks_of) -> None:
    steady = {"steady_frames": 1, "steady_mask": 0, "steady_face": 0}
    assert changed(marks_of(**steady), marks_of(**steady, ranges=[("3:4", {"light_size": 0.5})])) == [
        2,
        3,
        4,
        5,
    ]


@pytest.mark.parametrize(
    ("values", "other"),
    [
        ({"color": "rct"}, {"light_size": 0.5}),
        ({"color": "none"}, {"color_strength": 0.2}),
        ({"color": "none"}, {"steady_frames": 9}),
        ({"mode": "raw-rgb", "layers": "none"}, {"steady_face": 9}),
        ({"color_strength": 0.0}, {"color": "rct"}),
        ({"mode": "overlay"}, {"hist_match_top": 0.7}),
        ({}, {"batch": 2}),
        ({"sharpen": "none"}, {"sharpen_amount": 3.0}),
        ({"sharpen_amount": 0.0}, {"sharpen": "box"}),
        ({"mode": "raw-mask"}, {"erode": 0.2, "blur": 0.3, "border": 0.1}),
        ({"mode": "raw-rgb", "layers": "none"}, {"mask": "dst-hull", "steady_mask": 5}),
        ({"mode": "original"}, {"light": "linear"}),
    ],
)
def test_an_option_that_does_not_matter_makes_nothing_again(marks_of, values: dict, other: dict) -> None:
    assert marks_of(**values) == marks_of(**{**values, **other})


@pytest.mark.parametrize(
    ("values", "other"),
    [
        ({"color": "light"}, {"light_size": 0.5}),
        ({"color": "rct"}, {"color_strength": 0.2}),
        ({"mode": "hist-match"}, {"hist_match_top": 0.7}),
        ({}, {"mask": "dst-hull"}),
        ({}, {"morph": 0.5}),
    ],
)
def test_an_option_that_matters_makes_every_frame_again(marks_of, values: dict, other: dict) -> None:
    assert changed(marks_of(**values), marks_of(**{**values, **other})) == list(FACES)


def test_a_face_beyond_a_cut_decides_nothing(marks_of) -> None:
    moved = FACES | {4: [record(4, landmarks(70))]}
    assert changed(marks_of(), marks_of(faces=moved)) == [2, 3, 4, 5, 6]
    assert changed(marks_of(shots=[4]), marks_of(faces=moved, shots=[4])) == [4, 5, 6]


def test_what_a_raw_frame_measures_counts_for_the_neighbours_it_steadies(marks_of) -> None:
    raw = {"mode": "raw-rgb", "layers": "none"}
    before = marks_of(ranges=[("4:", raw)])
    assert changed(before, marks_of(ranges=[("4:", raw | {"color_area": "crop"})])) == [2, 3]
    assert changed(before, marks_of(ranges=[("4:", raw | {"mask": "dst-hull"})])) == [2, 3]


def test_what_differs_is_said_in_words(marks_of) -> None:
    now = marks_of()[3]
    assert what_differs(marks_of(erode=0.2)[3], now) == "its settings changed"
    assert what_differs(marks_of(predictor=Painter(sha256="1" * 64))[3], now) == "its model changed"
    assert what_differs(marks_of(faces=FACES | {3: [record(3, landmarks(61))]})[3], now) == "its faces changed"
    assert what_differs(marks_of(clip="2" * 64)[3], now) == "its clip changed"
    assert what_differs(marks_of(layers="all")[3], now) == "what is kept beside it changed"
    assert what_differs(marks_of(ranges=[("4:", {"light_size": 0.5})])[3], now) == "frames near it changed"
    assert what_differs("0123", now) == "another version of understudy made it"
    assert what_differs("3-" + now.split("-", 1)[1], now) == "another version of understudy made it"
    assert what_differs(now, now) == ""


@pytest.mark.parametrize(
    "more", [{"steady_mask": 3}, {"steady_face": 3}, {"steady_frames": 9}, {"motion_blur": 0.5}]
)
def test_a_setting_that_lets_more_neighbours_in_is_called_a_setting(marks_of, more: dict) -> None:
    before, now = marks_of(), marks_of(**more)
    assert {what_differs(before[frame], now[frame]) for frame in FACES} == {"its settings changed"}


def test_another_clip_under_the_same_name_makes_every_frame_again(marks_of) -> None:
    assert changed(marks_of(clip="1" * 64), marks_of(clip="2" * 64)) == list(FACES)


def test_the_frames_mode_counts_beside_that_of_its_faces(marks_of) -> None:
    own = {"person 1": {"mode": "seamless"}}
    left = marks_of(parts=own, mode="original", layers="mask")
    assert changed(left, marks_of(parts=own, mode="overlay", layers="mask")) == list(FACES)
    assert not changed(marks_of(parts=own, mode="hist-match"), marks_of(parts=own, mode="overlay"))


def made_with(options: MergeOptions) -> list[bytes]:
    """One frame with one face that moves, and what is kept beside it."""
    rng = np.random.default_rng(3)
    frame = rng.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    known = record(0, landmarks())
    prediction = Painter().predict(np.zeros((1, 32, 32, 3), np.uint8))
    prediction.rgb_NHWC[0, 8:24, 8:24] = rng.random((16, 16, 3))
    face = painted_face(
        rng.random((32, 32, 3)).astype(np.float32),
        prediction,
        0,
        record=known,
        crop_from_frame=np.array(known.crop_from_frame) * 2,
        options=options,
        segmented=Segmented(*2 * [rng.random((32, 32)).astype(np.float32)]),
    )
    face = enlarged(replace(face, options=options, movement_px=np.array([4.0, 2.0])), options)
    made = merged_frame(frame, [face], options)
    layers = (made.picture, made.mask_HW, made.faces_HWC)
    return [b"" if layer is None else layer.tobytes() for layer in layers]


def other_value(info: OptionInfo, options: MergeOptions) -> object:
    """A value of an option that is far from the one it has."""
    now = getattr(options, info.name)
    if info.choices:
        return next(choice for choice in reversed(info.choices) if choice != now)
    if isinstance(info.default, bool):
        return not now
    if info.name in ("mask", "super_resolution"):
        return {"mask": "full", "super_resolution": "lanczos"}[info.name]
    return info.low if now == info.high else type(info.default)(info.high)


# What one frame of a painter that blends no performers can't tell, and the one segmenter there is.
_UNSEEN = {"steady_frames", "steady_mask", "steady_face", "morph", "segmenter", "plate", "batch", "workers"}
_SHARP = {"sharpen_radius": 0.1, "sharpen_threshold": 0.001}
_QUIET = {**_SHARP, "layers": "none"}
_LOUD = {**_SHARP, "sharpen": "unsharp", "layers": "all", "color": "rct", "face_scale": 1.2}


@pytest.mark.parametrize(
    ("mode", "values"),
    [
        *((mode, _QUIET) for mode in MODES if mode not in ("hist-match-bw", "seamless")),
        *((mode, _LOUD) for mode in ("overlay", "seamless-hist-match", "raw-rgb", "raw-layers")),
    ],
)
def test_a_frame_is_made_again_where_an_option_changes_its_pixels_and_nowhere_else(
    marks_of, mode: str, values: dict
) -> None:
    options = MergeOptions(mode=mode, **values)
    mark, made = marks_of(faces=ONE, **dict(options)), made_with(options)
    for info in describe(MergeOptions):
        if info.name in _UNSEEN:
            continue
        other = options.changed(**{info.name: other_value(info, options)})
        same_mark, same = marks_of(faces=ONE, **dict(other)) == mark, made_with(other) == made
        if info.name in options.idle() & other.idle():
            assert same_mark, info.name
        # In raw layers light is a matter of rounding, and scale one of which face is nearer.
        in_vain = MODES[mode].raw and info.name in ("light", "face_scale")
        assert same == same_mark or (same and in_vain), info.name


def test_a_segmenter_that_has_learned_more_makes_those_frames_again_that_it_sees(
    marks_of, tmp_path: Path
) -> None:
    mine = Segmenters(tmp_path)
    about = AboutSegmenter(face_type="full", size_px=64, sha256="a" * 64)
    write_about(tmp_path / "mic", about)
    asked = {"segmenters": mine, "segmenter": "mic", "steady_mask": 0, "steady_frames": 0, "steady_face": 0}
    some = {"mask": "learned-prd", "ranges": [("3:4", {"mask": "seg-prd"})]}
    before = marks_of(**asked, **some)
    assert before == marks_of(**asked, **some)
    write_about(tmp_path / "mic", about.model_copy(update={"sha256": "b" * 64}))
    assert changed(before, marks_of(**asked, **some)) == [3, 4]
