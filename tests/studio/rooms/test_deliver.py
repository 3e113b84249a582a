"""`studio/rooms/deliver.py`."""

from __future__ import annotations

import io
import shlex
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.jobs.conftest import project as project
from tests.jobs.conftest import ready as ready
from understudy.jobs import stages
from understudy.jobs.delivery.consents import record_consent
from understudy.jobs.merging.inputs import keep_said
from understudy.project.project import Project
from understudy.provenance import exports
from understudy.studio.app import studio_app
from understudy.studio.open_studio import Studio
from understudy.studio.run_words import run_words


@pytest.fixture
def room(ready: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    with TestClient(studio_app(Studio(ready.folder)), base_url="http://testserver/api/deliver/") as client:
        yield client


@pytest.fixture
def clip(ready: Project) -> str:
    return next(iter(ready.manifest.clips_of("dst")))


def finish(project: Project, clip: str) -> None:
    list(stages.merge(project, "main", said={}, device="cpu"))
    list(stages.encode(project, "main", clips=[clip], out=project.out_folder / "a.mp4", said={}))


def test_the_room_has_a_page() -> None:
    served = TestClient(studio_app(Studio(None))).get("/web/rooms/deliver/room.js")
    assert 'customElements.define("us-room-deliver"' in served.text


def test_what_was_finished_is_listed_verified_and_in_the_ledger(
    room: TestClient, ready: Project, clip: str
) -> None:
    finish(ready, clip)
    told = room.get("state").json()
    assert told["shots"][0]["merged"] == ["main"] and told["finished"][0]["name"] == "a.mp4"
    assert told["ledger"]["lines"][0]["file"] == "a.mp4" and told["ledger"]["problems"] == []
    verdict = room.get("verify", params={"name": "a.mp4"}).json()
    assert verdict["state"] == "trusted" and verdict["exit_code"] == 0
    refused = room.get("verify", params={"name": "../understudy.toml"})
    assert refused.status_code == 422 and "no finished file" in refused.json()["error"]


def test_frames_that_are_behind_the_settings_kept_now_are_counted(
    room: TestClient, ready: Project, clip: str
) -> None:
    list(stages.merge(ready, "main", said={}, device="cpu"))
    asked = {"clip": clip, "model": "main"}
    assert room.get("frames", params=asked).json() == {"stale": 0, "to_make": 0, "words": ""}
    keep_said(ready, clip, {"blur": 0.3}, frames=None)
    told = room.get("frames", params=asked).json()
    assert (told["stale"], told["to_make"]) == (1, 0) and "1 to be made again under" in told["words"]
    assert room.get("frames", params={**asked, "stretch": "0"}).json()["words"] == ""  # the face is in frame 1
    assert room.get("frames", params={"clip": "nose", "model": "main"}).status_code == 422


def test_how_frames_stand_is_told_as_not_known_with_the_kept_value_that_stops_it(
    room: TestClient, ready: Project, clip: str
) -> None:
    finish(ready, clip)
    with ready.change() as manifest:
        manifest.clips[clip].merge = {"erode": 12}
    told = room.get("frames", params={"clip": clip, "model": "main"})
    assert told.status_code == 200, told.text
    words = (
        f"How its frames stand is not known: In understudy.toml, clips.{clip}.merge: Option 'erode' can't be 12"
    )
    assert told.json()["words"].startswith(words)
    with ready.change() as manifest:
        manifest.clips[clip].merge = {}
    ready.clip_path(clip).rename(ready.folder / "away")
    assert room.get("frames", params={"clip": clip, "model": "main"}).json()["words"] == "", (
        "the outlook says it"
    )


def test_a_finished_file_is_downloaded_whole_or_in_part(room: TestClient, ready: Project) -> None:
    ready.out_folder.mkdir(exist_ok=True)
    (ready.out_folder / "a.mp4").write_bytes(b"0123456789")
    (ready.out_folder / "linked.mp4").symlink_to(ready.folder / "understudy.toml")
    whole = room.get("download", params={"name": "a.mp4"})
    assert (
        whole.content == b"0123456789"
        and whole.headers["content-disposition"] == 'attachment; filename="a.mp4"'
    )
    part = room.get("download", params={"name": "a.mp4"}, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    for name in ("../understudy.toml", "linked.mp4", ""):
        assert room.get("download", params={"name": name}).status_code == 422, name


def test_a_folder_of_images_and_a_film_with_marks_beside_it_come_as_one_zip(
    room: TestClient, ready: Project
) -> None:
    (ready.out_folder / "dst comp").mkdir(parents=True)
    (ready.out_folder / "dst comp" / "001001.exr").write_bytes(b"exr")
    (ready.out_folder / "dst comp.transform.json").write_bytes(b"{}")
    (ready.out_folder / "a.mkv").write_bytes(b"film")
    (ready.out_folder / "a.mkv.c2pa").write_bytes(b"marks")
    for name, inside in (
        ("dst comp", {"dst comp/001001.exr": b"exr", "dst comp.transform.json": b"{}"}),
        ("a.mkv", {"a.mkv": b"film", "a.mkv.c2pa": b"marks"}),
    ):
        got = room.get("download", params={"name": name})
        assert got.headers["content-disposition"].endswith(f"{name.replace(' ', '%20')}.zip")
        with zipfile.ZipFile(io.BytesIO(got.content)) as pack:
            assert {each: pack.read(each) for each in pack.namelist()} == inside
    told = {one["name"]: one["beside"] for one in room.get("state").json()["finished"]}
    assert told == {"dst comp": ["dst comp.transform.json"], "a.mkv": ["a.mkv.c2pa"]}


def test_presets_are_chosen_kept_and_removed(room: TestClient, ready: Project, clip: str) -> None:
    def options(**query: str) -> dict[str, object]:
        told = room.get("options", params=query).json()
        return {one["name"]: one["default"] for one in told["options"]} | {"presets": told["presets"]}

    assert options(purpose="archive")["codec"] == "ffv1" and options()["codec"] == "h264"
    assert "purpose" not in options()
    new = {"name": "festival", "says": "For Cannes.", "said": {"purpose": "web", "crf": 14, "use": "film"}}
    assert (
        "festival"
        in room.post("http://testserver/api/presets/encode/save", json={**new, "whose": "project"}).json()[
            "words"
        ]
    )
    assert (options(purpose="festival")["codec"], options(purpose="festival")["crf"]) == ("h264", 14)
    told = room.get("outlook", params={"clip": clip, "model": "main", "said": '{"purpose": "festival"}'}).json()
    assert told["file"]["name"] == f"{clip}-main-festival.mp4"
    assert [one["origin"] for one in options()["presets"] if one["name"] == "festival"] == ["project"]
    assert "purpose" not in Project.open(ready.folder).manifest.presets.encode["festival"].options
    gone = {"name": "festival", "whose": "project"}
    assert room.post("http://testserver/api/presets/encode/remove", json=gone).status_code == 200
    assert room.post("http://testserver/api/presets/encode/remove", json=gone).status_code == 422
    assert room.get("options", params={"purpose": "festival"}).status_code == 422
    for wrong in ({"name": "../x"}, {"name": "web"}, {"said": {"crf": 999}}, {"said": {}}):
        assert (
            room.post(
                "http://testserver/api/presets/encode/save", json={**new, "whose": "user", **wrong}
            ).status_code
            == 422
        ), wrong


def test_one_look_at_the_room_reads_the_ledger_once(
    room: TestClient, ready: Project, clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(ready, clip)
    reads = []
    read = exports._read
    monkeypatch.setattr(exports, "_read", lambda path: reads.append(path) or read(path))
    assert room.get("state").json()["finished"][0]["line"]["number"] == 1
    assert len(reads) == 1


def test_a_file_that_was_sent_is_verified_and_forgotten(room: TestClient, ready: Project, clip: str) -> None:
    finish(ready, clip)
    data = (ready.out_folder / "a.mp4").read_bytes()
    changed = bytearray(data)
    changed[-20] ^= 255
    for sent, state in ((data, "trusted"), (bytes(changed), "tampered")):
        began = room.post("verify/begin", json={"name": "theirs.mp4", "size_bytes": len(sent)}).json()
        assert room.post("verify/finish", json={"id": began["id"]}).status_code == 422  # nothing came
        began = room.post("verify/begin", json={"name": "theirs.mp4", "size_bytes": len(sent)}).json()
        address = f"http://testserver/api/uploads/{began['id']}"
        assert room.put(address, params={"at_bytes": 0}, content=sent).status_code == 200
        told = room.post("verify/finish", json={"id": began["id"]}).json()
        assert (told["state"], told["name"]) == (state, "theirs.mp4")
    assert not [path for path in (ready.folder / "cache" / "verify").iterdir() if path.stat().st_size]
    refused = room.post("verify/begin", json={"name": "theirs.txt", "size_bytes": 3})
    assert refused.status_code == 422 and "theirs.txt is no film and no image" in refused.json()["error"]


def test_a_refused_consent_blocks_with_the_librarys_sentence(
    room: TestClient, ready: Project, clip: str
) -> None:
    performer = next(iter(ready.manifest.performers))
    record_consent(ready, performer, {"status": "refused"})
    told = room.get("outlook", params={"clip": clip, "model": "main"}).json()
    assert any("is refused, so nothing final is written" in one for one in told["blocks"])
    assert [one["problem"] for one in told["consents"] if one["performer"] == performer] == ["is refused"]
    assert "is refused" in room.get("credits").json()["error"]


def test_wrong_values_are_refused_in_a_sentence(room: TestClient, clip: str) -> None:
    for wrong in (
        {"clip": "nose", "model": "main"},
        {"clip": clip, "model": "main", "said": '{"crf": 900}'},
        {"clip": clip, "model": "main", "said": '{"purpose": "nowhere"}'},
        {"clip": clip, "model": "main", "said": "[]"},
        {"clip": clip, "model": "main", "path": "/etc/passwd"},
        {"clip": clip, "model": "main", "name": "../x.mp4"},
    ):
        assert room.get("outlook", params=wrong).status_code == 422, wrong
    assert room.post("outlook", json={"clip": clip, "model": "main"}).status_code == 405, "it changes nothing"
    assert 'Did you mean "fr"?' in room.get("credits", params={"language": "fra"}).json()["error"]
    assert "no credits in 'xx'" in room.get("credits", params={"language": "xx"}).json()["error"]


def test_credits_come_in_the_languages_of_the_label_with_the_command_for_a_card(
    room: TestClient, ready: Project
) -> None:
    told = room.get("credits", params={"language": "de"}).json()
    assert told["card"] == shlex.join(["understudy", "credits", str(ready.folder), "--out", "card.png"])
    assert "künstlicher Intelligenz" in " ".join(told["lines"]) and "fr" in told["languages"]


def test_the_form_starts_from_what_the_project_says(room: TestClient, ready: Project) -> None:
    with ready.change() as manifest:
        manifest.encode["codec"] = "hevc"
    told = {one["name"]: one for one in room.get("options").json()["options"]}
    assert told["codec"]["value"] == told["codec"]["default"] == "hevc" and "av1" in told["codec"]["choices"]


def test_a_run_delivers_a_clip_with_a_cast_and_no_model_that_is_none(ready: Project, clip: str) -> None:
    from understudy.errors import ModelUnknown

    facts = {"clips": [clip], "model": "cast"}
    with pytest.raises(ModelUnknown):
        run_words(ready, "encode", facts)
    with ready.change() as manifest:
        manifest.clips[clip].cast = {"person 1": "main"}
    assert run_words(ready, "encode", facts)[0] == ["encode", ".", clip, "--model=cast"]


def test_a_run_writes_under_a_plain_name_alone(ready: Project, clip: str) -> None:
    facts = {"clips": [clip], "model": "main", "name": "shot 1.mov", "said": {"codec": "prores"}}
    words, _ = run_words(ready, "encode", facts)
    assert words == ["encode", ".", clip, "--model=main", "--out=out/shot 1.mov", "--codec=prores"]
    from understudy.errors import OptionInvalid

    with pytest.raises(OptionInvalid):
        run_words(ready, "encode", {**facts, "name": "../shot.mov"})
