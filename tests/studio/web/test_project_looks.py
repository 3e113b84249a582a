"""What the Project room says of clips and of the machine, with answers of the server that a test makes up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.studio.web.conftest import wait_until
from understudy.project.project import Project

_RUN = {
    "id": "trial", "title": "Find faces", "typed": "understudy extract .", "state": "running", "living": True,
    "words": ["extract", ".", "--json"], "created": 0, "started": 1, "ended": None, "exit_code": None,
    "sentence": "", "standing": None,
}  # fmt: skip
_CLIP = {"folder": "plates", "size_bytes": 5_000_000, "picture": "places/none", "changed": 0}


def _unsearched(route: Any) -> None:
    told = route.fetch().json()
    for clip in told["clips"]:
        clip.update(searched=False, faces=0)
    route.fulfill(json=told)


def test_a_clip_that_is_being_searched_says_so(page: Any) -> None:
    runs: list[Any] = []
    page.route("**/api/project/state", _unsearched)
    page.route("**/api/project/runs", lambda route: route.fulfill(json={"runs": runs}))
    page.route("**/api/project/runs/trial", lambda route: route.fulfill(json=runs[0]))
    page.route("**/api/project/runs/*/events*", lambda route: route.fulfill(json={"events": [], "next": 0}))
    page.reload()
    src, dst = page.locator("li[data-clip=src]"), page.locator("li[data-clip=dst]")
    src.get_by_text("not searched").wait_for()
    runs.append({**_RUN, "words": ["extract", ".", "src", "--json"]})
    page.evaluate("import('/web/kit/live.js').then(({ live }) => live.tell('look-anew', {}))")
    src.get_by_text("being searched…").wait_for()
    assert "not searched" in dst.inner_text()
    page.unroute_all(behavior="ignoreErrors")  # it may be looking once more


def test_news_take_neither_the_focus_nor_a_button_from_under_the_hand(page: Any, opened: Project) -> None:
    def record(status: str) -> None:
        with opened.change() as manifest:
            src = manifest.performers["src"]
            src.consent = src.consent.model_copy(update={"status": status})

    def says(status: str) -> None:
        """Another program records it, and the page shows it."""
        record(status)
        page.locator("[data-performer=src]").get_by_text(status).wait_for()

    held = "document.activeElement.closest('[data-performer]')?.dataset.performer"
    change = page.locator("[data-performer=dst]").get_by_role("button", name="Change…")
    change.focus()
    says("agreed")
    assert page.evaluate(held) == "dst"
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    says("not stated")
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    assert page.evaluate(held) == "dst"
    change.hover()
    page.mouse.down()
    with page.expect_response("**/api/project/state"):
        record("fictional")
    page.mouse.up()
    page.get_by_role("dialog", name="What dst agreed to").wait_for()
    page.locator("[data-performer=src]").get_by_text("fictional").wait_for()


def test_adding_no_clip_is_told_in_the_question(page: Any) -> None:
    page.keyboard.press("s")
    page.get_by_role("dialog", name="Add src clips").get_by_role("button", name="Add", exact=True).click()
    page.locator("dialog .refused", has_text="No clip is chosen.").wait_for()


def test_the_bar_of_every_room_says_how_long_a_run_still_takes(page: Any, expected_errors: list[str]) -> None:
    expected_errors.append("422")  # the studio knows no such run
    standing = {
        "stage": "train", "unit": "iterations", "why": "", "done": 120, "total": 1000, "rate": 2.0, "note": "",
        "seconds_left": 440, "loss": 0.1234, "finished": False, "details": {"iteration": 120},
    }  # fmt: skip
    run = {**_RUN, "title": "Train a model with a long name, as they have them", "standing": standing}
    page.route("**/api/project/runs", lambda route: route.fulfill(json={"runs": [run], "queue": None}))
    page.route("**/api/project/runs/trial", lambda route: route.fulfill(json=run))
    page.route("**/api/project/runs/*/events*", lambda route: route.fulfill(json={"events": [], "next": 0}))
    page.evaluate("import('/web/kit/live.js').then(({ live }) => live.tell('look-anew', {}))")
    left = page.locator("us-run-bar .how-far", has_text="12 % · 7:20 left")
    left.wait_for()
    assert left.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    page.wait_for_function("import('/web/kit/live.js').then(({ live }) => live.connected)")  # which is a look
    page.wait_for_function("!document.querySelector('us-run-bar').asking")
    page.wait_for_function("!document.querySelector('us-run-list').loading")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "project/runs" in request.url else None)
    news = {"id": "trial", "state": "running"}
    with page.expect_response("**/api/project/runs/trial"):
        page.evaluate("(news) => import('/web/kit/live.js').then(({ live }) => live.tell('runs', news))", news)
    assert not [url for url in asked if url.endswith("/runs")], "that run alone is asked for, as it got further"
    page.unroute_all(behavior="ignoreErrors")


def test_what_waits_is_shown_in_its_order_and_moved_sooner_and_later(
    page: Any, expected_errors: list[str]
) -> None:
    expected_errors.append("422")  # the studio knows no such runs
    moved: list[tuple[str, str]] = []

    def run(id: str, ahead: int) -> dict[str, Any]:
        more = {"state": "queued", "ahead": ahead, "started": None, "from_elsewhere": False}
        return {**_RUN, "id": id, "title": id, **more}

    def move(route: Any) -> None:
        moved.append((route.request.url.split("/")[-2], route.request.post_data_json["before"]))
        route.fulfill(json=run("first", 1))

    runs = [run("third", 3), run("second", 2), run("first", 1), {**_RUN, "ahead": 0}]
    page.route("**/api/project/runs", lambda route: route.fulfill(json={"runs": runs, "queue": None}))
    page.route("**/api/project/runs/*/move", move)
    page.evaluate("import('/web/kit/live.js').then(({ live }) => live.tell('look-anew', {}))")
    rows = page.locator("us-run-list us-run")
    rows.filter(has_text="waits until the 3 before it are over").wait_for()
    titles = page.locator("us-run-list .run-title").all_inner_texts()
    assert titles == ["Find faces", "first", "second", "third"]
    assert rows.nth(1).get_by_role("button", name="Sooner").is_hidden()
    for at, button in ((1, "Later"), (2, "Later"), (2, "Sooner"), (3, "Sooner")):
        before = len(moved)
        rows.nth(at).get_by_role("button", name=button).click()
        wait_until(page, lambda before=before: len(moved) > before, "it is asked to move the run")
    assert moved == [("first", "third"), ("second", ""), ("second", "first"), ("third", "second")]
    page.unroute_all(behavior="ignoreErrors")


def test_devices_are_asked_for_anew_when_the_studio_is_back(page: Any) -> None:
    page.locator("section[aria-label=Machine] .device").first.wait_for()
    page.wait_for_function("import('/web/kit/live.js').then(({ live }) => live.connected)")  # which is a look
    page.wait_for_function("!document.querySelector('us-room-project').looking")
    page.route(
        "**/api/project/machine",
        lambda route: route.fulfill(
            json={
                "memory_bytes": 64e9,
                "free_bytes": 32e9,
                "devices": [{"name": "cuda:0", "words": "of another machine", "free_bytes": 8e9}],
            }
        ),
    )
    page.evaluate("import('/web/kit/live.js').then(({ live }) => live.tell('look-anew', {}))")
    page.get_by_text("of another machine").wait_for()


def test_single_images_stand_apart_from_the_clips(page: Any, expected_errors: list[str]) -> None:
    expected_errors.append("places/none")
    expected_errors.append("404")
    kinds = {"a.mp4": "movie", "plates": "images", "still.png": "image"}
    clips = [{**_CLIP, "id": name, "name": name, "kind": kind} for name, kind in kinds.items()]
    told = {"clips": clips, "folders": ["plates"], "endings": [".gxf", ".png"]}
    page.route("**/api/places/clips", lambda route: route.fulfill(json=told))
    page.locator(".pipeline").wait_for()
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog")
    dialog.locator("[data-place='a.mp4']").wait_for()
    assert dialog.locator("[data-place='plates']").is_visible()
    dialog.get_by_role("button", name="All or none").click()
    dialog.get_by_text("2 clips chosen.").wait_for()
    assert dialog.locator("[data-place] input:checked").count() == 2, "what the list shows, no single images"
    dialog.get_by_role("button", name="All or none").click()
    assert not dialog.locator("[data-place] input:checked").count()
    assert not dialog.locator("[data-place='still.png']").is_visible()
    dialog.get_by_text("Single images: 1").click()
    assert dialog.locator("[data-place='still.png']").is_visible()
    assert dialog.locator("input[type=file]").get_attribute("accept") == ".gxf,.png", "as the studio says"


def _next_is_merging(clips: list[str]) -> Any:
    def answer(route: Any) -> None:
        told = route.fetch().json()
        dst = next(clip for clip in told["clips"] if clip["name"] == "dst")
        told["clips"] += [{**dst, "name": name} for name in ("wide", "far")]
        told["models"] = [{"name": "main", "preset": "quick", "iteration": 5, "trained": True, "changed": None}]
        route.fulfill(json={**told, "next_stage": "merge", "next_why": "it lacks", "next_clips": clips})

    return answer


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        (["dst"], "It lacks. This is about clip dst alone."),
        (["dst", "far"], "It lacks. This is about clips dst, far alone."),
        ([], "It lacks."),
    ],
)
def test_the_next_step_names_the_clips_it_is_about_and_starts_with_these(
    page: Any, clips: list[str], words: str, expected_errors: list[str]
) -> None:
    expected_errors += ["pictures/preview", "422"]  # of the model that the test makes up
    asked: list[Any] = []

    def begin(route: Any) -> None:
        if route.request.method == "POST":
            asked.append(route.request.post_data_json)
            route.fulfill(json={**_RUN, "title": "Merge"})
        else:
            route.fulfill(json={"runs": []})

    page.route("**/api/project/state", _next_is_merging(clips))
    page.route("**/api/project/runs", begin)
    page.reload()
    panel = page.locator("section[aria-label=Next]")
    panel.get_by_text(words, exact=True).wait_for()
    panel.get_by_role("button", name="Merge").click()
    dialog = page.get_by_role("dialog")
    chosen = dialog.locator(".which select").first
    chosen.wait_for()
    shown = chosen.evaluate("one => one.selectedOptions[0].textContent")
    assert shown == (", ".join(clips) or "all dst clips")
    dialog.get_by_role("button", name="Start").click()
    page.wait_for_function("!document.querySelector('dialog[open]')")
    (said,) = asked
    assert said["facts"].get("clips", []) == clips


def test_a_project_that_takes_long_to_look_at_is_not_asked_for_again_meanwhile(page: Any) -> None:
    page.locator("us-room-project .pipeline").wait_for()
    page.wait_for_function("import('/web/kit/live.js').then(({ live }) => live.connected)")
    page.wait_for_timeout(500)  # the look that connecting is
    held: list[Any] = []
    page.route("**/api/project/state", lambda route: held.append(route))
    say = "import('/web/kit/live.js').then(({ live }) => live.tell('faces', {}))"
    for _ in range(4):
        page.evaluate(say)
        page.wait_for_timeout(300)
    wait_until(page, lambda: held, "the project is looked at")
    assert len(held) == 1
    held[0].continue_()
    wait_until(page, lambda: len(held) > 1, "it is looked at once more")
    held[1].continue_()
    page.wait_for_timeout(500)
    assert len(held) == 2


def test_a_look_that_hangs_is_given_up_when_the_studio_is_back(page: Any) -> None:
    page.locator("us-room-project .pipeline").wait_for()
    page.wait_for_function("import('/web/kit/live.js').then(({ live }) => live.connected)")
    page.wait_for_timeout(500)
    hanging: list[Any] = []
    page.route("**/api/project/state", lambda route: hanging.append(route))
    page.evaluate("void document.querySelector('us-room-project').load()")
    wait_until(page, lambda: hanging, "the project is looked at")
    page.unroute_all()
    page.evaluate("document.querySelector('us-room-project').state = null")
    page.evaluate("import('/web/kit/live.js').then(({ live }) => live.tell('look-anew', {}))")
    page.wait_for_function("document.querySelector('us-room-project').state !== null")
