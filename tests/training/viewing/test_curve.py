"""A curve reads each line once, shows every extreme, and forgets what training took back."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from understudy.training.viewing.curve import RATE, Curve, smoothed


def write(path: Path, lines: list[dict[str, float]], *, append: bool = False) -> None:
    with path.open("a" if append else "w") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def lines(first: int, count: int, **more: float) -> list[dict[str, float]]:
    return [
        {"iteration": 20 * n, "loss_src": 1 + n % 7, "seconds": 2.0 * n, **more}
        for n in range(first, first + count)
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def test_only_what_is_new_is_read_and_so_many_lines_at_a_time(path: Path) -> None:
    curve = Curve(path)
    assert not curve.follow() and curve.span == (0, 0)
    write(path, lines(1, 5000))
    assert curve.follow(most_lines=3000) and curve.count == 3000
    assert not curve.follow(most_lines=3000) and curve.span == (20, 100_000)
    taken: list[bytes] = []
    take = curve._take
    curve._take = lambda line: (taken.append(line), take(line))  # type: ignore[method-assign,assignment]
    write(path, lines(5001, 2), append=True)
    curve.follow()
    assert len(taken) == 2 and curve.count == 5002


def test_no_extreme_is_lost_however_thin_and_the_slow_twin_agrees(path: Path) -> None:
    rows = lines(1, 4000)
    rows[2345]["loss_src"], rows[17]["loss_src"] = 99.0, -5.0
    write(path, rows)
    curve = Curve(path)
    curve.follow()
    told = curve.thinned(["loss_src"], places=50)
    assert 45 <= len(told["iteration"]) <= 51
    assert max(told["loss_src"]["high"]) == 99.0 and min(told["loss_src"]["low"]) == -5.0
    width = (80_000 - 20 + 1) / 50
    places: dict[int, list[float]] = {}
    for row in rows:
        places.setdefault(int((row["iteration"] - 20) / width), []).append(row["loss_src"])
    means = [round(float(np.mean(values)), 3) for values in places.values()]
    assert [round(value, 3) for value in told["loss_src"]["mean"]] == means


def test_a_window_of_iterations_shows_every_line_in_it(path: Path) -> None:
    write(path, lines(1, 1000))
    curve = Curve(path)
    curve.follow()
    told = curve.thinned(["loss_src", "nose"], first=200, last=260, places=100)
    assert told["iteration"] == [200, 220, 240, 260]
    assert told["loss_src"]["mean"] == [1 + n % 7 for n in (10, 11, 12, 13)]
    assert told["nose"]["mean"] == [None] * 4
    assert curve.thinned(["loss_src"], first=10**7)["iteration"] == []


def test_a_term_that_comes_later_says_nothing_before_and_the_speed_is_worked_out(path: Path) -> None:
    write(path, [*lines(1, 3), *lines(4, 2, src_gan=0.5)])
    curve = Curve(path)
    curve.follow()
    told = curve.thinned(["src_gan", RATE])
    assert told["src_gan"]["mean"] == [None, None, None, 0.5, 0.5]
    assert told[RATE]["mean"] == [None, 10, 10, 10, 10] and RATE in curve.names


def test_what_training_took_back_is_forgotten(path: Path) -> None:
    write(path, lines(1, 50))
    curve = Curve(path)
    curve.follow()
    write(path, lines(1, 20))
    curve.follow()
    assert curve.span[1] == 400
    # Cut and grown beyond what was read, as a restored backup does between two looks.
    write(path, [*lines(1, 10), *(row | {"loss_src": 3.25} for row in lines(11, 80))])
    curve.follow()
    assert curve.count == 90 and set(curve.thinned(["loss_src"])["loss_src"]["mean"][10:]) == {3.25}


def test_a_torn_last_line_is_read_when_it_is_whole(path: Path) -> None:
    write(path, lines(1, 2))
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    curve = Curve(path)
    curve.follow()
    assert curve.count == 1
    path.write_bytes(whole)
    curve.follow()
    assert curve.count == 2


def test_smoothing_shifts_nothing_keeps_the_ends_and_passes_over_what_is_unknown() -> None:
    ramp = np.arange(30, dtype=np.float32)
    np.testing.assert_allclose(smoothed(ramp, 9), ramp)
    noisy = np.array([0, 2] * 20, np.float32)
    assert abs(smoothed(noisy, 11)[10:30] - 1).max() < 0.1
    holed = np.array([1, math.nan, 3], np.float32)
    soft = smoothed(holed, 3)
    assert math.isnan(soft[1]) and soft[0] == 1 and soft[2] == 3
    np.testing.assert_array_equal(smoothed(ramp, 1), ramp)


def test_after_weeks_the_rate_is_as_sure_as_in_the_first_minute(path: Path) -> None:
    week_s = 7 * 24 * 3600
    write(path, [{"iteration": 20 * n, "loss_src": 1, "seconds": week_s + 0.2 * n} for n in range(200)])
    curve = Curve(path)
    curve.follow()
    told = curve.thinned([RATE])[RATE]
    assert told["low"][1:] == told["high"][1:] == [100.0] * 199
