"""Claims about a folder of shards: whole, the same again, and gone on with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from understudy.actors.crowd.draw import sample
from understudy.actors.crowd.shards import ShardPlan, read_shard, render_shards, shard_paths, write_shard
from understudy.errors import FolderUnwritable, ShardDamaged, ShardsDiffer
from understudy.events import Notice, Progress, StageFinished, StageStarted

PLAN = ShardPlan(samples=4, size_px=32, seed=5, states=2, people=1)


def test_a_shard_gives_back_what_the_samples_hold(tmp_path) -> None:
    written = [sample(k, 5, 32) for k in range(2)]
    write_shard(tmp_path / "shard-000000", written)
    found = read_shard(tmp_path / "shard-000000")
    assert (found.rgb == np.stack([s.rgb for s in written])).all()
    assert found.points == pytest.approx(np.stack([s.points for s in written]), abs=1e-4)
    assert found.skin / 255 == pytest.approx(np.stack([s.skin for s in written]), abs=0.003)
    assert found.person / 255 == pytest.approx(np.stack([s.person for s in written]), abs=0.003)
    assert [label["yaw_deg"] for label in found.labels] == [s.yaw_deg for s in written]
    assert [label["who"] for label in found.labels] == [s.who for s in written]
    mapped = read_shard(tmp_path / "shard-000000", mapped=True)
    assert (mapped.rgb == found.rgb).all()


@pytest.mark.parametrize(
    "harm",
    [
        lambda shard: (shard / "rgb.npy").write_bytes((shard / "rgb.npy").read_bytes()[:-1]),
        lambda shard: (shard / "points.npy").write_bytes(b""),
        lambda shard: (shard / "skin.npy").write_text("no array"),
        lambda shard: (shard / "labels.json").write_text("[{"),
        lambda shard: (shard / "labels.json").write_text("[]"),
        lambda shard: (shard / "person.npy").unlink(),
    ],
)
@pytest.mark.parametrize("mapped", [True, False])
def test_a_damaged_shard_is_said_to_be_one(tmp_path, harm, mapped) -> None:
    write_shard(tmp_path / "shard-000000", [sample(k, 5, 32) for k in range(2)])
    harm(tmp_path / "shard-000000")
    with pytest.raises(ShardDamaged, match="makes it anew"):
        read_shard(tmp_path / "shard-000000", mapped=mapped)


def test_damaged_shards_alone_are_taken_away_and_rendered_again(tmp_path) -> None:
    list(render_shards(tmp_path, PLAN, processes=1))
    one, other = shard_paths(tmp_path)
    kept, at = read_shard(other).rgb, (one / "rgb.npy").stat().st_mtime_ns
    (other / "labels.json").unlink()
    events = list(render_shards(tmp_path, PLAN, processes=1))
    (told,) = [event.text for event in events if isinstance(event, Notice)]
    assert "shard-000001 is rendered anew" in told
    assert (read_shard(other).rgb == kept).all() and (one / "rgb.npy").stat().st_mtime_ns == at


def test_a_folder_is_filled_and_a_second_run_has_nothing_to_do(tmp_path) -> None:
    events = list(render_shards(tmp_path, PLAN, processes=1))
    assert [event.done for event in events if isinstance(event, Progress)] == [1, 2]
    assert len(shard_paths(tmp_path)) == 2
    assert isinstance(events[-1], StageFinished) and events[-1].summary["samples"] == 4
    again = list(render_shards(tmp_path, PLAN, processes=1))
    assert isinstance(again[0], StageStarted) and again[0].done == 2
    assert isinstance(again[-1], StageFinished) and again[-1].skipped


@pytest.mark.parametrize(
    ("change", "said"),
    [({"seed": 6}, "seed 5, not 6"), ({"size_px": 48, "people": 2}, "size_px 32, not 48, people")],
)
def test_a_folder_rendered_by_another_plan_is_refused_and_more_of_the_same_is_none(
    tmp_path, change, said
) -> None:
    list(render_shards(tmp_path, replace(PLAN, samples=2), processes=1))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ShardsDiffer, match="by another plan") as told:
        list(render_shards(tmp_path, replace(PLAN, **change), processes=1))
    assert said in told.value.message and sorted(tmp_path.rglob("*")) == before
    list(render_shards(tmp_path, PLAN, processes=1))
    assert len(shard_paths(tmp_path)) == 2


def test_a_run_that_was_stopped_goes_on_to_the_same_shards(tmp_path) -> None:
    list(render_shards(tmp_path / "whole", PLAN, processes=1))
    running = render_shards(tmp_path / "cut", PLAN, processes=1)
    while not isinstance(next(running), Progress):
        pass
    running.close()
    (tmp_path / "cut" / ".shard-000001.0.4194999.partial").mkdir()  # no process has that number
    assert len(shard_paths(tmp_path / "cut")) == 1
    list(render_shards(tmp_path / "cut", PLAN, processes=1))
    for whole, cut in zip(shard_paths(tmp_path / "whole"), shard_paths(tmp_path / "cut"), strict=True):
        assert (read_shard(whole).rgb == read_shard(cut).rgb).all()
    assert not list((tmp_path / "cut").glob(".*.partial"))


def test_a_shard_that_is_written_while_it_is_being_written_stays_whole(tmp_path, monkeypatch) -> None:
    """What the outer had half written was thrown away by the inner, and the outer failed."""
    path, samples, real = tmp_path / "shard-000000", [sample(k, 5, 32) for k in range(2)], np.save
    begun: list[bool] = []

    def save(goal, array) -> None:
        real(goal, array)
        if not begun:
            begun.append(True)
            write_shard(path, samples)

    monkeypatch.setattr(np, "save", save)
    write_shard(path, samples)
    assert len(read_shard(path).rgb) == 2 and [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_shard_that_can_not_be_written_is_an_error(tmp_path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderUnwritable):
        write_shard(tmp_path / "file" / "shard-000000", [sample(0, 5, 32)])


def test_no_shard_is_begun_after_the_time_is_up(tmp_path) -> None:
    events = list(render_shards(tmp_path, PLAN, processes=1, seconds=0.0))
    assert shard_paths(tmp_path) == []
    assert isinstance(events[-1], StageFinished) and events[-1].summary["samples"] == 0


def test_processes_make_the_shards_that_one_makes(tmp_path) -> None:
    list(render_shards(tmp_path / "two", PLAN, processes=2))
    list(render_shards(tmp_path / "one", PLAN, processes=1))
    for one, two in zip(shard_paths(tmp_path / "one"), shard_paths(tmp_path / "two"), strict=True):
        assert (read_shard(one).rgb == read_shard(two).rgb).all()
        assert read_shard(one).labels == read_shard(two).labels
