"""What goes into a frame's fingerprint: exactly what decides its pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.merging.conftest import HEIGHT, WIDTH, Painter, landmarks, record
from understudy.media.opening import open_clip
from understudy.merging.cast import Cast
from understudy.merging.fingerprints import Fingerprints, what_differs
from understudy.merging.frame_ranges import parse_frames
from understudy.merging.options import MergeOptions
from understudy.merging.settings_over_time import FrameRange, SettingsOverTime

FACES = {frame: [record(frame, landmarks())] for frame in range(8)}


@pytest.fixture
def marks_of(movie: Path):
    with open_clip(movie) as clip:
        info = clip.info

    def made(
        *, faces=FACES, predictor=None, ranges=(), shots=(), parts=None, clip="", **values
    ) -> dict[int, str]:
        settings = SettingsOverTime(
            MergeOptions(**values),
            ranges=[FrameRange(parse_frames(text), said) for text, said in ranges],
            parts=parts,
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
    steady = {"steady_frames": 1, "steady_mask": 0}
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
        ({"color_strength": 0.0}, {"color": "rct"}),
        ({"mode": "overlay"}, {"hist_match_top": 0.7}),
        ({}, {"batch": 2}),
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


@pytest.mark.parametrize("more", [{"steady_mask": 3}, {"steady_frames": 9}, {"motion_blur": 0.5}])
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


def test_idle_options_really_change_no_pixel(movie: Path) -> None:
    from understudy.merging.composite import composite
    from understudy.merging.painted import painted_face
    from understudy.options import describe

    rng = np.random.default_rng(3)
    frame = rng.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    points, painter = landmarks(), Painter()
    matrix = np.array(record(0, points).crop_from_frame) * 2
    crop = rng.random((32, 32, 3)).astype(np.float32)
    prediction = painter.predict(np.zeros((1, 32, 32, 3), np.uint8))

    known = record(0, points)

    def made(options: MergeOptions) -> np.ndarray:
        face = painted_face(crop, prediction, 0, record=known, crop_from_frame=matrix, options=options)
        return composite(frame, [face], options)

    infos = describe(MergeOptions)
    tried = set()
    choices = {info.name: info.choices for info in infos if info.choices}
    for _ in range(40):
        picked = {name: str(rng.choice(values)) for name, values in choices.items()}
        strength, amount = float(rng.integers(0, 2)), float(rng.integers(-1, 2))
        options = MergeOptions().changed(**picked, color_strength=strength, sharpen_amount=amount)
        for name in options.idle():
            info = next(info for info in infos if info.name == name)
            values = info.choices or [v for v in (info.low, info.high) if v is not None and v != info.default]
            kind = type(info.default)
            if not values and kind is not bool:
                continue
            value = not info.default if kind is bool else values[-1] if info.choices else kind(values[-1])
            np.testing.assert_array_equal(made(options), made(options.changed(**{name: value})), name)
            tried.add(name)
    assert {"light_size", "hist_match_top", "color_strength", "sharpen_radius", "erode_seamless"} <= tried
