"""The Deliver room makes a finished file, and the file on disk is what the room said it would be."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.studio.web.test_training import until
from understudy.jobs import presets
from understudy.jobs.delivery.consents import record_consent
from understudy.jobs.merging.inputs import keep_said
from understudy.project.project import Project
from understudy.provenance.exports import breaks_in, lines_of
from understudy.provenance.verify import verify


@pytest.fixture(scope="module")
def opened(trained_project: Project) -> Project:
    return trained_project


def test_a_clip_is_delivered_as_foretold_and_verifies(open_page: Callable[..., Any], opened: Project) -> None:
    page = open_page(at="#/deliver")
    page.wait_for_selector("us-room-deliver[data-looked]")
    told = page.locator(".says").inner_text().splitlines()
    assert any(one.startswith("Signed by") for one in told)
    page.get_by_label("Search options").fill("label language")
    page.locator("[data-option='label_language'] select").select_option("de")
    page.get_by_text("“mit KI erstellt”").wait_for()
    page.get_by_label("File name").fill("shot one.mp4")
    page.get_by_label("File name").press("Tab")
    page.wait_for_selector("us-room-deliver[data-looked='shot one.mp4']")
    page.get_by_role("button", name="Deliver").click()
    made = opened.out_folder / "shot one.mp4"
    until(lambda: made.exists() and opened.exports_ledger.exists())
    article = page.locator("[data-file='shot one.mp4']").first
    article.get_by_text("frames are swapped").wait_for(timeout=60_000)  # its report comes after it

    verdict = verify(made)
    assert verdict.state == "trusted"
    recast = [one for one in told if one.startswith(("A trained model", "The model is"))]
    assert len(recast) == 2 and set(recast) <= set(verdict.sentences)
    (line,) = lines_of(opened.exports_ledger)
    assert line.export.marks == ["content credentials", "watermark", "label"]
    assert breaks_in(opened.exports_ledger) == []

    with page.expect_download() as downloading:
        article.get_by_role("link", name="Download").click()
    assert Path(downloading.value.path()).read_bytes() == made.read_bytes()
    article.get_by_role("button", name="Verify").click()
    page.wait_for_selector(".verdict[data-state='trusted']", timeout=60_000)
    page.get_by_role("tab", name="Ledger").click()
    page.get_by_text("1 line, each as it was written").wait_for()
    page.get_by_role("tab", name="Credits").click()
    page.get_by_text("painted with artificial intelligence").wait_for()
    page.get_by_role("tab", name="Finished files").click()
    assert article.locator(".verdict[data-state='trusted']").is_visible(), (
        "the list is drawn anew, what it said stays"
    )


def test_frames_that_are_behind_are_told_with_the_way_to_them(
    open_page: Callable[..., Any], opened: Project
) -> None:
    keep_said(opened, "dst", {"blur": 0.3}, frames=None)
    page = open_page(at="#/deliver")
    page.get_by_text("to be made again under the settings kept now").wait_for()
    page.get_by_role("link", name="Look at them in Merge").click()
    page.wait_for_selector("us-room-merge[data-letters*='s']")
    number = page.get_by_role("spinbutton", name="Frame", exact=True)
    number.fill("9999")
    number.press("Enter")
    assert number.input_value() == number.get_attribute("max") != "9999"
    assert page.evaluate("document.activeElement?.tagName") != "INPUT"
    page.keyboard.press("Shift+7")
    page.wait_for_selector("us-room-deliver")
    page.keyboard.press("Shift+6")
    page.wait_for_selector("us-room-merge[data-letters]")
    assert number.input_value() == number.get_attribute("max")


def test_a_file_of_anybody_is_sent_verified_and_forgotten(
    open_page: Callable[..., Any], opened: Project, tmp_path: Path
) -> None:
    data = bytearray((opened.out_folder / "shot one.mp4").read_bytes())
    data[-20] ^= 255
    (tmp_path / "theirs.mp4").write_bytes(data)
    page = open_page(at="#/deliver?tab=verify")
    page.get_by_label("A file to verify").set_input_files(tmp_path / "theirs.mp4")
    page.wait_for_selector(".verdict[data-file='theirs.mp4'][data-state='tampered']", timeout=60_000)
    left = [path for path in (opened.folder / "cache" / "verify").iterdir() if path.stat().st_size]
    assert left == []


def test_a_refused_consent_blocks_with_the_sentence(
    open_page: Callable[..., Any], opened: Project, expected_errors: list[str]
) -> None:
    opened.out_folder.mkdir(exist_ok=True)
    before = sorted(path.name for path in opened.out_folder.iterdir())
    record_consent(opened, "src", {"status": "refused"})
    page = open_page(at="#/deliver")
    page.get_by_text("is refused, so nothing final is written").first.wait_for()
    deliver = page.get_by_role("button", name="Deliver")
    assert deliver.get_attribute("aria-disabled") == "true"
    assert page.locator("us-room-deliver").inner_text().count("refused, so nothing final") == 1
    accent = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent')")
    ground = page.evaluate("(one) => getComputedStyle(one).backgroundColor", deliver.element_handle())
    assert ground != _rgb(accent), "what can't be pressed does not look like it"
    deliver.click(force=True)
    page.keyboard.press("d")
    page.locator(".toast.bad", has_text="is refused, so nothing final is written").wait_for()
    assert sorted(path.name for path in opened.out_folder.iterdir()) == before
    expected_errors.append("422")
    page.get_by_role("tab", name="Credits").click()
    page.locator(".credits.bad", has_text="is refused").wait_for()
    copy = page.get_by_role("button", name="Copy")
    assert not page.get_by_text("As a card for the film").is_visible() and not copy.is_visible(), (
        "there is none"
    )
    record_consent(opened, "src", {"status": "fictional"})
    page.get_by_role("tab", name="Ledger").click()
    page.get_by_role("tab", name="Credits").click()
    page.get_by_text("As a card for the film").wait_for()


def _rgb(color: str) -> str:
    return f"rgb({', '.join(str(int(color.strip()[at : at + 2], 16)) for at in (1, 3, 5))})"


def test_a_purpose_is_chosen_delivered_downloaded_and_kept_as_ones_own(
    open_page: Callable[..., Any], opened: Project
) -> None:
    page = open_page(at="#/deliver")
    page.wait_for_selector("us-room-deliver[data-looked]")
    page.get_by_label("Purpose").select_option("patches")
    page.get_by_text("To lay over dst elsewhere").wait_for()
    page.wait_for_selector("us-room-deliver[data-looked='dst-main-patches']")
    page.get_by_role("button", name="Deliver").click()
    made = opened.out_folder / "dst-main-patches"
    until(lambda: made.is_dir() and len(list(made.glob("*.png"))) > 1)
    until((opened.out_folder / "dst-main-patches.transform.json").is_file)  # put beside it last
    article = page.locator("[data-file='dst-main-patches']").first
    article.wait_for(timeout=60_000)
    with page.expect_download() as downloading:
        article.get_by_role("link", name="Download .zip").click()
    with zipfile.ZipFile(downloading.value.path()) as pack:
        names = set(pack.namelist())
        assert "dst-main-patches.transform.json" in names
        assert {f"dst-main-patches/{one.name}" for one in made.iterdir()} <= names

    page.get_by_label("Purpose").select_option("web")
    page.wait_for_selector("us-room-deliver[data-looked='dst-main-web.mp4']")
    crf = page.locator("[data-option='crf'] input[type='number']")
    assert crf.input_value() == "20", "the purpose's value stands in the form"
    assert page.locator("[data-option='crf'] label").inner_text() == "quality (crf)"
    assert page.locator("[data-option='container'] select option").first.inner_text() == "by itself"
    crf.fill("14")
    crf.press("Tab")
    page.get_by_role("button", name="Save as preset").click()
    page.get_by_label("Name", exact=True).fill("festival")
    page.get_by_label("It is for").fill("For Cannes.")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    until(lambda: "festival" in Project.open(opened.folder).manifest.presets.encode)
    kept = Project.open(opened.folder).manifest.presets.encode["festival"]
    assert (kept.options["crf"], kept.options["codec"]) == (14, "h264")
    page.wait_for_selector("us-room-deliver[data-looked='dst-main-festival.mp4']")
    page.route("**/api/presets/encode/remove", _answered_late)
    page.locator("us-purposes").get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Undo").wait_for()
    assert "festival" not in Project.open(opened.folder).manifest.presets.encode
    page.get_by_role("button", name="Undo").click()
    until(lambda: "festival" in Project.open(opened.folder).manifest.presets.encode)


def _answered_late(route: Any) -> None:
    """So that the room hears of what was done, and looks anew, before its own request is answered."""
    answer = route.fetch()
    time.sleep(1)
    route.fulfill(response=answer)


@pytest.mark.parametrize("room", ["deliver", "project"])
def test_a_purpose_that_was_taken_out_elsewhere_is_forgotten_and_the_file_can_be_delivered(
    open_page: Callable[..., Any], opened: Project, expected_errors: list[str], room: str
) -> None:
    expected_errors.append("422")
    said = {"codec": "h264", "crf": 12}
    presets.save_preset(opened, "encode", "cinema", said, says="For a cinema.")
    page = open_page(at="#/deliver")
    page.wait_for_selector("us-room-deliver[data-looked]")
    page.get_by_label("Purpose").select_option("cinema")
    page.wait_for_selector("us-room-deliver[data-looked='dst-main-cinema.mp4']")
    page.evaluate("(room) => (location.hash = `#/${room}`)", room)
    page.wait_for_selector(f"us-shell main [data-room='{room}']")
    presets.remove_preset(Project.open(opened.folder), "encode", "cinema")
    page.evaluate("location.hash = '#/deliver'")
    page.get_by_text("The purpose cinema is gone").wait_for()
    page.wait_for_selector("us-room-deliver[data-looked='dst-main.mp4']")
    assert page.get_by_label("Purpose").input_value() == ""
    assert not page.locator(".block").count()


def test_a_refusal_that_is_no_matter_of_the_purpose_does_not_ask_for_the_options_again(
    open_page: Callable[..., Any], opened: Project, expected_errors: list[str]
) -> None:
    expected_errors.append("422")
    page = open_page(at="#/deliver")
    page.wait_for_selector("us-room-deliver[data-looked]")
    page.get_by_label("Purpose").select_option("web")
    page.wait_for_selector("us-room-deliver[data-looked='dst-main-web.mp4']")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "deliver/options" in request.url else None)
    for name in (".one", ".two"):
        page.get_by_label("File name").fill(name)
        page.get_by_label("File name").press("Tab")
        page.locator(".block", has_text=f"'{name}' is no plain name").wait_for()
        told = page.locator(".file-facts, .says").all_inner_texts()
        assert told == ["Known once that is mended."] * 2, "nothing is said of the file before"
    assert asked == []


def test_a_clip_that_is_gone_is_told_once_and_who_agreed_is_told_all_the_same(
    open_page: Callable[..., Any], opened: Project, expected_errors: list[str]
) -> None:
    expected_errors.append("422")
    clip = opened.clip_path("dst")
    away = clip.rename(clip.with_name("away.mp4"))
    page = open_page(at="#/deliver")
    page.locator(".block", has_text="is not where it was").wait_for()
    page.locator(".consents", has_text="src: a rendered person who does not exist").wait_for(timeout=5000)
    page.wait_for_function("!document.querySelector('us-room-deliver').asking")
    assert not page.get_by_text("is not known").count() and not page.get_by_text("being looked at").count()
    away.rename(clip)


def test_a_closed_production_needs_a_reason_and_a_file_that_stays(
    open_page: Callable[..., Any], opened: Project
) -> None:
    page = open_page(at="#/deliver")
    page.wait_for_selector("us-room-deliver[data-looked]")
    page.get_by_label("Search options").fill("closed production")
    field = page.locator("[data-option='closed_production'] input").first
    field.fill("for the comp")
    field.press("Tab")
    page.get_by_text("finished film, which keeps its marks").first.wait_for()
    page.get_by_label("Search options").fill("codec")
    page.locator("[data-option='codec'] select").select_option("ffv1")
    page.get_by_text("No marks: this stays in a closed production").wait_for()
    page.wait_for_selector("us-room-deliver[data-looked$='.mkv']")
    assert not page.locator(".block").count()


def _value(page: Any, option: str) -> str:
    page.wait_for_selector("us-room-deliver[data-looked]")
    return page.locator(f"[data-option='{option}']").locator("input, select").first.input_value()


def test_what_is_said_is_of_the_project_for_all_its_windows_and_unmarked_files_are_asked_each_time(
    open_page: Callable[..., Any], opened: Project
) -> None:
    page = open_page(at="#/deliver")
    page.wait_for_selector("us-room-deliver[data-looked]")
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("us-room-deliver[data-looked]")
    for option, value in (("closed_production", "for the comp"), ("frames", "1:3")):
        page.locator(f"[data-option='{option}'] input").first.fill(value)
        page.locator(f"[data-option='{option}'] input").first.press("Tab")
    page.locator("[data-option='codec'] select").select_option("ffv1")
    other.locator("[data-option='codec'].said").wait_for()
    assert _value(other, "codec") == "ffv1", "without a reload"
    page.reload()
    assert [_value(page, one) for one in ("codec", "frames", "closed_production")] == ["ffv1", "1:3", ""]
    assert [_value(other, one) for one in ("frames", "closed_production")] == ["", ""]

    page.route("**/api/studio", lambda route: route.fulfill(json={"project": "another", "id": "another"}))
    page.reload()
    assert _value(page, "codec") != "ffv1" and _value(page, "frames") == ""
    assert page.evaluate("""async () => {
      const { frame_of, keep_frame } = await import('/web/rooms/merge/frame_kept.js');
      const { Snapshots } = await import('/web/rooms/merge/snapshots.js');
      const { outbox } = await import('/web/kit/api.js');
      keep_frame('dst', 7);
      new Snapshots('dst').store('A', { blur: 1 });
      const here = [frame_of('dst'), new Snapshots('dst').stored.A];
      outbox.project = 'a third';
      return [...here, frame_of('dst'), new Snapshots('dst').stored.A];
    }""") == ["7", {"blur": 1}, "0", None]


def test_the_progress_of_runs_asks_for_nothing_here(open_page: Callable[..., Any]) -> None:
    page = open_page(at="#/deliver")
    page.wait_for_selector("us-room-deliver[data-looked]")
    page.wait_for_function("import('/web/kit/live.js').then(({ live }) => live.connected)")  # which is a look
    page.wait_for_timeout(1000)  # longer than it waits to look once more
    page.wait_for_function("!document.querySelector('us-room-deliver').asking")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/deliver/state" in request.url else None)
    page.evaluate("""async () => {
      const { live } = await import('/web/kit/live.js');
      const room = document.querySelector('us-room-deliver');
      const moment = () => new Promise((done) => setTimeout(done, 20));
      const rest = async () => { while (room.asking || room.again) await moment(); };
      for (const state of ['running', 'running', 'running', 'done', 'done']) {
        await rest();
        live.tell('runs', { id: 'a training', state });
      }
      await rest();
    }""")
    assert len(asked) == 2
