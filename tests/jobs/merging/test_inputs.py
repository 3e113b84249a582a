"""What a clip's merge takes from the project: settings over time, the cast, the cuts."""

from __future__ import annotations

import os
import tomllib
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from tests.facesets.conftest import make_record
from tests.jobs.conftest import write_wall
from understudy.errors import (
    CastInvalid,
    ClipMissing,
    FacesetUnusable,
    ModelUnknown,
    OptionInvalid,
    ProjectInvalid,
)
from understudy.events import Progress, StageFinished, StageStarted
from understudy.files import read_json, sha256_of
from understudy.jobs.merging import inputs
from understudy.jobs.merging.inputs import (
    cast_of,
    clip_sha256,
    clips_hashed,
    cuts_of,
    keep_keys,
    keep_said,
    known_clip_sha256,
    last_clip_sha256,
    plate_of,
    settings_over_time,
    watch_for_cuts,
)
from understudy.jobs.models.making import require_model
from understudy.media.clip import ColorTags
from understudy.media.movie import MovieWriter
from understudy.merging.frame_ranges import parse_frames
from understudy.project.manifest import CastEntry
from understudy.project.project import Project

SETTINGS = """
[clips.dst.merge]
erode = 0.01

# the turn
[[clips.dst.ranges]]
frames = "1:2"   # only here
mask = "dst-hull"

[[clips.dst.keys]]
frame = 0
erode = 0.0

[[clips.dst.keys]]
frame = 2
erode = 0.2
ease = "hold"

[clips.dst.cast]
"person 2" = "main"
"track 7" = { model = "second", blur = 0.3 }
"person 3" = { erode = 0.3 }
"""


@pytest.fixture
def directed(project: Project) -> Project:
    path = project.folder / "understudy.toml"
    path.write_text(path.read_text(encoding="utf-8") + SETTINGS, encoding="utf-8")
    opened = Project.open(project.folder)
    require_model(opened, "second", preset=None)
    return Project.open(project.folder)


def test_ranges_keys_and_the_cast_come_from_the_projects_file(directed: Project) -> None:
    settings = settings_over_time(directed, "dst", {})
    assert [settings.at(frame).mask for frame in range(3)] == ["learned-prd", "dst-hull", "dst-hull"]
    assert settings.at(1).erode == pytest.approx(0.1), "keys go smoothly unless they say otherwise"
    assert settings.at(0, "track 7").blur == 0.3 and settings.at(0, "person 3").erode == 0.3


def test_what_is_said_counts_for_the_frames_alone_where_some_are_named(directed: Project) -> None:
    everywhere = settings_over_time(directed, "dst", {"blur": 0.2, "batch": 3})
    assert {everywhere.at(frame).blur for frame in range(3)} == {0.2} and everywhere.base.batch == 3
    some = settings_over_time(directed, "dst", {"blur": 0.2, "batch": 3}, frames=parse_frames("1"))
    assert [some.at(frame).blur for frame in range(3)] == [0.1, 0.2, 0.1] and some.base.batch == 3


def test_a_plate_is_not_for_some_frames_alone_but_may_be_the_clips_own(directed: Project) -> None:
    with pytest.raises(OptionInvalid, match=r"'plate' holds for the whole clip.*1 alone"):
        settings_over_time(directed, "dst", {"plate": "src"}, frames=parse_frames("1"))
    with directed.change() as manifest:
        manifest.clips["dst"].merge = {"plate": "src"}
    assert settings_over_time(directed, "dst", {"plate": "src"}, frames=parse_frames("1")).base.plate == "src"


def test_the_files_comments_and_forms_stay_when_understudy_writes_it(directed: Project) -> None:
    before = tomllib.loads((directed.folder / "understudy.toml").read_text(encoding="utf-8"))
    with directed.change() as manifest:
        manifest.name = "other"
    text = (directed.folder / "understudy.toml").read_text(encoding="utf-8")
    assert SETTINGS.strip() in text
    assert tomllib.loads(text) == {**before, "name": "other"}


def test_saving_adds_a_range_and_says_it_again_changes_that_one(directed: Project) -> None:
    keep_said(directed, "dst", {"erode": 0.05}, frames=parse_frames("0:1"))
    told = keep_said(directed, "dst", {"blur": 0.25}, frames=parse_frames("0:1"))
    assert "0:1" in told and "blur" in told
    ranges = [entry.model_dump() for entry in Project.open(directed.folder).manifest.clips["dst"].ranges]
    assert ranges == [{"frames": "1:2", "mask": "dst-hull"}, {"frames": "0:1", "erode": 0.05, "blur": 0.25}]
    text = (directed.folder / "understudy.toml").read_text(encoding="utf-8")
    assert "# only here" in text and "# the turn" in text


def test_saving_without_frames_is_for_the_whole_clip(directed: Project) -> None:
    keep_said(directed, "dst", {"blur": 0.25}, frames=None)
    assert Project.open(directed.folder).manifest.clips["dst"].merge == {"erode": 0.01, "blur": 0.25}


def test_keys_are_kept_in_order_and_a_new_one_takes_an_options_older_ones_place(directed: Project) -> None:
    told = keep_keys(directed, "dst", {"blur": 0.2}, frames=parse_frames("1"), ease="linear")
    assert "frame 1" in told
    keep_keys(directed, "dst", {"erode": 0.1}, frames=parse_frames("0,2"), ease="hold")
    keys = [entry.model_dump() for entry in Project.open(directed.folder).manifest.clips["dst"].keys]
    assert keys == [
        {"frame": 0, "ease": "hold", "erode": 0.1},
        {"frame": 1, "ease": "linear", "blur": 0.2},
        {"frame": 2, "ease": "hold", "erode": 0.1},
    ]


def test_a_key_is_at_single_frames_and_says_something(directed: Project) -> None:
    for said, frames in (({"erode": 0.1}, "1:2"), ({}, "1"), ({"erode": 9}, "1")):
        with pytest.raises(OptionInvalid):
            keep_keys(directed, "dst", said, frames=parse_frames(frames), ease="hold")
    assert len(Project.open(directed.folder).manifest.clips["dst"].keys) == 2


@pytest.mark.parametrize(
    ("said", "frames", "says"),
    [
        ({"erode": 0.1}, "3", "Frames can't be 3.*0 to 2"),
        ({"batch": 2}, "1", "batch"),
        ({"mode": "raw-predict"}, "1", "raw-predict"),
        ({"mode": "raw-mask"}, "1", "person 3"),
    ],
)
def test_what_a_merge_would_refuse_is_neither_saved_nor_made_a_key(
    directed: Project, said: dict, frames: str, says: str
) -> None:
    with directed.change() as manifest:
        manifest.clips["dst"].cast = {"person 3": CastEntry.model_validate({"mode": "seamless"})}
    before = (directed.folder / "understudy.toml").read_text(encoding="utf-8")
    for keep in (keep_said, partial(keep_keys, ease="hold")):
        with pytest.raises(OptionInvalid, match=says):
            keep(directed, "dst", said, frames=parse_frames(frames))
    assert (directed.folder / "understudy.toml").read_text(encoding="utf-8") == before


def test_nothing_or_nonsense_is_not_saved(directed: Project) -> None:
    with pytest.raises(OptionInvalid, match="nothing to save"):
        keep_said(directed, "dst", {}, frames=parse_frames("1"))
    with pytest.raises(OptionInvalid, match="erode"):
        keep_said(directed, "dst", {"erode": 7.0}, frames=parse_frames("1"))
    assert len(Project.open(directed.folder).manifest.clips["dst"].ranges) == 1


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"ranges": [{"frames": "1:2", "eroed": 1}]}, r"clips\.dst\.ranges, entry 1.*eroed"),
        ({"ranges": [{"frames": "1:2"}, {"frames": "x", "erode": 0.1}]}, r"clips\.dst\.ranges, entry 2.*'x'"),
        ({"keys": [{"frame": 1, "mask": "all"}]}, r"clips\.dst\.keys, entry 1.*mask"),
        ({"cast": {"person 2": {"model": "main", "blur": 9}}}, r"person 2.*blur"),
    ],
)
def test_a_mistake_in_the_file_is_named_by_its_entry(project: Project, values: dict, says: str) -> None:
    with project.change() as manifest:
        entry = manifest.clips["dst"].model_dump() | values
        manifest.clips = {**manifest.clips, "dst": type(manifest.clips["dst"]).model_validate(entry)}
    with pytest.raises(OptionInvalid, match=says):
        settings_over_time(project, "dst", {})


def test_a_mistake_in_a_range_is_named_with_its_line(directed: Project) -> None:
    path = directed.folder / "understudy.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace('mask = "dst-hull"', "eroed = 1"), encoding="utf-8"
    )
    line = path.read_text(encoding="utf-8").splitlines().index("[[clips.dst.ranges]]") + 1
    with pytest.raises(OptionInvalid, match=rf"ranges, entry 1 \(line {line}\).*eroed"):
        settings_over_time(Project.open(directed.folder), "dst", {})


@pytest.mark.parametrize("table", ["merge", "clips.dst.merge"])
def test_a_wrong_value_that_is_kept_is_named_with_its_table_and_one_that_is_said_is_not(
    directed: Project, table: str
) -> None:
    with directed.change() as manifest:
        manifest.merge = {"erode": 12} if table == "merge" else {}
        manifest.clips["dst"].merge = {} if table == "merge" else {"erode": 12}
    with pytest.raises(OptionInvalid, match=f"^In understudy.toml, {table}: Option 'erode' can't be 12"):
        settings_over_time(directed, "dst", {})
    with pytest.raises(OptionInvalid, match=r"^Option 'erode' can't be 13"):
        settings_over_time(directed, "dst", {"erode": 13})
    assert settings_over_time(directed, "dst", {"erode": 0.1}).base.erode == 0.1


def test_an_ease_that_is_none_is_named_with_its_line(project: Project) -> None:
    path = project.folder / "understudy.toml"
    path.write_text(
        path.read_text(encoding="utf-8") + '\n[[clips.dst.keys]]\nframe = 1\nease = "bounce"\n', "utf-8"
    )
    with pytest.raises(ProjectInvalid, match=r"keys\.0\.ease.*\(line \d+\).*'smooth'"):
        Project.open(project.folder)


def loaded(name: str) -> SimpleNamespace:
    return SimpleNamespace(name=name, sha256=name)


def test_every_model_of_a_cast_is_loaded_once_and_the_lead_paints_the_rest(directed: Project) -> None:
    asked: list[str] = []
    cast = cast_of(directed, "dst", "main", load=lambda name: asked.append(name) or loaded(name))
    assert asked == ["main", "second"]
    assert {part: model.name for part, model in cast.parts.items()} == {
        "person 2": "main",
        "track 7": "second",
        "person 3": "main",
    }


def test_a_cast_with_a_model_that_is_not_there_names_part_and_model(project: Project) -> None:
    with project.change() as manifest:
        manifest.clips["dst"].cast = {"person 2": "anna"}
    with pytest.raises(ModelUnknown, match=r"'person 2' to the model 'anna'.*main"):
        cast_of(project, "dst", "main", load=loaded)


def test_a_cast_that_names_no_part_is_refused(project: Project) -> None:
    with project.change() as manifest:
        manifest.clips["dst"].cast = {"Anna": "main"}
    with pytest.raises(CastInvalid, match="'Anna'"):
        cast_of(project, "dst", "main", load=loaded)


def test_a_cast_needs_no_lead_and_without_a_cast_the_lead_must_be_there(project: Project) -> None:
    with pytest.raises(ModelUnknown, match="'other'"):
        cast_of(project, "dst", "other", load=loaded)
    with project.change() as manifest:
        manifest.clips["dst"].cast = {"person 1": "main"}
    assert cast_of(project, "dst", "other", load=loaded).lead is None


def test_frames_of_a_cast_have_a_folder_of_their_own(directed: Project) -> None:
    assert directed.merged_name("dst", "main") == "cast"
    require_model(directed, "cast", preset=None)
    with pytest.raises(ProjectInvalid, match="Rename that model"):
        directed.merged_name("dst", "main")


def test_a_clip_that_was_not_searched_is_looked_at_for_cuts_once(project: Project) -> None:
    path, rate = project.clip_path("dst"), Fraction(25)
    how = {"color": ColorTags(), "preset": "ultrafast"}
    with MovieWriter(path, width=64, height=48, time_base=1 / rate, rate=rate, **how) as movie:
        for frame in range(16):
            rng = np.random.default_rng(frame // 8)
            movie.write(cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), (64, 48)), frame)
    assert cuts_of(project, "dst") is None
    list(watch_for_cuts(project, "dst"))
    assert cuts_of(project, "dst") == [8]
    os.utime(path, (1, 1))
    assert cuts_of(project, "dst") is None, "it is another clip by now"


def test_a_clips_hash_is_remembered_until_a_file_of_it_changes(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "shot"
    folder.mkdir()
    (folder / "1.png").write_bytes(b"one")
    first = clip_sha256(project, folder)
    os.utime(folder / "1.png", (1, 1))
    memory = read_json(project.cache_folder / "sha256.json")
    assert clip_sha256(project, folder) == first
    assert len(read_json(project.cache_folder / "sha256.json")) == len(memory) + 1
    (folder / "2.png").write_bytes(b"two")
    assert clip_sha256(project, folder) not in ("", first)
    assert plate_hash(project) == clip_sha256(project, project.clip_path("src"))


def test_a_clip_that_is_gone_is_told_whether_or_not_it_was_known(project: Project, tmp_path: Path) -> None:
    for known in (False, True):
        with pytest.raises(ClipMissing, match="no longer where it was") as refused:
            (known_clip_sha256 if known else clip_sha256)(project, tmp_path / "gone.mov")
        assert refused.value.path == tmp_path / "gone.mov"
        clip_sha256(project, project.clip_path("src"))  # from now on something is remembered


@pytest.mark.parametrize("damage", [b"\xff{", b"", b"[1]"])
def test_hashes_that_can_not_be_read_are_made_anew(project: Project, damage: bytes) -> None:
    clip = project.clip_path("src")
    known = clip_sha256(project, clip)
    (project.cache_folder / "sha256.json").write_bytes(damage)
    assert known_clip_sha256(project, clip) == last_clip_sha256(project, clip) == ""
    assert clip_sha256(project, clip) == known == known_clip_sha256(project, clip)


def test_how_far_hashing_is_is_told_where_clips_are_large(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = [project.clip_path("src"), project.clip_path("dst")]
    assert list(clips_hashed(project, clips)) == [] and not (project.cache_folder / "sha256.json").exists()
    for limit in ("_WORTH_TELLING_BYTES", "_TOLD_EVERY_BYTES"):
        monkeypatch.setattr(inputs, limit, 1)
    started, *between, finished = clips_hashed(project, clips)
    assert isinstance(started, StageStarted) and isinstance(finished, StageFinished)
    assert between and all(isinstance(event, Progress) for event in between)
    assert [clip_sha256(project, clip) for clip in clips] == [sha256_of(clip) for clip in clips]
    assert list(clips_hashed(project, clips)) == [], "what is known is not read again"


def test_a_clip_that_is_replaced_while_it_is_hashed_is_hashed_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = project.clip_path("dst")

    def replaced_meanwhile(path: Path) -> str:
        told = sha256_of(path)
        write_wall(path, grey=200)
        return told

    with monkeypatch.context() as patch:
        patch.setattr("understudy.jobs.merging.inputs.sha256_of", replaced_meanwhile)
        before = clip_sha256(project, clip)
    assert clip_sha256(project, clip) == sha256_of(clip) != before


def plate_hash(project: Project) -> str:
    with project.faceset("src") as faceset:
        faceset.add(np.zeros((64, 64, 3), np.uint8), make_record(clip="src", frame=1))
    return plate_of(project, "src").sha256


def test_the_plate_is_a_clip_of_the_project_with_faces(project: Project) -> None:
    with pytest.raises(OptionInvalid, match=r"'nobody'.*src, dst"):
        plate_of(project, "nobody")
    with pytest.raises(FacesetUnusable, match="'src'"):
        plate_of(project, "src")
    with project.faceset("src") as faceset:
        faceset.add(np.zeros((64, 64, 3), np.uint8), make_record(clip="src", frame=1))
        faceset.add(np.zeros((64, 64, 3), np.uint8), make_record(clip="other", frame=2))
    assert [record.frame for record in plate_of(project, "src").faces] == [1]


def test_cuts_are_those_the_search_saw(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [SimpleNamespace(index=3 * place, scene=place) for place in range(4)]
    monkeypatch.setattr("understudy.facesets.extraction.redone.look_found", lambda *_, **__: frames)
    monkeypatch.setattr(
        "understudy.media.cuts.shot_starts", lambda notes: {2} if notes == [0, 1, 2, 3] else set()
    )
    assert cuts_of(project, "dst") == [6]
