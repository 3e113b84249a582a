"""Claims about a folder of scenery."""

from __future__ import annotations

import numpy as np

from understudy.actors.crowd.scenery import NAMES, SceneryPlan, read_scenery, render_scenery
from understudy.events import StageFinished

PLAN = SceneryPlan(backgrounds=3, cards=2, no_faces=2, size_px=32)


def test_a_folder_holds_as_many_pictures_as_planned_and_is_drawn_once(tmp_path) -> None:
    list(render_scenery(tmp_path, PLAN, processes=1))
    found = read_scenery(tmp_path)
    assert found.backgrounds.shape == (3, 32, 32, 3)
    assert found.cards.shape[0] == 2 and found.cards.shape[-1] == 4
    assert found.no_faces.shape == (2, 32, 32, 3)
    before = [(tmp_path / f"{name}.npy").stat().st_mtime_ns for name in NAMES]
    again = list(render_scenery(tmp_path, PLAN, processes=1))
    assert isinstance(again[-1], StageFinished) and again[-1].skipped
    assert [(tmp_path / f"{name}.npy").stat().st_mtime_ns for name in NAMES] == before


def test_what_is_missing_is_drawn_again_alike_by_processes_and_other_parts_differ(tmp_path) -> None:
    list(render_scenery(tmp_path / "a", PLAN, processes=1))
    first = np.array(read_scenery(tmp_path / "a").cards)
    (tmp_path / "a" / "cards.npy").unlink()
    list(render_scenery(tmp_path / "a", PLAN, processes=2))
    assert (read_scenery(tmp_path / "a").cards == first).all()
    plan = SceneryPlan(backgrounds=1, cards=2, no_faces=1, size_px=32, part="test")
    list(render_scenery(tmp_path / "b", plan, processes=1))
    assert (read_scenery(tmp_path / "b").cards != first).any()
