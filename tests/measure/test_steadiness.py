"""Known trembling, pumping, flicker and blur come out of the figures as what they are."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.measure.heads import SIZE, landmarks, moved, rows_of, texture
from understudy.masks.hull import hull_mask
from understudy.measure.steadiness import (
    Row,
    _high_passed,
    figures_by_frame,
    is_within,
    outside,
    shot_figures,
    worst_of,
)
from understudy.merging.options import MergeOptions

FACE = hull_mask(landmarks(), SIZE, SIZE)[..., None]
COUNT = 12


def noise(seed: int, count: int = COUNT) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=count)


def painted(plate: np.ndarray, face: np.ndarray) -> np.ndarray:
    return plate * (1 - FACE) + face * FACE


def test_the_plate_itself_is_as_steady_even_and_sharp_as_the_plate() -> None:
    plates = [moved(texture(), wobble=w) for w in noise(1)]
    figures = shot_figures(rows_of(plates, plates))
    assert [figures[name] for name in ("jitter", "colour_drift", "edge_noise", "sharpness")] == [1, 1, 1, 1]
    assert is_within(figures) and figures["mean_delta_e"] == 0


@pytest.mark.parametrize("times", [0.5, 2.0])
def test_a_still_head_with_known_trembling_gives_that_ratio(times: float) -> None:
    plates = [moved(texture(), wobble=0.5 * w) for w in noise(2)]
    results = [moved(texture(seed=5), wobble=0.5 * times * w) for w in noise(3)]
    spread = np.abs(np.diff(noise(3), 2)).mean() / np.abs(np.diff(noise(2), 2)).mean()
    figures = shot_figures(rows_of(plates, results))
    assert figures["jitter"] == pytest.approx(times * spread, rel=0.12)
    assert figures["jitter_of"]["jaw"] == pytest.approx(times * spread, rel=0.25)


def test_a_painted_face_that_swims_on_a_still_head_trembles() -> None:
    still = [moved(texture(), wobble=0.2 * w) for w in noise(4)]
    swims = [moved(texture(), wobble=0.2 * w, shift=(s, 0)) for w, s in zip(noise(4), noise(5), strict=True)]
    assert shot_figures(rows_of(still, swims))["jitter"] > 2.5


def test_a_face_that_goes_along_with_a_shaken_head_does_not_tremble() -> None:
    shaken = [{"shift": (2 * s, s), "wobble": 0.3 * w} for s, w in zip(noise(6), noise(7), strict=True)]
    plates = [moved(texture(), **each) for each in shaken]
    figures = shot_figures(rows_of(plates, [moved(texture(seed=8), **each) for each in shaken]))
    assert figures["jitter"] == pytest.approx(1, abs=0.12)
    stays = shot_figures(rows_of(plates, [moved(texture(seed=8), wobble=each["wobble"]) for each in shaken]))
    assert stays["jitter"] > 2


def test_a_frozen_face_is_told_too() -> None:
    plates = [moved(texture(), wobble=0.8 * w) for w in noise(9)]
    figures = shot_figures(rows_of(plates, [texture()] * COUNT))
    assert figures["jitter"] < 0.5 and not is_within(figures)


def test_pumping_colours_give_their_own_size_in_lab() -> None:
    plates = [texture()] * 26
    pumps = [np.sin(2 * np.pi * frame / 8) for frame in range(26)]
    # Near the skin's own lightness one level of grey is about 0.4 L.
    results = [painted(texture(), texture() + 10 * pump) for pump in pumps]
    figures = shot_figures(rows_of(plates, results, rate=16))
    assert figures["pumping_delta_e"] == pytest.approx(10 * 0.385 / np.sqrt(2), rel=0.1)
    assert figures["colour_drift"] == pytest.approx(np.hypot(figures["pumping_delta_e"], 0.2) / 0.2, rel=0.01)
    assert figures["mean_delta_e"] < 0.3


def test_a_constant_tint_is_no_pumping() -> None:
    plates = [texture()] * 6
    figures = shot_figures(rows_of(plates, [painted(texture(), texture() + np.array([12, 0, -8]))] * 6))
    assert figures["mean_delta_e"] > 3
    assert figures["pumping_delta_e"] < 0.05 and figures["colour_drift"] == pytest.approx(1, abs=0.02)


def test_flicker_in_the_masks_edge_counts_by_its_variance() -> None:
    rng, count = np.random.default_rng(10), 9
    edge = cv2.dilate(FACE, np.ones((25, 25))) - cv2.erode(FACE, np.ones((25, 25)))
    plates = [texture(grain=3) + rng.normal(size=(SIZE, SIZE, 1)) * 2 for _ in range(count)]

    def edge_noise(levels: float) -> float:
        flickers = [
            plate + levels * flicker * edge[..., None]
            for plate, flicker in zip(plates, noise(11, count), strict=True)
        ]
        return shot_figures(rows_of(plates, flickers))["edge_noise"]

    assert (edge_noise(3) - 1) / (edge_noise(1.5) - 1) == pytest.approx(4, rel=0.15)
    added = 9 * (np.diff(noise(11, count), 2) ** 2).mean() / 6
    assert edge_noise(3) - 1 == pytest.approx(added / 4, rel=0.8)  # cutting out takes some of the plate's noise


def test_blurring_does_not_pass_for_steadiness() -> None:
    rng = np.random.default_rng(12)
    plates = [texture() + rng.normal(size=(SIZE, SIZE, 1)) * 3 for _ in range(COUNT)]
    blurred = [painted(plate, cv2.GaussianBlur(plate, (0, 0), 2.5)) for plate in plates]
    figures = shot_figures(rows_of(plates, blurred))
    assert figures["sharpness"] < 0.7 and figures["edge_noise"] < 0.85
    assert not is_within(figures)


def test_the_worst_second_is_named_for_each_measure_and_for_all() -> None:
    [still] = rows_of([texture(grain=2)], [texture(grain=2)])
    rows = []
    for frame in range(100):
        pump = 2 * np.sin(2 * np.pi * frame / 6) if 50 <= frame < 75 else 0
        figures = replace(still.figures, skin_result=still.figures.skin_plate + np.array([pump, 0, 0]))
        rows.append(replace(still, frame=frame, time_s=frame / 25, figures=figures))
    figures = shot_figures(rows)
    assert figures["worst"]["colour_drift"]["second"] == 2
    assert figures["worst"]["colour_drift"]["frames"] == [50, 74]
    worst = worst_of([figures])
    assert worst is not None and (worst["measure"], worst["second"]) == ("colour_drift", 2)


def test_a_shot_of_one_frame_says_nothing_about_time() -> None:
    figures = shot_figures(rows_of([texture()], [texture()]))
    assert figures["jitter"] is None and figures["edge_noise"] is None and figures["colour_drift"] is None
    assert figures["sharpness"] == 1 and figures["worst"]["jitter"] is None


def test_every_figure_outside_names_its_bound_how_far_it_is_off_and_a_remedy() -> None:
    figures = {"jitter": 1.4, "colour_drift": 1.0, "edge_noise": 0.8, "sharpness": 0.6}
    told = [(miss["measure"], miss["goal"], miss["off"]) for miss in outside(figures)]
    assert told == [("jitter", 1.15, 0.25), ("edge_noise", 0.85, 0.05), ("sharpness", 0.7, 0.1)]
    assert "train" in outside(figures)[0]["try"] and "unsharp" in outside(figures)[2]["try"]
    assert outside(figures)[2]["try"].startswith("train longer"), (
        "a model of 126 iterations needs no larger one"
    )
    assert outside({"jitter": None, "sharpness": 3.0}) == []


def test_a_landmark_network_is_proposed_where_none_was_used_and_as_a_condition_where_nobody_knows() -> None:
    def tried(**known: str) -> str:
        return outside({"jitter": 1.4}, **known)[0]["try"]

    for landmarker in ("dense", "fan"):
        assert tried(landmarker=landmarker) == "train longer; --steady-face 4 helps too"
    assert "; so do steadier landmarks: `understudy extract` with --landmarker dense" in tried(
        landmarker="five-point"
    )
    for unknown in ("", "import"):
        assert "where the faces' landmarks are not from a landmark network" in tried(landmarker=unknown)
    assert "landmark" not in outside({"jitter": 0.1})[0]["try"]


def test_a_remedy_never_proposes_what_is_the_default_already() -> None:
    every = [
        miss["try"]
        for ratio in (0.1, 9.0)
        for miss in outside(dict.fromkeys(("jitter", "colour_drift", "edge_noise", "sharpness"), ratio))
    ]
    said = re.findall(r"--([a-z-]+) (mkl|none|unsharp|lanczos|light|[0-9.]+)", "; ".join(every))
    named = [(name.replace("-", "_"), value) for name, value in said]
    assert {("color", "mkl"), ("steady_face", "4"), ("sharpen", "unsharp")} <= {*named}
    for name, value in named:
        asked = MergeOptions.model_validate({name: value})
        assert getattr(asked, name) != getattr(MergeOptions(), name), f"--{name} {value}"


def test_figures_of_every_frame_show_where_the_result_trembles_and_the_plate_does_not() -> None:
    plates = [moved(texture(), wobble=0.2 * w) for w in noise(2)]
    results = [
        picture if place != 6 else moved(texture(), shift=(3, 0)) for place, picture in enumerate(plates)
    ]
    columns = figures_by_frame(rows_of(plates, results))
    assert columns["frame"] == list(range(COUNT)) and {len(column) for column in columns.values()} == {COUNT}
    assert columns["jitter_result"][0] is None  # no frame before it
    apart = [
        (result or 0) - (plate or 0)
        for result, plate in zip(columns["jitter_result"], columns["jitter_plate"], strict=True)
    ]
    assert max(range(COUNT), key=apart.__getitem__) == 6 and apart[2] == pytest.approx(0, abs=0.5)
    assert columns["sharpness_plate"][0] > 0 and columns["edge_noise_plate"][3] is not None
    assert len([value for value in columns["colour_drift_result"] if value is not None]) == COUNT


def _plainly(times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The high pass as it reads: every moment with every other."""
    near = np.abs(times[:, None] - times[None]) <= 0.5
    return values - near @ values / near.sum(1, keepdims=True)


@pytest.mark.parametrize("rate", [8, 23.976, 24, 25, 30, 50, 59.94])
def test_the_running_mean_is_that_of_every_moment_with_every_other(rate: float) -> None:
    rng = np.random.default_rng(3)
    steady = 3600 + np.arange(200) / rate
    for times in (steady, steady[rng.random(200) > 0.4], np.repeat(steady, 2), rng.permutation(steady)):
        values = rng.normal(50, 20, (len(times), 3))
        assert _high_passed(times, values) == pytest.approx(_plainly(times, values), abs=1e-9)


def test_the_memory_of_a_long_face_grows_with_its_frames() -> None:
    def most_bytes(count: int) -> int:
        times, values = np.arange(count) / 25, np.zeros((count, 3))
        tracemalloc.start()
        try:
            _high_passed(times, values)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert most_bytes(4000) < 3 * most_bytes(2000)


def test_the_frames_are_gone_through_as_often_for_many_seconds_as_for_few() -> None:
    (row,) = rows_of([texture()], [texture()])

    def times_through(seconds: int) -> int:
        rows = CountedRows(replace(row, frame=n, time_s=n / 4) for n in range(4 * seconds))
        shot_figures(rows)
        return rows.times

    assert times_through(20) == times_through(2)


class CountedRows(list[Row]):
    """Knows how often it was gone through."""

    times = 0

    def __iter__(self) -> Iterator[Row]:
        self.times += 1
        return super().__iter__()
