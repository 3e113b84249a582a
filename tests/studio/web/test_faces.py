"""The Faces room as a hand uses it; what it did is looked for on the disk."""

from __future__ import annotations

from typing import Any

import pytest

from tests.studio.web.many_faces import many_faces
from understudy.facesets.curation.choose import Choice
from understudy.jobs.facesets import curating as jobs
from understudy.project.manifest import FacesetEntry
from understudy.project.project import Project

SRC = "#/faces?faceset=src%2Fmain"
MANY = 20_000
UNDISTORTED = """async () => {
  const images = [...document.querySelectorAll("dialog img")];
  await Promise.all(images.map((image) => image.decode()));
  const stretched = (i) => (i.clientWidth * i.naturalHeight) / (i.clientHeight * i.naturalWidth);
  return images.every((image) => Math.abs(stretched(image) - 1) < 0.02);
}"""
# A server that is busy: what is asked for comes to it when the window goes on.
BUSY = """() => {
  const { actions } = document.querySelector("us-room-faces");
  actions.line.done = new Promise((go_on) => (window.go_on = go_on));
}"""
# Throws a gallery through all its faces and says how many frames came so late that it seemed to stand still.
FLING = """async (grid) => {
  let slow = 0;
  for (let step = 0, last = performance.now(); step < 40; step += 1) {
    grid.scrollBy(0, grid.scrollHeight / 41);
    await new Promise(requestAnimationFrame);
    slow += performance.now() - last > 55;
    last = performance.now();
  }
  return slow;
}"""


@pytest.fixture(scope="module")
def opened(project: Project) -> Project:
    """The project with a faceset of twenty thousand faces besides."""
    many_faces(project.faceset_folder("src"), project.faceset_folder("src", "many"), MANY)
    with project.change() as manifest:
        manifest.performers["src"].facesets = {
            **manifest.performers["src"].facesets,
            "many": FacesetEntry(),
        }
    return project


@pytest.fixture
def room(open_page: Any, opened: Project) -> Any:
    """A window on the faces of src."""
    page = open_page(at=SRC)
    page.wait_for_selector(".cell img[src]")
    return page


def shown(page: Any) -> list[str]:
    """Names of all faces in the gallery's order."""
    return page.evaluate(
        "() => { const g = document.querySelector('us-room-faces').gallery;"
        " return [...g.order.keys()].map((n) => g.name(n)); }"
    )


def until_shown(page: Any, names: list[str]) -> None:
    page.wait_for_function(
        "(names) => { const g = document.querySelector('us-room-faces').gallery;"
        " return g.count === names.length && names.every((name, n) => g.name(n) === name); }",
        arg=names,
    )


def seen_large(page: Any, name: str) -> None:
    """Wait until a face is there on the right: what is asked of it then meets no file that is going away."""
    page.locator("us-face-detail h3", has_text=name).wait_for()
    page.wait_for_function("document.querySelector('us-face-detail img.large').complete")


def listed(project: Project, faceset: str = "src/main", **asked: Any) -> list[str]:
    return [row["name"] for row in jobs.list_faces(project, faceset, Choice(**asked))]


def files(project: Project) -> set[str]:
    return {path.name for path in project.faceset_folder("src").glob("src-*.jpg")}


def chosen(page: Any) -> list[str]:
    return page.evaluate("() => [...document.querySelector('us-room-faces').chosen].sort()")


def test_a_whole_extraction_is_taken_back_only_after_a_question(open_page: Any, opened: Project) -> None:
    page = open_page(at=SRC.replace("src", "dst"))
    page.wait_for_selector(".cell img[src]")
    names = shown(page)
    page.keyboard.press("Control+z")
    page.get_by_role("button", name="Take it back").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Take it back").wait_for(state="detached")
    assert shown(page) == names == listed(opened, "dst/main")


def test_sorts_and_filters_are_those_of_the_command_and_stay_in_the_address(room: Any, opened: Project) -> None:
    until_shown(room, listed(opened))
    room.get_by_label("Order", exact=True).select_option("face-yaw")
    until_shown(room, listed(opened, sort="face-yaw"))
    room.keyboard.press("Escape")
    room.locator("us-virtual-grid").focus()
    room.keyboard.press("b")
    until_shown(room, listed(opened, sort="face-yaw", backwards=True))
    room.keyboard.press("/")
    room.keyboard.type("yaw_deg > 0")
    room.keyboard.press("Enter")
    expected = listed(opened, sort="face-yaw", backwards=True, where="yaw_deg > 0")
    until_shown(room, expected)
    room.reload()
    room.wait_for_selector(".cell img[src]")
    until_shown(room, expected)
    room.locator("us-virtual-grid").focus()
    room.keyboard.press("0")
    until_shown(room, listed(opened, sort="face-yaw", backwards=True))


def test_a_filter_that_is_none_is_refused_in_words_and_changes_nothing(
    room: Any, opened: Project, expected_errors: list[str]
) -> None:
    expected_errors += ["422"]
    room.get_by_label("Filter", exact=True).fill("yaw_deg >")
    room.keyboard.press("Enter")
    room.get_by_role("alert").filter(has_text="can't be read").wait_for()
    until_shown(room, listed(opened))
    field = room.get_by_label("Filter", exact=True)
    assert (field.input_value(), field.get_attribute("aria-invalid")) == ("yaw_deg >", "true")
    room.get_by_role("button", name="Show all faces").click()
    assert (field.input_value(), field.get_attribute("aria-invalid")) == ("", None)


def test_a_filter_that_no_face_matches_says_what_there_is(room: Any, opened: Project) -> None:
    room.keyboard.press("/")
    room.keyboard.type("yaw_deg > 99")
    room.keyboard.press("Enter")
    room.get_by_text(
        "No face of src/main matches the filter. Press 0 to show all. yaw_deg goes from"
    ).wait_for()
    room.keyboard.press("0")
    until_shown(room, listed(opened))


def test_rejected_faces_go_to_the_trash_and_undo_brings_them_back(room: Any, opened: Project) -> None:
    before, names = files(opened), listed(opened)
    room.locator(f".cell[aria-label='{names[1]}']").click()
    room.keyboard.press("Shift+ArrowRight")
    room.keyboard.press("Shift+ArrowRight")
    assert chosen(room) == names[1:4]
    seen_large(room, names[3])
    with room.expect_response("**/api/faces/reject"):
        room.keyboard.press("Delete")
        until_shown(room, [names[0], *names[4:]])  # at once, before the server has answered
    room.get_by_text("3 faces went to the trash.").wait_for()
    assert files(opened) == before - set(names[1:4])
    assert {path.name for path in opened.trash.folder.rglob("src-*.jpg")} == set(names[1:4])
    assert room.locator(".cell.current").get_attribute("aria-label") == names[4]
    room.keyboard.press("Control+z")
    until_shown(room, names)
    assert files(opened) == before and chosen(room) == names[1:4]
    room.keyboard.press("Control+Shift+z")
    until_shown(room, [names[0], *names[4:]])
    room.keyboard.press("Control+z")
    until_shown(room, names)
    assert [(step.verb, step.undone) for step in jobs.history(opened, "src/main")][-1] == ("reject", True)


def test_faces_rejected_without_a_connection_wait_as_an_action_each_and_undo_for_their_answers(
    room: Any, opened: Project, expected_errors: list[str]
) -> None:
    """A window that is closed meanwhile loses none: what waits is remembered."""
    expected_errors.append("ERR_")
    before, names = files(opened), listed(opened)
    room.route("**/api/faces/reject", lambda route: route.abort("connectionfailed"))
    room.locator(f".cell[aria-label='{names[0]}']").click()
    for _ in range(3):
        room.keyboard.press("x")
    room.get_by_text("3 actions wait.").wait_for()
    room.keyboard.press("Control+z")
    room.unroute_all(behavior="ignoreErrors")
    until_shown(room, names[2:])
    assert files(opened) == before - set(names[:2])
    for back in (1, 0):
        room.keyboard.press("Control+z")
        until_shown(room, names[back:])


def test_a_refused_rejection_puts_the_faces_back(
    room: Any, opened: Project, expected_errors: list[str]
) -> None:
    expected_errors += ["422"]
    names = listed(opened)
    room.locator(f".cell[aria-label='{names[0]}']").click()
    seen_large(room, names[0])
    room.evaluate(BUSY)
    room.keyboard.press("x")
    path = opened.faceset_folder("src") / names[0]
    aside = path.rename(path.with_suffix(".aside"))  # another program takes it away a moment before
    room.evaluate("window.go_on()")
    room.get_by_role("alert").filter(has_text="not in this faceset").wait_for()
    aside.rename(path)
    room.evaluate("() => document.querySelector('us-room-faces').look_soon()")
    until_shown(room, names)


def test_another_window_and_a_command_are_seen(room: Any, opened: Project, open_page: Any) -> None:
    other, names = open_page(at=SRC), listed(opened)
    other.wait_for_selector(".cell img[src]")
    room.locator(f".cell[aria-label='{names[2]}']").click()
    seen_large(room, names[2])
    room.keyboard.press("x")
    until_shown(other, [name for name in names if name != names[2]])
    other.keyboard.press("Control+z")
    until_shown(room, names)


def test_a_click_on_the_map_shows_that_direction(room: Any, opened: Project) -> None:
    room.wait_for_selector("us-directions button")
    field = room.locator("us-directions button[data-where*='yaw_deg >= -7.5']").nth(4)
    where = field.get_attribute("data-where")
    count = int(field.get_attribute("aria-label").split(": ")[1].split(" of src")[0])
    field.click()
    expected = listed(opened, where=where)
    until_shown(room, expected)
    assert len(expected) == count > 0
    assert field.get_attribute("aria-pressed") == "true"
    field.click()
    until_shown(room, listed(opened))


def test_faces_are_compared_side_by_side(room: Any, opened: Project) -> None:
    names = listed(opened)
    room.locator(f".cell[aria-label='{names[0]}']").click()
    room.locator(f".cell[aria-label='{names[2]}']").click(modifiers=["Control"])
    room.locator(f".cell[aria-label='{names[3]}']").click(modifiers=["Control"])
    room.keyboard.press("c")
    room.wait_for_selector("dialog.compare figure:nth-child(3) img")
    assert room.evaluate(UNDISTORTED)
    room.keyboard.press("2")
    room.keyboard.press("Escape")
    room.get_by_text("1 face went to the trash.").wait_for()
    assert names[2] not in files(opened)
    room.keyboard.press("Control+z")
    until_shown(room, names)


def test_a_face_is_shown_large_with_its_landmarks_mask_and_frame(room: Any, opened: Project) -> None:
    names = listed(opened)
    room.locator(f".cell[aria-label='{names[3]}']").click()
    room.locator("us-face-detail h3", has_text=names[3]).wait_for()
    room.keyboard.press("l")
    room.keyboard.press("m")
    room.wait_for_function("() => document.querySelector('us-face-detail img.over').naturalWidth > 0")
    drawn = room.evaluate(
        "() => { const c = document.querySelector('us-face-detail canvas');"
        " return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0); }"
    )
    assert drawn
    room.keyboard.press("o")
    room.wait_for_selector("dialog .whole-frame img")
    assert room.evaluate(UNDISTORTED)
    room.keyboard.press("Escape")
    room.keyboard.press("l")
    room.keyboard.press("m")


def test_a_track_is_named(room: Any, opened: Project) -> None:
    room.keyboard.press("t")
    room.locator("article.track .name").first.click()
    room.get_by_label("Name", exact=True).fill("Anna")
    room.keyboard.press("Enter")
    room.locator("article.track .name", has_text="Anna").wait_for()
    assert Project.open(opened.folder).manifest.clips["src"].track_names == {"1": "Anna"}
    room.locator("article.track").first.get_by_text("Show", exact=True).click()
    until_shown(room, listed(opened, where="clip == 'src' and track == 1"))
    room.keyboard.press("d")


def test_what_is_not_measured_is_measured_by_a_run(room: Any, opened: Project) -> None:
    room.get_by_label("Order", exact=True).select_option("blur")
    room.get_by_role("button", name="Measure").click()
    room.wait_for_function(
        "(({ values }) => values.length && values.every((v) => v !== null))"
        "(document.querySelector('us-room-faces').gallery)"
    )
    until_shown(room, listed(opened, sort="blur"))
    assert [run.words[:2] for run in _runs(opened)] == [("faceset", "measure")]


def _runs(project: Project) -> list[Any]:
    from understudy.jobs.runs.book import RunBook

    return RunBook(project).all()


def test_of_twenty_thousand_faces_only_those_seen_are_alive(room: Any) -> None:
    asked: list[str] = []
    in_flight, most = set[Any](), [0]

    def begun(request: Any) -> None:
        if "/api/faces/thumb" in request.url:
            asked.append(request.url)
            in_flight.add(request)
            most[0] = max(most[0], len(in_flight))

    room.on("request", begun)
    for kind in ("requestfinished", "requestfailed"):
        room.on(kind, lambda request: in_flight.discard(request))
    room.locator("[data-faceset='src/many']").click()
    filled = f"() => document.querySelector('us-room-faces').gallery.count === {MANY}"
    room.wait_for_function(filled, timeout=60_000)
    grid = room.locator("us-virtual-grid")
    room.wait_for_function(  # the first screen is there, and nothing is on its way
        "(({ grid, thumbs }) => { const cells = [...grid.seen().values()];"
        " return cells.length && !thumbs.in_flight && !thumbs.wished.length && cells.every((cell) =>"
        " cell.getAttribute('aria-label').startsWith('many-') && cell.firstChild.naturalWidth); })"
        "(document.querySelector('us-room-faces'))"
    )
    before = len(asked)
    slow = grid.evaluate(FLING)
    flung = len(asked) - before
    grid.focus()
    room.keyboard.press("End")
    room.wait_for_function(
        "() => [...document.querySelector('us-virtual-grid').seen().values()]"
        ".every((cell) => cell.firstChild.naturalWidth)"
    )
    assert room.locator(".cell.current").get_attribute("aria-posinset") == str(MANY)
    per_screen = len(room.evaluate("() => [...document.querySelector('us-virtual-grid').seen().keys()]"))
    assert room.locator("us-virtual-grid .cell").count() <= 4 * per_screen
    assert most[0] <= 2
    assert flung <= 2 + 2 * slow, "pictures were asked for while the gallery was thrown"
    room.keyboard.press("Control+a")
    room.get_by_text(f"{MANY:,} faces, {MANY:,} chosen").wait_for()
    room.keyboard.press("Escape")


def test_a_drawn_rectangle_chooses_what_it_touches(room: Any, opened: Project) -> None:
    names = listed(opened)
    first = room.locator(f".cell[aria-label='{names[0]}']").bounding_box()
    row = room.evaluate("() => document.querySelector('us-virtual-grid').rows.columns")
    room.mouse.move(first["x"] + 20, first["y"] + 20)
    room.mouse.down()
    room.mouse.move(first["x"] + 1.5 * first["width"], first["y"] + 1.5 * first["height"], steps=5)
    room.mouse.up()
    assert chosen(room) == sorted([names[0], names[1], names[row], names[row + 1]])


def test_keys_go_by_faces_rows_pages_and_ends_also_across_groups(room: Any, opened: Project) -> None:
    room.get_by_label("Groups", exact=True).select_option("yaw")
    room.wait_for_function("() => document.querySelectorAll('.grid-heading').length > 1")
    grid = room.locator("us-virtual-grid")
    grid.focus()

    def at(key: str) -> int:
        room.keyboard.press(key)
        return room.evaluate("() => document.querySelector('us-virtual-grid').current")

    count = len(listed(opened))
    first = room.evaluate("() => document.querySelector('us-room-faces').gallery.groups[0][1]")
    columns = room.evaluate("() => document.querySelector('us-virtual-grid').rows.columns")
    assert (at("End"), at("ArrowRight"), at("Home"), at("ArrowLeft")) == (count - 1, count - 1, 0, 0)
    assert (at("ArrowRight"), at("ArrowLeft")) == (1, 0)
    last_row = (first - 1) // columns * columns
    below = 0
    while below < last_row:
        below = at("ArrowDown")
    assert below == last_row
    assert at("ArrowDown") == first  # the next group's first row, in the same column
    assert at("ArrowUp") == last_row
    assert at("PageDown") > last_row
    assert at("Home") == 0
    room.keyboard.press(" ")
    assert chosen(room) == []  # Home chose the first, Space takes it out
    room.keyboard.press("Shift+End")
    room.get_by_text(f"{count} faces, {count} chosen").wait_for()
    room.keyboard.press("Escape")
    assert chosen(room) == []


def test_what_was_asked_for_in_one_faceset_is_done_there_and_taken_back_there(
    room: Any, opened: Project
) -> None:
    before, gone = files(opened), shown(room)[0]
    room.evaluate(BUSY)
    room.locator(".cell").first.click()
    room.keyboard.press("Delete")
    room.evaluate("document.querySelector('us-room-faces').open('src/many')")
    room.wait_for_function("document.querySelector('us-room-faces').gallery.names.length > 1000")
    room.evaluate("window.go_on()")
    message = room.locator(".toast").filter(has_text="1 face went to the trash.")
    message.wait_for()
    assert files(opened) == before - {gone}
    message.get_by_role("button", name="Undo").click()
    room.locator(".toast").filter(has_text="reject").wait_for()
    assert files(opened) == before


def test_a_track_is_said_to_be_the_dst_and_a_clip_not_extracted_says_the_way_on(
    open_page: Any, opened: Project
) -> None:
    tracks = opened.people_folder / "dst" / "tracks.json"
    tracks.rename(tracks.with_suffix(".aside"))
    page = open_page(at="#/faces?faceset=dst/main")
    page.wait_for_selector(".cell img[src]")
    page.keyboard.press("t")
    page.get_by_role("link", name="Extract them in the Project room").wait_for()
    assert str(opened.folder) not in page.locator("us-face-tracks").inner_text()
    tracks.with_suffix(".aside").rename(tracks)
    page.reload()  # the tab that was open is open again
    page.wait_for_selector(".cell img[src]")
    page.locator("article.track[data-track='1']").get_by_text("This is the dst…").click()
    page.get_by_role("dialog", name="This is the dst").get_by_role("button", name="Take track 1").click()
    page.locator("article.track[data-track='1'] button[aria-pressed=true]").wait_for()
    assert Project.open(opened.folder).manifest.clips["dst"].tracks == ["choose:1"]
    assert next(run.words[0] for run in _runs(opened)) == "extract"
