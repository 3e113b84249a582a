"""`studio/rooms/frames.py`: clips, pictures, live landmarks and drawn faces over HTTP."""

from __future__ import annotations

import base64
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests.facesets.extraction.stand_in import FACE, Drawn, StandIn, installed, one_person
from tests.jobs.frames.test_carry import StandInReader
from tests.jobs.frames.test_desk import extracted, made
from tests.studio.going import goes_once_seen
from understudy.errors import FolderUnwritable
from understudy.faces.detect import DETECTORS
from understudy.faces.manual import manual_file, read_regions
from understudy.jobs.frames.desk import FramesDesk
from understudy.jobs.runs.book import RunBook
from understudy.media.images import decode_image
from understudy.project.project import Project
from understudy.studio.app import studio_app
from understudy.studio.open_studio import Studio
from understudy.studio.rooms import frames
from understudy.training.keeping.lock import model_lock

EMPTY = (4, 5, 6)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    installed(StandIn())
    frames = one_person(10)
    frames[8] = [Drawn(40, 60, 40), Drawn(110, 60, 40, who=2)]
    project = extracted(made(tmp_path, frames))
    with FramesDesk(project, "shot") as desk:
        desk.remove([desk.faces(index)[0]["name"] for index in EMPTY])
    yield project
    del DETECTORS["stand-in"]


@pytest.fixture
def studio(project: Project) -> Studio:
    studio = Studio(project.folder)
    studio.kept["hand reader"] = StandInReader()
    return studio


@pytest.fixture
def client(studio: Studio) -> TestClient:
    return TestClient(studio_app(studio))


def flags(client: TestClient) -> tuple[dict, np.ndarray]:
    told = client.get("/api/frames/clip?clip=shot").json()
    return told["bits"], np.frombuffer(base64.b64decode(told["flags"]), "<u2")


def without(client: TestClient) -> list[int]:
    bits, states = flags(client)
    return np.flatnonzero((states & bits["STORED"]) == 0).tolist()


def test_the_room_has_a_page() -> None:
    served = TestClient(studio_app(Studio(None))).get("/web/rooms/frames/room.js")
    assert 'customElements.define("us-room-frames"' in served.text


def test_clips_and_the_states_of_their_frames_are_told_in_a_few_bytes_each(client: TestClient) -> None:
    assert [clip["name"] for clip in client.get("/api/frames/clips").json()] == ["shot"]
    told = client.get("/api/frames/clip?clip=shot").json()
    assert (told["count"], told["width"], told["height"]) == (10, 160, 120)
    assert without(client) == list(EMPTY)
    assert len(told["flags"]) < 4 * told["count"]
    assert client.get("/api/frames/clip?clip=../x").status_code == 422
    assert "no clip called" in client.get("/api/frames/clip?clip=../x").json()["error"]


def test_a_frame_comes_in_the_width_asked_for_and_is_not_sent_twice(client: TestClient) -> None:
    whole = client.get("/api/frames/picture?clip=shot&frame=3&width=1000")
    small = client.get("/api/frames/picture?clip=shot&frame=3&width=80")
    assert decode_image(whole.content).shape == (120, 160, 3)
    assert decode_image(small.content).shape == (60, 80, 3)
    assert "immutable" in whole.headers["cache-control"]
    again = client.get(
        "/api/frames/picture?clip=shot&frame=3&width=1000", headers={"If-None-Match": whole.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/api/frames/picture?clip=shot&frame=99").status_code == 422
    assert client.get("/api/frames/picture?clip=shot&frame=3&width=99999").status_code == 422


def test_a_clip_that_goes_just_before_it_is_opened_is_not_there(
    client: TestClient, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_once_seen(monkeypatch, project.clip_path("shot"))
    refused = client.get("/api/frames/picture?clip=shot&frame=3")
    assert (refused.status_code, refused.json()["kind"]) == (422, "ClipMissing")


def test_the_faces_of_a_frame_are_told_or_why_there_is_none(client: TestClient) -> None:
    told = client.get("/api/frames/faces?clip=shot&frame=2").json()
    assert [face["name"] for face in told["faces"]] == ["shot-000002-1.jpg"]
    assert told["faces"][0]["square"]["side"] > 20
    assert told["why"] == ""
    assert client.get("/api/frames/faces?clip=shot&frame=4").json()["why"].startswith("its face was deleted")
    assert [bool(f["name"]) for f in client.get("/api/frames/faces?clip=shot&frame=8").json()["faces"]] == [
        True,
        False,
    ]
    assert client.get("/api/frames/faces?clip=shot&frame=-1").status_code == 422


def test_a_box_is_read_and_what_is_no_box_is_refused(client: TestClient) -> None:
    told = client.get("/api/frames/read?clip=shot&frame=2&x=72&y=60&side=60&angle=10").json()
    assert np.array(told["landmarks"]) == pytest.approx(FACE * 48 + [72, 60], abs=0.01)
    assert len(told["spread"]) == 68
    assert client.get("/api/frames/read?clip=shot&frame=2&x=nan&y=60&side=60").status_code == 422
    assert client.get("/api/frames/read?clip=shot&frame=2&x=1&y=60&side=0").status_code == 422


def test_the_mean_face_stands_in_a_box_of_side_one(client: TestClient) -> None:
    points = np.array(client.get("/api/frames/mean").json()["landmarks"])
    assert points.shape == (68, 2)
    assert np.abs(points).max() < 0.6
    assert points[36:48, 1].mean() < points[48:, 1].mean()


def step_back(client: TestClient, step: int) -> dict:
    return client.post("/api/frames/undo", json={"clip": "shot", "step": step}).json()


def test_a_window_takes_back_what_it_offers_and_nothing_that_came_later(client: TestClient) -> None:
    points = (FACE * 48 + [74, 60]).tolist()
    first = client.post("/api/frames/draw", json={"clip": "shot", "frame": 4, "landmarks": points}).json()
    client.post("/api/frames/draw", json={"clip": "shot", "frame": 5, "landmarks": points})
    refused = client.post("/api/frames/undo", json={"clip": "shot", "step": first["can"]["undo_step"]})
    assert (refused.status_code, refused.json()["kind"]) == (422, "StepOutdated")
    assert "draw 1 face in frame 5" in refused.text
    assert without(client) == [6]


def test_what_was_drawn_goes_back_wholly_from_the_faces_room_and_is_done_again_here(
    client: TestClient, studio: Studio
) -> None:
    points = (FACE * 48 + [74, 60]).tolist()
    client.post("/api/frames/draw", json={"clip": "shot", "frame": 4, "landmarks": points})
    faceset = "/".join(studio.project().faceset_of_clip("shot"))
    offered = client.get("/api/faces/steps", params={"faceset": faceset}).json()["undo"]
    assert "draw 1 face in frame 4" in offered["words"]
    client.post("/api/faces/undo", json={"faceset": faceset, "step": offered["step"]})
    told = client.get("/api/frames/clip?clip=shot").json()
    assert without(client) == list(EMPTY)
    assert told["can"]["undo"] == "remove 3 faces of frame 4-6"
    assert told["can"]["redo"] == "draw 1 face in frame 4"
    there = client.get("/api/frames/faces?clip=shot&frame=4").json()["faces"]
    assert [face["name"] for face in there] == [""]  # what the extraction had found once
    assert read_regions(manual_file(studio.project().folder, "shot")) == {}
    client.post("/api/frames/redo", json={"clip": "shot", "step": told["can"]["redo_step"]})
    assert without(client) == [5, 6]


def test_a_drawn_face_is_stored_taken_back_and_done_again(client: TestClient, studio: Studio) -> None:
    points = (FACE * 48 + [74, 60]).tolist()
    told = client.post("/api/frames/draw", json={"clip": "shot", "frame": 4, "landmarks": points}).json()
    assert told["names"] == ["shot-000004-1.jpg"]
    assert told["can"]["undo"] == "draw 1 face in frame 4"
    assert without(client) == [5, 6]
    back = step_back(client, told["can"]["undo_step"])
    assert back["frames"] == [4]
    assert without(client) == list(EMPTY)
    client.post("/api/frames/redo", json={"clip": "shot", "step": back["can"]["redo_step"]})
    assert without(client) == [5, 6]
    client.post("/api/frames/remove", json={"clip": "shot", "names": told["names"]})
    assert without(client) == list(EMPTY)
    refused = client.post("/api/frames/remove", json={"clip": "shot", "names": ["../../x"]})
    assert refused.status_code == 422
    assert (
        client.post("/api/frames/draw", json={"clip": "shot", "frame": 4, "landmarks": []}).status_code == 422
    )


def test_a_change_names_the_models_whose_training_goes_on_without_it(
    client: TestClient, project: Project
) -> None:
    project.add_model("main")
    points = (FACE * 48 + [74, 60]).tolist()
    with model_lock(project.model_folder("main")):
        told = client.post("/api/frames/draw", json={"clip": "shot", "frame": 4, "landmarks": points}).json()
        client.post("/api/frames/carry", json={"clip": "shot", "frame": 4, "said": {"count": 1}})
        by_itself = carried(client)
    assert told["learning"] == by_itself["learning"] == ["main"]
    assert step_back(client, by_itself["can"]["undo_step"])["learning"] == []


def carried(client: TestClient) -> dict:
    end = time.monotonic() + 60
    while not (told := client.get("/api/frames/clip?clip=shot").json()["carrying"])["is_over"]:
        assert time.monotonic() < end
        time.sleep(0.02)
    return told


def test_a_face_is_carried_on_while_windows_look(client: TestClient) -> None:
    begun = client.post("/api/frames/carry", json={"clip": "shot", "frame": 3, "said": {"count": 3}})
    assert begun.status_code == 200
    told = carried(client)
    assert (told["done"], told["summary"]["faces_written"], told["error"]) == (3, 3, "")
    assert without(client) == []
    step_back(client, told["can"]["undo_step"])
    assert without(client) == list(EMPTY)


def test_carrying_stops_when_asked_and_what_was_carried_stays(client: TestClient, studio: Studio) -> None:
    reads, go_on = [], threading.Event()

    class Slow(StandInReader):
        def read(self, frame, box, *, accurate=False):
            reads.append(frame)
            if len(reads) > 2:
                go_on.wait(60)  # the others come when it was asked to stop
            return super().read(frame, box, accurate=accurate)

    studio.kept["hand reader"] = Slow()
    client.post(
        "/api/frames/carry", json={"clip": "shot", "frame": 3, "said": {"count": 6, "existing": "replace"}}
    )
    again = client.post("/api/frames/carry", json={"clip": "shot", "frame": 3, "said": {"count": 6}})
    assert again.status_code == 422
    end = time.monotonic() + 20
    while client.get("/api/frames/clip?clip=shot").json()["carrying"]["done"] < 1:
        assert time.monotonic() < end
        time.sleep(0.01)
    client.post("/api/frames/stop", json={"clip": "shot"})
    go_on.set()
    told = carried(client)
    assert told["summary"]["stopped"] == "as asked"
    assert 1 <= told["done"] < 6
    assert without(client) == [index for index in EMPTY if index > 3 + told["done"]]


def test_carrying_from_a_frame_without_a_face_says_so(client: TestClient) -> None:
    client.post("/api/frames/carry", json={"clip": "shot", "frame": 5, "said": {"count": 2}})
    assert "no face" in carried(client)["error"]


CARRIES = """
import json, signal, sys, time
stopped = []
signal.signal(signal.SIGINT, lambda *_: stopped.append(1))
def say(**event):
    print(json.dumps(event), flush=True)
say(event="StageStarted", stage="carry", unit="frames", total=50, done=0, why="")
say(event="Progress", stage="carry", done=3, total=50)
while not stopped:
    time.sleep(0.01)
sys.exit(130)
"""


def test_many_frames_are_carried_by_a_run_that_outlives_the_studio(
    client: TestClient, studio: Studio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "carries.py").write_text(CARRIES)
    program = (sys.executable, str(tmp_path / "carries.py"))
    monkeypatch.setattr(Studio, "runs", property(lambda self: RunBook(self.project(), program=program)))
    asked = {"clip": "shot", "frame": 3, "said": {"count": 50, "existing": "skip", "accurate": True}}
    begun = client.post("/api/frames/carry", json=asked).json()["carrying"]
    run = studio.runs.get(begun["run"])
    assert run.words[:5] == ("frames", "carry", ".", "shot", "3")
    assert set(run.words[5:]) == {"--count=50", "--existing=skip", "--accurate", "--json"}
    assert client.post("/api/frames/carry", json=asked).status_code == 422
    other = TestClient(studio_app(Studio(studio.folder)), base_url=client.base_url, headers=client.headers)
    other.cookies = client.cookies
    end = time.monotonic() + 120
    while (told := carrying_now(other))["done"] < 3:
        assert time.monotonic() < end
    assert (told["frame"], told["total"], told["is_over"]) == (6, 50, False)
    other.post("/api/frames/stop", json={"clip": "shot"})
    told = carried(other)
    assert (told["summary"]["stopped"], told["error"], told["frame"]) == ("as asked", "", 6)
    assert carrying_now(client)["number"] == begun["number"]


def carrying_now(client: TestClient) -> dict:
    return client.get("/api/frames/carrying?clip=shot").json()["carrying"]


def test_what_can_not_be_carried_begins_no_run(client: TestClient, studio: Studio) -> None:
    for said in ({"count": 0}, {"existing": "burn"}, {"other": 1}):
        asked = {"clip": "shot", "frame": 3, "said": said}
        assert client.post("/api/frames/carry", json=asked).status_code == 422
    asked = {"clip": "shot", "frame": 3, "face": "--x", "said": {"count": 50}}
    assert client.post("/api/frames/carry", json=asked).json()["kind"] == "FacesUnknown"
    assert studio.runs.all() == []
    names = [one["name"] for one in client.get("/api/frames/carry-options").json()]
    assert names == ["count", "existing", "accurate"]


def test_a_clip_that_others_took_the_place_of_is_open_as_long_as_somebody_looks(
    client: TestClient, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, go_on, decoded = threading.Event(), threading.Event(), []

    def look() -> None:
        desk = frames._desk(studio, "shot")
        looking.set()
        go_on.wait(20)
        decoded.append(desk.frames.frame(2).index)

    thread = threading.Thread(target=look)
    thread.start()
    assert looking.wait(20)
    (_, kept) = next(iter(studio.kept["frames desks"].values()))
    reader, ended = kept.frames, kept.close_when_unused
    monkeypatch.setattr(frames, "_MOST_CLIPS_OPEN", 0)
    frames._desk(studio, "shot")
    del kept
    assert studio.kept["frames desks"] == {} and ended.alive
    go_on.set()
    thread.join(20)
    assert decoded == [2]
    assert not ended.alive and reader.is_closed


class Slow(StandInReader):
    def read(self, frame, box, *, accurate=False):
        time.sleep(0.05)
        return super().read(frame, box, accurate=accurate)


def test_carrying_that_is_stopped_but_can_not_be_stored_says_so_and_ends(
    client: TestClient, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise FolderUnwritable("Another process is changing this project.")

    studio.kept["hand reader"] = Slow()
    monkeypatch.setattr(FramesDesk, "draw_all", busy)
    client.post(
        "/api/frames/carry", json={"clip": "shot", "frame": 3, "said": {"count": 6, "existing": "replace"}}
    )
    end = time.monotonic() + 20
    while client.get("/api/frames/carrying?clip=shot").json()["carrying"]["done"] < 1:
        assert time.monotonic() < end
    client.post("/api/frames/stop", json={"clip": "shot"})
    assert "Another process is changing" in carried(client)["error"]
    again = client.post("/api/frames/carry", json={"clip": "shot", "frame": 3, "said": {"count": 1}})
    assert again.status_code == 200
    carried(client)


def test_a_bug_while_carrying_is_no_stop_as_asked_and_stands_in_the_log(
    client: TestClient, studio: Studio
) -> None:
    class Broken(StandInReader):
        def read(self, frame, box, *, accurate=False):
            raise RuntimeError("not as thought")

    studio.kept["hand reader"] = Broken()
    client.post("/api/frames/carry", json={"clip": "shot", "frame": 3, "said": {"count": 3}})
    told = carried(client)
    assert "a bug in understudy" in told["error"]
    assert told["summary"] == {}
    assert "not as thought" in studio.log().read_text()


def test_frames_are_looked_at_while_the_network_loads(client: TestClient) -> None:
    with frames._loading:
        assert client.get("/api/frames/picture?clip=shot&frame=3").status_code == 200


def test_a_clip_stays_open_until_it_is_another_one(client: TestClient, studio: Studio) -> None:
    client.get("/api/frames/clip?clip=shot")
    (kept,) = studio.kept["frames desks"].values()
    client.get("/api/frames/picture?clip=shot&frame=3")
    (again,) = studio.kept["frames desks"].values()
    assert kept[1] is again[1]
    with studio.project().change() as manifest:
        manifest.extract["min_score"] = 0.99
    client.get("/api/frames/clip?clip=shot")
    (other,) = studio.kept["frames desks"].values()
    assert other[1] is not kept[1]
