"""Orders beside the requests: each once, stopped when nobody wants them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from understudy.errors import SortingStopped
from understudy.facesets.sorting.told import Told
from understudy.jobs.facesets import kept_orders
from understudy.jobs.facesets.kept_orders import KeptOrders, Underway


@pytest.fixture
def said() -> list[float]:
    return []


@pytest.fixture
def orders(said: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptOrders[str]]:
    monkeypatch.setattr(kept_orders, "_SAY_EVERY_S", 0.0)
    kept = KeptOrders[str](lambda underway: said.append(underway.share))
    yield kept
    kept.close()


def test_an_order_is_made_once_and_what_goes_wrong_is_said(orders: KeptOrders[str]) -> None:
    made = list[str]()

    def make(_told: Told) -> str:
        made.append("made")
        return "order"

    assert [orders.get("a", make, wait_s=10) for _ in range(3)] == ["order"] * 3 and made == ["made"]
    with pytest.raises(ZeroDivisionError):
        orders.get("b", lambda _: str(1 / 0), wait_s=10)


def test_how_far_it_is_and_how_long_it_takes_is_known(orders: KeptOrders[str], said: list[float]) -> None:
    at_half, go_on = threading.Event(), threading.Event()

    def make(told: Told) -> str:
        told(0.5)
        at_half.set()
        assert go_on.wait(20)
        return "order"

    assert orders.get("a", make, wait_s=0) is None and at_half.wait(20)
    underway = orders.underway("a")
    assert underway is not None and underway.share == 0.5 and said[-1] == 0.5
    assert underway.seconds_left is not None and underway.seconds_left >= 0
    assert Underway[str]().seconds_left is None  # it has not begun
    go_on.set()
    assert orders.get("a", make, wait_s=10) == "order"


def test_the_one_that_nobody_wants_makes_room_for_the_next(
    orders: KeptOrders[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_orders, "ORDERS_KEPT", 1)

    def endless(told: Told) -> str:
        while True:
            told(0.1)

    assert orders.get("a", endless, wait_s=0.05) is None
    old = orders.underway("a")
    assert orders.get("b", lambda _: "order", wait_s=20) == "order"
    assert old is not None and isinstance(old.future.exception(10), SortingStopped)
    assert orders.stop() == 0


def test_who_waits_for_a_stopped_one_waits_no_longer_though_it_computes_on(orders: KeptOrders[str]) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def deaf(told: Told) -> str:
        begun.set()
        go_on.wait(20)  # as in the middle of another library's work
        try:
            told(0.9)
        finally:
            ended.set()
        return "order"

    assert orders.get("a", deaf, wait_s=0.05) is None and begun.wait(20)
    assert orders.stop() == 1
    underway = orders.underway("a")
    assert underway is not None and isinstance(underway.future.exception(0), SortingStopped)
    assert orders.get("b", lambda _: "another", wait_s=20) == "another"  # not behind it
    go_on.set()
    assert ended.wait(20) and underway.stopped
