"""Rendering what a training needs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.actors.mesh_look.drawn_pack import drawn_pack, write_pack
from understudy.actors.crowd.draw import STATES
from understudy.actors.crowd.scenery import SceneryPlan
from understudy.actors.crowd.shards import read_shard, shard_paths
from understudy.events import Notice, Progress, StageFinished, StageStarted
from understudy.training.dense_face import rendering
from understudy.training.dense_face.rendering import Rendering, render_people
from understudy.training.dense_face.stock import read_stock


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rendering:
    monkeypatch.setattr(rendering, "SIZE_PX", 32)
    scenery = SceneryPlan(backgrounds=2, cards=2, no_faces=2, size_px=32)
    return Rendering(tmp_path, samples=STATES, test_samples=STATES, scenery=scenery, people=1)


def test_people_to_test_with_come_first_and_share_nobody_with_those_to_train_with(asked: Rendering) -> None:
    events = list(render_people(asked, processes=1, seconds=600))
    assert isinstance(events[-1], StageFinished) and events[-1].summary["shards"] == 2
    names = [{one["who"] for one in read_stock([asked.data / name]).labels} for name in ("test", "train")]
    assert all(len(name) == 1 for name in names) and not names[0] & names[1]
    written = [shard_paths(asked.data / name)[0].stat().st_mtime for name in ("test", "train")]
    assert written[0] < (asked.data / "scenery" / "cards.npy").stat().st_mtime < written[1]

    before = np.array(read_shard(shard_paths(asked.data / "train")[0]).rgb)
    again = list(render_people(asked, processes=1, seconds=600))
    assert isinstance(again[0], StageStarted) and again[0].done == 2
    assert not any(isinstance(event, Progress) for event in again)
    np.testing.assert_array_equal(read_shard(shard_paths(asked.data / "train")[0]).rgb, before)


def test_a_damaged_shard_is_rendered_anew_and_told(asked: Rendering) -> None:
    list(render_people(asked, processes=1, seconds=600))
    (shard,) = shard_paths(asked.data / "train")
    before, whole = np.array(read_shard(shard).rgb), (shard / "rgb.npy").read_bytes()
    (shard / "rgb.npy").write_bytes(whole[: len(whole) // 2])
    again = list(render_people(asked, processes=1, seconds=600))
    (told,) = [event.text for event in again if isinstance(event, Notice)]
    assert "train/shard-000000 is rendered anew" in told
    np.testing.assert_array_equal(read_shard(shard).rgb, before)
    assert isinstance(again[-1], StageFinished) and again[-1].summary["shards"] == 2


def test_a_head_mesh_gives_shards_of_its_own_look(asked: Rendering, tmp_path: Path) -> None:
    list(
        render_people(
            replace(asked, mesh_pack=write_pack(tmp_path / "pack", drawn_pack())), processes=1, seconds=600
        )
    )
    for name, look in (("train", "own"), ("test", "own"), ("mesh", "mesh"), ("mesh-test", "mesh")):
        labels = read_shard(shard_paths(asked.data / name)[0]).labels
        assert {one["look"] for one in labels} == {look}
    seen, kept = (
        {one["who"] for one in read_stock([asked.data / name]).labels} for name in ("mesh", "mesh-test")
    )
    assert not seen & kept


def test_when_the_time_is_up_nothing_half_lies_about(asked: Rendering) -> None:
    list(render_people(asked, processes=1, seconds=0))
    assert [path for path in asked.data.rglob("*") if path.is_file()] == []
