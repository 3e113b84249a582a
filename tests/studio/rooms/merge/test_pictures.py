"""A frame before and after, under any settings, at any width."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.studio.rooms.merge.conftest import CountingPainter, Room
from understudy.jobs import stages
from understudy.media.images import read_image
from understudy.merging.journal import frame_path
from understudy.studio.rooms.merge.state import forget_looks


def decoded(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def shown(room: Room, **query: object) -> np.ndarray:
    answer = room.get("picture", frame=1, **query)
    assert answer.status_code == 200, answer.text
    return decoded(answer.content)


def test_a_frame_is_shown_before_and_after_at_the_width_that_is_wanted(room: Room) -> None:
    before, after = shown(room, what="before"), shown(room)
    assert before.shape == after.shape == (48, 64, 3) and (before != after).any()
    assert shown(room, width=32).shape == (24, 32, 3)
    assert shown(room, width=640).shape == (48, 64, 3)


def test_what_is_only_tried_changes_the_picture_and_not_the_project(room: Room) -> None:
    manifest = (room.project.folder / "understudy.toml").read_bytes()
    assert (shown(room, said=json.dumps({"mode": "original"})) == shown(room, what="before")).all()
    assert (room.project.folder / "understudy.toml").read_bytes() == manifest
    refused = room.get("picture", frame=1, said=json.dumps({"erode": 7}))
    assert refused.status_code == 422 and "erode" in refused.json()["error"]
    assert room.get("picture", frame=1, said="[1").status_code == 422


def test_a_change_of_compositing_does_not_paint_again_and_the_same_wish_not_even_compose(room: Room) -> None:
    shown(room)
    painted = CountingPainter.painted
    assert painted
    for erode in (0.03, 0.05, 0.07):
        shown(room, said=json.dumps({"erode": erode, "blur": 0.2}))
    assert CountingPainter.painted == painted
    again = room.get("picture", frame=1)
    assert "server-timing" not in again.headers
    unchanged = room.client.get(
        "/api/merge/picture",
        params={"clip": "dst", "frame": 1},
        headers={"If-None-Match": again.headers["etag"]},
    )
    assert unchanged.status_code == 304 and not unchanged.content


def test_what_was_tried_and_is_then_kept_is_not_composed_again(room: Room) -> None:
    tried = room.get("picture", frame=1, said=json.dumps({"erode": 0.06}))
    room.post("keep", frame=1, values={"erode": 0.06}, scope="clip")
    kept = room.get("picture", frame=1)
    assert kept.headers["etag"] == tried.headers["etag"] and "server-timing" not in kept.headers
    room.post("keep", frame=1, values={"erode": 0.09}, scope="range", frames="2")
    near = room.get("picture", frame=1)
    assert near.headers["etag"] != tried.headers["etag"]  # a neighbour has a say in its mask


def test_a_frame_without_a_face_says_why_and_one_outside_is_refused(room: Room) -> None:
    assert room.get("picture", frame=0).headers["x-reason"].startswith("no%20face")
    refused = room.get("picture", frame=3)
    assert refused.status_code == 422 and "0 to 2" in refused.json()["error"]


def test_names_that_are_not_the_project_s_are_refused(room: Room) -> None:
    for wrong in ({"clip": "../dst"}, {"clip": "src"}, {"model": "../../other"}):
        for path in ("picture", "made", "layers"):
            assert room.get(path, frame=1, **wrong).status_code == 422


def test_of_wishes_that_wait_only_the_latest_of_a_window_is_worked_on(room: Room) -> None:
    answers: dict[int, int] = {}

    def ask(number: int) -> None:
        said = json.dumps({"erode": number / 100})
        answers[number] = room.get("picture", frame=1, said=said, window="w", number=number).status_code

    with room.desk.turns.turn("somebody else", 1):
        threads = [threading.Thread(target=ask, args=(number,)) for number in (1, 2, 3)]
        for place, thread in enumerate(threads):
            thread.start()
            while (room.desk.turns.waiting < 1 or len(answers) < place) and thread.is_alive():
                pass
    for thread in threads:
        thread.join(20)
    assert answers == {1: 204, 2: 204, 3: 200}


def test_a_face_that_is_deleted_is_gone_from_the_picture(room: Room) -> None:
    assert (shown(room) != shown(room, what="before")).any()
    for path in room.project.faceset_folder(*room.project.faceset_of_clip("dst")).glob("dst-*"):
        path.unlink()
    forget_looks()
    assert (shown(room) == shown(room, what="before")).all()


def test_what_was_merged_is_shown_from_disk(room: Room) -> None:
    assert room.get("made", frame=1).status_code == 404
    list(stages.merge(room.project, "main", clips=["dst"], said={}, device="cpu"))
    made = room.get("made", frame=1)
    assert np.abs(decoded(made.content).astype(int) - shown(room)).max() <= 2
    unchanged = room.client.get(
        "/api/merge/made",
        params={"clip": "dst", "frame": 1},
        headers={"If-None-Match": made.headers["etag"]},
    )
    assert unchanged.status_code == 304


def test_a_merged_frame_that_goes_just_before_it_is_opened_is_not_there(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = frame_path(room.project.merged_folder("dst", "main"), 1)
    made.parent.mkdir(parents=True)
    made.touch()

    def too_late(path: Path) -> np.ndarray:
        path.unlink()
        return read_image(path)

    monkeypatch.setattr("understudy.media.images.read_image", too_late)
    assert room.get("made", frame=1).status_code == 404


def test_every_step_of_a_frame_is_a_picture_with_numbers(room: Room) -> None:
    told = room.get("layers", frame=1).json()
    names = [layer["name"] for layer in told["layers"]]
    assert {"plate", "face-predicted", "face-mask-soft", "face-mask-seam", "merged"} <= set(names)
    assert told["numbers"]["faces"][0]["name"] == "face"
    for name in names:
        assert (
            decoded(room.client.get("/api/merge/layer", params={"key": f"{told['key']}-{name}"}).content)
            is not None
        )
    assert room.client.get("/api/merge/layer", params={"key": "gone"}).status_code == 404
