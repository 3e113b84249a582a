"""The Project room as a hand uses it: from nothing to faces, from two windows, and through crashes."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.studio.web.conftest import RunningStudio
from understudy.jobs.clips.adding import both_sides_told
from understudy.jobs.runs.book import RunBook
from understudy.jobs.runs.run import PROCESS
from understudy.project.project import Project
from understudy.project.state import newest_checkpoint
from understudy.studio.open_studio import Studio
from understudy.studio.running import running

pytestmark = pytest.mark.journey

_SLOWEST_MS = 240_000  # on a computer that does much else


def _until(what: Callable[[], Any], seconds: float = 240) -> Any:
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def studio(made_projects: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """A studio without a project, with a folder for projects and one of clips."""
    desk = tmp_path_factory.mktemp("desk") / "Mein Prøjekt 影"
    shutil.copytree(made_projects / "clips", desk / "clips")
    (desk / "projects").mkdir()
    words = ("--projects", str(desk / "projects"), "--clips", str(desk / "clips"))
    begun = RunningStudio(None, *words)
    begun.desk = desk  # type: ignore[attr-defined]
    yield begun
    begun.stop()
    for note in running():  # those it began for other projects
        if Path(note.project or "").is_relative_to(desk):
            os.kill(note.process["process"], signal.SIGINT)
    for folder in (desk / "projects").iterdir():
        book = RunBook(Project.open(folder))
        for run in book.all():
            book.stop(run.id, at_once=True)


@pytest.fixture
def project(studio: RunningStudio) -> Path:
    """Where the project of these tests lies."""
    return studio.desk / "projects" / "shot"  # type: ignore[attr-defined]


def _add(page: Any, role: str, *, place: str = "", file: Path | None = None) -> None:
    page.locator(f".side[data-role={role}]").get_by_role("button", name="Add…").click()
    dialog = page.get_by_role("dialog")
    if place:
        dialog.locator(f"[data-place='{place}'] input").check()
    if file:
        dialog.locator("input[type=file]").set_input_files(file)
    dialog.get_by_role("button", name="Add", exact=True).click()
    page.locator(f".side[data-role={role}] li[data-clip]").wait_for()


def _start(page: Any, key: str, **values: str) -> None:
    page.keyboard.press(key)
    dialog = page.get_by_role("dialog")
    dialog.wait_for(timeout=_SLOWEST_MS)  # the first looks at the devices
    for name, value in values.items():
        field = dialog.locator(f"[data-option={name}]").locator("input[type=number], input[type=text], select")
        field.fill(value)
        field.press("Tab")
    dialog.get_by_role("button", name="Start").click()
    dialog.wait_for(state="detached")


def test_a_room_without_a_project_says_so_and_asks_for_nothing(page: Any) -> None:
    for number, room in ((2, "Faces"), (6, "Merge")):
        page.keyboard.press(f"Shift+Digit{number}")
        page.get_by_text(f"No project is open, so {room} has nothing to show.").wait_for()
    page.get_by_role("link", name="Make or open one").click()
    page.get_by_role("button", name="New project").wait_for()


def test_from_nothing_to_a_project_with_two_clips_and_their_faces(page: Any, project: Path) -> None:
    page.get_by_role("button", name="New project").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("shot")
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    page.locator(".pipeline").wait_for()
    assert (project / "understudy.toml").is_file()
    assert page.locator(".next h2").inner_text() == "Next: add clips"

    _add(page, "src", place="src.mp4")
    clips = project.parent.parent / "clips"
    _add(page, "dst", file=clips / "dst.mp4")
    manifest = Project.open(project).manifest
    assert (project / manifest.clips["src"].path).samefile(clips / "src.mp4")
    sent = project / manifest.clips["dst"].path
    assert sent.is_relative_to(project) and sent.read_bytes() == (clips / "dst.mp4").read_bytes()

    page.locator(".next h2", has_text="Next: find faces").wait_for()
    _start(page, "Enter", workers="1")
    page.locator("us-run[data-state=done]").wait_for(timeout=_SLOWEST_MS)
    page.locator(".next h2", has_text="Next: train").wait_for()
    faces = {role: len(list((project / "facesets" / role / "main").glob("*.jpg"))) for role in ("src", "dst")}
    assert all(faces.values())
    page.locator(".step[data-step=extract] .words", has_text=f"{sum(faces.values())} faces").wait_for()
    words = RunBook(Project.open(project)).all()[0].words
    assert words == ("extract", ".", "--workers=1", "--json")


def test_a_wrong_value_is_told_beside_its_field(page: Any, expected_errors: list[str]) -> None:
    expected_errors.append("422")
    page.locator(".pipeline").wait_for()
    page.keyboard.press("e")
    row = page.get_by_role("dialog").locator("[data-option=start]")
    row.locator("input").fill("never")
    row.locator("input").press("Tab")
    row.locator(".why.bad").wait_for()
    assert "place in a clip" in row.locator(".why").inner_text()
    row.locator("input").fill("0.1")
    row.locator("input").press("Tab")
    page.wait_for_function("!document.querySelector('dialog .why.bad')")
    page.keyboard.press("Escape")


def test_training_outlives_a_killed_studio_and_the_next_one_finds_and_stops_it(
    open_page: Any, studio: RunningStudio, project: Path, expected_errors: list[str]
) -> None:
    expected_errors += ["ERR_", "WebSocket", "401"]
    first = open_page()
    first.locator(".pipeline").wait_for()
    first.keyboard.press("t")
    dialog = first.get_by_role("dialog", name="New model")
    dialog.wait_for(timeout=_SLOWEST_MS)
    dialog.get_by_role("button", name="Make").click()
    dialog = first.get_by_role("dialog", name="Train")
    dialog.wait_for()
    assert dialog.locator(".which select").first.input_value() == "main"
    first.keyboard.press("Escape")
    first.locator("[data-model=main]").wait_for()
    assert Project.open(project).manifest.models["main"].preset == "quick"
    _start(first, "t", batch_size="4")
    run = first.locator("us-run", has_text="Train main").first
    run.locator(".run-words", has_text="/s").wait_for(timeout=_SLOWEST_MS)
    book = RunBook(Project.open(project))
    (training,) = [one for one in book.all() if one.state == "running"]
    done = book.standing(training.id).done

    studio.kill()
    written = json.loads((book.folder / training.id / PROCESS).read_text(encoding="utf-8"))
    os.kill(written["process"], 0)
    _until(lambda: book.standing(training.id).done > done)
    studio.project = project
    studio.start()

    second = open_page()
    second.locator(".pipeline").wait_for()
    second.locator("us-run[data-state=running]", has_text="Train main").wait_for()
    second.keyboard.press("x")
    second.locator("us-run[data-state=stopped]", has_text="Train main").wait_for(timeout=_SLOWEST_MS)
    assert book.get(training.id).exit_code == 130
    kept = newest_checkpoint(project / "models" / "main")
    assert kept is not None and kept[0]["iteration"] >= done
    with pytest.raises(ProcessLookupError):
        os.kill(written["process"], 0)


def test_the_queue_goes_on_while_no_studio_is_there(
    open_page: Any, studio: RunningStudio, project: Path, expected_errors: list[str]
) -> None:
    expected_errors += ["ERR_", "WebSocket", "401"]
    page = open_page()
    page.locator(".pipeline").wait_for()
    _start(page, "t", batch_size="4")
    page.locator("us-run[data-state=running] .run-words", has_text="/s").wait_for(timeout=_SLOWEST_MS)
    page.keyboard.press("m")
    page.get_by_role("dialog").get_by_role("button", name="Queue").click()
    page.locator("us-run[data-state=queued]").wait_for()
    book = RunBook(Project.open(project))
    merging, training = book.all()[:2]
    studio.kill()
    book.stop(training.id)
    _until(lambda: not book.get(merging.id).living)
    assert book.get(training.id).state == "stopped" and book.get(merging.id).state == "done"
    assert list((project / "merged" / "dst" / "main").glob("*.png"))
    studio.start()


def test_two_windows_agree_and_a_reload_shows_the_same(open_page: Any, project: Path) -> None:
    one, other = open_page(), open_page()
    one.locator(".pipeline").wait_for()
    other.locator(".pipeline").wait_for()
    one.keyboard.press("n")
    dialog = one.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("second")
    dialog.get_by_role("button", name="Only make it").click()
    other.locator("[data-model=second]").wait_for()
    other.reload()
    other.locator("[data-model=second]").wait_for()
    _until(lambda: other.locator(".pipeline").inner_text() == one.locator(".pipeline").inner_text())
    other.get_by_role("button", name="More for second").click()
    other.get_by_role("menuitem", name="Put away").click()
    other.get_by_role("dialog").get_by_role("button", name="Put away").click()
    one.locator("[data-model=second]").wait_for(state="detached")
    assert "second" not in Project.open(project).manifest.models


def test_a_page_that_rests_asks_for_nothing(page: Any) -> None:
    page.wait_for_function("import('/web/kit/live.js').then(({ live }) => live.connected)")  # which is a look
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert asked == []


def test_consent_is_recorded_and_a_refusal_is_said_before_anything_is_made(page: Any, project: Path) -> None:
    page.locator("[data-performer=src]").get_by_role("button", name="Change…").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("select").select_option("refused")
    dialog.get_by_role("button", name="Record").click()
    page.locator("[data-performer=src] .bad", has_text="nothing final").wait_for()
    assert Project.open(project).manifest.performers["src"].consent.status == "refused"


def test_evidence_is_sent_from_the_dialog_and_a_refused_record_keeps_what_was_typed(
    page: Any, project: Path, expected_errors: list[str]
) -> None:
    expected_errors.append("422")
    page.locator("[data-performer=src]").get_by_role("button", name="Change…").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("select").select_option("agreed")
    dialog.get_by_label("Name or role").fill("Ada")
    dialog.get_by_label("First day").fill("2030-01-01")
    dialog.get_by_label("Last day").fill("2029-01-01")
    signed = {"name": "signed.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 yes"}
    dialog.get_by_label("Signed form").set_input_files(signed)
    dialog.get_by_role("button", name="Record").click()
    dialog.get_by_role("alert").filter(has_text="later than").wait_for()
    assert dialog.get_by_label("Name or role").input_value() == "Ada"
    assert Project.open(project).manifest.performers["src"].consent.evidence is None
    dialog.get_by_label("First day").fill("2026-01-01")
    dialog.get_by_role("button", name="Record").click()
    dialog.wait_for(state="detached")
    page.locator("[data-performer=src]", has_text="until 2029-01-01").wait_for()
    consent = Project.open(project).manifest.performers["src"].consent
    assert (consent.who, consent.evidence) == ("Ada", "consent/src/signed.pdf")
    assert (project / "consent" / "src" / "signed.pdf").read_bytes() == b"%PDF-1.7 yes"


def test_the_form_to_sign_opens_styled_in_a_window_of_its_own(page: Any) -> None:
    with page.expect_popup() as opened:
        page.locator("[data-performer=src]").get_by_role("link", name="Form").click()
    form = opened.value
    form.get_by_role("heading", name="Consent to the use of a face").wait_for()
    form.wait_for_load_state("load")  # its styles come in a file of their own
    assert form.evaluate("getComputedStyle(document.querySelector('.signed')).display") == "flex"


def test_a_clip_that_is_taken_out_lies_in_the_trash(page: Any, project: Path) -> None:
    sent = project / Project.open(project).manifest.clips["dst"].path
    page.get_by_role("button", name="Take dst out").click()
    with page.expect_response("**/api/project/clips/dst/remove"):  # its files go after its name
        page.get_by_role("dialog").get_by_role("button", name="Take out").click()
    page.locator("[data-clip=dst]").wait_for(state="detached")
    opened = Project.open(project)
    assert list(opened.manifest.clips) == ["src"] and not sent.exists()
    assert sent in {entry.origin for entry in opened.trash.entries()}
    assert list((project / "facesets" / "dst" / "main").glob("*.jpg"))


_DROPPED = """(base64) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const dropped = new DataTransfer();
  dropped.items.add(new File([bytes], 'dropped.mp4', { type: 'video/mp4' }));
  return dropped;
}"""


def test_a_clip_that_is_dropped_on_a_side_is_sent_and_becomes_one_of_it(page: Any, project: Path) -> None:
    data = (project.parent.parent / "clips" / "dst.mp4").read_bytes()
    side = page.locator(".side[data-role=dst]")
    side.wait_for()
    dropped = page.evaluate_handle(_DROPPED, base64.b64encode(data).decode())
    side.dispatch_event("dragover", {"dataTransfer": dropped})
    assert "over" in side.get_attribute("class")
    side.dispatch_event("drop", {"dataTransfer": dropped})
    side.locator("li[data-clip=dropped]").wait_for()
    assert "over" not in side.get_attribute("class")
    clip = Project.open(project).manifest.clips["dropped"]
    assert clip.role == "dst" and (project / clip.path).read_bytes() == data


def test_a_file_on_both_sides_is_warned_of_until_the_message_is_closed(page: Any, project: Path) -> None:
    page.locator(".side[data-role=dst]").wait_for()
    _add(page, "dst", place="src.mp4")
    told = page.locator(".toast", has_text="on both sides of the project")
    told.wait_for()
    (words,) = both_sides_told(Project.open(project), ["src-2"])
    assert told.locator(".words").inner_text() == words.replace("`", "")
    told.get_by_role("button", name="Close this message").click()
    told.wait_for(state="detached")


def test_a_project_is_duplicated_and_the_copy_opened_in_a_studio_of_its_own(page: Any, project: Path) -> None:
    page.locator(".pipeline").wait_for()
    page.keyboard.press("Shift+D")
    dialog = page.get_by_role("dialog", name="Duplicate shot")
    dialog.get_by_role("textbox").fill("the copy")
    page.keyboard.press("Enter")
    page.get_by_text("the copy is a copy of shot.").wait_for()
    copy = Project.open(project.parent / "the copy")
    assert list(copy.manifest.clips) == list(Project.open(project).manifest.clips)

    page.keyboard.press("o")
    page.get_by_role("dialog", name="Open a project").get_by_role("button", name="the copy").click()
    dialog = page.get_by_role("dialog", name="the copy")
    dialog.wait_for(timeout=_SLOWEST_MS)  # its studio begins meanwhile
    (neighbour,) = [note for note in running() if note.project == str(copy.folder)]
    with page.context.expect_page() as opening:
        dialog.get_by_role("button", name="Go to the copy").click()
    opened = opening.value
    opened.locator(".pipeline").wait_for(timeout=_SLOWEST_MS)
    assert opened.url.startswith(f"http://127.0.0.1:{neighbour.port}/")
    told = opened.evaluate("fetch('/api/studio').then((answer) => answer.json())")
    assert told["id"] == Studio(copy.folder).id
    assert page.locator(".pipeline").is_visible(), "this window keeps its own project"
