"""The Merge room, used as a hand uses it; what it keeps and makes is looked at on disk."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy.jobs.merging.inputs import settings_over_time
from understudy.merging.journal import Journal
from understudy.project.lock import exclusive
from understudy.project.project import Project

ROOM = "us-room-merge"


@pytest.fixture(scope="module")
def opened(trained_project: Project) -> Project:
    return trained_project


@pytest.fixture
def room(open_page: Any, opened: Project) -> Any:
    with opened.change() as manifest:
        for name, clip in manifest.clips.items():
            manifest.clips[name] = clip.model_copy(update={"merge": {}, "ranges": [], "keys": []})
    for path in (opened.folder / "settings").glob("*.jsonl"):
        path.unlink()
    return at(open_page(), 3)


def at(page: Any, frame: int) -> Any:
    page.goto(page.url.split("#")[0] + f"#/merge?frame={frame}")
    page.wait_for_selector(f"{ROOM}[data-shown][data-letters]", timeout=60_000)
    return page


def clip(project: Project) -> Any:
    return Project.open(project.folder).manifest.clips["dst"]


def until(what: Callable[[], Any], page: Any) -> Any:
    end = time.monotonic() + 120  # only a failure takes as long
    while not (found := what()):
        assert time.monotonic() < end
        page.wait_for_timeout(50)
    return found


def slide(page: Any, option: str, *values: float) -> None:
    """As a hand drags a slider: one event after the other."""
    page.evaluate(
        """([option, values]) => {
        const slider = document.querySelector(`[data-option=${option}] input[type=range]`);
        for (const value of values) {
          slider.value = value;
          slider.dispatchEvent(new Event('input', {bubbles: true}));
        } }""",
        [option, values],
    )


def pixels(page: Any) -> str:
    """A digest of the picture after, as it is shown."""
    return page.evaluate(
        """() => { const room = document.querySelector('us-room-merge'), seen = room.compare.after;
        const canvas = new OffscreenCanvas(seen.width, seen.height), context = canvas.getContext('2d');
        context.drawImage(seen, 0, 0); const data = context.getImageData(0, 0, seen.width, seen.height).data;
        let digest = 0;
        for (let at = 0; at < data.length; at += 1) digest = (digest * 31 + data[at]) | 0;
        return String(digest); }"""
    )


def test_a_slider_shows_another_picture_with_few_requests_and_is_kept(room: Any, opened: Project) -> None:
    before = pixels(room)
    asked = room.evaluate(f"document.querySelector('{ROOM}').pictures.requests")
    slide(room, "erode", *(0.02 + step / 400 for step in range(40)))
    until(lambda: clip(opened).merge.get("erode") == pytest.approx(0.02 + 39 / 400, abs=0.002), room)
    # On a slow machine the picture of before the change still stands there when the change is on disk.
    until(lambda: room.get_attribute(ROOM, "data-shown") == "3 {}" and pixels(room) != before, room)
    counts = room.evaluate(
        f"(({{pictures}}) => [pictures.requests, pictures.most_in_flight])(document.querySelector('{ROOM}'))"
    )
    assert counts[0] - asked <= 8 and counts[1] <= 2  # of each kind one: after, and before


def test_a_letter_changes_the_same_option_as_the_form_and_is_taken_back(room: Any, opened: Project) -> None:
    room.keyboard.press("w")
    room.keyboard.press("Shift+w")
    until(lambda: clip(opened).merge.get("erode") == pytest.approx(0.032), room)
    assert room.input_value("[data-option=erode] input[type=number]") == "0.032"
    room.keyboard.press("4")
    room.keyboard.press("c")
    until(lambda: clip(opened).merge.get("mode") == "seamless" and "color" in clip(opened).merge, room)
    while before := clip(opened).merge:
        room.keyboard.press("Control+z")
        until(lambda before=before: clip(opened).merge != before, room)
    room.keyboard.press("Control+Shift+z")
    until(lambda: clip(opened).merge, room)
    until(lambda: room.locator(".kept-words").inner_text().startswith("Last: kept"), room)


def test_a_key_frame_is_kept_moved_on_the_timeline_and_used_by_a_merge(room: Any, opened: Project) -> None:
    room.select_option("#merge-scope", "key")
    slide(room, "blur", 0.05)
    until(lambda: [key.frame for key in clip(opened).keys] == [3], room)
    for _ in range(5):
        room.keyboard.press(".")
    until(lambda: "frame=8" in room.url, room)
    slide(room, "blur", 0.35)
    until(lambda: [key.frame for key in clip(opened).keys] == [3, 8], room)
    between = settings_over_time(Project.open(opened.folder), "dst", {}).at(5).blur
    assert 0.05 < between < 0.35
    until(lambda: room.evaluate("document.querySelector('us-timeline').keys.length") == 2, room)
    drag_key(room, 8, 10)
    until(lambda: [key.frame for key in clip(opened).keys] == [3, 10], room)
    assert settings_over_time(Project.open(opened.folder), "dst", {}).at(5).blur < between


def test_what_is_tried_while_another_frame_s_is_still_being_kept_is_of_its_own_frame(
    room: Any, opened: Project
) -> None:
    late: list[Any] = []
    go_on: list[bool] = []
    room.route("**/api/merge/keep", lambda route: route.continue_() if go_on else late.append(route))
    room.select_option("#merge-scope", "key")
    slide(room, "blur", 0.05)
    until(lambda: late, room)
    room.keyboard.press(".")
    until(lambda: "frame=4" in room.url, room)
    slide(room, "blur", 0.35)
    room.wait_for_timeout(800)  # longer than what is tried waits to be kept
    go_on.append(True)
    late[0].continue_()
    until(lambda: [key.frame for key in clip(opened).keys] == [3, 4], room)


def drag_key(page: Any, frame: int, to: int) -> None:
    xs = page.evaluate(
        """([frame, to]) => { const line = document.querySelector('us-timeline');
        const box = line.getBoundingClientRect();
        const [top, below] = line.rows.keys; const x = (f) => box.left + (line.x_of(f) + line.x_of(f + 1)) / 2;
        return [x(frame), x(to), box.top + (top + below) / 2]; }""",
        [frame, to],
    )
    page.mouse.move(xs[0], xs[2])
    page.mouse.down()
    page.mouse.move((xs[0] + xs[1]) / 2, xs[2], steps=3)
    page.mouse.move(xs[1], xs[2], steps=3)
    page.mouse.up()


def test_the_rest_is_made_in_the_background_and_shown_on_the_timeline(room: Any, opened: Project) -> None:
    folder = opened.merged_folder("dst", "main")
    room.keyboard.press("e")
    until(lambda: "s" in (room.get_attribute(ROOM, "data-letters") or ""), room)
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.png")}
    room.keyboard.press("Enter")
    until(lambda: set(room.get_attribute(ROOM, "data-letters") or "s") <= {"m", "n"}, room)
    after = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.png")}
    assert after.keys() == before.keys() and all(after[name] > before[name] for name in before)
    settings = settings_over_time(Project.open(opened.folder), "dst", {}).at(0)
    assert json.loads((folder / "merge.json").read_text())["settings"]["blur"] == pytest.approx(settings.blur)
    assert len(Journal(folder).merged_frames()) == len(after)


def test_a_merge_in_a_terminal_is_said_as_long_as_it_runs(
    room: Any, opened: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = room.get_by_text("being merged right now")
    says.wait_for(state="detached")  # the merge of the test before may still be at its end
    monkeypatch.setattr(sys, "argv", ["understudy", "merge", str(opened.folder)])
    with exclusive(opened.clip_lock("dst")):
        says.wait_for()
    says.wait_for(state="detached")


def test_two_settings_are_put_aside_and_looked_at_in_turn(room: Any, opened: Project) -> None:
    room.keyboard.press("Shift+z")
    plain = pixels(room)
    slide(room, "erode", 0.2)
    until(lambda: clip(opened).merge.get("erode") == pytest.approx(0.2, abs=0.01), room)
    until(lambda: room.get_attribute(ROOM, "data-shown") == "3 {}", room)
    room.keyboard.press("Shift+x")
    other = until(lambda: (now := pixels(room)) != plain and now, room)
    room.keyboard.press("]")
    until(lambda: pixels(room) == plain, room)
    room.keyboard.press("]")
    until(lambda: pixels(room) == other, room)
    room.keyboard.press("Escape")
    assert room.locator(".bar.top", has_text="Looking at").count() == 0
    assert clip(opened).merge.keys() == {"erode"}


def test_a_frame_s_settings_are_carried_on_and_back(room: Any, opened: Project) -> None:
    room.select_option("#merge-scope", "here")
    slide(room, "erode", 0.1)
    until(lambda: [part.frames for part in clip(opened).ranges] == ["3:"], room)
    room.keyboard.press("m")
    until(lambda: "frame=2" in room.url and clip(opened).ranges[-1].frames == "2", room)
    room.keyboard.press("Shift+m")
    until(lambda: "frame=0" in room.url and clip(opened).ranges[-1].frames == "0:1", room)
    erode = {settings_over_time(Project.open(opened.folder), "dst", {}).at(frame).erode for frame in range(12)}
    assert len(erode) == 1


def test_two_windows_agree(room: Any, open_page: Any, opened: Project) -> None:
    other = at(open_page(), 3)
    plain = pixels(other)
    slide(room, "erode", 0.15)
    until(lambda: clip(opened).merge.get("erode") == pytest.approx(0.15, abs=0.01), room)
    until(lambda: float(other.input_value("[data-option=erode] input[type=number]")) > 0.1, other)
    until(lambda: pixels(other) != plain, other)


def test_a_reload_shows_the_same_place_and_playing_goes_on_from_there(room: Any, opened: Project) -> None:
    room.keyboard.press(".")
    until(lambda: "frame=4" in room.url, room)
    room.reload()
    room.wait_for_selector(f"{ROOM}[data-shown^='4 ']", timeout=60_000)
    room.keyboard.press(" ")
    until(lambda: int(room.url.split("frame=")[1].split("&")[0]) > 6, room)
    room.keyboard.press(" ")
    assert not room.evaluate(f"document.querySelector('{ROOM}').player.on")


def test_every_step_of_a_frame_can_be_seen_large(room: Any, opened: Project) -> None:
    room.keyboard.press("Shift+c")
    room.wait_for_selector("[data-layer=face-mask-soft] img")
    room.click("[data-layer=face-mask-soft]")
    until(lambda: room.evaluate(f"Boolean(document.querySelector('{ROOM}').compare.instead)"), room)
    room.click("[data-layer=face-mask-soft]")
    until(lambda: not room.evaluate(f"Boolean(document.querySelector('{ROOM}').compare.instead)"), room)


def test_what_is_merged_is_measured_and_drawn(room: Any, opened: Project) -> None:
    room.get_by_label("Graph").select_option("seam")
    room.locator(".graph-none", has_text="is known once the merged frames are measured").wait_for()
    room.click("button:has-text('Measure now')")
    path = Path(opened.merged_folder("dst", "main")) / "steadiness.json"
    until(path.is_file, room)
    until(
        lambda: room.evaluate("Boolean(document.querySelector('us-timeline').graph?.lines[0].values.length)"),
        room,
    )
    assert room.locator(".graph-none").is_hidden()
    said = room.evaluate(
        """async (measured) => (await import('/web/rooms/merge/graphs.js')).verdict(measured)""",
        {"shots": [], "outside": [], "current": True, "hardly_changed": "Only 10 % of the face differs."},
    )
    assert said == "Only 10 % of the face differs.", "it said that the swap is as steady and sharp as dst"


def test_a_formula_of_masks_is_typed_with_names_offered_and_a_sentence_for_what_is_none(
    room: Any, opened: Project
) -> None:
    field = room.locator("[data-option='mask'] input")
    field.fill("learned-prd*")
    offered = room.evaluate(
        "[...document.querySelectorAll(\"[data-option='mask'] datalist option\")].map((one) => one.value)"
    )
    assert "learned-prd*dst-hull" in offered
    field.fill("learned-prd*noise")
    field.press("Tab")
    room.get_by_text("'noise' is no mask").wait_for()
    field.fill("learned-prd * dst-hull")
    field.press("Tab")
    until(lambda: clip(opened).merge.get("mask") == "learned-prd*dst-hull", room)
    assert not room.locator("[data-option='mask'] .why.bad").count()


def test_settings_get_a_name_and_are_compared_used_and_removed(room: Any, opened: Project) -> None:
    def shown_anew(before: str) -> str:
        """The picture under what is kept, once it is another one than before."""
        is_kept = lambda: room.get_attribute(ROOM, "data-shown") == "3 {}"  # noqa: E731
        return until(lambda: is_kept() and (now := pixels(room)) != before and now, room)

    first = pixels(room)
    slide(room, "blur", 0.4)
    until(lambda: clip(opened).merge.get("blur") == 0.4, room)
    soft = shown_anew(first)
    panel = room.locator("us-merge-presets")
    panel.get_by_role("button", name="Save").click()
    room.get_by_label("Name", exact=True).fill("soft")
    room.get_by_role("dialog").get_by_role("button", name="Save").click()
    until(lambda: "soft" in Project.open(opened.folder).manifest.presets.merge, room)
    slide(room, "blur", 0.05)
    until(lambda: clip(opened).merge.get("blur") == 0.05, room)
    plain = shown_anew(soft)
    panel.get_by_role("button", name="A/B").click()
    room.get_by_role("button", name="Looking at B").wait_for()
    until(lambda: pixels(room) != plain, room)
    assert clip(opened).merge["blur"] == 0.05, "looking keeps nothing"
    room.keyboard.press("Escape")
    panel.get_by_role("button", name="Use").click()
    until(lambda: clip(opened).merge.get("blur") == 0.4, room)
    panel.get_by_role("button", name="Remove").click()
    until(lambda: "soft" not in Project.open(opened.folder).manifest.presets.merge, room)


def test_with_a_cast_one_person_s_settings_are_changed_alone(open_page: Any, opened: Project) -> None:
    with opened.change() as manifest:
        before = manifest.clips["dst"]
        manifest.clips["dst"] = before.model_copy(update={"merge": {}, "cast": {"person 1": "main"}})
    page = at(open_page(), 3)
    page.get_by_label("Whose settings are changed").select_option("person 1")
    page.wait_for_function("!document.querySelector('[data-option=light]')")
    assert page.get_by_label("Where a change is kept").is_hidden()
    slide(page, "blur", 0.4)
    until(lambda: getattr(clip(opened).cast["person 1"], "model_extra", {}) == {"blur": 0.4}, page)
    assert clip(opened).merge == {}
    page.locator("[data-part='person 1']").get_by_text("blur 0.4").wait_for()
    page.close()  # or it still asks for pictures of a person whom nobody plays any more
    with opened.change() as manifest:
        manifest.clips["dst"] = before


def test_what_a_merge_would_say_of_other_footage_is_said_once_and_stays(room: Any) -> None:
    words = "The file of clip 'dst' is another one than when its faces were extracted."

    def answer(route: Any) -> None:
        route.fulfill(json={**route.fetch().json(), "footage": [words]})

    room.route("**/api/merge/states*", answer)
    room.evaluate(f"document.querySelector('{ROOM}').look_at_states()")
    said = room.locator(".toast").get_by_text(words)
    said.wait_for()
    room.locator(".toast", has_text=words).get_by_role("button", name="Close this message").click()
    room.evaluate(f"document.querySelector('{ROOM}').look_at_states()")
    assert said.count() == 0


def test_a_kept_value_that_is_wrong_is_told_in_the_panel_and_can_be_taken_out_there(
    open_page: Any, opened: Project, expected_errors: list[str]
) -> None:
    expected_errors.append("422")  # its pictures can't be made
    with opened.change() as manifest:
        before, manifest.clips["dst"].merge = manifest.clips["dst"].merge, {"erode": 12}
    page = open_page(at="#/merge?clip=dst")
    panel = page.locator("us-merge-panel")
    panel.get_by_text("In understudy.toml, clips.dst.merge: Option 'erode' can't be 12").wait_for()
    words = panel.locator(".kept-words")
    assert words.evaluate("one => one.scrollWidth <= one.clientWidth"), "all of it is seen"
    assert not panel.get_by_text("being loaded").is_visible() and "Only defaults" not in panel.inner_text()
    panel.get_by_role("button", name="clip: more").click()
    page.get_by_role("menuitem", name="Take out clip").click()
    panel.locator("[data-option='erode']").wait_for()
    assert Project.open(opened.folder).manifest.clips["dst"].merge == {}
    assert "can't be 12" not in panel.inner_text()
    with opened.change() as manifest:
        manifest.clips["dst"].merge = before
