"""`studio/lanes.py`."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.requests import ClientDisconnect

from understudy.studio.app import studio_app
from understudy.studio.connections import MOST_REQUESTS
from understudy.studio.lanes import AT_ONCE, HEAVY, MOST_WAITING, PREVIEW, PREVIEWS_AT_ONCE, Lane, TooBusy
from understudy.studio.open_studio import Studio


def _request(method: str = "GET") -> tuple[Request, Callable[[], None]]:
    """A request, and how its window leaves."""
    left = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http", "method": method, "headers": []}, receive), left.set


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0)


def test_so_many_go_at_once_and_the_others_in_the_order_they_came() -> None:
    async def scene() -> list[int]:
        lane, order, go_on = Lane(2), [], asyncio.Event()

        async def one(number: int) -> None:
            async with lane.turn(_request()[0]):
                order.append(number)
                await go_on.wait()

        tasks = [asyncio.create_task(one(number)) for number in range(5)]
        await _until(lambda: lane.waiting == 3)
        assert order == [0, 1] and lane.busy == 2
        go_on.set()
        await asyncio.gather(*tasks)
        assert (lane.busy, lane.waiting) == (0, 0)
        return order

    assert asyncio.run(scene()) == [0, 1, 2, 3, 4]


def test_what_nobody_waits_for_any_more_is_not_begun() -> None:
    async def scene() -> None:
        lane = Lane(1)
        request, leave = _request()

        async def wait() -> None:
            async with lane.turn(request):
                pytest.fail("begun for nobody")

        async with lane.turn(_request()[0]):
            waiting = asyncio.create_task(wait())
            await _until(lambda: lane.waiting == 1)
            leave()
            with pytest.raises(ClientDisconnect):
                await waiting
        assert (lane.busy, lane.waiting) == (0, 0)

    asyncio.run(scene())


def test_an_action_waits_as_long_as_it_takes_also_where_its_window_left_and_the_lane_is_full() -> None:
    async def scene() -> None:
        lane = Lane(1, most_waiting=0)
        request, leave = _request("POST")
        leave()
        done = []

        async def act() -> None:
            async with lane.turn(request):
                done.append(True)

        async with lane.turn(_request()[0]):
            action = asyncio.create_task(act())
            await _until(lambda: lane.waiting == 1)
            with pytest.raises(TooBusy):
                async with lane.turn(_request()[0]):
                    pass
        await action
        assert done

    asyncio.run(scene())


@pytest.mark.parametrize("is_let_in", [True, False])
def test_one_that_is_cancelled_while_it_waits_keeps_no_place(is_let_in: bool) -> None:
    async def scene() -> None:
        lane = Lane(1)

        async def wait() -> None:
            async with lane.turn(_request()[0]):
                pass

        async with lane.turn(_request()[0]):
            waiting = asyncio.create_task(wait())
            await _until(lambda: lane.waiting == 1)
            if not is_let_in:
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
                assert lane.waiting == 0
        waiting.cancel()  # in the moment that its turn comes
        await asyncio.gather(waiting, return_exceptions=True)
        assert (lane.busy, lane.waiting) == (0, 0)

    asyncio.run(scene())


class _Work:
    """A heavy handler that computes until it is let go, and counts who is at it."""

    def __init__(self) -> None:
        self.go_on, self.lock = threading.Event(), threading.Lock()
        self.now = self.most = self.begun = 0

    def __call__(self) -> str:
        with self.lock:
            self.now, self.begun = self.now + 1, self.begun + 1
            self.most = max(self.most, self.now)
        assert self.go_on.wait(30)
        with self.lock:
            self.now -= 1
        return "done"


def _app(work: _Work, lane: Any) -> FastAPI:
    app = studio_app(Studio(None))
    app.add_api_route("/api/work", work, methods=["GET"], dependencies=[lane])
    app.add_api_route("/api/light", lambda: "light", methods=["GET"])
    return app


def _flood(window: TestClient, number: int) -> list[Future[int]]:
    threads = ThreadPoolExecutor(number)
    asked = [threads.submit(lambda: window.get("/api/work").status_code) for _ in range(number)]
    threads.shutdown(wait=False)
    return asked


def _wait(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("lane", "name", "at_once"), [(HEAVY, "heavy", AT_ONCE), (PREVIEW, "previews", PREVIEWS_AT_ONCE)]
)
def test_a_flood_of_heavy_work_leaves_threads_for_light_answers(lane: Any, name: str, at_once: int) -> None:
    work = _Work()
    app = _app(work, lane)
    with TestClient(app) as window:
        flood = _flood(window, 60)
        try:
            _wait(lambda: name in app.state.lanes and app.state.lanes[name].waiting == 60 - at_once)
            assert window.get("/api/light").json() == "light"
        finally:
            work.go_on.set()
        assert {asked.result(30) for asked in flood} == {200}
    assert work.begun == 60 and work.most <= at_once


def test_more_than_can_be_kept_in_mind_is_refused_in_words() -> None:
    work = _Work()
    app = _app(work, HEAVY)
    app.state.lanes["heavy"] = Lane(1, most_waiting=2)
    with TestClient(app) as window:
        flood = _flood(window, 3)
        try:
            _wait(lambda: app.state.lanes["heavy"].waiting == 2)
            refused = window.get("/api/work")
        finally:
            work.go_on.set()
        assert {asked.result(30) for asked in flood} == {200}
    assert refused.status_code == 503 and refused.headers["Retry-After"] == "1"
    assert refused.json() == {"error": TooBusy.sentence, "kind": "TooBusy"}


def _routes(routes: Any) -> list[APIRoute]:
    found = []
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        found += _routes(inner.routes) if inner is not None else [route]
    return [route for route in found if isinstance(route, APIRoute)]


def test_every_picture_is_made_in_turn(tmp_path: Path) -> None:
    """Those that give a `Response` give bytes, which were decoded, painted or at least read."""
    light = {
        "layer",  # lies in memory
        "page",
        "form_style",
        "download",  # sent from the disk piece by piece, for as long as its reader takes
    }
    routes = _routes(studio_app(Studio(tmp_path)).routes)
    pictures = [
        route
        for route in routes
        if route.endpoint.__annotations__.get("return") in ("Response", Response)
        and route.endpoint.__name__ not in light
    ]
    assert len(pictures) > 10
    out_of_turn = [
        route.path for route in pictures if not {one.dependency for one in route.dependencies} & _TURNS
    ]
    assert out_of_turn == []


def test_looking_at_a_whole_project_waits_its_turn() -> None:
    from understudy.studio.rooms.project.state import routes

    (look,) = (route for route in routes.routes if isinstance(route, APIRoute) and route.path == "/state")
    assert HEAVY.dependency in {one.dependency for one in look.dependencies}


_TURNS = {HEAVY.dependency, PREVIEW.dependency}


def test_full_lanes_leave_room_for_light_requests() -> None:
    assert 2 * MOST_WAITING + AT_ONCE + PREVIEWS_AT_ONCE < MOST_REQUESTS
