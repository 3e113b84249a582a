"""The Training room does its work on a training that really runs, and the model's folder says so afterwards."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy.jobs.models import backups as model_backups
from understudy.project.project import Project
from understudy.project.state import newest_checkpoint
from understudy.training.keeping.backups import backups
from understudy.training.keeping.lock import holder_of
from understudy.training.keeping.metrics import read_metrics
from understudy.training.keeping.milestones import milestones

# A network that learns in a blink, also on a busy machine.
NETWORK = {"size_px": 32, "width": 8, "code": 16}
TRAIN = {"batch_size": 2, "preview_every": 2000, "recipe": "plain", "warm_up": 0, "schedule": "constant"}
AT = "#/training?models=tiny"
# The picture of the history has something on it.
PAINTED = """(() => {
    const canvas = document.querySelector(".history-picture");
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return data.some((value) => value > 60 && value < 250);
})()"""


@pytest.fixture(scope="module")
def opened(trained_project: Project) -> Project:
    trained_project.add_model("tiny", preset="quick", network=NETWORK)
    with trained_project.change() as manifest:
        manifest.models["tiny"].train = {**TRAIN, "mask_from": "stored"}
    return trained_project


@pytest.fixture
def folder(opened: Project) -> Path:
    return opened.model_folder("tiny")


@pytest.fixture
def trained(opened: Project, folder: Path) -> Path:
    """The model's folder with previews to scrub through and a backup, whichever test comes first."""
    if len(list((folder / "previews").glob("[0-9]*.png"))) < 2:
        words = ["train", str(opened.folder), "--model", "tiny", "--device", "cpu", "--iterations", "6"]
        command = [sys.executable, "-m", "understudy", *words, "--preview-every", "2", "--json"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert run.returncode == 0, run.stderr[-2000:]
    if not backups(folder):
        model_backups.make(opened, "tiny")
    return folder


def until(what: Callable[[], Any], seconds: float = 180) -> Any:
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not come to this"
        time.sleep(0.1)
    return found


def last_iteration(folder: Path) -> int:
    return max((line["iteration"] for line in read_metrics(folder / "metrics.jsonl")), default=0)


def start(page: Any, folder: Path) -> None:
    """Train without a planned end, as a hand does."""
    page.get_by_role("button", name=re.compile("^(Start|Go on)$")).click()
    page.get_by_label("How long").select_option("endless")
    page.get_by_role("button", name="Train", exact=True).click()
    until(lambda: holder_of(folder))


def stop(page: Any, folder: Path) -> None:
    page.keyboard.press("q")
    until(lambda: holder_of(folder) is None)


def test_an_option_of_a_model_at_rest_is_the_same_in_every_window(
    open_page: Callable[..., Any], opened: Project
) -> None:
    one, other = open_page(at=AT), open_page(at=AT)
    figure = "[data-option='warm_up'] input[type=number]"
    other.locator(figure).wait_for()
    one.locator(figure).fill("3")
    one.locator(figure).press("Tab")
    other.wait_for_function(f"""document.querySelector("{figure}").value === "3" """)
    with opened.change() as manifest:  # so does what a command or a hand writes into the project
        manifest.models["tiny"].train["warm_up"] = 0
    other.wait_for_function(f"""document.querySelector("{figure}").value === "0" """)


def test_a_training_is_started_watched_changed_backed_up_and_stopped(
    open_page: Callable[..., Any], folder: Path
) -> None:
    page = open_page(at=AT)
    page.get_by_label("Refresh the preview").select_option("0")
    start(page, folder)
    chart = page.locator("us-chart.loss-chart")
    page.locator("[data-figure='speed'] dd").get_by_text(re.compile("it/s|s/it")).wait_for(timeout=240_000)
    page.wait_for_function(
        "Number(document.querySelector('us-chart.loss-chart').dataset.points) >= 2", timeout=240_000
    )
    before = int(chart.get_attribute("data-last"))
    page.wait_for_function(
        f"Number(document.querySelector('us-chart.loss-chart').dataset.last) > {before}", timeout=240_000
    )

    page.locator("us-training-model h2").click()
    page.keyboard.press("p")
    page.wait_for_selector("us-preview-grid[data-iteration]", timeout=60_000)

    # A live option: the form says it, the training takes it over, the metrics and the manifest have it.
    page.get_by_label("Search options").fill("learning rate")
    field = page.locator("[data-option='learning_rate'] input[type=number]")
    field.fill("0.0004")
    field.press("Tab")
    until(lambda: [one for one in milestones(folder) if one["kind"] == "change"])
    page.wait_for_function(
        "document.querySelector('.side-state').textContent.includes('Taken over at iteration')"
    )
    changed = next(one for one in milestones(folder) if one["kind"] == "change")["iteration"]
    until(lambda: last_iteration(folder) >= changed + 20)
    rates = {line["iteration"]: line["learning_rate"] for line in read_metrics(folder / "metrics.jsonl")}
    assert rates[max(rates)] == 0.0004 and rates[min(rates)] > 0.001

    # What counts only at a start can't be changed now, and says why.
    page.get_by_label("Search options").fill("optimizer")
    assert page.locator("[data-option='optimizer'] select").is_disabled()
    assert "next start" in page.locator("[data-option='optimizer'] .why").inner_text()

    page.locator("us-training-model h2").click()
    shown = int(page.locator("us-preview-grid").get_attribute("data-iteration"))
    page.get_by_role("button", name="Look now").click()
    page.wait_for_function(f"Number(document.querySelector('us-preview-grid').dataset.iteration) > {shown}")
    until(lambda: list((folder / "previews").glob("look-*.png")))  # another one may have come before it
    page.keyboard.press("p")
    page.keyboard.press("b")
    until(lambda: backups(folder))
    stop(page, folder)
    newest = newest_checkpoint(folder)
    assert newest is not None and newest[0]["iteration"] >= backups(folder)[-1].iteration
    page.get_by_role("button", name="Go on").wait_for()


def test_the_history_is_scrubbed_through_any_face(open_page: Callable[..., Any], trained: Path) -> None:
    folder = trained
    page = open_page(at=AT)
    page.get_by_role("tab", name="Through the iterations").click()
    page.wait_for_selector("us-history[data-iteration]")
    newest = int(page.locator("us-history").get_attribute("data-iteration"))
    slider = page.get_by_label("Iteration", exact=True)
    assert int(slider.get_attribute("max")) >= 1
    page.locator("us-training-model h2").click()
    page.keyboard.press(",")
    page.wait_for_function(f"Number(document.querySelector('us-history').dataset.iteration) < {newest}")
    kept = sorted(int(path.stem) for path in (folder / "previews").glob("[0-9]*.png"))
    assert int(page.locator("us-history").get_attribute("data-iteration")) in kept
    page.get_by_label("Which face").select_option(index=0)
    page.get_by_label("Which column").select_option("dst")
    page.wait_for_function(PAINTED)


def test_a_face_is_shown_large_and_columns_can_be_hidden(open_page: Callable[..., Any], trained: Path) -> None:
    page = open_page(at=AT)
    page.get_by_role("tab", name="Preview").click()
    page.wait_for_selector(".preview-cell")
    columns = page.locator(".preview-name").count()
    page.locator(".preview-head button", has_text="mask").click()
    assert page.locator(".preview-name").count() == columns - 1
    page.locator(".preview-cell").nth(4).click()
    page.wait_for_selector("dialog us-view2d canvas")
    page.get_by_role("button", name="Close", exact=True).click()
    page.wait_for_selector("dialog", state="detached")


def test_a_preview_that_another_one_replaced_on_its_way_is_no_error(
    open_page: Callable[..., Any], trained: Path, expected_errors: list[str]
) -> None:
    expected_errors.append("422")
    page, asked = open_page(), []

    def at_first_of_one_that_is_gone(route: Any) -> None:
        asked.append(route)
        gone = {"iteration": 999_999_999, "version": "gone"} if len(asked) == 1 else {}
        route.fulfill(json=route.fetch().json() | gone)

    page.route("**/api/training/sheet?*", at_first_of_one_that_is_gone)
    page.evaluate("(at) => (location.hash = at)", AT)
    page.wait_for_selector("us-preview-grid[data-iteration]")
    assert page.locator("us-preview-grid").get_attribute("data-iteration") != "999999999"
    assert page.locator(".toast.bad").all_text_contents() == []


def test_going_back_to_a_backup_moves_newer_checkpoints_to_the_trash(
    open_page: Callable[..., Any], opened: Project, trained: Path
) -> None:
    folder = trained
    goal = backups(folder)[-1].iteration
    newest, _ = newest_checkpoint(folder) or ({"iteration": goal}, folder)
    newer = folder / "checkpoints" / f"{newest['iteration'] + 5:09d}"
    newer.mkdir()
    state = json.loads((folder / "backups" / f"{goal:09d}" / "state.json").read_text())
    (newer / "state.json").write_text(json.dumps(state | {"iteration": newest["iteration"] + 5}))
    page = open_page(at=AT)
    page.get_by_role("tab", name="Backups").click()
    page.get_by_role("button", name="Go back").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Go back").click()
    until(lambda: (newest := newest_checkpoint(folder)) and newest[0]["iteration"] == goal)
    assert list(opened.trash.folder.rglob("*state.json"))


def test_a_training_that_a_terminal_started_is_watched_and_stopped_here(
    open_page: Callable[..., Any], opened: Project, folder: Path
) -> None:
    words = [sys.executable, "-m", "understudy", "train", str(opened.folder), "--model", "tiny"]
    training = subprocess.Popen(
        [*words, "--device", "cpu", "--json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        page = open_page(at=AT)
        page.wait_for_selector(".badge[data-state='running']", timeout=240_000)
        page.locator("[data-figure='speed'] dd").get_by_text(re.compile("it/s|s/it")).wait_for(timeout=240_000)
        page.get_by_role("tab", name="Runs").click()
        page.get_by_text("was not started here").wait_for()
        page.locator("us-training-model h2").click()
        page.keyboard.press("q")
        assert training.wait(180) == 0
    finally:
        training.kill()
    page.wait_for_selector(".badge[data-state='rest']")


def test_a_new_model_is_planned_made_and_shown_beside_the_other(
    open_page: Callable[..., Any], opened: Project, expected_errors: list[str]
) -> None:
    page = open_page(at=AT)
    page.wait_for_selector(".model-entry")
    page.keyboard.press("m")
    page.locator(".outlook", has_text="of memory").wait_for(timeout=240_000)
    dialog = page.get_by_role("dialog", name="New model")
    # More presets than the box has room for: it scrolls, and a search finds one.
    box = dialog.get_by_role("region", name="Presets")
    assert box.evaluate("box => box.scrollHeight > box.clientHeight + 40")
    assert box.evaluate("box => getComputedStyle(box).overflowY") == "auto"
    dialog.get_by_label("Search presets").fill("quick")
    dialog.locator("tr[data-preset=quick] input").check()
    dialog.locator("summary").click()
    width = dialog.locator("[data-option=width] input[type=number]")
    width.fill("8")
    width.press("Tab")
    # What is refused is said in the form, and what was typed is still there.
    expected_errors.append("422")
    dialog.get_by_label("Name", exact=True).fill("tiny")
    dialog.get_by_role("button", name="Only make it").click()
    dialog.get_by_role("alert").filter(has_text="tiny").wait_for()
    assert width.input_value() == "8"
    dialog.get_by_label("Name", exact=True).fill("second")
    dialog.get_by_role("button", name="Only make it").click()
    page.wait_for_selector("us-training-model[data-model='second']")
    made = Project.open(opened.folder).manifest.models["second"]
    assert (made.preset, made.network) == ("quick", {"width": 8})
    # Before anything is learnt the room says what will come, and no chooser is blank.
    assert page.get_by_label("What the curve shows").input_value() == "sides"
    none = page.locator("us-preview-grid > .empty")
    assert "No preview yet" in none.inner_text()
    assert none.bounding_box()["width"] > 400
    page.get_by_label("Show tiny beside the others").click()
    page.wait_for_function("document.querySelectorAll('us-training-model').length === 2")
    assert "models=second%2Ctiny" in page.url


def test_a_model_with_a_comma_in_its_name_is_the_one_that_is_acted_on(
    open_page: Callable[..., Any], opened: Project
) -> None:
    made = {"x", "x,y%", "x%"}
    with opened.change() as manifest:
        manifest.models |= {name: manifest.models["tiny"].model_copy(deep=True) for name in made}
    page = open_page(at=AT)
    shown = "[...document.querySelectorAll('us-training-model')].map((one) => one.dataset.model).join('|')"
    page.get_by_role("button", name="x,y%", exact=False).first.click()
    page.wait_for_function(f"{shown} === 'x,y%'")
    page.get_by_label("Show x% beside the others").click()
    page.wait_for_function(f"{shown} === 'x,y%|x%'")
    page.reload()
    page.wait_for_function(f"{shown} === 'x,y%|x%'")
    page.get_by_label("Show x,y% beside the others").click()
    page.wait_for_function(f"{shown} === 'x%'")
    with opened.change() as manifest:
        manifest.models = {name: one for name, one in manifest.models.items() if name not in made}


def _names(opened: Project) -> set[str]:
    return set(Project.open(opened.folder).manifest.models)


def test_a_model_is_copied_renamed_put_away_and_brought_back_by_undo(
    open_page: Callable[..., Any], opened: Project, expected_errors: list[str]
) -> None:
    expected_errors.append("422")  # a figure of the old name that was under way; nothing is said of it
    page = open_page(at="#/training?models=main")
    page.locator("[data-more=main]").wait_for()

    def choose(what: str, name: str = "") -> None:
        page.keyboard.press("Shift+M")
        page.get_by_role("menuitem", name=what).click()
        if name:
            page.get_by_role("dialog").get_by_label("Name").fill(name)
            page.keyboard.press("Enter")

    choose("Copy…", "trial")
    page.wait_for_selector("us-training-model[data-model=trial]")
    assert newest_checkpoint(opened.model_folder("trial")) is not None
    choose("Rename…", "better")
    page.wait_for_selector("us-training-model[data-model=better]")
    assert "better" in _names(opened) and "trial" not in _names(opened)
    choose("Put away…")
    page.get_by_role("button", name="Put away").click()
    page.locator("[data-more=better]").wait_for(state="detached")
    assert "better" not in _names(opened)
    page.get_by_role("button", name="Bring back").click()
    page.locator("[data-more=better]").wait_for()
    assert newest_checkpoint(opened.model_folder("better")) is not None
    assert page.locator(".toast.bad").all_text_contents() == []


def test_what_was_asked_of_a_model_under_the_name_it_had_is_no_error(
    open_page: Callable[..., Any], opened: Project, expected_errors: list[str]
) -> None:
    expected_errors.append("422")
    opened.add_model("early", preset="quick", network=NETWORK)
    page, late = open_page(), []
    page.route("**/api/training/options?model=early", lambda route: late.append(route))
    page.evaluate("location.hash = '#/training?models=early'")
    page.wait_for_selector("us-training-model[data-model=early]")
    while not late:
        page.wait_for_timeout(20)
    page.keyboard.press("Shift+M")
    page.get_by_role("menuitem", name="Rename…").click()
    page.get_by_role("dialog").get_by_label("Name").fill("renamed")
    page.keyboard.press("Enter")
    page.wait_for_selector("us-training-model[data-model=renamed]")
    with page.expect_response("**/api/training/options?model=early") as answer:
        for route in late:
            route.continue_()
    assert answer.value.status == 422
    page.locator("us-training-side [data-option=batch_size]").wait_for()
    assert page.locator(".toast.bad").all_text_contents() == []


def test_a_start_says_facesets_processes_and_whose_weights(
    open_page: Callable[..., Any], opened: Project
) -> None:
    opened.add_model("third", preset="quick", network=NETWORK)
    with opened.change() as manifest:
        close = manifest.performers["src"].facesets["main"].model_copy()
        manifest.performers["src"].facesets["close"] = close
    page = open_page(at="#/training?models=third")
    sent: list[Any] = []

    def answer(route: Any) -> None:
        if route.request.method != "POST":
            return route.continue_()
        sent.append(json.loads(route.request.post_data))
        return route.fulfill(json={"id": "trial", "title": "Train third", "state": "running", "living": True})

    page.route("**/api/project/runs", answer)
    page.get_by_role("button", name="Start", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("src/close").uncheck()
    dialog.get_by_label("Processes").fill("2")
    dialog.get_by_label("Begin with what").select_option("main")
    dialog.get_by_role("button", name="Train", exact=True).click()
    until(lambda: sent or page.wait_for_timeout(50))
    facts = sent[0]["facts"]
    assert facts["src_faceset"] == ["src/main"] and "dst_faceset" not in facts
    assert (facts["processes"], facts["start_from"], facts["model"]) == (2, "main", "third")
