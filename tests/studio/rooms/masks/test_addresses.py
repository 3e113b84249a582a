"""The masks room keeps what a window draws exactly as the commands do, and refuses in sentences."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from PIL import Image

from tests.studio.rooms.masks.conftest import FIRST, SECOND, THIRD
from understudy.facesets.face_mask import face_mask
from understudy.facesets.record import FaceRecord
from understudy.facesets.xmp import extract_record
from understudy.jobs.facesets import masks
from understudy.jobs.facesets.curating import history
from understudy.project.project import Project

SQUARE = [[4, 4], [28, 4], [28, 28], [4, 28]]
HOLE = [[10, 10], [20, 10], [20, 20], [10, 20]]


def wish(client: TestClient, face: str = FIRST, **changes: Any) -> dict[str, Any]:
    there = client.get("/api/masks/drawing", params={"faceset": "dst", "face": face}).json()
    regions = [{"kind": "include", "points": SQUARE}, {"kind": "exclude", "points": HOLE}]
    sent = {key: there[key] for key in ("size_px", "revision", "painted", "mark")}
    return {"faceset": "dst", "face": face, "regions": regions, "visit": "here", **sent, **changes}


def record_of(project: Project, face: str = FIRST) -> FaceRecord:
    record = extract_record((project.faceset_folder("dst") / face).read_bytes())
    assert record is not None
    return record


def painted(paint: np.ndarray) -> str:
    out = io.BytesIO()
    Image.fromarray(paint, "RGBA").save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def test_a_small_file_with_a_huge_picture_is_refused_before_it_is_unpacked(client: TestClient) -> None:
    out = io.BytesIO()
    Image.new("1", (5000, 5000)).save(out, "PNG")
    huge = base64.b64encode(out.getvalue()).decode()
    answer = client.post("/api/masks/drawing", json=wish(client, size_px=5000, painted=huge))
    assert answer.status_code == 422 and "can't be painted on" in answer.json()["error"]


def test_regions_stand_in_the_face_as_masks_draw_would_put_them(
    client: TestClient, filled: Project, tmp_path: Path
) -> None:
    answer = client.post("/api/masks/drawing", json=wish(client))
    assert answer.status_code == 200
    file = tmp_path / "dst-000001-1.json"
    file.write_text(json.dumps({"include": [SQUARE], "exclude": [HOLE]}))
    list(masks.draw(filled, "dst", [file]))
    by_hand, by_command = record_of(filled), record_of(filled, SECOND)
    crop = by_hand.crop_matrix()
    assert [one.kind for one in by_hand.polygons] == ["include", "exclude"]
    mask = face_mask(by_hand, crop, 32)
    np.testing.assert_array_equal(mask, face_mask(by_command, by_command.crop_matrix(), 32))
    assert mask[6, 6] == 1 and mask[15, 15] == 0 and mask[1, 1] == 0


def test_changes_of_one_visit_are_one_step_of_the_history_that_undo_takes_back(
    client: TestClient, filled: Project
) -> None:
    for size in (20, 24, 28):
        regions = [{"kind": "include", "points": [[4, 4], [size, 4], [size, size]]}]
        assert client.post("/api/masks/drawing", json=wish(client, regions=regions)).status_code == 200
    assert len(history(filled, "dst")) == 1
    step = history(filled, "dst")[-1].number
    other = client.post("/api/masks/undo", json={"faceset": "dst", "step": step + 1})
    assert (other.status_code, other.json()["kind"]) == (422, "StepOutdated")
    said = client.post("/api/masks/undo", json={"faceset": "dst", "step": step}).json()["said"]
    assert said == [f"taken back: draw on {FIRST}"] and record_of(filled).polygons == []


def test_paint_comes_back_as_it_was(client: TestClient, filled: Project) -> None:
    paint = np.zeros((32, 32, 4), np.uint8)
    paint[4:8, 4:8] = 255
    paint[20:24, 20:24] = [0, 0, 0, 255]
    client.post("/api/masks/drawing", json=wish(client, regions=[], painted=painted(paint)))
    png = client.get("/api/masks/painted", params={"faceset": "dst", "face": FIRST}).content
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), paint)
    mask = face_mask(record_of(filled), record_of(filled).crop_matrix(), 32)
    assert mask[4:8, 4:8].min() == 1 and mask[20:24, 20:24].max() == 0
    for broken in ("bm9uZQ==", painted(np.zeros((8, 8, 4), np.uint8))):
        answer = client.post("/api/masks/drawing", json=wish(client, painted=broken))
        assert answer.status_code == 422 and answer.json()["kind"] == "DrawingUnreadable"


def test_a_window_that_knows_an_older_drawing_is_told_and_changes_nothing(
    client: TestClient, filled: Project
) -> None:
    old = wish(client, mark="skipped")
    client.post("/api/masks/drawing", json=wish(client, mark="confirmed"))
    answer = client.post("/api/masks/drawing", json=old)
    assert answer.status_code == 422 and answer.json()["kind"] == "DrawingChanged"
    assert record_of(filled).drawing_mark == "confirmed"
    assert client.post("/api/masks/drawing", json={**old, "force": True}).json()["mark"] == "skipped"


def test_faces_are_listed_in_an_order_with_what_was_done_on_them(client: TestClient) -> None:
    client.post("/api/masks/drawing", json=wish(client))
    client.post("/api/masks/drawing", json=wish(client, SECOND, regions=[], mark="confirmed"))

    def listed(**how: Any) -> list[tuple[str, str]]:
        faces = client.get("/api/masks/faces", params={"faceset": "dst", **how}).json()["faces"]
        return [(face["name"], face["state"]) for face in faces]

    assert listed() == [(FIRST, "drawn"), (SECOND, "confirmed"), (THIRD, "none")]
    assert [name for name, _ in listed(sort="frame", backwards=True, limit=2)] == [THIRD, SECOND]
    assert listed(where="drawing_mark == 'confirmed'") == [(SECOND, "confirmed")]


def test_a_drawing_lies_on_the_next_face_which_stays_as_it_is(client: TestClient, filled: Project) -> None:
    client.post("/api/masks/drawing", json=wish(client))
    where = {"faceset": "dst", "giver": FIRST, "face": SECOND}
    shown = client.get("/api/masks/carried", params=where).json()
    np.testing.assert_allclose(shown["regions"][0]["points"], SQUARE, atol=0.05)
    assert not record_of(filled, SECOND).is_drawn_on


def test_a_mask_is_the_alpha_of_white(client: TestClient) -> None:
    client.post("/api/masks/drawing", json=wish(client))
    got = client.get("/api/masks/mask", params={"faceset": "dst", "face": FIRST, "name": "drawn"})
    alpha = np.asarray(Image.open(io.BytesIO(got.content)))[..., 3]
    assert alpha[6, 6] == 255 and alpha[15, 15] == 0
    base = client.get("/api/masks/mask", params={"faceset": "dst", "face": FIRST, "name": "base"})
    hull = client.get("/api/masks/mask", params={"faceset": "dst", "face": FIRST, "name": "hull"})
    assert base.content == hull.content != got.content


def test_pictures_are_kept_by_the_browser_and_not_sent_twice(client: TestClient) -> None:
    where = {"faceset": "dst", "face": FIRST, "v": "1"}
    got = client.get("/api/masks/picture", params=where)
    assert "immutable" in got.headers["cache-control"] and got.headers["content-type"] == "image/jpeg"
    again = client.get("/api/masks/picture", params=where, headers={"If-None-Match": got.headers["etag"]})
    assert again.status_code == 304 and again.content == b""


def test_what_is_no_face_or_no_drawing_is_refused(client: TestClient, filled: Project) -> None:
    for face in ("../index.sqlite", "/etc/passwd", "gone.jpg"):
        for name in ("drawing", "picture"):
            got = client.get(f"/api/masks/{name}", params={"faceset": "dst", "face": face})
            assert got.status_code == 422 and got.json()["kind"] == "FacesUnknown"
    before = (filled.faceset_folder("dst") / FIRST).read_bytes()
    for points in ([[0, 0], [1, 1]], [["x", 0]] * 3, [[1e9, 0]] * 3):
        sent = wish(client, regions=[{"kind": "include", "points": points}])
        assert client.post("/api/masks/drawing", json=sent).status_code == 422
    assert (filled.faceset_folder("dst") / FIRST).read_bytes() == before


def test_the_desk_says_what_there_is(client: TestClient, filled: Project) -> None:
    desk = client.get("/api/masks/desk").json()
    client.post("/api/masks/drawing", json=wish(client))
    (here,) = client.get("/api/masks/desk").json()["facesets"]
    assert here == next(one for one in masks.facesets_listed(filled) if one["faces"])
    assert (here["faces"], here["drawn_on"], here["learned_from"]) == (3, 1, 1)
    assert [one["faceset"] for one in desk["facesets"] if one["faces"]] == ["dst/main"]
    assert {"dense", "skin"} <= {one["name"] for one in desk["segmenters"]} and desk["models"] == []


def test_the_room_has_a_page(client: TestClient) -> None:
    served = client.get("/web/rooms/masks/room.js")
    assert 'customElements.define("us-room-masks"' in served.text
