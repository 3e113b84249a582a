"""The Project room over HTTP: what it shows, and what it changes on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from fastapi.testclient import TestClient

from understudy.jobs.clips.adding import both_sides_told
from understudy.project.project import Project
from understudy.project.state import project_state
from understudy.studio.app import studio_app
from understudy.studio.open_studio import Studio
from understudy.studio.places import clip_id
from understudy.studio.rooms.project.state import steps


def _clip(path: Path) -> Path:
    path.mkdir()
    from understudy.media.images import encode_png

    for number in range(3):
        picture = np.full((40, 60, 3), 40 * number, np.uint8)
        (path / f"{number:04d}.png").write_bytes(encode_png(picture))
    return path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "projects" / "first")
    for role in ("src", "dst"):
        made.add_clip(_clip(tmp_path / role), role)
    made.add_model("main")
    return made


@pytest.fixture
def client(project: Project) -> TestClient:
    return TestClient(studio_app(Studio(project.folder, projects=project.folder.parent)))


def _post(client: TestClient, path: str, **body: object) -> dict[str, object]:
    answer = client.post(f"/api/project/{path}", json=body, headers={"X-Action": str(uuid4())})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_state_says_what_is_next_and_who_agreed(client: TestClient) -> None:
    told = client.get("/api/project/state").json()
    assert [step["state"] for step in told["steps"]] == ["done", "next", "waits", "waits", "waits"]
    assert "no faces" in told["steps"][1]["why"] and told["next_stage"] == "extract"
    assert [performer["consent"]["status"] for performer in told["performers"]] == ["not stated"] * 2
    assert told["disk"]["free_bytes"] > 0


def test_what_is_delivered_is_done_though_a_second_model_has_learnt_nothing(project: Project) -> None:
    now = replace(project_state(project), next_stage="train", stages_left=("train",))
    assert [step["state"] for step in steps(now)] == ["done", "done", "next", "done", "done"]


def test_reports_beside_a_film_are_no_films(client: TestClient, project: Project) -> None:
    project.out_folder.mkdir(exist_ok=True)
    for name in ("dst-main.mp4", "dst-main.report.txt", "dst-main.report.json"):
        (project.out_folder / name).write_bytes(b"x")
    told = client.get("/api/project/state").json()
    assert [output["path"] for output in told["outputs"]] == ["dst-main.mp4"]
    assert told["steps"][4]["words"] == "1 finished file"


def test_a_finished_film_is_seen_by_a_frame_of_its_own(client: TestClient, project: Project) -> None:
    from understudy.media.images import decode_image

    project.out_folder.mkdir(exist_ok=True)
    _clip(project.out_folder / "dst-main")  # of greys 0, 40 and 80
    assert [one["path"] for one in client.get("/api/project/state").json()["outputs"]] == ["dst-main"]
    answer = client.get("/api/project/pictures/finished?name=dst-main")
    assert abs(int(decode_image(answer.content)[0, 0, 0]) - 40) <= 2
    assert client.get("/api/project/pictures/finished?name=../dst").status_code == 422


def test_a_models_picture_shows_two_rows_of_src_dst_and_swap(client: TestClient, project: Project) -> None:
    from understudy.media.images import decode_image
    from understudy.training.viewing.sheets import Layout, Preview, write_preview

    columns = ["src", "src as src", "dst", "dst as dst", "dst as src"]
    picture = np.zeros((40, 100, 3), np.uint8)
    for row, column in np.ndindex(4, 5):
        picture[10 * row : 10 * row + 10, 20 * column : 20 * column + 10] = 60 * row + 10 * column + 10
    layout = Layout(list("abcd"), columns, 10, [20 * n for n in range(5)], [10 * n for n in range(4)])
    write_preview(project.model_folder("main"), 5, Preview(picture, layout))
    shown = decode_image(client.get("/api/project/pictures/preview/main?width=480").content)
    assert shown.shape == (20, 30, 3)
    found = shown[5::10, 5::10, 0].astype(int)
    assert np.abs(found - [[10, 30, 50], [70, 90, 110]]).max() <= 6


def test_without_a_project_the_room_says_so_and_one_can_be_made(tmp_path: Path) -> None:
    client = TestClient(studio_app(Studio(None, projects=tmp_path)))
    assert client.get("/api/project/state").json() == {"open": False, "can_make": True}
    _post(client, "projects/create", name="Mein Prøjekt 影")
    assert (tmp_path / "Mein Prøjekt 影" / "understudy.toml").is_file()
    assert client.get("/api/project/state").json()["open"]


@pytest.mark.parametrize("name", ["..", "a/b", "", "../outside", "."])
def test_a_project_is_named_never_placed(client: TestClient, project: Project, name: str) -> None:
    for verb in ("create", "open", "duplicate"):
        assert client.post(f"/api/project/projects/{verb}", json={"name": name}).status_code == 422
    assert [path.name for path in project.folder.parent.iterdir()] == ["first"]


def test_a_project_is_duplicated_and_opened_in_a_studio_of_its_own(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("understudy.studio.neighbours._begun", lambda _studio, folder: f"link to {folder.name}")
    _post(client, "projects/duplicate", name="second")
    listed = client.get("/api/project/projects").json()["projects"]
    assert [(one["name"], one["open"]) for one in listed] == [("first", True), ("second", False)]
    assert _post(client, "projects/open", name="second")["link"] == "link to second"
    assert client.get("/api/project/state").json()["id"] == "first"
    assert _post(client, "projects/open", name="first")["link"] is None


def test_models_are_made_copied_renamed_put_away_and_brought_back(client: TestClient, project: Project) -> None:
    client.post("/api/training/new", json={"name": "wide", "preset": "quick", "network": {"width": 64}})
    assert Project.open(project.folder).manifest.models["wide"].network == {"width": 64}
    _post(client, "models/wide/rename", name="wider")
    _post(client, "models/wider/put-away")
    assert set(Project.open(project.folder).manifest.models) == {"main"}
    told = client.get("/api/project/models").json()
    assert [one["name"] for one in told["models"]] == ["main"]
    refused = client.post("/api/training/new", json={"name": "main", "preset": "quick"})
    assert refused.status_code == 422 and "main" in refused.json()["error"]
    refused = client.post("/api/training/new", json={"name": "odd", "preset": "quick", "network": {"width": 3}})
    assert refused.status_code == 422 and "odd" not in Project.open(project.folder).manifest.models


def test_presets_come_with_their_figures(client: TestClient) -> None:
    presets = {one["name"]: one for one in client.get("/api/project/presets").json()["presets"]}
    assert presets["quick"]["size_px"] == 96 and presets["quick"]["parameters"] > 1e6


def test_a_clip_is_seen_and_taken_out(client: TestClient, project: Project) -> None:
    answer = client.get("/api/project/pictures/clip/dst")
    assert answer.headers["content-type"] == "image/jpeg" and answer.content[:2] == b"\xff\xd8"
    again = client.get("/api/project/pictures/clip/dst", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert client.get("/api/project/clips/dst/info").json()["frames"] == 3
    path = project.clip_path("dst")
    _post(client, "clips/dst/remove")
    assert list(Project.open(project.folder).manifest.clips) == ["src"] and path.exists()


def test_a_file_that_is_added_to_the_other_side_too_is_warned_of(project: Project) -> None:
    path = project.clip_path("src")
    client = TestClient(studio_app(Studio(project.folder, clips=(path.parent,))))
    assert _post(client, "clips/add", role="src", places=[clip_id(path)])["warnings"] == []
    told = _post(client, "clips/add", role="dst", places=[clip_id(path)])
    assert told["names"] == ["src-2"]
    assert told["warnings"] == both_sides_told(Project.open(project.folder), ["src-2"]) != []


def test_faces_that_were_found_have_a_picture_of_one(client: TestClient, project: Project) -> None:
    from understudy.media.images import decode_image, encode_png

    folder = project.faceset_folder("src", "main")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "src-000000-1.png").write_bytes(encode_png(np.full((64, 64, 3), 90, np.uint8)))
    answer = client.get("/api/project/pictures/face/src")
    assert decode_image(answer.content).shape == (64, 64, 3)
    assert client.get("/api/project/pictures/face/dst").status_code == 204


def test_what_is_not_there_yet_has_no_picture(client: TestClient) -> None:
    for part in ("preview/main", "merged/dst/main", "face/src"):
        assert client.get(f"/api/project/pictures/{part}").status_code == 204
    assert client.get("/api/project/pictures/merged/dst/..").status_code in (404, 422)
    assert client.get("/api/project/pictures/clip/nothing").status_code == 422


def test_a_picture_that_goes_just_before_it_is_opened_is_none(
    client: TestClient, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from understudy.studio.rooms.project import pictures
    from understudy.training.viewing.sheets import Layout, Preview, write_preview

    layout = Layout(["a"], ["dst"], 10, [0], [0])
    preview = write_preview(project.model_folder("main"), 5, Preview(np.zeros((10, 10, 3), np.uint8), layout))
    merged = project.merged_folder("dst", "main") / "000000.png"
    merged.parent.mkdir(parents=True)
    merged.write_bytes((project.clip_path("dst") / "0000.png").read_bytes())
    for path, reads, address in ((preview, "_rows", "preview/main"), (merged, "_read", "merged/dst/main")):
        read = getattr(pictures, reads)

        def too_late(path: Path, read: Callable[[Path], object] = read) -> object:
            path.unlink()
            return read(path)

        monkeypatch.setattr(pictures, reads, too_late)
        assert path.exists() and client.get(f"/api/project/pictures/{address}").status_code == 204


def test_consent_is_recorded_but_no_path_is_taken_from_a_window(client: TestClient, project: Project) -> None:
    _post(client, "performers/src/consent", values={"status": "agreed", "who": "Ada", "uses": ["film"]})
    consent = Project.open(project.folder).manifest.performers["src"].consent
    assert (consent.status, consent.who, consent.uses) == ("agreed", "Ada", ["film"])
    refused = client.post("/api/project/performers/src/consent", json={"values": {"evidence": "/etc/passwd"}})
    assert refused.status_code == 422


def _send_evidence(client: TestClient, data: bytes, *, of: str = "src", name: str = "signed.pdf") -> str:
    id = _post(client, f"performers/{of}/consent/evidence", name=name, size_bytes=len(data))["id"]
    sent = client.put(
        f"/api/uploads/{id}?at_bytes=0", content=data, headers={"Content-Type": "application/octet-stream"}
    )
    assert sent.status_code == 200, sent.text
    return str(id)


def test_evidence_that_is_sent_is_kept_in_the_project_and_hashed(client: TestClient, project: Project) -> None:
    kept = project.folder / "consent" / "src"
    for text, name in ((b"%PDF- one", "signed.pdf"), (b"%PDF- two", "signed-2.pdf")):
        id = _send_evidence(client, text, name="../signed.pdf")
        answer = _post(client, "performers/src/consent", values={"who": "Ada Lovelace"}, evidence=id)
        consent = Project.open(project.folder).manifest.performers["src"].consent
        assert (consent.who, consent.evidence) == ("Ada Lovelace", f"consent/src/{name}")
        assert consent.evidence_sha256 == hashlib.sha256(text).hexdigest()
        assert (kept / name).read_bytes() == text
        assert answer == {"performer": "src"}
    assert (kept / "signed.pdf").read_bytes() == b"%PDF- one", "what was recorded before stays"
    logged = [path.read_bytes() for path in project.logs_folder.rglob("*") if path.is_file()]
    assert not any(word in text for text in logged for word in (b"Ada Lovelace", b"%PDF-", b"signed"))


def test_evidence_that_is_none_or_belongs_elsewhere_is_refused_and_nothing_stays(
    client: TestClient, project: Project
) -> None:
    def refused(path: str, **body: object) -> str:
        answer = client.post(f"/api/project/{path}", json=body, headers={"X-Action": str(uuid4())})
        assert answer.status_code >= 400
        return str(answer.json()["error"])

    evidence, record = "performers/src/consent/evidence", "performers/src/consent"
    assert "PDF" in refused(evidence, name="signed.exe", size_bytes=9)
    assert "64 MB" in refused(evidence, name="signed.pdf", size_bytes=(64 << 20) + 1)
    assert "nobody" in refused("performers/nobody/consent/evidence", name="signed.pdf", size_bytes=9)
    assert "no signed form" in refused(record, values={}, evidence=_send_evidence(client, b"\x7fELF....."))
    of_dst = _send_evidence(client, b"%PDF-", of="dst")
    assert "no evidence of src" in refused(record, values={}, evidence=of_dst)
    assert client.post(f"/api/uploads/{of_dst}/finish").status_code >= 400, "it is no clip either"
    turned = {"status": "agreed", "valid_from": "2030-01-01", "valid_until": "2029-01-01"}
    assert "later than" in refused(record, values=turned, evidence=_send_evidence(client, b"%PDF-"))
    assert Project.open(project.folder).manifest.performers["src"].consent.evidence is None
    kept = [path.name for path in (project.folder / "consent" / "src").iterdir()]
    assert [name for name in kept if name.endswith(".pdf")] == []


def test_the_form_to_sign_is_a_page_filled_in_with_what_is_recorded(client: TestClient) -> None:
    _post(client, "performers/src/consent", values={"who": "Ada <b>", "scope": "the film Tide"})
    page = client.get("/api/project/performers/src/consent/form")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    assert "Ada &lt;b&gt;" in page.text and "the film Tide" in page.text
    style = client.get("/api/project/consent-form.css")
    assert "/api/project/consent-form.css" in page.text and "<style" not in page.text
    assert style.headers["content-type"].startswith("text/css") and "@page" in style.text
    assert client.get("/api/project/performers/nobody/consent/form").status_code >= 400


def test_options_are_kept_and_a_wrong_one_is_told_by_its_name(client: TestClient, project: Project) -> None:
    told = _post(client, "forms/train/keep", of="main", values={"batch_size": 3})
    assert Project.open(project.folder).manifest.models["main"].train == {"batch_size": 3}
    assert {"batch_size": 3}.items() <= {o["name"]: o["value"] for o in told["options"]}.items()  # type: ignore[union-attr, index]
    wrong = _post(client, "forms/train/check", of="main", values={"batch_size": -2, "minutes": None})
    assert list(wrong["errors"]) == ["batch_size"]  # type: ignore[call-overload]
    refused = client.post("/api/project/forms/extract/keep", json={"values": {"import_file": "/etc/passwd"}})
    assert refused.status_code == 422 and "place" in refused.json()["error"]


@pytest.mark.parametrize("address", ["clips/dts/info", "pictures/clip/dts", "pictures/merged/dts/main"])
def test_a_clip_that_is_none_is_answered_with_the_nearest(client: TestClient, address: str) -> None:
    answer = client.get(f"/api/project/{address}")
    assert (answer.status_code, answer.json()["kind"]) == (422, "ClipMissing")
    assert "no clip called 'dts'; it has src, dst. Did you mean \"dst\"?" in answer.json()["error"]


@pytest.mark.parametrize("address", ["pictures/preview/mian", "pictures/merged/dst/mian"])
def test_a_model_that_is_none_is_answered_with_the_nearest(client: TestClient, address: str) -> None:
    answer = client.get(f"/api/project/{address}")
    assert (answer.status_code, answer.json()["kind"]) == (422, "ModelUnknown")
    assert "no model called 'mian'; it has main. Did you mean \"main\"?" in answer.json()["error"]


def test_images_are_shown_at_the_rate_that_is_said_and_that_can_be_taken_back(
    client: TestClient, project: Project
) -> None:
    def told() -> tuple[str, bool, float | None]:
        info = client.get("/api/project/clips/dst/info").json()
        clips = {clip["name"]: clip for clip in client.get("/api/project/state").json()["clips"]}
        assert clips["dst"]["images"]
        return info["pace"], info["assumed_rate"], clips["dst"]["fps"]

    assert told() == ("25", True, None)
    assert _post(client, "clips/dst/rate", fps=23.976) == {"before": 0, "pace": "23.976"}
    assert told() == ("23.976", False, 23.976)
    assert _post(client, "clips/dst/rate", fps=0) == {"before": 23.976, "pace": "25"}
    assert told() == ("25", True, None)
    refused = client.post("/api/project/clips/dst/rate", json={"fps": -1}, headers={"X-Action": str(uuid4())})
    assert refused.status_code == 422 and "A rate can't be -1" in refused.json()["error"]
    assert client.post("/api/project/clips/no/rate", json={"fps": 1}).status_code == 422
