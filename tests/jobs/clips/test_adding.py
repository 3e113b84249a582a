"""Adding clips: all or none."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.conftest import write_wall
from understudy.errors import ClipMissing, ClipUnreadable, DiskFull, OptionInvalid
from understudy.faces.manual import Region, manual_file, write_regions
from understudy.facesets.extraction.found import FoundLog, clip_content
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.redone import redone_path
from understudy.files import write_text
from understudy.jobs import stages
from understudy.jobs.clips.adding import add_clips, painted_told, remove_clip, require_usable
from understudy.jobs.merging.inputs import keep_said, watch_for_cuts
from understudy.jobs.merging.kept_settings import redo_settings, undo_settings
from understudy.project import manifest as manifest_module
from understudy.project.manifest import ROLES
from understudy.project.project import Project
from understudy.project.trash import Trash
from understudy.provenance.consent import Consent


def test_when_one_of_several_clips_is_missing_none_is_added(project: Project, tmp_path: Path) -> None:
    there = tmp_path / "there.mp4"
    write_wall(there)
    before = dict(project.manifest.clips)
    with pytest.raises(ClipMissing):
        add_clips(project, src=[there, tmp_path / "gone.mp4"])
    assert Project.open(project.folder).manifest.clips == before


def test_a_clip_named_twice_is_added_once(project: Project, tmp_path: Path) -> None:
    assert add_clips(project, src=[tmp_path / "src.mp4"]) == ["src"]
    assert list(project.manifest.clips) == ["src", "dst"]


def test_consent_goes_to_the_performers_of_the_clips(project: Project) -> None:
    assert {consent.status for consent in project.consents().values()} == {"fictional"}


def test_consent_that_is_none_is_refused_before_anything_is_added(project: Project, tmp_path: Path) -> None:
    new = tmp_path / "new.mp4"
    write_wall(new)
    with pytest.raises(OptionInvalid, match="perhaps"):
        add_clips(project, src=[new], consent="perhaps")
    assert "new" not in Project.open(project.folder).manifest.clips


@pytest.mark.parametrize(
    ("said", "is_form"), [("n/a", False), ("yes/no", False), ("forms/mira.pdf", True), ("signed", True)]
)
def test_a_word_for_consent_that_is_none_is_told_the_words_and_a_form_the_command_that_records_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, is_form: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("signed").write_text("I agree.")
    with pytest.raises(OptionInvalid, match="say one of: agreed, fictional, not stated, refused") as caught:
        require_usable(consent=said)
    assert ("--evidence" in caught.value.message) == is_form


@pytest.mark.parametrize("role", ["src", "dst"])
@pytest.mark.parametrize("name", ["", "000001.png"])
def test_a_merges_own_frames_enter_no_project_and_what_finishes_them_is_named(
    ready: Project, role: str, name: str
) -> None:
    list(stages.merge(ready, "main", said={}, device="cpu"))
    before = Project.open(ready.folder).manifest
    with pytest.raises(OptionInvalid, match="`understudy encode`"):
        add_clips(ready, **{role: [ready.merged_folder("dst", "main") / name]})
    assert Project.open(ready.folder).manifest == before


def test_a_finished_shot_enters_a_project_as_any_footage(ready: Project) -> None:
    list(stages.merge(ready, "main", said={}, device="cpu"))
    out = ready.out_folder / "finished"
    list(stages.encode(ready, "main", out=out, said={}))
    assert add_clips(ready, dst=[out]) == ["finished"]
    assert painted_told(ready, ["finished", "dst", "src"]) == [], "its credentials say whom it shows"


def test_a_copy_of_merged_frames_is_taken_with_a_warning(ready: Project, tmp_path: Path) -> None:
    list(stages.merge(ready, "main", said={}, device="cpu"))
    copy = tmp_path / "copy"
    copy.mkdir()
    for picture in ready.merged_folder("dst", "main").glob("*.png"):
        shutil.copy(picture, copy)
    names = add_clips(ready, dst=[copy])
    (told,) = painted_told(ready, [*names, *names])
    assert "copy says of itself" in told and "`understudy encode`" in told


def test_a_file_that_is_no_clip_never_enters_a_project(project: Project, tmp_path: Path) -> None:
    fake = tmp_path / "fake.mp4"
    fake.write_text("a letter")
    with pytest.raises(ClipUnreadable):
        add_clips(project, dst=[fake])
    assert list(Project.open(project.folder).manifest.clips) == ["src", "dst"]


def test_consent_in_the_file_is_never_replaced_by_a_flag(project: Project, tmp_path: Path) -> None:
    with project.change() as manifest:
        person = manifest.performers["src"]
        person.consent = person.consent.model_copy(update={"who": "Mira", "scope": "the film"})
    add_clips(project, src=[tmp_path / "src.mp4"], consent="fictional")
    assert project.consents()["src"].who == "Mira"
    with pytest.raises(OptionInvalid, match=r"understudy\.toml"):
        add_clips(project, src=[tmp_path / "src.mp4"], consent="agreed")
    assert project.consents()["src"].status == "fictional"


def test_a_flag_replaces_nobodys_consent_of_a_clip_that_is_there_and_adds_no_performer(
    project: Project, tmp_path: Path
) -> None:
    clip = write_wall(tmp_path / "anna.mp4")
    assert project.add_clip(clip, "src", performer="anna") == "anna"
    with project.change() as manifest:
        manifest.performers["anna"].consent = Consent(status="refused")
        del manifest.clips["src"]
        del manifest.performers["src"]
    with pytest.raises(OptionInvalid, match="consent of anna is 'refused', not 'agreed'"):
        add_clips(project, src=[clip], consent="agreed")
    assert project.add_clip(clip, "src") == "anna"
    told = Project.open(project.folder).consents()
    assert told["anna"].status == "refused" and "src" not in told


def test_a_consent_that_is_withdrawn_while_clips_are_added_stays_withdrawn(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project.change() as manifest:
        manifest.performers["src"].consent = Consent(status="not stated")
    add = Project.add_clip

    def withdrawn(self: Project, *said: Any, **more: Any) -> str:
        with Project.open(project.folder).change() as manifest:
            manifest.performers["src"].consent = Consent(status="refused")
        return add(self, *said, **more)

    monkeypatch.setattr(Project, "add_clip", withdrawn)
    with pytest.raises(OptionInvalid, match="'refused', not 'agreed'"):
        add_clips(project, src=[write_wall(tmp_path / "new.mp4")], consent="agreed")
    assert Project.open(project.folder).consents()["src"].status == "refused"


def test_consent_that_was_not_stated_is_filled_in(project: Project, tmp_path: Path) -> None:
    with project.change() as manifest:
        person = manifest.performers["src"]
        person.consent = person.consent.model_copy(update={"status": "not stated", "scope": "the film"})
    add_clips(project, src=[tmp_path / "src.mp4"], consent="agreed")
    consent = project.consents()["src"]
    assert (consent.status, consent.scope) == ("agreed", "the film")


@pytest.fixture
def with_results(tmp_path: Path) -> Project:
    """A project whose dst clip lies inside and was worked on, and whose src clip lies elsewhere."""
    project = Project.create(tmp_path / "project")
    inside, outside = project.folder / "clips" / "dst.mp4", tmp_path / "src.mp4"
    inside.parent.mkdir()
    for path in (inside, outside):
        path.write_bytes(b"frames")
    project.add_clip(outside, "src")
    project.add_clip(inside, "dst")
    for part in ("merged/dst/main/000000.png", "facesets/dst/main/a.png", "cache/dst.found.jsonl"):
        (project.folder / part).parent.mkdir(parents=True, exist_ok=True)
        (project.folder / part).touch()
    return project


def test_a_clip_that_is_taken_out_leaves_its_faces_and_goes_to_the_trash_where_it_lies_inside(
    with_results: Project, tmp_path: Path
) -> None:
    project, outside = with_results, tmp_path / "src.mp4"
    inside = project.folder / "clips" / "dst.mp4"
    remove_clip(project, "dst")
    assert list(Project.open(project.folder).manifest.clips) == ["src"]
    trashed = {entry.origin for entry in project.trash.entries()}
    assert trashed == {inside, project.folder / "merged/dst", project.folder / "cache/dst.found.jsonl"}
    assert (project.folder / "facesets/dst/main/a.png").exists()
    assert "stays where it is" in " ".join(remove_clip(project, "src")) and outside.exists()
    with pytest.raises(ClipMissing):
        remove_clip(project, "src")


def test_a_clip_that_the_manifest_cant_forget_stays_whole(
    with_results: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise DiskFull("The disk is full.")

    monkeypatch.setattr(manifest_module, "write_manifest", full)
    with pytest.raises(DiskFull):
        remove_clip(with_results, "dst")
    assert not with_results.trash.entries()
    assert (with_results.folder / "clips" / "dst.mp4").exists() and "dst" in with_results.manifest.clips


def test_a_clip_is_taken_out_from_where_another_process_has_said_that_it_lies(
    with_results: Project, tmp_path: Path
) -> None:
    with Project.open(with_results.folder).change() as manifest:
        manifest.clips["dst"].path = str(write_wall(tmp_path / "moved.mp4"))
    assert f"Its file stays where it is: {tmp_path / 'moved.mp4'}." in remove_clip(with_results, "dst")
    assert (with_results.folder / "clips" / "dst.mp4").exists(), "that is no clip's any more"


def test_a_clip_of_the_name_of_one_that_was_taken_out_has_none_of_its_changes_to_make_again(
    project: Project, tmp_path: Path
) -> None:
    keep_said(project, "dst", {"blur": 0.3}, frames=None)
    undo_settings(project, "dst")
    remove_clip(project, "dst")
    assert project.add_clip(tmp_path / "dst.mov", "dst") == "dst"
    with pytest.raises(OptionInvalid, match="nothing to make again"):
        redo_settings(project, "dst")


def test_faces_and_work_by_hand_of_a_clip_that_was_taken_out_wait_for_it_and_are_no_other_clips(
    project: Project, tmp_path: Path
) -> None:
    """The faces of one, the other's finds of frames that were done again."""
    was = {role: project.clip_path(role) for role in ROLES}
    with Journal(project.faceset_folder("src")) as journal:
        journal.note_face("src", content=clip_content(was["src"]), frame=0, person=1)
    path = redone_path(project.manual_folder, "dst")
    FoundLog.open(path, {"content": clip_content(was["dst"])}).__exit__()
    for role in ROLES:
        remove_clip(project, role)
    (tmp_path / "new").mkdir()
    new = {role: write_wall(tmp_path / "new" / was[role].name, grey=20) for role in ROLES}
    told = list[str]()
    assert add_clips(project, src=[new["src"]], dst=[new["dst"]], tell=told.append) == ["src-2", "dst-2"]
    assert "clip 'dst-2' here" in told[1] and "another clip 'dst'" in told[1]
    assert add_clips(project, src=[was["src"]], dst=[was["dst"]]) == ["src", "dst"]
    assert add_clips(project, src=[new["src"]], dst=[new["dst"]]) == ["src-2", "dst-2"]
    assert path.is_file()


def test_regions_that_a_person_wrote_are_those_of_the_footage_that_had_the_name_when_it_was_taken_out(
    project: Project, tmp_path: Path
) -> None:
    was = project.clip_path("dst")
    write_regions(manual_file(project.folder, "dst"), {0: [Region(box=(1, 1, 9, 9))]})
    remove_clip(project, "dst")
    (tmp_path / "new").mkdir()
    new = write_wall(tmp_path / "new" / was.name, grey=20)
    assert add_clips(project, dst=[new]) == ["dst-2"]
    assert add_clips(project, dst=[was]) == ["dst"]


def test_cuts_that_were_seen_in_a_clip_go_to_the_trash_with_it(project: Project) -> None:
    list(watch_for_cuts(project, "dst"))
    path = project.cache_folder / "dst.cuts.json"
    assert path.is_file()
    remove_clip(project, "dst")
    assert path in {entry.origin for entry in project.trash.entries()}


@pytest.mark.parametrize(
    "steps", range(5)
)  # the manifest is written as it is, three things move, and it forgets
def test_taking_a_clip_out_that_was_killed_on_its_way_loses_nothing_and_is_finished_by_the_same_command(
    with_results: Project, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    class Killed(BaseException):
        pass

    done: list[object] = []

    def until_killed(step: Callable[..., object]) -> Callable[..., object]:
        def taken(*arguments: object, **named: object) -> object:
            if len(done) == steps:
                raise Killed
            done.append(step)
            return step(*arguments, **named)

        return taken

    with monkeypatch.context() as killing:
        killing.setattr(Trash, "put", until_killed(Trash.put))
        killing.setattr(manifest_module, "write_manifest", until_killed(manifest_module.write_manifest))
        with pytest.raises(Killed):
            remove_clip(with_results, "dst")
    assert len(done) == steps
    project = Project.open(with_results.folder)
    assert "Its file lies in the project's trash." in remove_clip(project, "dst")
    assert list(Project.open(project.folder).manifest.clips) == ["src"]
    gone = {"merged/dst", "cache/dst.found.jsonl", "clips/dst.mp4"}
    assert {entry.origin for entry in project.trash.entries()} == {project.folder / part for part in gone}
    assert not any((project.folder / part).exists() for part in gone)


def test_taking_a_clip_out_leaves_the_finds_of_clips_of_a_similar_name(
    project: Project, tmp_path: Path
) -> None:
    for name in ("s[12]", "s1", "s2", "s[12].v2"):
        (tmp_path / f"{name}.mp4").touch()
        assert project.add_clip(tmp_path / f"{name}.mp4", "dst") == name
        for log in ("found", "filled"):
            write_text(project.cache_folder / f"{name}.{log}.jsonl", "{}")
    remove_clip(project, "s[12]")
    left = sorted(path.name for path in project.cache_folder.glob("s*.jsonl"))
    assert left == [f"{name}.{log}.jsonl" for name in ("s1", "s2", "s[12].v2") for log in ("filled", "found")]
