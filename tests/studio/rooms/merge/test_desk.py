"""The desk keeps little, and puts everything away when nobody looks."""

from __future__ import annotations

import threading
import time

import numpy as np

from tests.studio.rooms.merge.conftest import Room
from understudy.studio.rooms.merge import desk as desk_module
from understudy.studio.rooms.merge.desk import Desk
from understudy.studio.rooms.merge.state import Shot


def test_encoded_pictures_have_a_limit_of_memory(monkeypatch) -> None:
    monkeypatch.setattr(desk_module, "PICTURES_BYTES", 20_000)
    desk, noise = Desk(), np.random.default_rng(1).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    for number in range(20):
        desk.encoded(str(number), noise, width=0)
    kept = [number for number in range(20) if desk.kept(str(number))]
    assert 0 < len(kept) < 20 and kept[-1] == 19
    assert sum(len(desk.kept(str(number)).data) for number in kept) <= 20_000


def test_pictures_that_are_made_again_count_once(monkeypatch) -> None:
    desk, noise = Desk(), np.random.default_rng(1).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    one = len(desk.encoded("0", noise, width=0).data)
    monkeypatch.setattr(desk_module, "PICTURES_BYTES", 5 * one)
    for _ in range(20):
        for number in range(4):
            desk.encoded(str(number), noise, width=0)
    assert [number for number in range(4) if desk.kept(str(number))] == [0, 1, 2, 3]


def test_a_model_is_loaded_once_and_everything_is_put_away_when_nobody_looks(room: Room) -> None:
    desk = Desk(device="cpu", put_away_after_s=0.3)
    shot = Shot("dst", "main")
    with desk.turns.turn("w", 1):
        opened = desk.previews(room.project, shot)
        assert desk.previews(room.project, shot) is opened and not desk.is_empty
    until = time.monotonic() + 20
    while not desk.is_empty and time.monotonic() < until:
        time.sleep(0.05)
    assert desk.is_empty


def test_one_that_is_closed_waits_for_nobody_any_more(room: Room) -> None:
    desk = Desk(device="cpu")
    with desk.turns.turn("w", 1):
        desk.previews(room.project, Shot("dst", "main"))
    timer = desk._timer
    assert timer is not None and timer.is_alive()
    desk.close()
    timer.join(10)
    assert desk.is_empty and not timer.is_alive()


def test_looking_at_a_frame_again_and_again_keeps_nothing_more(room: Room) -> None:
    def looks(count: int) -> None:
        for number in range(count):
            said = f'{{"erode": {0.001 * (number % 97)}}}'
            assert room.get("picture", frame=1, said=said, window="w", number=number + 1).status_code == 200

    import gc

    looks(100)
    gc.collect()
    before = len(gc.get_objects())
    looks(100)
    gc.collect()
    assert len(gc.get_objects()) - before < 400


def test_pictures_dont_wait_until_a_long_shot_is_planned(room: Room, monkeypatch) -> None:
    go, planning = threading.Event(), threading.Event()

    def slow(*_: object, **__: object) -> str:
        planning.set()
        assert go.wait(30)
        return "planned"

    monkeypatch.setattr("understudy.jobs.merging.frame_states.FramesWanted", slow)
    found: list[object] = []
    shot = Shot("dst", "main")
    thread = threading.Thread(target=lambda: found.append(room.desk.wanted(room.project, shot)))
    thread.start()
    assert planning.wait(30)
    seen = threading.Thread(target=lambda: found.append(room.get("picture", frame=1).status_code))
    seen.start()
    seen.join(30)
    assert found == [200]
    go.set()
    thread.join(30)
    assert found == [200, "planned"]
