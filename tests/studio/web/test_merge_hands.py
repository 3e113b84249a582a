"""What hands do in the Merge room: every letter of the classic keys, and the ways to compare."""

from __future__ import annotations

from typing import Any

import pytest

from tests.studio.web.test_merge import opened, room, until  # noqa: F401 fixtures
from understudy.jobs.merging.kept_settings import listed_settings
from understudy.project.project import Project

ROOM = "document.querySelector('us-room-merge')"
PAIRS = {
    "qa": "hist_match_top",
    "ws": "erode",
    "ed": "blur",
    "rf": "motion_blur",
    "tg": "super_resolution_power",
    "yh": "sharpen_amount",
    "uj": "face_scale",
    "ik": "plate_denoise",
    "ol": "plate_bicubic",
    "p;": "color_degrade",
}
SIZES = "view.clientHeight, view.size.map((px) => px * view.look.zoom)"
MODES = ["original", "overlay", "hist-match", "hist-match-bw", "seamless", "seamless-hist-match"]
MODES += ["raw-rgb", "raw-predict", "raw-mask", "raw-layers"]
CYCLES = {"z": "color_area", "x": "mask", "c": "color", "v": "super_resolution", "b": "layers", "n": "sharpen"}


def value(page: Any, option: str) -> Any:
    return page.evaluate(f"(name) => {ROOM}.settings.value(name)", option)


def look(page: Any, script: str) -> Any:
    """A value of the room's view, after it was drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate(f"(() => {{ const room = {ROOM}, view = room.view; return {script}; }})()")


def pixel(page: Any, x: float, y: float) -> list[int]:
    """The colour on screen at a share of the shown picture."""
    return look(
        page,
        f"""(() => {{ const at = view.to_screen({{x: {x} * view.size[0], y: {y} * view.size[1]}}),
        ratio = devicePixelRatio;
        const seen = view.canvas.getContext('2d').getImageData(at.x * ratio, at.y * ratio, 1, 1);
        return [...seen.data].slice(0, 3); }})()""",
    )


def test_every_letter_of_old_changes_the_option_it_names(room: Any) -> None:  # noqa: F811
    for (more, less), option in PAIRS.items():
        if option in ("hist_match_top", "super_resolution_power"):  # which stand at their most
            room.evaluate(f"(name) => {ROOM}.settings.try(name, 0.5)", option)
        middle = value(room, option)
        room.keyboard.press(more)
        one = value(room, option) - middle
        room.keyboard.press(f"Shift+{more}")
        five = value(room, option) - middle - one
        assert one > 0 and five == pytest.approx(5 * one, abs=1e-4), (more, option)
        room.keyboard.press(less)
        room.keyboard.press(f"Shift+{'Semicolon' if less == ';' else less}")
        assert value(room, option) == pytest.approx(middle, abs=1e-4), (less, option)
    for number, mode in enumerate(MODES):
        room.keyboard.press(str(number) if number else "`")
        assert value(room, "mode") == mode
    for letter, option in CYCLES.items():
        before = value(room, option)
        seen = []
        for _ in range(30):
            room.keyboard.press(letter)
            seen.append(value(room, option))
            if seen[-1] in (before, *seen[:-1]):
                break
        assert seen[-1] == before and len(seen) >= 2, (letter, option, before, seen)


def test_the_wipe_is_dragged_and_shows_before_on_its_left(room: Any) -> None:  # noqa: F811
    room.evaluate(f"{ROOM}.show_way('wipe')")
    until(lambda: look(room, "Boolean(room.compare.before && room.compare.after)"), room)
    box = room.locator("us-view2d.picture").bounding_box()
    assert box
    line = look(room, "view.to_screen({x: room.compare.wipe * view.size[0], y: 0}).x")
    room.mouse.move(box["x"] + line, box["y"] + box["height"] / 3)
    room.mouse.down()
    room.mouse.move(box["x"] + line + 60, box["y"] + box["height"] / 3, steps=4)
    moved = look(room, "view.to_screen({x: room.compare.wipe * view.size[0], y: 0}).x")
    room.mouse.up()
    assert moved == pytest.approx(line + 60, abs=2)
    room.mouse.move(box["x"] + line, box["y"] + box["height"] / 3)
    assert look(room, "view.to_screen({x: room.compare.wipe * view.size[0], y: 0}).x") == pytest.approx(moved)
    paint(room, before="rgb(200 0 0)", after="rgb(0 0 200)")
    share = look(room, "room.compare.wipe")
    assert pixel(room, share - 0.1, 0.3) == [200, 0, 0] and pixel(room, share + 0.1, 0.3) == [0, 0, 200]


def paint(page: Any, **colors: str) -> None:
    """Have plain pictures in place of those of the room."""
    page.evaluate(
        f"""(colors) => {{ for (const [name, color] of Object.entries(colors)) {{
        const made = new OffscreenCanvas(64, 64), inside = made.getContext('2d');
        inside.fillStyle = color; inside.fillRect(0, 0, 64, 64); {ROOM}.compare[name] = made; }}
        {ROOM}.view.redraw(); }}""",
        colors,
    )


def test_a_difference_is_shown_four_times(room: Any) -> None:  # noqa: F811
    room.evaluate(f"{ROOM}.show_way('difference')")
    paint(room, before="rgb(100 50 30)", after="rgb(110 50 10)")
    assert pixel(room, 0.5, 0.6) == [40, 0, 80]


def test_alpha_shows_what_is_painted_over_a_checkerboard(room: Any) -> None:  # noqa: F811
    room.keyboard.press("Shift+Backslash")
    until(lambda: look(room, "Boolean(room.compare.mask)"), room)
    size = look(room, "[room.compare.mask.width, room.compare.mask.height, room.shot.width, room.shot.height]")
    assert size[:2] == size[2:]
    paint(room, after="rgb(0 200 0)", mask="#fff")
    assert pixel(room, 0.5, 0.6) == [0, 200, 0]
    paint(room, mask="#000")
    assert pixel(room, 0.5, 0.6) in ([153] * 3, [102] * 3)
    room.keyboard.press("Shift+Backslash")
    assert look(room, "room.compare.way") == "after"


def test_side_by_side_fits_each_picture_into_its_half(room: Any) -> None:  # noqa: F811
    room.evaluate(f"{ROOM}.show_way('side')")
    half, height, shown = look(
        room, "[view.clientWidth / 2, view.clientHeight, view.size.map((px) => px * view.look.zoom)]"
    )
    assert shown[0] == pytest.approx(half) or shown[1] == pytest.approx(height)
    assert shown[0] <= half + 1 and shown[1] <= height + 1
    room.evaluate(f"{ROOM}.show_way('after')")
    width, height, shown = look(
        room, "[view.clientWidth, view.clientHeight, view.size.map((px) => px * view.look.zoom)]"
    )
    assert shown[0] == pytest.approx(width) or shown[1] == pytest.approx(height)


def test_the_loupe_shows_what_is_under_the_pointer_larger(room: Any) -> None:  # noqa: F811
    room.evaluate(f"{ROOM}.show_way('after')")
    room.evaluate(
        f"""() => {{ const made = new OffscreenCanvas(100, 100), inside = made.getContext('2d');
        inside.fillStyle = '#000'; inside.fillRect(0, 0, 100, 100);
        inside.fillStyle = '#f00'; inside.fillRect(48, 48, 4, 4);
        {ROOM}.compare.after = made; {ROOM}.view.redraw(); }}"""
    )
    box = room.locator("us-view2d.picture").bounding_box()
    assert box
    room.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def red() -> int:
        return look(
            room,
            """(() => { const {canvas} = view;
            const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let red = 0;
            for (let at = 0; at < data.length; at += 4) red += data[at] > 200 && data[at + 1] < 60;
            return red; })()""",
        )

    plain = red()
    room.keyboard.press("'")
    assert plain > 0 and red() > 5 * plain
    room.keyboard.press("'")
    assert red() == plain


def test_what_is_tried_on_one_range_is_kept_there_though_another_is_chosen_at_once(
    room: Any,  # noqa: F811
    opened: Project,  # noqa: F811
) -> None:
    room.evaluate(
        f"""async () => {{ const room = {ROOM}, {{ settings }} = room;
        settings.scope = 'range';
        room.line.selection = {{ first: 0, last: 2 }};
        settings.try('erode', 0.11);
        room.line.selection = {{ first: 5, last: 7 }};
        settings.try('blur', 0.22);
        await settings.flush(); }}"""
    )
    parts = listed_settings(Project.open(opened.folder), "dst")["parts"]
    kept = {part["frames"]: part["options"] for part in parts}
    assert kept["0:2"] == {"erode": 0.11} and kept["5:7"] == {"blur": 0.22}


def test_settings_tried_without_a_connection_wait_as_an_action_each(
    room: Any,  # noqa: F811
    expected_errors: list[str],
) -> None:
    expected_errors.append("ERR_")
    before = room.evaluate(f"{ROOM}.pictures.requests")
    for path in ("keep", "picture?*"):
        room.route(f"**/api/merge/{path}", lambda route: route.abort("connectionfailed"))
    for option, tried in (("erode", 0.12), ("blur", 0.23)):
        room.evaluate(f"([name, value]) => void {ROOM}.settings.try(name, value)", [option, tried])
        room.evaluate(f"() => void {ROOM}.settings.flush()")
    room.get_by_text("2 actions wait.").wait_for()
    assert room.evaluate(f"{ROOM}.pictures.requests") > before
    assert not room.locator(".toast.bad").count(), "that the connection is lost is said once"
    room.unroute_all(behavior="ignoreErrors")
    room.evaluate(f"{ROOM}.settings.flush()")
    assert (value(room, "erode"), value(room, "blur")) == (0.12, 0.23)
