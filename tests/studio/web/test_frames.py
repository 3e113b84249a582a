"""The Frames room by hand: a box drawn on a rendered frame becomes a face file with true landmarks."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.studio.web.conftest import DST_FRAMES, SIZE_PX, wait_until
from understudy.actors.identity import DEMO_DST
from understudy.actors.performance import dst_track
from understudy.actors.render import render_frames
from understudy.faces.dense.by_hand import box_about
from understudy.facesets.record import FaceRecord
from understudy.jobs.facesets.curating import undo
from understudy.jobs.frames.desk import FramesDesk
from understudy.project.project import Project

ROOM = "document.querySelector('us-room-frames')"


@cache
def truth(frame: int) -> np.ndarray:
    track = dst_track(DST_FRAMES, 1)[frame : frame + 1]
    return next(iter(render_frames(DEMO_DST, track, size_px=SIZE_PX, processes=1))).landmarks_68


def records(project: Project) -> dict[int, FaceRecord]:
    with project.faceset(*project.faceset_of_clip("dst")) as faceset:
        return {face.record.frame: face.record for face in faceset.faces()}


def off(record: FaceRecord, frame: int) -> float:
    """Mean distance from the truth as a share of the distance between the eyes; the jaw's points slide."""
    true = truth(frame)
    eyes = np.linalg.norm(true[36:42].mean(0) - true[42:48].mean(0))
    return float(np.linalg.norm(record.landmarks() - true, axis=1)[17:].mean() / eyes)


class Window:
    """The room in one window, worked as a hand would."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def of(self, words: str) -> Any:
        return self.page.evaluate(f"(() => {{ const room = {ROOM}; return {words}; }})()")

    def until(self, words: str, *, within_s: float = 120.0) -> None:  # only a failure takes as long
        end = time.monotonic() + within_s
        while not self.of(f"Boolean({words})"):
            assert time.monotonic() < end, words
            time.sleep(0.02)

    def settled(self) -> None:
        self.until("room.keeper.waiting === 0 && room.held.reading.in_flight === 0 && room.told && room.image")

    def go(self, frame: int) -> None:
        self.until("!room.carrying.is_running")  # it shows the frame that it has come to
        self.page.evaluate(f"{ROOM}.go({frame}, {{ keep: false }})")
        self.until(f"room.frame === {frame}")
        self.settled()

    def screen(self, x: float, y: float) -> tuple[float, float]:
        words = f"room.view.to_screen({{ x: {x}, y: {y} }})"
        place, box = self.of(words), self.of("room.view.getBoundingClientRect().toJSON()")
        return place["x"] + box["left"], place["y"] + box["top"]

    def drag(self, start: tuple[float, float], goal: tuple[float, float], *, button: str = "left") -> None:
        """From one place of the picture to another."""
        (x, y), (to_x, to_y) = self.screen(*start), self.screen(*goal)
        self.page.mouse.move(x, y)
        self.page.mouse.down(button=button)
        for step in range(1, 13):
            self.page.mouse.move(x + (to_x - x) * step / 12, y + (to_y - y) * step / 12)
        self.page.mouse.up(button=button)

    def draw_box(self, frame: int) -> None:
        """A rough box about the true face."""
        box = box_about(truth(frame))
        half = 0.55 * box.side_px
        self.drag((box.x - half, box.y - half), (box.x + half, box.y + half))
        self.settled()


@pytest.fixture
def whole(project: Project) -> Project:
    """The project with all that a test drew or removed taken back."""
    with FramesDesk(project, "dst") as desk:
        while desk.can()["undo"]:
            desk.undo()
    assert set(records(project)) == set(range(DST_FRAMES))
    return project


@pytest.fixture
def emptied(whole: Project) -> Project:
    """Without the faces of frames 4 to 9."""
    with FramesDesk(whole, "dst") as desk:
        desk.remove([face["name"] for index in range(4, 10) for face in desk.faces(index) if face["name"]])
    return whole


@pytest.fixture
def window(emptied: Project, open_page: Any) -> Window:
    window = Window(open_page(at="#/frames?clip=dst&frame=4"))
    window.until("room && room.told && room.image")
    return window


def test_a_box_drawn_on_a_frame_without_a_face_becomes_a_face_with_true_landmarks(
    window: Window, emptied: Project
) -> None:
    assert window.of("room.states.number('no face')") == 6
    window.draw_box(4)
    assert window.of("room.edit.locked")
    assert 4 not in records(emptied)  # nothing is kept yet
    window.page.keyboard.press("Enter")
    window.until("room.frame === 5")
    window.settled()
    record = records(emptied)[4]
    assert off(record, 4) < 0.1
    assert record.score == 1.0
    window.until("room.states.number('no face') === 5")
    assert (emptied.folder / "manual" / "dst.json").is_file()


def test_landmarks_follow_the_box_with_one_question_at_a_time_and_the_newest_wins(window: Window) -> None:
    window.draw_box(4)
    asked = window.of("[room.held.reading.sent, room.held.reading.dropped, room.held.reading.most_in_flight]")
    assert asked[2] == 1
    assert asked[0] + asked[1] >= 10  # every move of the hand asked
    assert asked[1] > 0  # and those overtaken by a later one were never sent
    box, landmarks = window.of("room.edit.box"), np.array(window.of("room.edit.landmarks"))
    final = window.of(
        "fetch(`/api/frames/read?clip=dst&frame=4&x=${room.edit.box.x.toFixed(2)}&y=${room.edit.box.y.toFixed(2)}"
        "&side=${room.edit.box.side.toFixed(2)}`).then((answer) => answer.json())"
    )
    assert box["angle"] == 0
    assert landmarks == pytest.approx(np.array(final["landmarks"]), abs=0.02)  # of the last box


def test_a_box_kept_before_it_was_read_is_stored_with_the_points_in_it(
    window: Window, emptied: Project
) -> None:
    window.page.route("**/api/frames/read?*", lambda route: (time.sleep(0.3), route.continue_()))
    box = box_about(truth(4))
    half = 0.55 * box.side_px
    window.drag((box.x - half - 20, box.y - half), (box.x + half, box.y + half))
    window.page.keyboard.press("Enter")  # the hand is quicker than the network
    window.until("room.frame === 5")
    window.until("room.keeper.waiting === 0")
    window.page.unroute_all(behavior="wait")
    assert off(records(emptied)[4], 4) < 0.15


def test_a_box_whose_reading_was_lost_on_its_way_is_asked_again_and_stored(
    window: Window, emptied: Project, expected_errors: list[str]
) -> None:
    expected_errors += ["ERR_FAILED"]
    lost: list[str] = []
    window.page.route("**/api/frames/read?*", lambda route: (lost.append(route.request.url), route.abort()))
    box = box_about(truth(4))
    half = 0.55 * box.side_px
    window.drag((box.x - half - 20, box.y - half), (box.x + half, box.y + half))
    window.until("room.held.reading.in_flight === 0")
    before = len(lost)
    window.page.keyboard.press("Enter")
    wait_until(window.page, lambda: any("frame=4" in one for one in lost[before:]), "its reading is lost")
    window.until(
        "!dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    )  # closed now, it would be lost
    window.page.unroute_all(behavior="wait")
    window.until(
        "room.keeper.waiting === 0", within_s=30
    )  # the socket stood all the while: nothing calls it back
    assert off(records(emptied)[4], 4) < 0.15
    assert window.of("dispatchEvent(new Event('beforeunload', { cancelable: true }))") is True


def test_a_picture_that_does_not_come_is_told_as_what_it_is_and_comes_when_the_connection_is_back(
    window: Window, emptied: Project, expected_errors: list[str]
) -> None:
    expected_errors += ["ERR_FAILED", "422"]
    page, refusal = window.page, {"error": "Clip 'dst' is not where it was.", "kind": "ClipMissing"}
    page.route("**/api/frames/picture?*frame=8*", lambda route: route.fulfill(status=422, json=refusal))
    page.route("**/api/frames/picture?*frame=7*", lambda route: route.abort())
    window.of("room.strip.dispatchEvent(new CustomEvent('frame', { detail: 8 }))")
    page.locator(".toast.bad", has_text="Clip 'dst' is not where it was.").wait_for()
    window.until("room.told && room.image === null")  # not the picture of the frame before
    window.of("room.strip.dispatchEvent(new CustomEvent('frame', { detail: 7 }))")
    window.until("room.frame === 7 && room.told && room.image === null")
    assert not page.locator(".toast", has_text="it may be damaged").count(), "it is the connection"
    page.unroute_all(behavior="wait")
    page.evaluate("import('/web/kit/live.js').then(({ live }) => live.tell('look-anew', {}))")
    window.until("room.image?.complete", within_s=30)


def test_what_the_server_does_not_store_waits_in_its_frame(
    window: Window, emptied: Project, expected_errors: list[str]
) -> None:
    expected_errors += ["422"]
    refusal = {"error": "Another process is changing this project.", "kind": "FolderUnwritable"}
    window.page.route("**/api/frames/draw", lambda route: route.fulfill(status=422, json=refusal))
    window.draw_box(4)
    window.page.keyboard.press(".")
    window.page.get_by_role("alert").filter(has_text="Frame 4 is not kept. Another process").wait_for()
    window.page.unroute_all(behavior="wait")
    assert 4 not in records(emptied)
    window.go(4)
    assert window.of("room.edit.locked && room.edit.changed && room.edit.landmarks.length === 68")
    window.page.keyboard.press("Enter")
    window.until("room.frame === 5")
    window.settled()
    assert off(records(emptied)[4], 4) < 0.1


def test_a_face_in_the_hand_is_kept_when_the_room_is_left(window: Window, emptied: Project) -> None:
    window.draw_box(4)
    window.page.evaluate("location.hash = '#/project'")
    end = time.monotonic() + 120
    while 4 not in records(emptied):
        assert time.monotonic() < end
        time.sleep(0.05)
    window.page.locator("us-room-project .pipeline").wait_for()  # not closed on its way there


def test_a_box_that_follows_the_mouse_is_no_step_to_take_back(window: Window, emptied: Project) -> None:
    window.draw_box(4)
    window.page.keyboard.press("Enter")
    window.until("room.frame === 5")
    window.settled()
    box = box_about(truth(5))
    for step in range(5):
        window.page.mouse.move(*window.screen(box.x + step, box.y))
    window.page.keyboard.press("Control+z")  # once: what was kept
    window.until("room.frame === 4 && room.told")
    assert 4 not in records(emptied)


def test_what_is_drawn_while_an_undo_is_on_its_way_is_kept(window: Window, emptied: Project) -> None:
    window.draw_box(4)
    window.page.keyboard.press("Enter")
    window.until("room.frame === 5")
    window.settled()
    held: list[Any] = []
    window.page.route("**/api/frames/undo", lambda route: held.append(route))
    window.page.keyboard.press("Control+z")
    wait_until(window.page, lambda: held, "the undo is asked for")
    window.draw_box(5)
    held[0].continue_()
    window.until("room.frame === 4 && room.told")
    window.settled()
    there = records(emptied)
    assert 4 not in there and off(there[5], 5) < 0.1


def test_a_point_is_dragged_and_its_place_is_stored(window: Window, emptied: Project) -> None:
    window.go(2)
    before = records(emptied)[2]
    x, y = window.of("room.edit.landmarks[30]")
    window.drag((x, y), (x + 4, y + 3))
    assert window.of("[...room.edit.moved]") == [30]
    window.page.keyboard.press(".")  # a locked face is kept when the hand goes on
    window.until("room.frame === 3")
    window.settled()
    after = records(emptied)[2]
    moved = after.landmarks() - before.landmarks()
    assert moved[30] == pytest.approx([4, 3], abs=0.6)
    assert np.abs(np.delete(moved, 30, axis=0)).max() < 0.02
    window.go(2)
    assert "By hand\ndrawn or corrected" in window.page.locator("us-frames-facts .facts").first.inner_text()
    window.go(3)
    window.page.keyboard.press("Control+z")
    window.until("room.frame === 2")
    window.settled()
    assert records(emptied)[2] == before


def test_undo_in_the_hand_comes_first_and_has_no_limit(window: Window) -> None:
    window.go(2)
    stored = window.of("room.edit.landmarks")
    for number in range(6):
        x, y = window.of(f"room.edit.landmarks[{number}]")
        window.drag((x, y), (x + 6, y))
    for _ in range(6):
        window.page.keyboard.press("Control+z")
    assert window.of("room.edit.landmarks") == stored
    for _ in range(6):
        window.page.keyboard.press("Control+Shift+z")
    assert window.of("[...room.edit.moved].length") == 6
    window.page.keyboard.press("r")
    window.until("room.told && room.edit.moved.size === 0")
    assert window.of("room.edit.landmarks") == stored


def test_a_face_is_carried_over_five_frames_as_one_step(window: Window, emptied: Project) -> None:
    window.go(3)
    window.page.keyboard.press("p")
    window.page.locator("dialog [data-option=count] input").fill("5")
    window.page.keyboard.press("Enter")
    window.until("room.carrying.told && room.carrying.told.is_over && room.frame === 8")
    window.settled()
    there = records(emptied)
    assert {4, 5, 6, 7, 8} <= set(there)
    assert 9 not in there
    for frame in range(4, 9):
        assert off(there[frame], frame) < 0.1
    window.page.keyboard.press("Control+z")
    window.until("room.told && !room.told.faces.some((face) => face.name)")
    assert set(records(emptied)) == {0, 1, 2, 3, 10, 11}


def test_a_face_is_carried_on_as_the_hand_leaves_it_and_not_as_it_was_in_the_midst_of_a_drag(
    window: Window, emptied: Project
) -> None:
    asked: list[Any] = []
    window.page.on("request", lambda one: one.url.endswith(("/draw", "/carry")) and asked.append(one))
    window.go(3)
    x, y = window.of("room.edit.landmarks[30]")
    (left, top), (right, _) = window.screen(x, y), window.screen(x + 6, y)
    window.page.mouse.move(left, top)
    window.page.mouse.down()
    window.page.mouse.move((left + right) / 2, top)
    window.page.keyboard.press("e")
    window.page.wait_for_timeout(300)
    window.page.mouse.move(right, top)
    window.page.mouse.up()
    window.until("room.frame === 4 && room.told && room.told.faces.some((face) => face.drawn)")
    window.settled()
    assert [one.url.rpartition("/")[2] for one in asked] == ["draw", "carry"]
    assert abs(asked[0].post_data_json["landmarks"][30][0] - (x + 6)) < 1
    assert abs(records(emptied)[3].landmarks()[30, 0] - (x + 6)) < 1


def carried_while_it_is_stored(window: Window) -> tuple[float, float, list[Any]]:
    """A face is dragged and carried on, and its storing held up: where the point was, and what is held."""
    held: list[Any] = []
    window.page.route("**/frames/draw", lambda route: held.append(route))
    window.go(3)
    x, y = window.of("room.edit.landmarks[30]")
    window.drag((x, y), (x + 6, y))
    window.page.keyboard.press("e")
    window.page.wait_for_selector("us-frames-carrying >> text=is stored first")
    wait_until(window.page, lambda: held, "the face is sent to be stored")
    return x, y, held


def test_the_hand_rests_while_the_face_that_is_carried_on_is_stored(window: Window, emptied: Project) -> None:
    x, y, held = carried_while_it_is_stored(window)
    window.drag((x + 6, y), (x + 30, y))
    assert abs(window.of("room.edit.landmarks[30][0]") - (x + 6)) < 1
    held[0].continue_()
    window.until("room.frame === 4 && room.told && room.told.faces.some((face) => face.drawn)")
    window.settled()
    assert len(held) == 1 and abs(records(emptied)[3].landmarks()[30, 0] - (x + 6)) < 1


def test_any_key_takes_back_a_carrying_whose_face_is_still_being_stored(
    window: Window, emptied: Project
) -> None:
    x, _, held = carried_while_it_is_stored(window)
    window.page.keyboard.press("n")
    held[0].continue_()
    window.until("room.is_ready")
    window.settled()
    assert window.of("room.frame") == 3 and window.of("room.carrying.hidden")
    assert 4 not in records(emptied) and abs(records(emptied)[3].landmarks()[30, 0] - (x + 6)) < 1


def test_many_frames_are_carried_by_a_run_past_faces_that_are_there(window: Window, emptied: Project) -> None:
    window.go(3)
    before = records(emptied)[10]
    window.page.keyboard.press("p")
    window.page.locator("dialog [data-option=count] input").fill("20")
    window.page.locator("dialog [data-option=existing] select").select_option("skip")
    window.page.locator("dialog button.primary").click()
    window.until("room.carrying.told?.run")  # it takes a process of its own, which has to begin
    window.until("room.carrying.told.is_over && room.frame === 11")
    there = records(emptied)
    assert set(there) == set(range(DST_FRAMES))
    assert off(there[9], 9) < 0.1
    assert there[10] == before
    window.settled()
    window.page.keyboard.press("Control+z")
    window.until("room.told && !room.told.faces.some((face) => face.name)")
    assert set(records(emptied)) == {0, 1, 2, 3, 10, 11}


def test_a_drawing_that_went_back_in_the_faces_room_is_done_again_here(
    window: Window, emptied: Project
) -> None:
    window.go(3)
    window.page.keyboard.press("e")
    window.until("room.frame === 4 && room.told && room.told.faces.some((face) => face.drawn)")
    list(undo(emptied, "/".join(emptied.faceset_of_clip("dst"))))
    window.until("room.told && !room.told.faces.some((face) => face.name) && room.states.kinds[4] !== 2")
    window.until("room.keeper.can.get('dst').redo_step")
    window.page.keyboard.press("Control+Shift+z")
    window.until("room.told && room.told.faces.some((face) => face.drawn)")
    assert 4 in records(emptied)


def test_one_frame_is_carried_and_a_face_that_is_there_stops_it(window: Window, emptied: Project) -> None:
    window.go(3)
    window.page.keyboard.press("e")
    window.until("room.frame === 4 && room.told && room.told.faces.some((face) => face.drawn)")
    assert 4 in records(emptied)
    window.go(10)
    window.page.keyboard.press("e")
    window.page.wait_for_selector(".toast >> text=frame 11 has a face already")
    assert window.of("room.frame") == 10


def test_a_face_is_removed_and_comes_back(window: Window, emptied: Project) -> None:
    window.go(1)
    window.page.keyboard.press("Delete")
    window.until("room.told && !room.told.faces.some((face) => face.name)")
    assert 1 not in records(emptied)
    window.page.keyboard.press("Control+z")
    window.until("room.told && room.told.faces.some((face) => face.name)")
    assert 1 in records(emptied)


def test_the_box_follows_the_mouse_the_wheel_sizes_it_and_a_click_locks_it(window: Window) -> None:
    box = box_about(truth(4))
    x, y = window.screen(box.x, box.y)
    window.page.mouse.move(x - 5, y)
    window.page.mouse.move(x, y)
    assert window.of("[Math.round(room.edit.box.x), Math.round(room.edit.box.y)]") == [
        round(box.x),
        round(box.y),
    ]
    side = window.of("room.edit.box.side")
    window.page.mouse.wheel(0, -100)
    window.until(f"room.edit.box.side > {side}")
    assert not window.of("room.edit.locked")
    window.page.mouse.click(x, y)
    window.settled()
    locked = window.of("room.edit.box")
    window.page.mouse.move(x + 40, y)
    assert window.of("room.edit.locked")
    assert window.of("room.edit.box") == locked
    assert window.of("room.edit.landmarks.length") == 68


def test_the_filter_goes_from_frame_to_frame_without_a_face_and_space_skips(window: Window) -> None:
    window.go(0)
    window.page.locator("[data-filter='no face']").click()
    window.page.keyboard.press("n")
    window.until("room.frame === 4")
    window.settled()
    window.page.keyboard.press("Space")
    window.until("room.frame === 5")
    window.settled()
    window.page.keyboard.press("Shift+N")
    window.until("room.frame === 4")


def test_the_mean_face_is_placed_without_reading_and_copied_to_the_next_frame(
    window: Window, emptied: Project
) -> None:
    window.drag((80, 80), (80, 115), button="right")
    window.until("room.edit.landmarks && room.edit.moved.size === 68")
    window.page.keyboard.press("Enter")
    window.until("room.frame === 5")
    window.settled()
    window.page.keyboard.press("c")
    window.until("room.edit.locked && room.edit.landmarks")
    window.page.keyboard.press("Enter")
    window.until("room.frame === 6")
    window.settled()
    there = records(emptied)
    assert there[5].landmarks() == pytest.approx(there[4].landmarks(), abs=0.02)


def test_a_mean_face_that_comes_late_is_placed_once_and_in_no_frame_but_its_own(window: Window) -> None:
    held: list[Any] = []
    window.page.route("**/api/frames/mean", lambda route: held.append(route))
    window.drag((80, 80), (80, 115), button="right")
    wait_until(window.page, lambda: held, "the mean face is asked for")
    window.page.keyboard.press(".")
    window.until("room.frame === 5")
    window.settled()
    held[0].continue_()
    window.until("room.held.mean")
    assert len(held) == 1 and window.of("[room.edit.locked, room.edit.moved.size]") == [False, 0]
    window.drag((80, 80), (80, 115), button="right")
    assert window.of("[room.edit.locked, room.edit.moved.size]") == [True, 68]


def test_the_place_survives_a_reload_and_another_window_sees_what_was_kept(
    window: Window, open_page: Any
) -> None:
    other = Window(open_page(at="#/frames?clip=dst&frame=4"))
    other.until("room && room.told && room.image")
    window.draw_box(4)
    window.page.keyboard.press("Enter")
    other.until("room.told && room.told.faces.some((face) => face.drawn)")
    window.until("room.frame === 5")
    window.page.reload()
    window.until("room && room.told && room.frame === 5")


def test_the_strip_draws_a_hundred_thousand_frames_in_one_canvas(window: Window) -> None:
    window.page.evaluate(
        """() => {
            const strip = document.createElement("us-frame-strip");
            Object.assign(strip.style, { position: "fixed", zIndex: 9, top: 0, left: 0, width: "1000px" });
            document.body.append(strip);
            const bytes = new Uint8Array(100000).fill(1);
            bytes[77777] = 6;
            strip.show(document.querySelector("us-room-frames").strip.kinds, bytes);
            strip.focus();
            window.strip = strip;
        }"""
    )
    assert window.of("window.strip.querySelectorAll('*').length") == 1
    window.page.keyboard.press("End")
    assert window.of("window.strip.frame") == 99999
    window.page.keyboard.press("ArrowLeft")
    assert window.of("window.strip.frame") == 99998
    window.until("window.strip.canvas.width && window.strip.draws > 1")
    column = window.page.evaluate(
        """async () => {
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            const canvas = window.strip.canvas;
            const at = (x) => [...canvas.getContext("2d").getImageData(x, 4, 1, 1).data];
            const x = Math.floor(0.77777 * canvas.width);
            return [at(x), at(x - 40)];
        }"""
    )
    assert column[0] != column[1]  # one bad frame among a hundred to a pixel is seen
