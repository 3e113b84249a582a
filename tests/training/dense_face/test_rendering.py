"""Rendering what a training needs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.actors.mesh_look.drawn_pack import drawn_pack, write_pack
from tests.training.dense_face.drawn import a_sample
from understudy.actors.crowd.draw import STATES
from understudy.actors.crowd.scenery import SceneryPlan
from understudy.actors.crowd.shards import read_shard, shard_paths, write_shard
from understudy.errors import ShardsDiffer
from understudy.events import Notice, Progress, StageFinished, StageStarted
from understudy.files import read_json
from understudy.training.dense_face import rendering
from understudy.training.dense_face.rendering import SPENT_NAME, Rendering, render_people
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


def test_people_rendered_by_another_plan_are_refused(asked: Rendering, monkeypatch: pytest.MonkeyPatch) -> None:
    list(render_people(asked, processes=1, seconds=600))
    monkeypatch.setattr(rendering, "SIZE_PX", 48)
    with pytest.raises(ShardsDiffer, match="size_px 32, not 48"):
        list(render_people(asked, processes=1, seconds=600))


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
    left = {path.name for path in asked.data.rglob("*") if path.is_file()}
    assert left == {SPENT_NAME, "plan.json"}


def test_a_call_that_goes_on_has_the_time_that_is_left(
    asked: Rendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every rerun rendered for as long again."""
    clock = Clock()
    monkeypatch.setattr(rendering, "time", clock)
    monkeypatch.setattr(rendering, "_render_one", clock.takes(100.0))
    monkeypatch.setattr(rendering, "render_scenery", lambda *_, **__: iter(()))
    ten = replace(asked, samples=10 * STATES)
    running = render_people(ten, processes=1, seconds=450)
    assert [event.done for event in running if isinstance(event, Progress)] == [1, 2, 3, 4, 5]
    assert read_json(asked.data / SPENT_NAME)["seconds"] == 500
    *_, told, finished = render_people(ten, processes=1, seconds=450)
    assert isinstance(told, Notice) and "6 shards stay away" in told.text
    assert isinstance(finished, StageFinished) and clock.now == 500
    more = list(render_people(ten, processes=1, seconds=700))
    assert isinstance(more[0], StageStarted) and more[0].done == 5 and "8 of 12 minutes" in more[0].why
    assert len([event for event in more if isinstance(event, Progress)]) == 2


def test_time_that_was_spent_counts_also_where_the_call_is_ended(
    asked: Rendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(rendering, "time", clock)
    monkeypatch.setattr(rendering, "_render_one", clock.takes(100.0))
    running = render_people(asked, processes=1, seconds=450)
    assert [isinstance(next(running), kind) for kind in (StageStarted, Progress)] == [True, True]
    del running  # nothing of it runs any more, as after a kill
    assert read_json(asked.data / SPENT_NAME)["seconds"] == 100


def test_a_damaged_note_of_the_time_spent_is_told_and_counts_as_nothing(asked: Rendering) -> None:
    asked.data.mkdir(parents=True, exist_ok=True)
    (asked.data / SPENT_NAME).write_text("{")
    told, *_ = render_people(asked, processes=1, seconds=0)
    assert isinstance(told, Notice) and told.level == "warning" and "counts as nothing" in told.text


class Clock:
    """Stands in for `time`, and for what takes time."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def takes(self, seconds: float):
        """Stands in for rendering one shard: a folder, after `seconds`."""

        def one(task: rendering._Task, deadline: float) -> bool:
            if self.now >= deadline:
                return False
            self.now += seconds
            write_shard(task.path, [a_sample(task.number)])
            return True

        return one
