"""Settings over time: what counts, keeping it, taking it back; on disk in the manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.studio.rooms.merge.conftest import Room
from understudy.jobs.merging.settings_at import settings_at
from understudy.merging.options import WHOLE_CLIP, MergeOptions
from understudy.studio.live import Live


def option(room: Room, name: str, frame: int = 1) -> dict[str, Any]:
    told = room.get("settings", frame=frame).json()
    return next(one for one in told["options"] if one["name"] == name)


def test_every_merge_option_has_a_field_with_what_counts_in_the_frame(room: Room) -> None:
    told = room.get("settings", frame=1).json()["options"]
    assert {one["name"] for one in told} == set(MergeOptions.model_fields) - WHOLE_CLIP
    assert {one["group"] for one in told} == {"Mode", "Mask", "Colour", "Effects", "Face"}
    assert option(room, "mask")["note"] == "clip" and option(room, "mask")["said"]
    assert option(room, "erode")["note"] == "default" and not option(room, "erode")["said"]
    assert option(room, "sharpen_threshold")["why_idle"] and not option(room, "blur")["why_idle"]


@pytest.mark.parametrize(
    "wish, said",
    [
        ({"scope": "clip"}, "clip"),
        ({"scope": "range", "frames": "1:2"}, "range 1"),
        ({"scope": "range", "frames": "1:"}, "range 1"),
        ({"scope": "key", "ease": "hold"}, "key 1"),
        ({"scope": "auto"}, "clip"),
    ],
)
def test_a_value_is_kept_where_it_is_said(room: Room, wish: dict[str, Any], said: str) -> None:
    assert room.post("keep", frame=1, values={"erode": 0.06}, **wish).status_code == 200
    one = settings_at(type(room.project).open(room.project.folder), "dst", 1)["erode"]
    assert (
        (one.value, one.said) == (0.06, said) == (option(room, "erode")["value"], option(room, "erode")["note"])
    )


def test_changes_are_taken_back_made_again_moved_and_taken_out(room: Room) -> None:
    room.post("keep", frame=1, values={"erode": 0.06}, scope="key")
    assert room.post("move-key", frame=1, to=2, ease="linear").status_code == 200
    assert [(key.frame, key.ease) for key in room.manifest().keys] == [(2, "linear")]
    room.post("undo")
    room.post("undo")
    assert not room.manifest().keys
    room.post("redo")
    assert room.manifest().keys[0].frame == 1
    assert "key 1" in room.post("remove", parts=["key 1"]).json()["said"]
    assert not room.manifest().keys
    refused = room.post("redo")
    assert refused.status_code == 422 and refused.json()["kind"] == "OptionInvalid"


def test_a_window_takes_nothing_out_or_back_that_it_has_not_seen(room: Room) -> None:
    room.post("keep", frame=0, values={"erode": 0.06}, scope="range", frames="0")
    room.post("keep", frame=1, values={"blur": 0.2}, scope="range", frames="1")
    seen = room.get("settings", frame=0).json()["version"]
    room.post("remove", parts=["range 1"], window="other")
    for path, facts in (("remove", {"parts": ["range 1"]}), ("undo", {}), ("redo", {})):
        refused = room.post(path, seen=seen, **facts)
        assert (refused.status_code, refused.json()["kind"]) == (422, "StepOutdated")
        assert "took out range 1" in refused.json()["error"]
    assert [part.model_extra for part in room.manifest().ranges] == [{"blur": 0.2}]
    assert room.post("undo", seen=room.get("settings", frame=0).json()["version"]).status_code == 200
    assert len(room.manifest().ranges) == 2


def test_a_window_that_takes_a_change_of_the_cast_back_looks_anew_at_who_is_painted(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = list[str]()
    monkeypatch.setattr(Live, "say", lambda _self, _topic, window="", **_facts: told.append(window))
    room.post("cast", words=["person 1=main"], window="mine")
    room.post("keep", frame=1, values={"erode": 0.06}, scope="clip", window="mine")
    assert "erode" in room.post("undo", window="mine").json()["said"]
    assert "person 1=main" in room.post("undo", window="mine").json()["said"] and not room.manifest().cast
    assert told == ["mine", "mine", "mine", ""]


def test_a_frame_s_settings_go_to_others(room: Room) -> None:
    room.post("keep", frame=0, values={"erode": 0.06}, scope="range", frames="0")
    room.post("copy", frame=0, to="1:")
    assert option(room, "erode", 2)["value"] == 0.06
    assert room.manifest().ranges[-1].frames == "1:2"


def test_back_to_the_default_takes_it_out_where_it_counts(room: Room) -> None:
    room.post("keep", frame=1, values={"mask": None})
    assert "mask" not in room.manifest().merge
    assert room.post("keep", frame=1, values={"mask": None}, scope="clip").status_code == 422


def test_windows_are_told_of_a_change_and_by_whom(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, Any]] = []
    live = room.client.app.state.studio.live
    monkeypatch.setattr(live, "say", lambda topic, **facts: told.append({"topic": topic, **facts}))
    room.post("keep", frame=1, values={"erode": 0.06}, window="w1")
    assert told == [{"topic": "merge", "clip": "dst", "window": "w1"}]


def test_nonsense_is_refused(room: Room) -> None:
    before = (room.project.folder / "understudy.toml").read_bytes()
    for body in (
        {"values": {}},
        {"values": {"erode": 9}},
        {"values": {"soup": 1}},
        {"values": {"erode": 0.1}, "clip": "../dst"},
        {"values": {"erode": 0.1}, "scope": "key", "frames": "7"},
        {"values": {"erode": 0.1}, "soup": 1},
    ):
        assert room.post("keep", frame=1, **body).status_code == 422
    assert (room.project.folder / "understudy.toml").read_bytes() == before


def test_a_formula_of_masks_is_checked_as_it_is_typed_and_kept(room: Room) -> None:
    assert option(room, "mask")["joined_by"] == "*+" and option(room, "mode")["joined_by"] == ""
    assert room.get("check", name="mask", value="learned-prd*dst-hull").json() == {"wrong": ""}
    wrong = room.get("check", name="mask", value="learned-prd*noise").json()["wrong"]
    assert "'noise' is no mask" in wrong and "dst-hull" in wrong
    assert room.post("keep", frame=1, values={"mask": "learned-prd*noise"}).status_code == 422
    assert room.post("keep", frame=1, values={"mask": "learned-prd * dst-hull"}).status_code == 200
    assert option(room, "mask")["value"] == "learned-prd*dst-hull"


def test_settings_of_one_person_of_the_cast_are_tried_kept_and_taken_back(room: Room) -> None:
    asked = {"frame": 1, "part": "person 1", "said": '{"blur": 0.4}'}
    assert room.get("picture", **asked).status_code == 422, "nobody is in the cast yet"
    with room.project.change() as manifest:
        clip = manifest.clips["dst"]
        manifest.clips["dst"] = clip.model_copy(update={"cast": {"person 1": "main"}})
    plain = room.get("picture", frame=1).content
    tried = room.get("picture", **asked).content
    assert tried != plain and room.get("picture", frame=1).content == plain
    assert room.post("keep", frame=1, part="person 1", values={"blur": 0.4}).status_code == 200
    assert room.get("picture", frame=1).content == tried
    assert room.manifest().merge == {"mask": "dst-hull"}, "nobody else's settings change"
    told = room.get("settings", frame=1, part="person 1").json()
    blur = next(one for one in told["options"] if one["name"] == "blur")
    assert (blur["value"], blur["note"]) == (0.4, "person 1")
    assert not {"plate", "light", "layers"} & {one["name"] for one in told["options"]}
    assert told["parts"][-1] == {"part": "person 1", "frames": "all", "options": {"blur": 0.4}}
    assert room.post("undo").status_code == 200
    assert room.get("picture", frame=1).content == plain
    room.post("redo")
    assert room.post("remove", parts=["person 1 blur"]).status_code == 200
    assert room.get("picture", frame=1).content == plain
    assert room.post("keep", frame=1, part="person 1", values={"light": "linear"}).status_code == 422
    assert room.post("keep", frame=1, part="person 9", values={"blur": 0.4}).status_code == 422


def test_presets_are_kept_listed_and_removed(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    assert room.get("presets").json() == {"presets": []}
    new = {"name": "soft", "says": "For close-ups.", "said": {"blur": 0.3, "erode": 0.1}}
    for whose in ("project", "user"):
        assert room.client.post("/api/presets/merge/save", json={**new, "whose": whose}).status_code == 200
    (told,) = room.get("presets").json()["presets"]
    assert (told["name"], told["origin"], told["options"]) == ("soft", "project", new["said"])
    for wrong in ({"said": {"blurr": 1}}, {"said": {"plate": "dst"}}, {"name": "../x"}, {"said": {}}):
        sent = {**new, "whose": "project", **wrong}
        assert room.client.post("/api/presets/merge/save", json=sent).status_code == 422, wrong
    for whose in ("project", "user"):
        gone = {"name": "soft", "whose": whose}
        assert room.client.post("/api/presets/merge/remove", json=gone).status_code == 200
        assert room.client.post("/api/presets/merge/remove", json=gone).status_code == 422


@pytest.mark.parametrize("address", ["settings", "shot"])
def test_a_clip_that_is_none_is_answered_with_the_nearest(room: Room, address: str) -> None:
    answer = room.client.get(f"/api/merge/{address}", params={"clip": "dts", "model": "main", "frame": 0})
    assert answer.json()["kind"] == "ClipMissing", answer.text
    assert "no dst clip called 'dts'; it has dst. Did you mean \"dst\"?" in answer.json()["error"]


def test_a_model_that_is_none_is_answered_with_the_nearest(room: Room) -> None:
    answer = room.get("shot", model="mian")
    assert answer.json()["kind"] == "ModelUnknown", answer.text
    assert "no model called 'mian'; it has main. Did you mean \"main\"?" in answer.json()["error"]


def test_what_is_kept_is_told_and_taken_out_also_where_a_value_of_it_is_wrong(room: Room) -> None:
    with room.project.change() as manifest:
        manifest.clips["dst"].merge = {"erode": 12}
    told = room.get("settings", frame=1).json()
    assert told["options"] == [] and "clips.dst.merge: Option 'erode' can't be 12" in told["wrong"]
    assert [(part["part"], part["options"]) for part in told["parts"]] == [("clip", {"erode": 12})]
    assert room.post("remove", parts=["clip"]).status_code == 200
    assert option(room, "erode")["note"] == "default" and room.get("settings").json()["wrong"] == ""
