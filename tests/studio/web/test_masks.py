"""`rooms/masks`: drawing on faces as a hand does, and what stands in the faces' files afterwards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.studio.web.conftest import RunningStudio, wait_until
from tests.studio.web.many_faces import many_faces
from understudy.facesets.face_mask import face_mask
from understudy.facesets.record import FaceRecord
from understudy.facesets.xmp import extract_record
from understudy.geometry import transform_points, unit_from_frame
from understudy.jobs.facesets.curating import history
from understudy.project.manifest import FacesetEntry
from understudy.project.project import Project

Points = Sequence[tuple[float, float]]
ROOM = "document.querySelector('us-room-masks')"
VIEW = "document.querySelector('us-view2d')"
PX = 256.0  # positions here are in pixels of a face of this side
FACE: Points = [(60, 50), (196, 50), (220, 140), (170, 226), (86, 226), (36, 140)]
HOLE: Points = [(100, 150), (156, 150), (156, 190), (100, 190)]
_ON_SCREEN = """([x, y]) => {
    const view = document.querySelector("us-view2d");
    const place = view.to_screen({ x, y });
    const box = view.getBoundingClientRect();
    return [box.left + place.x, box.top + place.y];
}"""


MANY = 3000


@pytest.fixture(scope="module")
def opened(project: Project) -> Project:
    """The project with a faceset of three thousand faces besides."""
    many_faces(project.faceset_folder("dst"), project.faceset_folder("dst", "many"), MANY)
    with project.change() as manifest:
        sets = manifest.performers["dst"].facesets
        manifest.performers["dst"].facesets = {**sets, "many": FacesetEntry()}
    return project


@pytest.fixture
def room(open_page: Any) -> Any:
    page = open_page(at="#/masks")
    _ready(page)
    return page


def _ready(page: Any) -> None:
    page.wait_for_function(f"{ROOM}?.editor.ready")


def _kept(page: Any) -> None:
    page.wait_for_function(f"{ROOM}.kept.textContent === 'All kept'")


def _at(page: Any, point: tuple[float, float]) -> tuple[float, float]:
    side = page.evaluate(f"{VIEW}.size[0]")
    x, y = page.evaluate(_ON_SCREEN, [point[0] * side / PX, point[1] * side / PX])
    return x, y


def _draw(page: Any, points: Points) -> None:
    for point in points:
        page.mouse.click(*_at(page, point))
    page.mouse.click(*_at(page, points[0]))


def _drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*_at(page, start))
    page.mouse.down()
    page.mouse.move(*_at(page, end), steps=6)
    page.mouse.up()


def _go_to(page: Any, number: int) -> str:
    """Open the face of that number, with nothing on it; returns its file name."""
    page.evaluate(f"{ROOM}.go_to({number})")
    page.wait_for_function(f"{ROOM}.at === {number} && {ROOM}.editor.ready")
    page.keyboard.press("p")
    page.keyboard.press("q")
    page.keyboard.press("Shift+Delete")
    _kept(page)
    return page.evaluate(f"{ROOM}.faces[{number}].name")


def _record(project: Project, name: str) -> FaceRecord:
    record = extract_record((project.faceset_folder("dst") / name).read_bytes())
    assert record is not None
    return record


def _overlap(record: FaceRecord, included: Points, excluded: Points = ()) -> float:
    """Intersection over union of the mask in the file with what was drawn, at 256 pixels."""
    matrix = record.crop_matrix() * (PX / record.size_px)
    mask = face_mask(record, matrix, int(PX)) >= 0.5
    drawn = _inside(included) & ~(_inside(excluded) if len(excluded) else False)
    return float((mask & drawn).sum() / (mask | drawn).sum())


def _inside(points: Points) -> np.ndarray:
    """Which pixels' centres a polygon holds, by the even-odd rule."""
    y, x = np.mgrid[0 : int(PX), 0 : int(PX)] + 0.5
    inside = np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True):
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return inside


def test_a_region_with_a_hole_is_drawn_moved_and_undone_and_the_file_holds_just_that(
    room: Any, project: Project
) -> None:
    name = _go_to(room, 0)
    _draw(room, FACE)
    room.keyboard.press("w")
    _draw(room, HOLE)
    _drag(room, HOLE[1], (190, 150))
    _kept(room)
    moved = [HOLE[0], (190.0, 150.0), *HOLE[2:]]
    assert _overlap(_record(project, name), FACE, moved) > 0.98
    room.keyboard.press("Control+z")
    _kept(room)
    record = _record(project, name)
    assert [polygon.kind for polygon in record.polygons] == ["include", "exclude"]
    assert _overlap(record, FACE, HOLE) > 0.98 > _overlap(record, FACE, moved)
    room.keyboard.press("Control+Shift+z")
    _kept(room)
    assert _overlap(_record(project, name), FACE, moved) > 0.98


def test_points_are_inserted_and_deleted_regions_moved_and_deleted(room: Any, project: Project) -> None:
    name = _go_to(room, 1)
    _draw(room, HOLE)
    room.keyboard.down("Control")
    _drag(room, (128, 150), (128, 110))
    room.keyboard.up("Control")
    _kept(room)
    assert _overlap(_record(project, name), [HOLE[0], (128, 110), *HOLE[1:]]) > 0.97
    room.keyboard.down("Control")
    room.mouse.click(*_at(room, (128, 110)))
    room.keyboard.up("Control")
    room.mouse.move(*_at(room, (128, 170)))
    room.keyboard.down("Shift")  # a hand that moves to it with Shift down is in the middle by then
    _drag(room, (128, 170), (148, 180))
    room.keyboard.up("Shift")
    _kept(room)
    assert _overlap(_record(project, name), [(x + 20, y + 10) for x, y in HOLE]) > 0.97
    room.keyboard.press("Delete")
    _kept(room)
    assert not _record(project, name).is_drawn_on


def test_undo_goes_back_over_hundreds_of_changes_and_forward_again(room: Any, project: Project) -> None:
    name = _go_to(room, 2)
    _draw(room, FACE)
    move = """() => {
        const { editor } = document.querySelector("us-room-masks");
        for (let at = 0; at < 300; at++) {
            const [x, y] = editor.doc.regions[0].points[0];
            const points = editor.doc.regions[0].points.with(0, [x + 0.05, y]);
            editor.change({ regions: [{ ...editor.doc.regions[0], points }] }, "Move a point");
        }
    }"""
    room.evaluate(move)
    for _ in range(300):
        room.keyboard.press("Control+z")
    _kept(room)
    assert _overlap(_record(project, name), FACE) > 0.98
    assert room.evaluate(f"{ROOM}.editor.undo.future.length") == 300


def test_a_brush_paints_face_and_away_and_the_eraser_takes_paint_off(room: Any, project: Project) -> None:
    name = _go_to(room, 3)
    matrix = _record(project, name).crop_matrix() * (PX / _record(project, name).size_px)
    before = face_mask(_record(project, name), matrix, int(PX))
    room.keyboard.press("b")
    _drag(room, (10, 10), (60, 10))
    room.keyboard.press("w")
    _drag(room, (100, 120), (150, 120))
    _kept(room)
    mask = face_mask(_record(project, name), matrix, int(PX))
    assert mask[10, 30] > 0.9 and mask[120, 125] < 0.1
    assert abs(mask - before)[200:].max() < 0.02
    room.keyboard.press("e")
    _drag(room, (10, 10), (60, 10))
    _kept(room)
    mask = face_mask(_record(project, name), matrix, int(PX))
    assert mask[10, 30] == before[10, 30] and mask[120, 125] < 0.1
    for _ in range(3):
        room.keyboard.press("Control+z")
    _kept(room)
    assert _record(project, name).painted is None


def test_the_last_drawing_lies_on_the_next_face_by_its_landmarks_in_the_same_view(
    room: Any, project: Project
) -> None:
    giver = _go_to(room, 0)
    _draw(room, FACE)
    _kept(room)
    room.evaluate(f"{VIEW}.zoom_at(2)")
    look = room.evaluate(f"{VIEW}.look")
    taker = _go_to(room, 5)
    assert room.evaluate(f"{VIEW}.look") == look
    room.keyboard.press("r")
    room.wait_for_function(f"{ROOM}.editor.doc.regions.length === 1")
    _kept(room)
    given, got = _record(project, giver), _record(project, taker)
    here, there = (
        transform_points(unit_from_frame(one.landmarks()), one.polygons[0].points) for one in (given, got)
    )
    np.testing.assert_allclose(here, there, atol=0.005)
    assert given.landmarks_68 != got.landmarks_68
    room.evaluate(f"{VIEW}.fit()")


def test_confirmed_and_skipped_are_kept_and_shown(room: Any, project: Project) -> None:
    first, second = _go_to(room, 6), _go_to(room, 7)
    _go_to(room, 6)
    room.keyboard.press("Enter")
    room.wait_for_function(f"{ROOM}.at === 7 && {ROOM}.editor.ready")
    room.keyboard.press(" ")
    _kept(room)
    assert [_record(project, name).drawing_mark for name in (first, second)] == ["confirmed", "skipped"]
    room.reload()
    _ready(room)
    told = room.locator(f".mask-cell.confirmed[data-face='{first}']")
    told.hover()
    room.locator(".tip:popover-open").wait_for()
    assert room.locator(".tip").inner_text() == "dst 6: confirmed"  # and no key, since it has none
    assert room.locator(f".mask-cell.skipped[data-face='{second}']").count() == 1
    for kind, goal in (("confirmed", 6), ("skipped", 7)):
        _go_to(room, 9)
        room.get_by_label("Stop at").select_option(kind)
        room.get_by_label("Stop at").blur()
        room.keyboard.press("a")
        room.wait_for_function(f"{ROOM}.at === {goal} && {ROOM}.editor.ready")
    room.get_by_label("Stop at").select_option("all faces")


def test_every_kind_of_face_that_a_and_d_may_stop_at_is_known_to_the_line_up(room: Any) -> None:
    unknown = room.evaluate(
        """async () => {
          const {WHICH} = await import('/web/rooms/masks/side.js');
          return Object.values(WHICH).filter(kind => {
            try { document.querySelector('us-room-masks').line_up.stepped(0, 1, kind); return false; }
            catch { return true; }
          });
        }"""
    )
    assert unknown == []


def test_what_is_drawn_without_a_connection_is_kept_when_it_is_back(
    room: Any, project: Project, expected_errors: list[str]
) -> None:
    expected_errors += ["ERR_INTERNET_DISCONNECTED", "WebSocket"]
    name = _go_to(room, 4)
    before = _at(room, FACE[0])
    room.context.set_offline(True)
    _draw(room, FACE)
    room.wait_for_function(f"{ROOM}.kept.textContent.includes('connection is lost')")
    room.locator("us-connection").wait_for()
    assert _at(room, FACE[0]) == before, "the picture stays under the hand"
    box = room.locator("us-connection").bounding_box()
    under = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    assert room.evaluate(f"at => {VIEW}.contains(document.elementFromPoint(...at))", under)
    assert not _record(project, name).is_drawn_on
    _drag(room, FACE[0], (40, 30))
    room.context.set_offline(False)
    _kept(room)
    assert _overlap(_record(project, name), [(40, 30), *FACE[1:]]) > 0.98


def test_what_is_drawn_in_one_project_never_reaches_another_at_the_same_address(
    room: Any, project: Project, studio: RunningStudio, tmp_path: Path, expected_errors: list[str]
) -> None:
    """The other one is a copy, so its faces are the very same; its window is open beside, or comes later."""
    expected_errors += ["ERR_", "WebSocket", "401", "422"]
    name = _go_to(room, 8)
    other = Project.open(Path(shutil.copytree(project.folder, tmp_path / "another")))
    with other.change() as manifest:
        manifest.name = "another"
    context = room.context
    studio.kill()
    _draw(room, FACE)
    room.wait_for_function(f"{ROOM}.kept.textContent.includes('connection is lost')")
    for folder, opens in ((other.folder, 1), (project.folder, 0)):
        studio.kill()
        studio.project = folder
        studio.start()
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(studio.url)
        if opens:
            room.locator(".project-name").get_by_text("another").wait_for()
            _ready(room)
            room.wait_for_timeout(800)  # as long as other windows have to answer
            assert room.locator("us-left").is_hidden() and page.locator("us-left").is_hidden()
            room.close()
            page.close()
    assert not _record(other, name).is_drawn_on and not _record(project, name).is_drawn_on
    page.get_by_text("1 drawing was not sent before the window was closed or loaded anew.").wait_for()
    page.get_by_role("button", name="Send").click()
    page.get_by_text("1 action sent.").wait_for()
    assert _overlap(_record(project, name), FACE) > 0.98


def test_a_face_that_cannot_be_loaded_is_not_gone_to_and_the_hand_acts_on_the_one_shown(
    room: Any, project: Project, expected_errors: list[str]
) -> None:
    expected_errors += ["ERR_FAILED", "ERR_CONNECTION_REFUSED"]
    shown, unseen = _go_to(room, 10), room.evaluate(f"{ROOM}.faces[11].name")
    picture = room.evaluate_handle(f"{VIEW}.picture")
    label = room.evaluate(f"{ROOM}.status.textContent")
    before = _record(project, unseen).drawing_mark
    room.route("**/api/masks/picture*", lambda route: route.abort())
    room.keyboard.press("d")
    room.get_by_text("This face can't be shown until the connection is back.").wait_for()
    assert room.evaluate(f"{ROOM}.status.textContent") == label
    assert room.evaluate(f"picture => {VIEW}.picture === picture", picture)
    _draw(room, FACE)
    room.keyboard.press("Enter")
    _kept(room)
    assert (
        _record(project, shown).drawing_mark == "confirmed" and _overlap(_record(project, shown), FACE) > 0.98
    )
    assert _record(project, unseen).drawing_mark == before
    assert room.get_by_text("Failed to fetch").count() == 0
    _ready(room)  # nothing is on its way any more
    room.unroute_all(behavior="wait")
    room.keyboard.press("d")
    room.wait_for_function(f"{ROOM}.at === 11 && {ROOM}.editor.ready")


def test_a_face_that_goes_while_something_is_told_of_its_faceset_is_left_without_an_error(
    room: Any, project: Project, expected_errors: list[str]
) -> None:
    expected_errors += ["422"]
    name = _go_to(room, 5)
    count = room.evaluate(f"{ROOM}.faces.length")
    path = project.faceset_folder("dst") / name
    aside = path.rename(path.with_suffix(".aside"))
    try:
        with room.expect_response("**/api/masks/drawing?*") as answer:
            room.evaluate("""import('/web/kit/live.js').then(({ live }) =>
              live.tell('masks', { faceset: 'dst/main' }))""")
        assert answer.value.status == 422
        room.wait_for_function(f"{ROOM}.editor.ready && {ROOM}.shown.face !== '{name}'")
        assert room.locator(".toast.bad").all_text_contents() == []
    finally:
        aside.rename(path)
    room.evaluate(f"{ROOM}.look_soon()")
    room.wait_for_function(f"{ROOM}.faces.length === {count}")


def test_exclude_leaves_the_region_just_closed_and_says_when_it_changes_a_chosen_one(
    room: Any, project: Project
) -> None:
    name = _go_to(room, 11)
    _draw(room, FACE)
    room.keyboard.press("w")
    _kept(room)
    assert [polygon.kind for polygon in _record(project, name).polygons] == ["include"]
    room.mouse.click(*_at(room, (128, 50)))
    room.keyboard.press("w")
    room.get_by_text("The chosen region is excluded now.").wait_for()
    _kept(room)
    assert [polygon.kind for polygon in _record(project, name).polygons] == ["exclude"]


def test_what_is_drawn_while_another_stage_changes_the_faces_is_kept_when_it_is_over(
    room: Any, project: Project, expected_errors: list[str]
) -> None:
    expected_errors += ["422"]
    refusal = {"error": "Another process is changing this project.", "kind": "FolderUnwritable"}
    name = _go_to(room, 7)
    room.route("**/api/masks/drawing", lambda route: route.fulfill(status=422, json=refusal))
    _draw(room, FACE)
    room.get_by_text("Not kept yet, and tried again: Another process").wait_for()
    room.keyboard.press("d")  # the hand goes on to another face
    assert not _record(project, name).polygons
    room.unroute_all(behavior="wait")
    _kept(room)
    assert _overlap(_record(project, name), FACE) > 0.9


def _two_at(open_page: Any, number: int) -> tuple[Any, Any, str]:
    """Two windows at one face with nothing on it, and its file's name."""
    first = open_page(at="#/masks")
    _ready(first)
    name = _go_to(first, number)
    second = open_page(at="#/masks")
    _ready(second)
    second.evaluate(f"{ROOM}.go_to({number})")
    second.wait_for_function(f"{ROOM}.at === {number} && {ROOM}.editor.ready")
    return first, second, name


def _draw_first(first: Any, second: Any) -> None:
    """Draw in one window and wait until the other, which then is in front, shows it."""
    _draw(first, FACE)
    _kept(first)
    second.wait_for_function(f"{ROOM}.editor.doc.regions.length === 1")
    second.bring_to_front()


def test_two_windows_agree_and_none_loses_its_drawing(
    open_page: Any, project: Project, expected_errors: list[str]
) -> None:
    expected_errors += ["422"]
    first, second, name = _two_at(open_page, 8)
    _draw_first(first, second)
    second.keyboard.press("Shift+Delete")
    _kept(second)
    first.wait_for_function(f"{ROOM}.editor.doc.regions.length === 0")
    first.bring_to_front()
    first.keyboard.press("Control+z")
    _kept(first)
    assert _overlap(_record(project, name), FACE) > 0.98


def test_a_look_that_comes_late_takes_nothing_that_was_drawn_since(open_page: Any, project: Project) -> None:
    page, other, name = _two_at(open_page, 4)
    _draw_first(page, other)
    late: list[Any] = []

    def once_late(route: Any) -> None:
        answer = route.fetch()
        late.append((route, answer)) if not late else route.fulfill(response=answer)

    page.route("**/api/masks/drawing?*", once_late)
    other.keyboard.press("Shift+Delete")
    _kept(other)
    wait_until(page, lambda: late, "the page asks for the drawing that is kept")
    page.evaluate(f"void {ROOM}.others_drew({{ faceset: {ROOM}.shown.faceset }})")
    page.wait_for_function(f"{ROOM}.editor.doc.regions.length === 0")
    page.bring_to_front()
    page.keyboard.press("Control+z")
    _kept(page)
    with page.expect_request("**/api/masks/drawing?*"):  # it looks once more
        route, answer = late[0]
        route.fulfill(response=answer)
    page.wait_for_timeout(300)
    assert page.evaluate(f"{ROOM}.editor.doc.regions.length") == 1
    assert _overlap(_record(project, name), FACE) > 0.98


def test_going_back_in_one_of_two_windows_takes_nothing_that_was_drawn_in_the_other(
    open_page: Any, project: Project
) -> None:
    first, second, name = _two_at(open_page, 3)
    _draw_first(first, second)
    _draw(second, HOLE)
    _kept(second)
    first.wait_for_function(f"{ROOM}.editor.doc.regions.length === 2")
    first.bring_to_front()
    for _ in range(9):  # further than there are steps
        first.keyboard.press("Control+z")
    _kept(first)
    second.wait_for_function(f"{ROOM}.editor.doc.regions.length === 1")
    (left,) = _record(project, name).polygons
    assert len(left.points) == len(HOLE)  # the second window's
    for _ in range(9):
        first.keyboard.press("Control+Shift+z")
    _kept(first)
    second.wait_for_function(f"{ROOM}.editor.doc.regions.length === 2")
    second.bring_to_front()
    for _ in range(9):
        second.keyboard.press("Control+z")
    _kept(second)
    (left,) = _record(project, name).polygons
    assert len(left.points) == len(FACE)


def test_a_large_faceset_costs_what_is_seen_of_it(open_page: Any, project: Project) -> None:
    page = open_page(at="#/masks?faceset=dst%2Fmany&face=many-001500-1.jpg")
    sizes = list[int]()
    page.on("response", lambda answer: "/api/masks/faces" in answer.url and sizes.append(len(answer.body())))
    _ready(page)
    page.wait_for_function(f"{ROOM}.at === 1500")
    assert f"1501 of {MANY}" in page.evaluate(f"{ROOM}.status.textContent")
    assert page.locator(".mask-cell").count() == 19
    page.wait_for_function(
        "[...document.querySelectorAll('.mask-cell img')].every((image) => image.naturalWidth)"
    )
    for step in range(1, 9):
        page.keyboard.press("d")
        page.wait_for_function(f"{ROOM}.at === {1500 + step} && {ROOM}.editor.ready")
    _draw(page, FACE)
    page.keyboard.press("Enter")
    page.wait_for_function(f"{ROOM}.at === 1509 && {ROOM}.editor.ready")
    _kept(page)
    page.evaluate(f"{ROOM}.go_to(2900)")
    page.wait_for_function(f"{ROOM}.at === 2900 && {ROOM}.editor.ready")
    page.keyboard.press("Control+a")  # the face that is drawn on is far from what is here
    page.wait_for_function(f"{ROOM}.at === 1508 && {ROOM}.editor.ready")
    assert "1 drawn or confirmed" in page.evaluate(f"{ROOM}.status.textContent")
    assert page.evaluate(f"{ROOM}.line_up.places.size") < 600
    assert sizes and max(sizes) < 30_000
    assert page.locator(".mask-cell").count() == 19
    assert page.locator(".mask-cell.confirmed[data-face='many-001508-1.jpg']").count() == 1


def test_a_visit_to_a_face_is_one_step_of_the_facesets_history(room: Any, project: Project) -> None:
    name = _go_to(room, 9)
    before = len(history(project, "dst"))
    for points in (FACE, HOLE):
        room.keyboard.press("Escape")
        _draw(room, points)
        room.keyboard.press("w")
        _kept(room)
    room.keyboard.press("b")
    _drag(room, (10, 10), (60, 10))
    _kept(room)
    assert len(history(project, "dst")) == before + 1 and _record(project, name).painted is not None


def test_a_segmenter_is_taught_from_the_page_and_its_mask_is_seen_on_another_face(
    room: Any, project: Project
) -> None:
    for number in range(3):
        _go_to(room, number)
        _draw(room, FACE)
        _kept(room)
    _go_to(room, 10)
    room.get_by_label("Segmenter's name").fill("mic")
    room.get_by_label("Minutes to learn").fill("0.1")
    room.get_by_role("button", name="Train on what is drawn").click()
    room.locator("us-run").first.wait_for()
    room.reload()
    room.locator("us-run", has_text="Train segmenter mic").wait_for()
    room.wait_for_function(f"{ROOM}.looked_at === 'seg:mic' && {ROOM}.editor.overlay !== null", timeout=300_000)
    about: Any = json.loads((Path(project.masks_folder) / "mic" / "segmenter.json").read_text())
    assert about["weights"] and about["faces"] >= 3
    size_px = _record(project, "dst-000010-1.jpg").size_px
    assert room.evaluate(f"{ROOM}.editor.overlay.width") == size_px
