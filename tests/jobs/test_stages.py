"""What the stages get handed from a project, and what they refuse by name. Running them is a journey."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.jobs.conftest import with_three_faces, write_wall
from tests.merging.conftest import Painter
from understudy.errors import (
    ClipMissing,
    ClusterUnavailable,
    ConsentMissing,
    FacesetUnusable,
    FolderUnwritable,
    ModelUnknown,
    NoFaceFound,
    OptionInvalid,
    PersonUnknown,
    ProjectInvalid,
    RecipeInvalid,
    StretchEmpty,
)
from understudy.events import Notice, StageFinished
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.timerange import wanted_frames
from understudy.files import write_text
from understudy.jobs import stages
from understudy.jobs.clips.adding import add_clips
from understudy.jobs.delivery.marks import require_consent, stated_consents
from understudy.jobs.delivery.outputs import require_outputs
from understudy.jobs.models.making import require_model
from understudy.jobs.request import SwapRequest
from understudy.jobs.swap import swap
from understudy.media.images import read_image_deep
from understudy.media.opening import open_clip
from understudy.project.model_changes import rename_model
from understudy.project.project import Project
from understudy.project.state import project_state
from understudy.provenance.credentials import read_credentials
from understudy.provenance.recast import recast_in


def test_a_model_keeps_the_preset_it_has_learnt_with(project: Project) -> None:
    require_model(project, "main", preset="df")
    assert project.manifest.models["main"].preset == "df", "nothing was learnt yet"
    require_model(project, "main", preset="quick")
    write_text(project.model_folder("main") / "model.toml", "")
    with pytest.raises(OptionInvalid, match="quick"):
        require_model(project, "main", preset="df")


def test_a_preset_that_is_none_is_refused_before_the_model_is_made(project: Project) -> None:
    with pytest.raises(ModelUnknown):
        require_model(project, "second", preset="best")
    assert "second" not in project.manifest.models


def test_training_without_faces_says_which_side_lacks_them(project: Project) -> None:
    with pytest.raises(FacesetUnusable, match="src"):
        list(stages.train(project, "main", said={}, device="cpu"))


def test_a_training_whose_model_is_renamed_before_it_holds_it_begins_no_other(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for performer in ("src", "dst"):
        with_three_faces(project, performer)
    real = stages.learning_from

    def meanwhile(*words: Any) -> Any:
        rename_model(Project.open(project.folder), "main", "other")
        return real(*words)

    monkeypatch.setattr(stages, "learning_from", meanwhile)
    with pytest.raises(ModelUnknown, match="it has other"):
        list(stages.train(project, "main", said={"iterations": 1, "batch_size": 1}, device="cpu"))
    assert not project.model_folder("main").exists()


def test_a_merge_whose_model_is_renamed_before_it_begins_paints_nothing_under_the_old_name(
    ready: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = stages.clips_hashed

    def meanwhile(*words: Any) -> Any:
        rename_model(Project.open(ready.folder), "main", "other")
        yield from real(*words)

    monkeypatch.setattr(stages, "clips_hashed", meanwhile)
    with pytest.raises(ModelUnknown, match="it has other"):
        list(stages.merge(ready, "main", said={}, device="cpu"))
    assert not ready.merged_folder("dst", "main").exists()


def test_a_later_stage_that_cant_work_is_refused_before_the_faces_are_asked_for(
    project: Project, tmp_path: Path
) -> None:
    recipe = tmp_path / "bad.toml"
    recipe.write_text('[[stage]]\nname = "a"\nshare = 0.5\n\n[[stage]]\nname = "b"\nset.freeze = "nose"')
    with pytest.raises(RecipeInvalid, match=r"stage 2 \(b\): This model has no part 'nose'"):
        list(stages.train(project, "main", said={"recipe": str(recipe)}, device="cpu"))


@pytest.mark.parametrize("clip", ["nope", "src"])
def test_merging_takes_dst_clips_alone(project: Project, clip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        stages, "_predictor", lambda *_, **__: SimpleNamespace(notices=[], name="main", sha256="")
    )
    with pytest.raises(ClipMissing, match=clip):
        list(stages.merge(project, "main", clips=[clip], said={}, device="cpu"))


def test_merging_hands_on_what_is_said_and_what_the_project_says(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor, asked = SimpleNamespace(notices=[], name="main", sha256=""), []
    monkeypatch.setattr(stages, "_predictor", lambda *_, **__: predictor)
    monkeypatch.setattr("understudy.merging.merge.merge", lambda *_, **values: asked.append(values) or iter(()))
    with project.change() as manifest:
        manifest.clips["dst"].merge = {"erode": 0.1}
    list(stages.merge(project, "main", said={"morph": 0.6}, device="cpu"))
    assert asked[0]["options"].segmenters.device == "cpu"
    options = asked[0]["options"].at(0)
    assert (options.morph, options.erode) == (0.6, 0.1)
    assert asked[0]["predictor"].lead is predictor


def test_a_key_is_kept_and_the_whole_clip_looked_at(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict] = []
    monkeypatch.setattr(
        stages, "_predictor", lambda *_, **__: SimpleNamespace(notices=[], name="main", sha256="")
    )
    monkeypatch.setattr("understudy.merging.merge.merge", lambda *_, **values: asked.append(values) or iter(()))
    list(stages.merge(project, "main", said={"erode": 0.1}, device="cpu", frames="1", key="linear"))
    assert asked[0]["wanted"].stretches is None and asked[0]["options"].at(0).erode == 0.1
    with pytest.raises(OptionInvalid, match="--frames 120"):
        list(stages.merge(project, "main", said={"erode": 0.1}, device="cpu", key="linear"))


def test_frames_are_of_one_clip(project: Project, tmp_path: Path) -> None:
    add_clips(project, src=[], dst=[write_wall(tmp_path / "more.mov")], consent="fictional")
    with pytest.raises(OptionInvalid, match="about one clip"):
        list(stages.merge(project, "main", said={}, device="cpu", frames="0:1"))


@pytest.mark.parametrize("more", [{}, {"dry_run": True}, {"key": "linear"}, {"save": True}])
def test_frames_beyond_the_clip_are_refused_before_a_model_is_loaded(
    project: Project, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> None:
    monkeypatch.setattr(stages, "_predictor", lambda *_, **__: pytest.fail("the model was loaded"))
    before = (project.folder / "understudy.toml").read_bytes()
    for frames in ("3", "1:3", "7:"):
        with pytest.raises(OptionInvalid, match=f"Frames can't be {frames}: the clip's frames are 0 to 2"):
            list(stages.merge(project, "main", said={"erode": 0.1}, device="cpu", frames=frames, **more))
    assert (project.folder / "understudy.toml").read_bytes() == before


def test_encoding_an_unknown_model_names_those_there_are(project: Project) -> None:
    with pytest.raises(ModelUnknown, match="main"):
        list(stages.encode(project, "other", said={}))


def test_merging_and_encoding_without_any_model_name_the_command_that_makes_one(project: Project) -> None:
    with project.change() as manifest:
        manifest.models = {}
    for stage in (
        stages.merge(project, "main", said={}, device="cpu"),
        stages.encode(project, "main", said={}),
    ):
        with pytest.raises(ModelUnknown, match=re.escape(shlex.join(["train", str(project.folder)]))):
            list(stage)


def test_encoding_what_was_not_merged_says_what_to_do(project: Project) -> None:
    with pytest.raises(ProjectInvalid, match="understudy merge"):
        list(stages.encode(project, "main", said={}))


def test_encoding_checks_consent_before_anything_else(project: Project) -> None:
    with project.change() as manifest:
        person = manifest.performers["dst"]
        person.consent = person.consent.model_copy(update={"status": "refused"})
    with pytest.raises(ConsentMissing):
        list(stages.encode(project, "main", said={}))


def test_what_would_do_nothing_is_refused_where_it_is_said_and_not_in_the_projects_settings(
    project: Project, tmp_path: Path
) -> None:
    with project.change() as manifest:
        manifest.encode = {"images": "exr"}
    for ask in (
        lambda said: list(stages.encode(project, "main", said=said)),
        lambda said: require_outputs(project, "main", clips=[], out=None, said=said),
    ):
        with pytest.raises(OptionInvalid, match="first_number would do nothing here: it is for a folder"):
            ask({"first_number": 1001})
    require_outputs(project, "main", clips=[], out=None, said={})
    require_outputs(project, "main", clips=[], out=tmp_path / "x", said={"first_number": 1001})


def test_facesets_added_after_the_model_are_learnt_too(tmp_path: Path) -> None:
    empty = Project.create(tmp_path / "shot")
    require_model(empty, "main", preset=None)
    assert empty.facesets_of("src", "main") == []
    add_clips(empty, src=[write_wall(tmp_path / "a.mp4")])
    assert empty.facesets_of("src", "main") == ["src/main"]


def test_evidence_of_consent_is_hashed_into_what_is_signed(project: Project) -> None:
    with project.change() as manifest:
        person = manifest.performers["src"]
        person.consent = person.consent.model_copy(update={"evidence": "form.pdf"})
    with pytest.raises(ConsentMissing, match="evidence"):
        require_consent(project)
    (project.folder / "form.pdf").write_bytes(b"signed")
    assert stated_consents(project)["src"].evidence_sha256


def test_a_clip_that_another_process_works_on_is_refused(project: Project) -> None:
    code = (
        "import sys, time; from pathlib import Path; from understudy.project.lock import exclusive\n"
        "with exclusive(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
    )
    lock = project.cache_folder / ".src.lock"
    with subprocess.Popen([sys.executable, "-c", code, lock], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(
            FolderUnwritable,
            match=r"Another process is changing this project: process [0-9]+ on .* since .*Wait",
        ):
            list(stages.extract(project, clips=["src"], said={}, device="cpu"))
        holder.kill()


def test_a_person_whom_nobody_is_does_not_stay_in_the_project(project: Project, monkeypatch) -> None:
    def nobody(*_: object, person: int | None, **__: object) -> Iterator[StageFinished]:
        if person == 9:
            raise PersonUnknown("There is no person 9 here.")
        yield StageFinished(stage="extract")

    monkeypatch.setattr("understudy.facesets.extraction.extract.extract", nobody)
    for number in (2, 9):
        before = stages.choose_faces(project, ["dst"], dst=number)
        with contextlib.suppress(PersonUnknown):
            list(stages.extract(project, clips=["dst"], said={}, device="cpu", faces_before=before))
    assert Project.open(project.folder).manifest.clips["dst"].face == 2


def test_every_clip_is_searched_though_one_before_has_no_face(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []

    def nobody_in_src(*_: object, clip_name: str, **__: object) -> Iterator[StageFinished]:
        searched.append(clip_name)
        if clip_name == "src":
            raise NoFaceFound("No face was found.")
        yield StageFinished(stage="extract")

    monkeypatch.setattr("understudy.facesets.extraction.extract.extract", nobody_in_src)
    with pytest.raises(NoFaceFound, match="in 1 of 2 clips: src"):
        list(stages.extract(project, said={}, device="cpu"))
    assert searched == ["src", "dst"]


def test_a_start_beyond_one_clips_end_keeps_no_other_clip_from_being_searched(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wall(tmp_path / "long.mp4", frames=8)
    add_clips(project, src=[], dst=[tmp_path / "long.mp4"], consent=None)
    searched: list[str] = []

    def wanted(path: Path, *, clip_name: str, options: ExtractOptions, **_: object) -> Iterator[StageFinished]:
        with open_clip(path) as clip:
            searched.append(f"{clip_name} {wanted_frames(clip, options)}")
        yield StageFinished(stage="extract")

    monkeypatch.setattr("understudy.facesets.extraction.extract.extract", wanted)
    with pytest.raises(
        StretchEmpty, match=r"2 of 3 clips were left: src, dst.*the clip has 3 frames"
    ) as caught:
        list(stages.extract(project, said={"start": "5f"}, device="cpu"))
    assert searched == ["long range(5, 8)"] and caught.value.exit_code == 2


def test_a_clip_that_was_replaced_under_its_name_is_merged_again(ready: Project) -> None:
    def merged(**more) -> dict:
        *_, finished = stages.merge(ready, "main", said={}, device="cpu", **more)
        return finished.summary

    assert merged()["made_now"] == 1 and merged()["made_now"] == 0
    write_wall(ready.clip_path("dst"), grey=140)
    assert merged(dry_run=True)["why"] == {"its clip changed": 1}
    assert merged()["made_now"] == 1 and merged()["made_now"] == 0


def test_label_and_marks_are_told_the_colour_space_of_the_clip(ready: Project, tmp_path: Path) -> None:
    list(stages.merge(ready, "main", said={}, device="cpu"))
    said = {"label": "AI", "label_size": 0.2, "images": "png16"}
    most = {}
    for space in ("", "PQ"):
        with ready.change() as manifest:
            manifest.clips["dst"].color_space = space
        list(stages.encode(ready, "main", out=tmp_path / f"out{space}", said=said))
        most[space] = max(int(read_image_deep(p).max()) for p in (tmp_path / f"out{space}").glob("*.png"))
    assert most[""] > 60_000 and most["PQ"] < 0.7 * 65535  # 203 of 10,000 cd/m2


def test_every_export_gets_a_number_of_its_own_that_the_marks_name(ready: Project, tmp_path: Path) -> None:
    list(stages.merge(ready, "main", said={}, device="cpu"))
    numbers = set()
    for name in ("one.mp4", "two.mp4", "mask.mp4"):
        said = {"content": "mask"} if name == "mask.mp4" else {}
        list(stages.encode(ready, "main", out=tmp_path / name, said=said))
        credentials = read_credentials(tmp_path / name)
        assert credentials is not None
        recast = recast_in(credentials.active)
        assert recast is not None
        numbers.add(recast.watermark)
    assert "" in numbers and {len(number) for number in numbers} == {0, 11}
    assert len(numbers) == 3
    *_, last = stages.encode(ready, "main", out=tmp_path / "one.mp4", said={})
    assert isinstance(last, StageFinished) and last.skipped


def test_a_finished_file_of_a_project_that_was_moved_is_not_written_again(
    ready: Project, tmp_path: Path
) -> None:
    inside = ready.folder / "dst.mov"
    shutil.move(ready.clip_path("dst"), inside)
    with ready.change() as manifest:
        manifest.clips["dst"].path = "dst.mov"
    list(stages.merge(ready, "main", said={}, device="cpu"))
    list(stages.encode(ready, "main", said={}))
    moved = Project.open(ready.folder.rename(tmp_path / "moved"))
    assert project_state(moved).merged[0].encoded
    ends = [event for event in stages.encode(moved, "main", said={}) if isinstance(event, StageFinished)]
    assert [end.skipped for end in ends if end.stage == "encode"] == [True]


@pytest.mark.parametrize("cast", [{}, {"person 1": "main"}])
def test_a_finished_file_is_known_after_its_model_got_another_name(
    ready: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cast: dict[str, str]
) -> None:
    def load(folder: Path, **_: object) -> Painter:
        painter = Painter()
        painter.name = folder.name
        return painter

    monkeypatch.setattr("understudy.training.predictor.load_predictor", load)
    with ready.change() as manifest:
        manifest.clips["dst"].cast = dict(cast)
    list(stages.merge(ready, "main", said={}, device="cpu"))
    list(stages.encode(ready, "main", out=tmp_path / "shot.mp4", said={}))
    rename_model(ready, "main", "first")
    *_, last = stages.encode(ready, "first", out=tmp_path / "shot.mp4", said={})
    assert isinstance(last, StageFinished) and last.skipped


def test_a_finished_file_called_after_an_earlier_name_of_its_model_stays_and_another_is_made_which_is_said(
    ready: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was made anew without a word, though another delivery of the same is known after a new name."""
    list(stages.merge(ready, "main", said={}, device="cpu"))
    list(stages.encode(ready, "main", said={}))
    rename_model(ready, "main", "first")
    events = list(stages.encode(ready, "first", said={}))
    told = [event.text for event in events if isinstance(event, Notice)]
    assert any("dst-main.mov stays, which shows these frames" in text for text in told), told
    assert sorted(path.name for path in ready.out_folder.glob("*.mov")) == ["dst-first.mov", "dst-main.mov"]
    again = list(stages.encode(ready, "first", said={}))
    assert not any(isinstance(event, Notice) and "stays" in event.text for event in again)


def test_a_cluster_that_is_missing_refuses_before_a_merged_frame_is_put_away(
    ready: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(stages.merge(ready, "main", said={}, device="cpu"))
    folder = ready.merged_folder("dst", "main")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    monkeypatch.setitem(sys.modules, "ray", None)
    said = {"workers": "ray", "face_scale": 1.1}
    for events in (
        stages.merge(ready, "main", said=said, device="cpu"),
        stages.extract(ready, said={"workers": "ray"}, device="cpu"),
        swap(SwapRequest(project=ready.folder, merge=said)),
    ):
        with pytest.raises(ClusterUnavailable, match=r"understudy\[cluster\]"):
            next(iter(events))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
