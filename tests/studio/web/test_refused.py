"""What the studio refuses is said in the question that asked for it, which keeps what was typed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.studio.web.conftest import wait_until
from understudy.project.project import Project

WHY = "There is no room for this. Make some, and start it again."
RUN = {"id": "trial", "title": "A trial", "state": "running", "living": True}


@pytest.fixture(scope="module")
def opened(trained_project: Project) -> Project:
    return trained_project


@pytest.fixture
def refused_once(
    open_page: Callable[..., Any], expected_errors: list[str]
) -> Callable[[str, str, dict[str, Any]], tuple[Any, list[Any]]]:
    """A window at a place, and what is posted there to `path`: refused at first, then answered."""
    expected_errors += ["422"]

    def opened_at(at: str, path: str, answer: dict[str, Any]) -> tuple[Any, list[Any]]:
        page, sent = open_page(at=at), []

        def refuse_first(route: Any) -> None:
            if route.request.method != "POST":
                return route.continue_()
            sent.append(json.loads(route.request.post_data))
            if len(sent) == 1:
                return route.fulfill(status=422, json={"error": WHY, "kind": "NoRoom"})
            return route.fulfill(json=answer)

        page.route(f"**/api/{path}", refuse_first)
        return page, sent

    return opened_at


def twice(page: Any, label: str) -> None:
    """Press a button of the question that is refused at first; the question goes when it is not."""
    dialog = page.locator("dialog")
    dialog.get_by_role("button", name=label, exact=True).click()
    dialog.get_by_role("alert").get_by_text(WHY).wait_for()
    assert page.locator(".toast.bad").count() == 0, "it is said once"
    dialog.get_by_role("button", name=label, exact=True).click()
    dialog.wait_for(state="detached")


def test_a_swap_that_is_refused_keeps_its_question_and_records_consent_once(
    refused_once: Callable[..., Any], opened: Project
) -> None:
    page, sent = refused_once("#/project", "project/runs", RUN)
    recorded: list[str] = []
    page.on("request", lambda one: recorded.append(one.url) if one.url.endswith("/src/consent") else None)
    page.get_by_role("button", name="Do it all").click()
    page.locator("dialog input[type=number]").fill("7")
    page.locator("dialog").get_by_label("src has").select_option("agreed")
    twice(page, "Start")
    assert [one["facts"]["said"] for one in sent] == [{"minutes": 7}] * 2
    assert (
        len(recorded) == 1 and Project.open(opened.folder).manifest.performers["src"].consent.status == "agreed"
    )
    page.get_by_text("A trial: started.").wait_for()


@pytest.mark.parametrize(("kind", "iterations"), [("iterations", 4321), ("endless", None)])
def test_a_training_that_is_refused_keeps_its_question_and_all_that_it_says(
    refused_once: Callable[..., Any], kind: str, iterations: int | None
) -> None:
    page, sent = refused_once("#/training?models=main", "project/runs", RUN)
    page.get_by_role("button", name=re.compile("^(Start|Go on)$")).click()
    page.get_by_label("How long").select_option(kind)
    if iterations:
        page.get_by_label("How much", exact=True).fill(str(iterations))
    twice(page, "Train")
    assert [one["facts"]["said"] for one in sent] == [{"minutes": None, "iterations": iterations}] * 2
    page.get_by_text("A trial starts.").wait_for()


def test_carrying_that_is_refused_keeps_its_question(refused_once: Callable[..., Any]) -> None:
    over = {"number": 1, "is_over": True, "frame": 0, "done": 1, "total": 1, "summary": {"stopped": ""}}
    page, sent = refused_once("#/frames", "frames/carry", {"carrying": over})
    page.wait_for_function(
        "(room => room?.is_ready && room.has_face)(document.querySelector('us-room-frames'))"
    )
    page.keyboard.press("p")
    page.locator("dialog [data-option=count] input").fill("9")
    twice(page, "Carry on")
    assert [one["said"]["count"] for one in sent] == [9, 9]


def test_a_no_does_nothing_while_the_answer_is_sent(open_page: Callable[..., Any]) -> None:
    page, held = open_page(at="#/training?models=main"), []
    page.route(
        "**/api/project/runs",
        lambda route: held.append(route) if route.request.method == "POST" else route.continue_(),
    )
    dialog = asked_to_train(page, "Sending…")
    wait_until(page, lambda: held, "the answer is sent")
    assert len(held) == 1
    held[0].fulfill(json=RUN)
    dialog.wait_for(state="detached")
    page.get_by_text("A trial starts.").wait_for()


def test_a_no_does_nothing_while_the_answer_waits_for_the_connection(
    open_page: Callable[..., Any], expected_errors: list[str]
) -> None:
    expected_errors += ["ERR_"]
    page, lost = open_page(at="#/training?models=main"), [True]

    def lose(route: Any) -> None:
        if route.request.method != "POST":
            return route.continue_()
        return route.abort("connectionfailed") if lost else route.fulfill(json=RUN)

    page.route("**/api/project/runs", lose)
    dialog = asked_to_train(page, "The connection is lost; this is sent when it is back.")
    lost.clear()
    dialog.wait_for(state="detached")
    page.get_by_text("A trial starts.").wait_for()


def asked_to_train(page: Any, waits: str) -> Any:
    """The question that was answered, and says what it waits for; Cancel and Escape do nothing."""
    page.get_by_role("button", name=re.compile("^(Start|Go on)$")).click()
    dialog = page.locator("dialog")
    dialog.get_by_role("button", name="Train", exact=True).click()
    dialog.get_by_role("status").get_by_text(waits).wait_for()
    assert dialog.get_by_role("button", name="Cancel").is_disabled()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")  # browsers let the second one through where only the first is kept back
    assert dialog.get_by_role("status").get_by_text(waits).is_visible()
    return dialog


def test_what_is_not_carried_on_keeps_its_question_and_is_not_remembered(
    open_page: Callable[..., Any], expected_errors: list[str]
) -> None:
    expected_errors += ["422"]
    room = "document.querySelector('us-room-frames')"
    page = open_page(at="#/frames")
    page.route(
        "**/api/frames/draw", lambda route: route.fulfill(status=422, json={"error": WHY, "kind": "NoRoom"})
    )
    page.wait_for_function(f"{room}?.is_ready && {room}.has_face")
    page.keyboard.press("]")
    page.wait_for_function(f"{room}.edit.changed && {room}.edit.locked && !{room}.edit.unread")
    page.keyboard.press("p")
    dialog = page.locator("dialog")
    dialog.locator("[data-option=count] input").fill("9")
    carry_on = dialog.get_by_role("button", name="Carry on", exact=True)
    page.evaluate(f"{room}.carrying.told = {{ is_over: false }}")  # as where another window carries this clip
    carry_on.click()
    dialog.get_by_role("alert").get_by_text("is being carried on already").wait_for()
    page.evaluate(f"{room}.carrying.told = null")
    carry_on.click()
    dialog.get_by_role("alert").get_by_text("only a kept face is carried on").wait_for()
    page.wait_for_function(f"{room}.is_ready && {room}.edit.changed && {room}.keeper.waiting === 0")
    dialog.get_by_role("button", name="Cancel").click()
    dialog.wait_for(state="detached")
    with page.expect_response("**/api/frames/draw"):
        page.keyboard.press("e")
    page.wait_for_function(f"{room}.is_ready && {room}.edit.changed && {room}.keeper.waiting === 0")
    assert page.get_by_text("only a kept face is carried on").count() == 0, "a key says it once"
    page.keyboard.press("p")
    assert dialog.locator("[data-option=count] input").input_value() == "25"


def test_copying_drawn_faces_that_is_refused_keeps_its_question(
    refused_once: Callable[..., Any], expected_errors: list[str]
) -> None:
    expected_errors += ["404"]  # nobody knows the run of a trial
    page, sent = refused_once("#/masks", "masks/fetch", {"id": "trial"})
    page.get_by_role("button", name="Copy faces…").click()
    page.get_by_label("Faces that are").select_option("confirmed")
    page.locator("dialog").get_by_label("Faceset").fill("dst/by hand")
    twice(page, "Copy")
    assert [(one["into"], one["mark"]) for one in sent] == [("dst/by hand", "confirmed")] * 2
