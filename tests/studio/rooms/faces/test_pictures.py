"""Pictures of faces: small ones many at once, and a face as it lies in its file."""

from __future__ import annotations

import base64
import itertools
import os
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests.jobs.conftest import write_wall
from tests.studio.going import goes_once_seen
from understudy.project.project import Project


def keys_of(client: TestClient) -> list[str]:
    raw = base64.b64decode(client.get("/api/faces/table?faceset=src/main").json()["keys"])
    return [raw[n : n + 8].hex() for n in range(0, len(raw), 8)]


def sheet(client: TestClient, keys: list[str]) -> tuple[list[bytes], str]:
    answer = client.get("/api/faces/thumbs", params={"faceset": "src/main", "keys": ",".join(keys)})
    count = struct.unpack_from("<I", answer.content)[0]
    sizes = struct.unpack_from(f"<{count}I", answer.content, 4)
    ends = np.cumsum([4 + 4 * count, *sizes]).tolist()
    return [answer.content[a:b] for a, b in itertools.pairwise(ends)], answer.headers["cache-control"]


def test_many_thumbnails_come_in_one_answer_and_may_be_kept(client: TestClient) -> None:
    jpegs, cache = sheet(client, keys_of(client))
    assert len(jpegs) == 40 and "immutable" in cache
    pictures = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in jpegs]
    assert {picture.shape for picture in pictures} == {(128, 128, 3)}
    assert len({picture.tobytes() for picture in pictures}) == 40


def test_a_face_that_cannot_be_read_is_an_empty_place_that_is_not_kept(
    client: TestClient, project: Project
) -> None:
    keys = keys_of(client)
    path = project.faceset_folder("src") / client.get("/api/faces/table?faceset=src/main").json()["names"][3]
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[-100:] = b"\0" * 100
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # so that nobody notices before it is read
    jpegs, cache = sheet(client, keys[:6])
    assert [bool(jpeg) for jpeg in jpegs] == [True, True, True, False, True, True]
    assert cache == "no-store"


@pytest.mark.parametrize("key", ["", "xyz", "../../etc/passwd", "0" * 15, "0" * 17])
def test_what_is_no_key_is_refused(client: TestClient, key: str) -> None:
    refused = client.get("/api/faces/thumbs", params={"faceset": "src/main", "keys": key})
    assert (refused.status_code, refused.json()["kind"]) == (422, "FacesUnknown")


def test_one_thumbnail_has_an_address_of_its_own(client: TestClient) -> None:
    key = keys_of(client)[0]
    one = client.get(f"/api/faces/thumb/{key}?faceset=src/main")
    assert one.content == sheet(client, [key])[0][0]
    assert client.get(f"/api/faces/thumb/{'0' * 16}?faceset=src/main").status_code == 404


def test_a_face_is_shown_as_its_file_and_may_be_kept_under_its_content(
    client: TestClient, project: Project
) -> None:
    for path in sorted(project.faceset_folder("src").glob("*.[jp][pn]g")):
        told = client.get("/api/faces/face", params={"faceset": "src/main", "name": path.name}).json()
        asked = {"faceset": "src/main", "name": path.name, "v": told["key"]}
        answer = client.get("/api/faces/picture", params=asked)
        assert answer.content == path.read_bytes()
        assert answer.headers["content-type"] == ("image/png" if path.suffix == ".png" else "image/jpeg")
        assert "immutable" in answer.headers["cache-control"]
        points = np.array(told["landmarks"])
        assert (
            points.shape == (68, 2) and (points > -10).all() and (points < told["picture_size"][0] + 10).all()
        )


@pytest.mark.parametrize("name", ["nobody.jpg", "../../understudy.toml", "/etc/passwd", "index.sqlite"])
def test_only_faces_are_shown(client: TestClient, name: str) -> None:
    for what in ("picture", "face", "mask", "frame"):
        refused = client.get(f"/api/faces/{what}", params={"faceset": "src/main", "name": name})
        assert (refused.status_code, refused.json()["kind"]) == (422, "FacesUnknown")


def test_the_mask_is_a_tint_where_the_face_is(client: TestClient) -> None:
    name = client.get("/api/faces/table?faceset=src/main").json()["names"][0]
    png = client.get("/api/faces/mask", params={"faceset": "src/main", "name": name}).content
    alpha = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)[..., 3]
    assert alpha.shape == (64, 64) and alpha[32, 32] > 100 and alpha[0, 0] == 0


def test_the_whole_frame_of_a_face_is_shown(client: TestClient, project: Project, tmp_path: Path) -> None:
    name = client.get("/api/faces/table?faceset=src/main").json()["names"][2]
    answer = client.get("/api/faces/frame", params={"faceset": "src/main", "name": name})
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (48, 64, 3) and abs(int(picture.mean()) - 90) < 4


def test_a_frame_is_sent_once_and_again_when_the_clip_is_another(
    client: TestClient, project: Project, tmp_path: Path
) -> None:
    name = client.get("/api/faces/table?faceset=src/main").json()["names"][2]
    where = {"faceset": "src/main", "name": name}
    first = client.get("/api/faces/frame", params=where)
    assert "immutable" not in first.headers["cache-control"]
    seen = {"If-None-Match": first.headers["etag"]}
    assert client.get("/api/faces/frame", params=where, headers=seen).status_code == 304
    write_wall(project.clip_path("src"), grey=200)
    again = client.get("/api/faces/frame", params=where, headers=seen)
    assert again.status_code == 200 and again.headers["etag"] != first.headers["etag"]
    assert cv2.imdecode(np.frombuffer(again.content, np.uint8), cv2.IMREAD_COLOR).mean() > 150


def test_a_clip_that_goes_just_before_a_frame_of_it_is_read_is_not_there(
    client: TestClient, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = client.get("/api/faces/table?faceset=src/main").json()["names"][2]
    goes_once_seen(monkeypatch, project.clip_path("src"))
    refused = client.get("/api/faces/frame", params={"faceset": "src/main", "name": name})
    assert (refused.status_code, refused.json()["kind"]) == (422, "ClipMissing")
