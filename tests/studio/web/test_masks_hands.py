"""The Masks room by the hands of 2019, and a face that goes to the trash from under the hand."""

from __future__ import annotations

import io
import time
from collections import Counter
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.studio.web.conftest import wait_until
from tests.studio.web.test_masks import FACE, PX, ROOM, VIEW, _at, _go_to, _kept, _overlap, _ready, _record
from understudy.facesets.store import Faceset
from understudy.project.project import Project


@pytest.fixture
def room(open_page: Any) -> Any:
    page = open_page(at="#/masks?faceset=dst/main")
    _ready(page)
    return page


@pytest.fixture
def classic(room: Any) -> Any:
    room.evaluate(f"{ROOM}.set_classic(true)")
    return room


def marks(project: Project) -> Counter[str]:
    with Faceset(project.faceset_folder("dst")) as faceset:
        return Counter(face.record.drawing_mark for face in faceset.faces())


def names(project: Project) -> list[str]:
    return sorted(path.name for path in project.faceset_folder("dst").glob("*.jpg"))


def until(what: Any) -> None:
    end = time.monotonic() + 120  # only a failure takes as long
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_x_puts_a_face_into_the_trash_and_goes_on_and_shift_x_brings_it_back(
    room: Any, project: Project
) -> None:
    before, first = names(project), room.evaluate(f"{ROOM}.shown.face")
    room.keyboard.press("x")
    until(lambda: first not in names(project))
    assert names(project) == [name for name in before if name != first]
    room.wait_for_function(f"{ROOM}.editor.ready && {ROOM}.shown.face !== '{first}'")
    room.wait_for_function(f"{ROOM}.faces.length === {len(before) - 1}")
    room.keyboard.press("Shift+X")
    until(lambda: names(project) == before)
    room.wait_for_function(f"{ROOM}.editor.ready && {ROOM}.shown.face === '{first}'")
    room.wait_for_function(f"{ROOM}.faces.length === {len(before)}")
    room.keyboard.press("x")
    until(lambda: first not in names(project))
    room.wait_for_function(f"{ROOM}.editor.ready && {ROOM}.shown.face !== '{first}'")
    room.wait_for_function(f"{ROOM}.faces.length === {len(before) - 1}")
    room.get_by_role("button", name="Bring it back").click()
    until(lambda: names(project) == before)


_LAST_POINT_FROM_MIDDLE = f"""() => {{
  const [x, y] = {ROOM}.editor.doc.open.points.at(-1);
  const [spot, middle] = [{VIEW}.to_screen({{ x, y }}), {VIEW}.middle];
  return Math.hypot(spot.x - middle.x, spot.y - middle.y);
}}"""


def test_while_shift_is_held_the_hand_stays_in_the_middle_and_the_picture_moves_under_it(
    room: Any, project: Project
) -> None:
    name = _go_to(room, 3)
    side = room.evaluate(f"{VIEW}.size[0]")
    x, y = _at(room, FACE[0])
    room.mouse.move(x - 20, y - 20)
    room.keyboard.down("Shift")
    room.mouse.move(x - 19, y - 20)  # as a hand at rest does that presses a key with Shift
    assert room.evaluate(f"{VIEW}.fitted")
    room.mouse.move(x, y)
    for point, after in zip(FACE, [*FACE[1:], FACE[0]], strict=True):
        room.mouse.down()
        room.mouse.up()
        assert room.evaluate(_LAST_POINT_FROM_MIDDLE) < 1
        zoom = room.evaluate(f"{VIEW}.look.zoom")
        room.mouse.wheel(0, 20)  # what is in the middle stays there
        room.wait_for_function(f"{VIEW}.look.zoom !== {zoom}")
        zoom = room.evaluate(f"{VIEW}.look.zoom") * side / PX
        x, y = x + (after[0] - point[0]) * zoom, y + (after[1] - point[1]) * zoom
        room.mouse.move(x, y, steps=3)
    room.mouse.down()
    room.mouse.up()
    _kept(room)
    assert _overlap(_record(project, name), FACE) > 0.98
    assert room.evaluate(f"getComputedStyle({VIEW}).cursor") == "none"
    room.keyboard.up("Shift")
    assert room.evaluate(f"getComputedStyle({VIEW}).cursor") == "crosshair"
    room.mouse.move(x + 30, y + 30)
    look = room.evaluate(f"{VIEW}.look")
    room.mouse.move(x, y)
    assert room.evaluate(f"{VIEW}.look") == look


def test_a_drag_that_began_with_the_hand_in_the_middle_ends_so(room: Any, project: Project) -> None:
    name = _go_to(room, 4)
    for point in [*FACE, FACE[0]]:
        room.mouse.click(*_at(room, point))
    x, y = _at(room, FACE[1])
    zoom = room.evaluate(f"{VIEW}.look.zoom * {VIEW}.size[0]") / PX
    room.keyboard.press("m")
    room.mouse.move(x - 30, y)
    room.mouse.move(x, y)
    room.mouse.down()
    room.mouse.move(x - 10 * zoom, y, steps=3)
    room.keyboard.press("m")
    room.mouse.move(x - 20 * zoom, y + 5 * zoom, steps=3)
    room.mouse.up()
    _kept(room)
    assert _overlap(_record(project, name), [FACE[0], (176, 55), *FACE[2:]]) > 0.98
    assert room.evaluate(f"getComputedStyle({VIEW}).cursor") == "crosshair"
    room.keyboard.press("0")


def test_what_was_drawn_without_a_connection_is_offered_in_plain_words_after_the_page_was_loaded_anew(
    room: Any, project: Project, expected_errors: list[str]
) -> None:
    expected_errors += ["ERR_"]
    name = _go_to(room, 5)
    room.route("**/api/masks/drawing", lambda route: route.abort("connectionfailed"))
    for point in [*FACE, FACE[0]]:
        room.mouse.click(*_at(room, point))
    room.keyboard.press("b")
    room.mouse.click(*_at(room, (20, 20)))
    room.get_by_text("1 action waits.").wait_for()
    room.wait_for_function("""import('/web/kit/kept.js').then(async ({ remembered }) =>
      (await remembered('actions', (await import('/web/kit/api.js')).outbox.project))
        .some(({ body }) => JSON.parse(body).painted))""")
    room.on("dialog", lambda dialog: dialog.accept())  # the browser asks whether to leave
    room.reload()
    room.get_by_text("1 drawing was not sent before the window was closed or loaded anew.").wait_for()
    room.unroute_all()
    room.get_by_role("button", name="Look…").click()
    offer = room.get_by_role("dialog", name="Not sent")
    told = offer.locator("li").inner_text()
    assert name in told and "regions: 1" in told and "painted: yes, mark: none" in told and "visit" not in told
    assert len(told) < 200
    offer.get_by_role("button", name="Send").click()
    room.get_by_text("1 action sent.").wait_for()
    _ready(room)
    room.wait_for_function(f"{ROOM}.editor.doc.regions.length === 1")
    assert _record(project, name).is_drawn_on


def test_a_drawing_that_is_refused_stays_unkept_and_with_the_browser_until_it_is_sent_again(
    room: Any, project: Project, expected_errors: list[str]
) -> None:
    expected_errors += ["500"]
    name = _go_to(room, 6)
    broken = {"error": "This is a bug of the studio.", "kind": "Bug"}
    room.route("**/api/masks/drawing", lambda route: route.fulfill(status=500, json=broken))
    for point in [*FACE, FACE[0]]:
        room.mouse.click(*_at(room, point))
    room.get_by_text("1 face not kept: This is a bug of the studio.").wait_for()
    (told,) = room.locator(".toast.bad").all_inner_texts()
    assert "this browser remembers it. This is a bug of the studio." in told  # its last words may be a path
    room.evaluate(f"{ROOM}.go_to(1)")
    room.evaluate(f"{ROOM}.go_to(6)")
    room.wait_for_function(f"{ROOM}.at === 6 && {ROOM}.editor.ready && {ROOM}.editor.doc.regions.length === 1")
    remembered = room.evaluate("""import('/web/kit/kept.js').then(async ({ remembered }) =>
      (await remembered('actions', (await import('/web/kit/api.js')).outbox.project))
        .map(({ body }) => JSON.parse(body).face))""")
    assert remembered == [name] and not _record(project, name).is_drawn_on
    room.unroute_all(behavior="wait")
    room.get_by_role("button", name="Send it again").click()
    _kept(room)
    assert [polygon.kind for polygon in _record(project, name).polygons] == ["include"]


def test_the_wheel_takes_points_back_and_with_ctrl_all_of_them_without_zooming(classic: Any) -> None:
    for point in FACE[:4]:
        classic.mouse.click(*_at(classic, point))
    count = f"{ROOM}.editor.doc.open?.points.length ?? 0"
    zoom = classic.evaluate(f"{VIEW}.look.zoom")
    assert classic.evaluate(count) == 4
    classic.mouse.wheel(0, 100)
    classic.wait_for_function(f"({count}) === 3")
    classic.mouse.wheel(0, -100)
    classic.wait_for_function(f"({count}) === 4")
    for keys in (["Control"], ["Control", "Shift"]):
        for key in keys:
            classic.keyboard.down(key)
        classic.mouse.wheel(0, 100)
        classic.wait_for_function(f"({count}) === 0")
        classic.mouse.wheel(0, -100)
        classic.wait_for_function(f"({count}) === 4")
        for key in keys:
            classic.keyboard.up(key)
    assert classic.evaluate(f"{VIEW}.look.zoom") == zoom
    classic.keyboard.press("Delete")


def test_with_shift_the_keys_of_2019_do_ten_faces(classic: Any, project: Project) -> None:
    at = f"{ROOM}.editor.ready && {ROOM}.at"
    classic.evaluate(f"void {ROOM}.go_to(0)")
    classic.wait_for_function(f"({at}) === 0")
    classic.keyboard.press("Shift+E")
    classic.wait_for_function(f"({at}) === 10")
    _kept(classic)
    assert marks(project)["confirmed"] == 10
    classic.keyboard.press("Shift+Z")
    classic.wait_for_function(f"({at}) === 0")
    classic.keyboard.press("Shift+W")
    classic.wait_for_function(f"({at}) === 10")
    _kept(classic)
    assert marks(project)["skipped"] == 10
    classic.keyboard.press("Shift+Q")
    classic.wait_for_function(f"({at}) === 0")
    classic.keyboard.press("Shift+C")
    classic.wait_for_function(f"({at}) === 10")


def test_tooltips_and_the_list_name_the_keys_that_count_with_these_hands(classic: Any) -> None:
    key_of = """(label) => [...document.querySelectorAll('.mask-tools button')]
      .find((one) => one.textContent.includes(label)).dataset.key ?? ''"""
    assert [classic.evaluate(key_of, label) for label in ("Include", "Exclude", "Eraser")] == ["", "", ""]
    assert [classic.evaluate(key_of, label) for label in ("Confirm", "Skip")] == ["E", "W"]
    classic.keyboard.press("?")
    classic.get_by_role("dialog", name="Keys").wait_for()
    listed = classic.locator("dialog .key-row").all_inner_texts()
    assert not [row for row in listed if row.startswith(("Q\nInclude", "W\nExclude", "E\nEraser"))]
    assert any(row.split("\n")[0] == "E" for row in listed)
    classic.keyboard.press("Escape")
    classic.evaluate(f"{ROOM}.set_classic(false)")
    assert [classic.evaluate(key_of, label) for label in ("Include", "Confirm")] == ["Q", "Enter"]


def test_what_lies_below_at_the_right_is_hinted_at_in_a_small_window(open_page: Any) -> None:
    page = open_page(at="#/masks", width=1280, height=640)
    page.get_by_role("button", name="Take masks out…").wait_for()
    side = page.locator(".mask-side")

    def last_rows() -> float:
        box = side.bounding_box()
        clip = {"x": box["x"] + 2, "y": box["y"] + box["height"] - 8, "width": 6, "height": 8}
        seen = np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("L"), float)
        return float(seen[0].mean() - seen[-1].mean())

    assert side.evaluate("one => one.scrollHeight > one.clientHeight + 50")
    wait_until(page, lambda: last_rows() > 3, "it gets darker downwards")

    def hints_at_the_end() -> float:
        side.evaluate("one => one.scrollTo(0, one.scrollHeight)")  # each time: what comes late makes it longer
        return last_rows()

    wait_until(page, lambda: abs(hints_at_the_end()) < 3, "it does so only while there is more")
