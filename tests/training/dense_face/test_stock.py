"""Rendered people on the device of the training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.dense_face.drawn import SIZE_PX, a_sample, drawn_shards
from understudy.errors import FacesetUnusable
from understudy.training.dense_face.stock import grown, read_stock


def test_a_stock_holds_what_the_shards_hold(tmp_path: Path) -> None:
    stock = read_stock([drawn_shards(tmp_path, shards=2, samples=3)])
    assert len(stock) == 6 and stock.size_px == SIZE_PX
    fifth = a_sample(4)
    np.testing.assert_array_equal(stock.pictures_N5SS[4, :3].permute(1, 2, 0), fifth.rgb)
    np.testing.assert_array_equal(stock.pictures_N5SS[4, 4], fifth.skin * 255)
    np.testing.assert_allclose(stock.points_NK2[4], fifth.points, atol=1e-4)
    assert np.degrees(float(stock.crops_N4[4, 3])) == pytest.approx(fifth.roll_deg, abs=1.0)


def test_a_full_stock_holds_some_of_every_folder(tmp_path: Path) -> None:
    one, other = drawn_shards(tmp_path / "one", shards=3), drawn_shards(tmp_path / "two", shards=3, first=10)
    stock = read_stock([one, other], most=12)
    assert {path.parent.name for path in stock.read} == {"one", "two"} and len(stock) == 12


def test_a_stock_grows_by_new_shards_alone_and_not_beyond_its_room(tmp_path: Path) -> None:
    drawn_shards(tmp_path, shards=1)
    stock = read_stock([tmp_path])
    assert grown(stock, [tmp_path]) is stock
    drawn_shards(tmp_path, shards=2, first=1)
    larger = grown(stock, [tmp_path])
    assert len(larger) == 18 and larger.labels[:6] == stock.labels
    assert grown(stock, [tmp_path], most=6) is stock
    assert len(grown(stock, [tmp_path], most=7)) == 12


def test_a_stock_knows_what_was_damaged_since_and_what_is_whole_again(tmp_path: Path) -> None:
    drawn_shards(tmp_path, shards=1)
    stock = read_stock([tmp_path])
    drawn_shards(tmp_path, shards=1, first=1)
    labels = tmp_path / "shard-000001" / "labels.json"
    whole = labels.read_text()
    labels.write_text("{")
    torn = grown(stock, [tmp_path])
    assert [error.path for error in torn.damaged] == [labels.parent] and stock.damaged == []
    assert torn.pictures_N5SS is stock.pictures_N5SS
    assert grown(torn, [tmp_path]) is torn
    drawn_shards(tmp_path, shards=2, first=2)
    larger = grown(torn, [tmp_path], most=12)
    assert len(larger) == 12 and [error.path for error in larger.damaged] == [labels.parent]
    labels.write_text(whole)
    assert (len(grown(larger, [tmp_path])), grown(larger, [tmp_path]).damaged) == (24, [])


def test_without_people_nothing_can_be_learned(tmp_path: Path) -> None:
    with pytest.raises(FacesetUnusable, match="make face-model"):
        read_stock([tmp_path])
