"""`studio/rooms/training/`."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from PIL import Image

from tests.studio.going import goes_once_seen
from understudy.files import write_json
from understudy.jobs.models import watching
from understudy.jobs.runs.book import RunBook
from understudy.project.project import Project
from understudy.studio.app import studio_app
from understudy.studio.open_studio import Studio
from understudy.training.keeping.checkpoint import Checkpoint, save_checkpoint
from understudy.training.keeping.lock import model_lock
from understudy.training.keeping.requests import FOLDER_NAME, changes_asked
from understudy.training.viewing import sheets
from understudy.training.viewing.sheets import Layout, Preview, write_preview

LAYOUT = Layout(["f1", "f2"], ["dst", "dst as src"], 8, [0, 10], [2, 12])


@pytest.fixture
def folder(project: Project) -> Path:
    return project.model_folder("main")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "p")
    made.add_model("main", preset="quick")
    folder = made.model_folder("main")
    folder.mkdir(parents=True)
    lines = [{"iteration": 20 * n, "loss_src": 1 / n, "loss_dst": 2 / n, "seconds": n} for n in range(1, 101)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for iteration in (20, 40):
        picture = np.full((20, 20, 3), iteration, np.uint8)
        write_preview(folder, iteration, Preview(picture, LAYOUT))
    return made


@pytest.fixture
def room(project: Project) -> Iterator[TestClient]:
    with TestClient(studio_app(Studio(project.folder)), base_url="http://testserver/api/training/") as client:
        yield client


def test_the_room_has_a_page() -> None:
    served = TestClient(studio_app(Studio(None))).get("/web/rooms/training/room.js")
    assert 'customElements.define("us-room-training"' in served.text


def test_a_window_names_no_places_as_options(room: TestClient, project: Project) -> None:
    asked = {"model": "main", "values": {"identity_embedder": "encoder:/etc"}}
    assert "can't take a place" in room.post("change", json=asked).json()["error"]
    assert Project.open(project.folder).manifest.models["main"].train == {}


def test_every_model_is_told(room: TestClient, project: Project) -> None:
    project.add_model("other", preset="quick")
    told = room.get("watch").json()["models"]
    assert [one["name"] for one in told] == ["main", "other"] and told[0]["sheet"]["iteration"] == 40


BEGINS = """
import json, sys, time
from pathlib import Path
told, end = Path(sys.argv[1]), time.monotonic() + 60
while not told.exists() and time.monotonic() < end:
    time.sleep(0.01)
print(json.dumps({"event": "StageStarted", "stage": "train", "unit": "iterations"}), flush=True)
time.sleep(60)
"""


def test_a_model_whose_training_only_begins_is_told_as_running_from_the_first_moment(
    room: TestClient, project: Project, tmp_path: Path
) -> None:
    project.add_model("other", preset="quick")
    book = RunBook(project, program=(sys.executable, "-c", BEGINS, str(tmp_path / "told")))
    run = book.start(["train", ".", "--model=main"], title="Train main")
    main, other = room.get("watch").json()["models"]
    assert (main["running"]["words"], main["status"], other["running"]) == ("Train main", None, None)
    (tmp_path / "told").touch()
    end = time.monotonic() + 60
    while room.get("watch").json()["models"][0]["running"]:  # from here on its lock says it
        assert time.monotonic() < end
        time.sleep(0.02)
    book.stop(run.id, at_once=True)


def test_a_curve_is_thinned_to_its_pixels_and_not_sent_again(room: TestClient, folder: Path) -> None:
    told = room.get("curve", params={"model": "main", "places": 20}).json()
    assert 18 <= len(told["iteration"]) <= 21 and told["span"] == [20, 2000]
    assert max(told["loss_dst"]["high"]) == 2 and "rate" in told["names"]
    again = room.get("curve", params={"model": "main", "have": told["version"]}).json()
    assert again["same"] and "iteration" not in again
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"iteration": 2020, "loss_src": 9}\n')
    told = room.get("curve", params={"model": "main", "have": told["version"], "first": 2000}).json()
    assert told["iteration"] == [2000, 2020] and told["loss_src"]["mean"] == [0.01, 9]


def test_a_long_history_comes_in_stretches(room: TestClient, folder: Path) -> None:
    line = '{{"iteration": {}, "loss_src": 1.0}}\n'
    (folder / "metrics.jsonl").write_text("".join(line.format(n) for n in range(1, 30_001)))
    ends = []
    for _ in range(2):
        told = room.get("curve", params={"model": "main"}).json()
        ends.append((told["span"][1], told["more"]))
    assert ends == [(20_000, True), (30_000, False)]


def test_pictures_are_versioned_cut_and_not_sent_twice(room: TestClient) -> None:
    sheet = room.get("sheet", params={"model": "main"}).json()
    assert sheet["iteration"] == 40 and sheet["layout"]["rows"] == ["f1", "f2"]
    assert [one["iteration"] for one in room.get("sheets", params={"model": "main"}).json()["sheets"]] == [
        20,
        40,
    ]
    asked = {"model": "main", "iteration": 20, "face": "f2", "column": "dst as src"}
    cell = room.get("picture", params=asked)
    assert cell.headers["content-type"] == "image/png" and "immutable" in cell.headers["cache-control"]
    assert np.asarray(Image.open(io.BytesIO(cell.content))).shape == (8, 8, 3)
    tag = {"If-None-Match": cell.headers["etag"]}
    assert room.get("picture", params=asked, headers=tag).status_code == 304
    whole = room.get("picture", params={"model": "main", "iteration": 40})
    assert whole.headers["content-type"] == "image/webp" and Image.open(io.BytesIO(whole.content)).size == (
        20,
        20,
    )


def test_a_preview_that_goes_just_before_it_is_opened_is_none(
    room: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_layout, version_of = sheets.read_layout, watching.version_of

    def read_too_late(path: Path) -> Layout | None:
        (folder / "previews" / "000000040.png").unlink(missing_ok=True)
        return read_layout(path)

    monkeypatch.setattr(sheets, "read_layout", read_too_late)
    assert room.get("sheet", params={"model": "main"}).json()["iteration"] == 20, "the one that is there now"
    write_preview(folder, 40, Preview(np.zeros((20, 20, 3), np.uint8), LAYOUT))
    assert [one["iteration"] for one in room.get("sheets", params={"model": "main"}).json()["sheets"]] == [20]

    def gone_since(path: Path) -> str:
        version = version_of(path)
        path.unlink()
        return version

    monkeypatch.setattr(watching, "version_of", gone_since)
    for asked in ({}, {"face": "f1", "column": "dst"}):
        write_preview(folder, 40, Preview(np.zeros((20, 20, 3), np.uint8), LAYOUT))
        answer = room.get("picture", params={"model": "main", "iteration": 40, **asked})
        assert answer.status_code == 422 and "no preview of iteration 40" in answer.json()["error"]


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("watch", None),
        ("curve", {"model": "../main"}),
        ("picture", {"model": "main", "iteration": 77}),
        ("picture", {"model": "main", "iteration": 20, "face": "nose", "column": "dst"}),
        ("options", {"model": "nose"}),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(
    room: TestClient, address: str, asked: dict[str, str] | None, project: Project
) -> None:
    if asked is None:
        (project.folder / "understudy.toml").unlink()
    answer = room.get(address, params=asked)
    assert answer.status_code == 422 and len(answer.json()["error"].split()) > 5, answer.text


def test_a_change_is_kept_and_asked_of_the_training_that_runs(
    room: TestClient, project: Project, folder: Path
) -> None:
    with model_lock(folder):
        said = {"model": "main", "values": {"learning_rate": 0.0003, "preview_every": 9}}
        told = room.post("change", json=said).json()
        assert told["asked"] == ["learning_rate"] and told["later"] == ["preview_every"]
        assert changes_asked(folder) == {"learning_rate": 0.0003}
    assert Project.open(project.folder).manifest.models["main"].train["preview_every"] == 9
    refused = room.post("change", json={"model": "main", "values": {"batch_size": -3}})
    assert refused.status_code == 422 and "batch_size" in refused.json()["error"]


def test_a_wish_needs_somebody_who_trains(room: TestClient, folder: Path) -> None:
    assert "nobody to ask" in room.post("ask", json={"model": "main", "wish": "stop"}).json()["error"]
    with model_lock(folder):
        assert room.post("ask", json={"model": "main", "wish": "stop"}).status_code == 200
    assert (folder / FOLDER_NAME / "stop.json").exists()
    assert room.post("ask", json={"model": "main", "wish": "explode"}).status_code == 422


def test_a_model_at_rest_is_backed_up_and_goes_back(room: TestClient, folder: Path) -> None:
    for iteration in (40, 60):
        weights = {"w": torch.full((4,), float(iteration))}
        save_checkpoint(folder, Checkpoint(iteration, weights, weights, state={}))
        if iteration == 40:
            assert room.post("ask", json={"model": "main", "wish": "backup"}).status_code == 200
    assert (folder / "backups" / "000000040").is_dir()
    assert room.post("restore", json={"model": "main", "iteration": 40}).json() == {"to_trash": 1}
    assert not (folder / "checkpoints" / "000000060").exists()


def test_a_new_model_is_made_of_a_preset_or_refused_whole(room: TestClient, project: Project) -> None:
    choices = room.get("choices").json()
    assert choices["models"] == ["main"] == list(choices["learns"])
    wish = {"name": "second", "preset": "quick", "network": {"width": 8}, "face_type": "head"}
    assert room.post("new", json=wish).status_code == 200
    made = Project.open(project.folder).manifest.models["second"]
    assert (made.preset, made.network, made.face_type) == ("quick", {"width": 8}, "head")
    for wrong in (
        {"name": "second"},
        {"name": "third", "start_from": "/etc"},
        {"name": "third", "src": ["no/such"]},
    ):
        refused = room.post("new", json={"preset": "quick", **wrong})
        assert refused.status_code == 422, wrong
    assert set(Project.open(project.folder).manifest.models) == {"main", "second"}


def test_what_training_needs_is_told_before_it_starts(room: TestClient) -> None:
    told = room.get("plan", params={"preset": "quick", "device": "cpu"}).json()
    assert told["device_bytes"] > 1e6 and told["seconds_each"] > 0 and told["fits"] in (True, False)


def test_the_last_search_for_a_rate_is_told(
    room: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert room.get("rate", params={"model": "main"}).json() == {}
    write_json(folder / "rate.json", {"learning_rate": 0.001, "rates": [1e-6], "losses": [2.0]})
    assert room.get("rate", params={"model": "main"}).json()["rates"] == [1e-6]
    goes_once_seen(monkeypatch, folder / "rate.json")
    assert room.get("rate", params={"model": "main"}).status_code == 200


def test_a_model_to_start_from_that_is_none_is_answered_with_the_nearest(room: TestClient) -> None:
    said = {"name": "other", "preset": "quick", "start_from": "mian"}
    answer = room.post("new", json=said)
    assert "no model called 'mian'; it has main. Did you mean \"main\"?" in answer.json()["error"]
