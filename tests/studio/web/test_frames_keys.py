"""The Frames room's keys and handles, each by what it changes."""

from __future__ import annotations

import os
import signal
from typing import Any

import numpy as np
import pytest

from tests.studio.web.conftest import RunningStudio, wait_until
from tests.studio.web.test_frames import Window, emptied, records, whole, window  # noqa: F401
from understudy.facesets.extraction.overlays import DrawnLog, overlay_name
from understudy.jobs.frames.desk import FramesDesk
from understudy.project.project import Project


def upper_left(box: dict[str, float]) -> tuple[float, float]:
    """The corner of a turned box."""
    angle, half = np.radians(box["angle"]), box["side"] / 2
    cos, sin = np.cos(angle), np.sin(angle)
    return box["x"] - half * (cos - sin), box["y"] - half * (sin + cos)


def test_a_asks_for_several_readings_and_h_hides_the_help(window: Window) -> None:  # noqa: F811
    window.draw_box(4)
    with window.page.expect_request(lambda request: "accurate=true" in request.url):
        window.page.keyboard.press("a")
    assert window.page.get_by_role("button", name="Accuracy").get_attribute("aria-pressed") == "true"
    shown = window.page.locator(".frames-help")
    before = shown.count()
    window.page.keyboard.press("h")
    assert shown.count() == 1 - before
    window.page.keyboard.press("h")
    assert shown.count() == before


def test_k_lets_the_box_follow_and_locks_it_again(window: Window) -> None:  # noqa: F811
    window.go(2)
    assert window.of("room.edit.locked")
    window.page.keyboard.press("k")
    assert not window.of("room.edit.locked")
    window.page.keyboard.press("k")
    assert window.of("room.edit.locked")


def test_v_copies_from_the_next_frame(window: Window, emptied: Project) -> None:  # noqa: F811
    window.go(9)
    window.page.keyboard.press("v")
    window.until("room.edit.locked && room.edit.landmarks && room.edit.moved.size === 68")
    window.page.keyboard.press("Enter")
    window.until("room.frame === 10 && room.keeper.waiting === 0")
    there = records(emptied)
    assert there[9].landmarks() == pytest.approx(there[10].landmarks(), abs=0.02)


def test_brackets_and_shift_with_the_wheel_turn_the_box_and_its_points_are_read_anew(
    window: Window,  # noqa: F811
) -> None:
    window.go(2)
    angle, points = window.of("room.edit.box.angle"), np.array(window.of("room.edit.landmarks"))
    window.page.keyboard.press("]")
    window.page.keyboard.press("]")
    window.page.keyboard.press("[")
    window.settled()
    assert window.of("room.edit.box.angle") == pytest.approx(angle + 5)
    window.page.mouse.move(*window.screen(80, 80))
    window.page.keyboard.down("Shift")
    window.page.mouse.wheel(0, 100)
    window.until(f"Math.abs(room.edit.box.angle - {angle + 10}) < 0.01")
    window.page.mouse.wheel(0, -100)
    window.page.mouse.wheel(0, -100)
    window.until(f"Math.abs(room.edit.box.angle - {angle}) < 0.01")
    window.page.keyboard.up("Shift")
    window.until("!room.edit.unread")
    assert not np.array_equal(window.of("room.edit.landmarks"), points)


def test_f_reads_what_a_hand_moved_again(window: Window) -> None:  # noqa: F811
    window.go(2)
    x, y = window.of("room.edit.landmarks[30]")
    window.drag((x, y), (x + 9, y))
    assert window.of("room.edit.moved.size") == 1
    window.page.keyboard.press("f")
    window.until("!room.edit.unread && room.edit.moved.size === 0")
    assert abs(window.of("room.edit.landmarks[30][0]") - x) < 4


def test_q_keeps_the_face_and_leaves(window: Window, emptied: Project) -> None:  # noqa: F811
    window.draw_box(4)
    window.page.keyboard.press("q")
    window.page.wait_for_selector("us-room-faces")
    assert 4 in records(emptied)


def test_a_corner_resizes_the_box_about_its_middle_and_the_knob_turns_it(window: Window) -> None:  # noqa: F811
    window.go(2)
    before = window.of("room.edit.box")
    x, y = upper_left(before)
    window.drag((x, y), (x - 6, y - 6))
    window.settled()
    after = window.of("room.edit.box")
    assert after["side"] > before["side"] + 6
    assert (after["x"], after["y"]) == pytest.approx((before["x"], before["y"]))
    gap = window.of("26 / room.view.look.zoom")
    angle = np.radians(after["angle"])
    reach = after["side"] / 2 + gap
    window.drag(
        (after["x"] + reach * np.sin(angle), after["y"] - reach * np.cos(angle)),
        (after["x"] + reach, after["y"]),
    )
    assert window.of("room.edit.box.angle") == pytest.approx(90, abs=2)


def test_any_key_stops_a_face_that_is_carried_and_does_nothing_else(
    window: Window,  # noqa: F811
    emptied: Project,  # noqa: F811
    studio: RunningStudio,
) -> None:
    def held(route: Any) -> None:
        """The studio stands still once it has begun, so that it is at work when the key comes, however late."""
        answer = route.fetch()
        os.kill(studio.process.pid, signal.SIGSTOP)
        route.fulfill(response=answer)

    window.page.route("**/api/frames/carry", held)
    window.go(0)
    window.page.keyboard.press("a")  # several readings a frame, so that there is time
    window.page.keyboard.press("p")
    window.page.locator("dialog [data-option=count] input").fill("11")
    window.page.locator("dialog [data-option=existing] select").select_option("replace")
    try:
        window.page.locator("dialog button.primary").click()
        window.page.locator("dialog").wait_for(state="detached")
        window.until("room.carrying.is_running")
        window.page.keyboard.press("Delete")
        window.until("room.carrying.is_stopping")
    finally:
        os.kill(studio.process.pid, signal.SIGCONT)
    window.until("room.carrying.told.is_over")
    told = window.of("room.carrying.told.summary")
    assert told["stopped"] == "as asked"
    assert told["last_frame"] < 11
    assert 0 in records(emptied)  # the key removed nothing
    window.settled()


def test_no_point_is_dragged_away_from_a_face_whose_carrying_is_asked_for(
    window: Window,  # noqa: F811
    emptied: Project,  # noqa: F811
) -> None:
    held: list[Any] = []
    window.page.route("**/api/frames/carry", lambda route: held.append(route))
    window.go(10)
    window.page.evaluate("void document.querySelector('us-room-frames').carry({ count: 1 })")
    window.until("room.keeper.waiting === 0")
    wait_until(window.page, lambda: held, "the page asks how the carrying goes")
    x, y = window.of("room.edit.landmarks[30]")
    stored = records(emptied)[10]
    window.drag((x, y), (x + 9, y))
    assert window.of("room.edit.landmarks[30]") == [x, y]
    over = {"number": 1, "is_over": True, "frame": 11, "done": 1, "total": 1, "summary": {"stopped": ""}}
    held[0].fulfill(json={"carrying": over})
    window.until("room.frame === 11 && room.told && room.keeper.waiting === 0")
    assert records(emptied)[10] == stored


def test_the_filter_leads_to_the_frames_whose_overlay_was_deleted(
    window: Window,  # noqa: F811
    emptied: Project,  # noqa: F811
) -> None:
    with FramesDesk(emptied, "dst") as desk:
        path, folder = emptied.cache_folder / "dst.overlays.jsonl", emptied.overlays_folder / "dst"
        folder.mkdir(parents=True)
        log = DrawnLog(path, folder, content=desk.content)
    for index in (1, 2, 10):
        log.note(index, "as drawn")
    (folder / overlay_name(1)).write_bytes(b"a picture")  # the others are deleted
    window.page.reload()
    window.until("room && room.states && room.states.number('overlay') === 2")
    window.settled()
    window.go(0)
    window.page.locator("[data-filter=overlay]").click()
    window.page.keyboard.press("n")
    window.until("room.frame === 2")
    window.settled()
    window.page.keyboard.press("n")
    window.until("room.frame === 10")
