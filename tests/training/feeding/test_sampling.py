"""Orders of faces: no repeats within a round, every direction as often, src looking where dst does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator

from tests.training.conftest import tiny_options
from tests.training.feeding.test_feed import caches
from understudy.facesets.store import Faceset
from understudy.training.feeding.cache import FaceCache
from understudy.training.feeding.feed import Feed
from understudy.training.feeding.sampling import (
    Bins,
    evenly_open,
    evenly_turned,
    opening_bins,
    turned_like,
    uniform_bins,
    without_repeats,
)

# Ninety faces look ahead, ten to the sides.
YAWS = np.concatenate([np.linspace(-2, 2, 90), np.linspace(-60, 60, 10)])


def test_no_face_comes_again_before_all_have_come() -> None:
    shown = torch.cat([without_repeats(10, 4, position=4 * i, seed=1, who="src") for i in range(5)])
    first, second = shown[:10].tolist(), shown[10:].tolist()
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert first != without_repeats(10, 10, position=0, seed=2, who="src").tolist()


def test_every_direction_comes_as_often_and_so_every_face_of_a_direction() -> None:
    bins = uniform_bins(YAWS)
    rounds = 24
    shown = evenly_turned(bins, rounds * len(bins.filled), position=0, seed=0, who="dst").numpy()
    places = bins.place(YAWS[shown])
    counts = np.bincount(places, minlength=bins.count)[bins.filled]
    assert (counts == rounds).all()
    sides = np.isin(shown, np.flatnonzero(np.abs(YAWS) > 5)).mean()
    assert sides > 0.4  # of all faces they are a tenth
    middle = bins.place(np.array([0.0]))[0]
    times = np.bincount(shown[places == middle], minlength=len(YAWS))
    assert times[times > 0].max() - times[bins.order[bins.starts[middle] :][: bins.sizes[middle]]].min() <= 1


def test_an_order_goes_on_where_it_was_left() -> None:
    bins = uniform_bins(YAWS)
    whole = evenly_turned(bins, 60, position=0, seed=0, who="src")
    parts = [evenly_turned(bins, 20, position=p, seed=0, who="src") for p in (0, 20, 40)]
    assert torch.equal(whole, torch.cat(parts))


def test_a_face_that_looks_the_same_way_is_found_or_the_nearest_there_is() -> None:
    bins = Bins(np.array([-40.0, -39.0, 0.0, 30.0]), count=64, low=-57.3, high=57.3)
    found = turned_like(bins, np.array([-39.5] * 50 + [1.0, 29.0, 90.0, -90.0]), Generator().manual_seed(0))
    assert set(found[:50].tolist()) <= {0, 1}
    assert found[50:53].tolist() == [2, 3, 3] and found[53] in (0, 1)


def test_every_opening_of_eyes_or_mouth_comes_as_often() -> None:
    rng = np.random.default_rng(0)
    eyes, mouth = rng.normal(0.06, 0.001, 200), rng.normal(0.01, 0.001, 200)
    eyes[:4], mouth[4:8] = 0.01, 0.12
    bins = [found for found in map(opening_bins, (eyes, mouth)) if found is not None]
    drawn = evenly_open(bins, 4000, Generator().manual_seed(0)).numpy()
    assert (drawn < 4).mean() > 0.1 and (
        (drawn >= 4) & (drawn < 8)
    ).mean() > 0.1  # of all faces they are a fiftieth
    assert len(np.unique(drawn)) == 200


def test_landmarks_that_follow_no_expression_make_none_rare() -> None:
    rng = np.random.default_rng(0)
    assert opening_bins(np.full(20, 0.05)) is None
    assert opening_bins(rng.normal(0.043, 0.0015, 2000)) is None  # five points of heads that turn
    assert opening_bins(np.where(np.arange(200) < 6, 0.01, 0.05)) is not None


def test_one_misread_face_is_not_shown_all_the_time() -> None:
    mouth = np.random.default_rng(0).uniform(0.0, 0.12, 2000)
    mouth[7] = 0.9
    bins = opening_bins(mouth)
    assert bins is not None
    drawn = evenly_open([bins], 4000, Generator().manual_seed(0)).numpy()
    assert (drawn == 7).mean() < 0.01


@pytest.fixture
def pair(tmp_path: Path, facesets: tuple[Faceset, Faceset]) -> list:
    return caches(tmp_path, facesets)


def test_src_looks_where_dst_does_when_yaws_are_matched(pair: list) -> None:
    away = {}
    for matching in (False, True):
        options = tiny_options(batch_size=64, pose_pairing=0, yaw_matching=matching)
        feed = Feed(*pair, options, torch.device("cpu"))
        draw = feed.draw(Generator().manual_seed(0))
        yaws = feed.src.yaws_deg[draw.src.numpy()], feed.dst.yaws_deg[draw.dst.numpy()]
        away[matching] = np.abs(yaws[0] - yaws[1]).mean()
    assert away[True] < 3 < 0.5 * away[False]


def test_mirrored_faces_look_the_other_way(pair: list) -> None:
    feed = Feed(*pair, tiny_options(), torch.device("cpu"))
    count = len(feed.src.cache)
    np.testing.assert_allclose(feed.src.yaws_deg[:count], -feed.src.yaws_deg[count:])
    assert np.abs(feed.src.yaws_deg[:count]).max() > 10


def test_an_epoch_shows_every_face_once(pair: list) -> None:
    feed = Feed(*pair, tiny_options(batch_size=4, sampling="epoch", pose_pairing=0), torch.device("cpu"))
    generator = Generator().manual_seed(0)
    draws = [feed.draw(generator, shown=4 * i) for i in range(6)]
    assert sorted((torch.cat([d.src for d in draws]) % 24).tolist()) == list(range(24))
    assert sorted(torch.cat([d.dst for d in draws[:3]]).tolist()) == list(range(12))


@pytest.mark.parametrize("sampling", ["epoch", "uniform-yaw"])
def test_processes_show_different_faces_and_together_those_of_one(pair: list, sampling: str) -> None:
    """Each drew what all others did: of N processes, N - 1 learned nothing more."""

    def dst(share: tuple[int, int], count: int) -> list[list[int]]:
        options = tiny_options(batch_size=count, sampling=sampling, pose_pairing=0)
        feed = Feed(*pair, options, torch.device("cpu"), share=share)
        return [feed.draw(Generator().manual_seed(0), shown=4 * i).dst.tolist() for i in range(3)]

    one, first, second = dst((0, 1), 4), dst((0, 2), 2), dst((1, 2), 2)
    assert [a + b for a, b in zip(first, second, strict=True)] == one


def test_directions_are_balanced_when_asked(pair: list) -> None:
    feed = Feed(*pair, tiny_options(batch_size=4, sampling="uniform-yaw"), torch.device("cpu"))
    filled = len(feed.dst.uniform_bins.filled)
    shown = torch.cat([feed.draw(Generator(), shown=4 * i).dst for i in range(filled)])[:filled]
    assert len(set(feed.dst.uniform_bins.place(feed.dst.yaws_deg[shown.numpy()]).tolist())) == filled


def speaking(cache: FaceCache) -> FaceCache:
    """The same faces, the first of which opens its mouth wide."""
    landmarks = np.array(cache.landmarks_N68)
    landmarks[0, [65, 66, 67], 1] += 0.2
    return replace(cache, landmarks_N68=landmarks)


def test_rare_expressions_are_drawn_more_often_when_asked(pair: list) -> None:
    shares = {}
    for asked in (0.0, 1.0):
        options = tiny_options(batch_size=400, pose_pairing=0, rare_expressions=asked)
        feed = Feed(pair[0], speaking(pair[1]), options, torch.device("cpu"))
        shares[asked] = float((feed.draw(Generator().manual_seed(0)).dst == 0).float().mean())
    assert shares[0.0] < 0.15 < 0.2 < shares[1.0]


def test_rare_expressions_are_mirrored_as_often_as_all_others(pair: list) -> None:
    for share, low, high in ((0.0, 0, 0), (1.0, 200, 200)):
        options = tiny_options(batch_size=200, pose_pairing=0, rare_expressions=1.0, flip_share=share)
        feed = Feed(speaking(pair[0]), pair[1], options, torch.device("cpu"))
        src = feed.draw(Generator().manual_seed(0)).src
        assert low <= int((src >= 24).sum()) <= high
        assert int((src % 24 == 0).sum()) > 40  # the one who speaks, a 24th of all faces


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0, 0), (0.25, 25, 75), (1.0, 200, 200)])
def test_so_many_faces_are_mirrored_as_is_asked(pair: list, share: float, low: int, high: int) -> None:
    options = tiny_options(batch_size=200, pose_pairing=0, flip_share=share)
    draw = Feed(*pair, options, torch.device("cpu")).draw(Generator().manual_seed(0))
    assert low <= int((draw.src >= 24).sum()) <= high
    assert (draw.dst < 12).all()  # dst_flip is off
    options = options.changed(src_flip=False, dst_flip=True)
    draw = Feed(*pair, options, torch.device("cpu")).draw(Generator().manual_seed(0))
    assert (draw.src < 24).all() and low <= int((draw.dst >= 12).sum()) <= high
