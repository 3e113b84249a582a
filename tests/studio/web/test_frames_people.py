"""The Frames room with several faces in a frame, and what is stored of a face beside its points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.studio.web.test_frames import Window, emptied, records, truth, whole, window  # noqa: F401
from understudy.faces.dense.by_hand import box_about
from understudy.jobs.frames.desk import FramesDesk
from understudy.project.project import Project


def faces(project: Project, frame: int) -> list[dict[str, Any]]:
    with FramesDesk(project, "dst") as desk:
        return sorted((face for face in desk.faces(frame) if face["name"]), key=lambda face: face["person"])


def away_from(frame: int) -> tuple[float, float]:
    """The corner of the picture that is furthest from its face."""
    box = box_about(truth(frame))
    return (8.0 if box.x > 80 else 152.0, 8.0 if box.y > 80 else 152.0)


def draw_away(window: Window, frame: int) -> None:  # noqa: F811
    x, y = away_from(frame)
    window.drag((x, y), (x + np.sign(80 - x) * 30, y + np.sign(80 - y) * 30))
    window.settled()


def test_a_box_drawn_away_from_a_stored_face_is_another_face_beside_it(
    window: Window,  # noqa: F811
    emptied: Project,  # noqa: F811
) -> None:
    window.go(3)
    before = faces(emptied, 3)
    draw_away(window, 3)
    assert window.of("room.edit.name") == ""
    assert "another face" in window.page.locator("us-frames-facts").inner_text()
    window.page.keyboard.press(".")
    window.until("room.frame === 4 && room.keeper.waiting === 0")
    there = faces(emptied, 3)
    assert [face["person"] for face in there] == [1, 2]
    assert there[0] == before[0]  # who was there is untouched
    window.page.keyboard.press("Control+z")
    window.until("room.frame === 3 && room.told && room.told.faces.length === 1")
    assert faces(emptied, 3) == before


def test_the_mean_face_placed_away_from_a_stored_face_is_another_one_that_is_stored_once(
    window: Window,  # noqa: F811
    emptied: Project,  # noqa: F811
) -> None:
    window.go(3)
    stored: list[str] = []
    window.page.on("request", lambda one: one.url.endswith("/draw") and stored.append(one.url))
    x, y = away_from(3)
    window.drag((x, y), (x + np.sign(80 - x) * 30, y + np.sign(80 - y) * 30), button="right")
    window.until("room.edit.moved.size === 68")
    window.page.keyboard.press(".")
    window.until("room.frame === 4 && room.keeper.waiting === 0")
    assert len(stored) == 1 and len(faces(emptied, 3)) == 2


def test_a_box_drawn_over_the_face_in_the_hand_is_still_that_face(
    window: Window,  # noqa: F811
    emptied: Project,  # noqa: F811
) -> None:
    window.go(3)
    (before,) = faces(emptied, 3)
    box, x, y = before["square"], before["square"]["x"], before["square"]["y"]
    window.page.keyboard.press("k")  # lets it follow
    window.page.keyboard.press("k")
    window.drag((x - 0.3 * box["side"], y + 0.6 * box["side"]), (x + 0.5 * box["side"], y - 0.5 * box["side"]))
    window.settled()
    window.page.keyboard.press("Enter")
    window.until("room.frame === 4 && room.keeper.waiting === 0")
    (after,) = faces(emptied, 3)
    assert after["person"] == before["person"]
    assert after["landmarks"] != before["landmarks"]


def test_d_begins_another_face_and_who_was_chosen_is_gone_on_with(
    window: Window,  # noqa: F811
    emptied: Project,  # noqa: F811
) -> None:
    window.go(2)
    x, y = window.screen(*away_from(2))
    window.page.mouse.move(x, y)
    window.page.keyboard.press("d")
    assert window.of("[room.edit.locked, room.edit.another, room.edit.name]") == [False, True, ""]
    window.page.mouse.move(x + 3, y + 3)
    window.page.mouse.click(x + 3, y + 3)
    window.settled()
    window.page.keyboard.press("f")
    window.settled()
    window.page.keyboard.press(",")  # kept, as a locked face is
    window.until("room.frame === 1 && room.keeper.waiting === 0")
    first, second = faces(emptied, 2)
    assert (first["person"], second["person"]) == (1, 2)
    window.go(2)
    window.page.get_by_role("option", name=second["name"]).click()
    window.go(2)
    assert window.of("room.edit.name") == second["name"]  # who was chosen is gone on with


def test_what_the_network_says_of_a_drawn_face_is_stored_with_it(
    window: Window,  # noqa: F811
    emptied: Project,  # noqa: F811
) -> None:
    window.draw_box(4)
    x, y = window.of("room.edit.landmarks[30]")
    window.drag((x, y), (x + 4, y + 3))
    said = window.of("[room.edit.score, room.edit.spread]")
    window.page.keyboard.press("Enter")
    window.until("room.frame === 5 && room.keeper.waiting === 0")
    record = records(emptied)[4]
    assert record.score == pytest.approx(said[0], abs=1e-4)
    assert np.delete(record.spread_68, 30) == pytest.approx(np.delete(said[1], 30), abs=0.011)
    assert record.spread_68[30] == 0.5  # a hand's
    window.until("room.states.error[4] !== 255")
    window.go(4)
    window.page.keyboard.press("e")
    window.until("room.frame === 5 && room.told && room.told.faces.some((face) => face.drawn)")
    carried = records(emptied)[5]
    assert len(carried.spread_68) == 68
    window.go(3)
    draw_away(window, 3)  # where nobody is
    window.page.keyboard.press(".")
    window.until("room.frame === 4 && room.keeper.waiting === 0")
    assert faces(emptied, 3)[1]["score"] < 0.5
    window.until("room.states.among('bad', 3)")


def test_points_chosen_with_shift_are_dragged_together_as_one_step(
    window: Window,  # noqa: F811
    emptied: Project,  # noqa: F811
) -> None:
    window.go(2)
    before = records(emptied)[2].landmarks()
    (left, top), (right, bottom) = before[48:].min(0) - 1.5, before[48:].max(0) + 1.5
    window.page.keyboard.down("Shift")
    window.drag((left, top), (right, bottom))
    window.page.keyboard.up("Shift")
    chosen = window.of("[...room.hand.group]")
    assert set(range(48, 68)) <= set(chosen)
    x, y = before[57]
    window.drag((x, y), (x + 5, y - 3))
    assert sorted(window.of("[...room.edit.moved]")) == sorted(chosen)
    window.page.keyboard.press("Escape")
    assert window.of("room.hand.group.size") == 0
    window.page.keyboard.press("Control+z")
    assert window.of("room.edit.moved.size") == 0
    window.page.keyboard.press("Control+Shift+z")
    window.page.keyboard.press(".")
    window.until("room.frame === 3 && room.keeper.waiting === 0")
    moved = records(emptied)[2].landmarks() - before
    assert moved[chosen] == pytest.approx(np.tile([5, -3], (len(chosen), 1)), abs=0.6)
    assert np.abs(np.delete(moved, chosen, axis=0)).max() < 0.02
