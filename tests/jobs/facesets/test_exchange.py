"""Faces come in from other programs as one step that can be taken back, and go out where consent allows."""

from __future__ import annotations

import shlex
from datetime import date
from pathlib import Path

import pytest

from tests.facesets.conftest import make_record, noise
from tests.facesets.exchange import foreign_files as made
from understudy.errors import ConsentMissing, ExchangeUnreadable, FacesUnknown, OptionInvalid
from understudy.events import Notice, Progress, StageFinished
from understudy.facesets.exchange.options import ExportOptions, ImportOptions
from understudy.jobs.facesets import curating, exchange
from understudy.project.project import Project
from understudy.provenance.consent import Consent


@pytest.fixture
def aligned(tmp_path: Path) -> Path:
    return made.dfl_aligned(tmp_path)


def take(project: Project, name: str, path: Path, *, frames: str | None = None, **options: object) -> dict:
    events = exchange.import_faces(
        project, name, [path], form="auto", frames=frames, options=ImportOptions.model_validate(options)
    )
    return next(event.summary for event in events if isinstance(event, StageFinished))


def names(project: Project, text: str) -> list[str]:
    return [face.name for face in project.faceset(*text.split("/")).faces()]


def test_an_import_is_one_step_that_can_be_taken_back_and_done_again(project: Project, aligned: Path) -> None:
    assert take(project, "src", aligned)["faces"] == 3
    there = names(project, "src/main")
    (entry,) = curating.history(project, "src")
    assert entry.words == "import aligned: 3 faces"
    list(curating.undo(project, "src"))
    assert names(project, "src/main") == []
    list(curating.undo(project, "src", redo=True))
    assert names(project, "src/main") == there
    list(curating.undo(project, "src"))
    assert take(project, "src", aligned)["faces"] == 3  # taken back, so it may come again
    assert len(names(project, "src/main")) == 3


def test_faces_of_a_stopped_import_are_in_the_history_too(project: Project, aligned: Path) -> None:
    events = exchange.import_faces(project, "src", [aligned], form="auto", frames=None, options=ImportOptions())
    next(event for event in events if isinstance(event, Progress))
    events.close()
    assert [entry.words for entry in curating.history(project, "src")] == ["import aligned: 1 face"]
    assert take(project, "src", aligned) == {"faces": 2, "imported before": 1, "unreadable": 0}
    list(curating.undo(project, "src", steps=2))
    assert names(project, "src/main") == []


def test_a_new_faceset_is_made_where_it_is_named_in_full(project: Project, aligned: Path) -> None:
    take(project, "src/old-work", aligned)
    take(project, "anna/main", aligned)
    assert "src/old-work" in curating.all_names(project)
    assert project.manifest.performers["anna"].consent.status == "not stated"
    with pytest.raises(FacesUnknown, match="anna/main"):
        take(project, "nobody", aligned)
    for name in ("../x/main", "src/../../x", "src/"):
        with pytest.raises(OptionInvalid, match="can't be called"):
            take(project, name, aligned)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("dst/from-faceswap", "--dst-faceset dst/from-faceswap` learns"),
        ("anna/main", "--src-faceset anna/main` (or --dst-faceset) learns"),
    ],
)
def test_how_a_model_learns_from_a_new_faceset_is_said_when_its_faces_are_there(
    project: Project, aligned: Path, tmp_path: Path, name: str, options: str
) -> None:
    """It was said before anything was read, without the project, and of dst's faces as of src's."""

    def told(path: Path) -> list[str]:
        stream = exchange.import_faces(project, name, [path], form="auto", frames=None, options=ImportOptions())
        events = list(stream)
        assert not any(isinstance(event, Notice) and "new faceset" in event.text for event in events[:-1])
        return [event.text for event in events[-1:] if isinstance(event, Notice)]

    with pytest.raises(ExchangeUnreadable):
        told(tmp_path / "gone")
    (text,) = told(aligned)
    assert f"`understudy train {shlex.quote(str(project.folder))} {options} from it." in text
    assert told(aligned) == []


def test_frames_are_a_clip_of_the_project_or_any_other(project: Project, tmp_path: Path) -> None:
    with project.faceset("src") as faceset:
        faceset.add(noise(32), make_record(clip="src", size_px=32))
    clip = project.clip_path("src")
    alignments = tmp_path / "src_alignments.fsa"
    alignments.write_bytes(made.fsa({"src_000002.mp4": {"faces": [made.faceswap_entry()]}}))
    assert take(project, "src", alignments, frames="src")["faces"] == 1
    assert take(project, "src", alignments, frames=str(clip))["imported before"] == 1
    with pytest.raises(OptionInvalid, match="--frames"):
        take(project, "src", alignments, recut=True)


def test_nothing_is_made_where_nothing_can_be_read(project: Project, tmp_path: Path) -> None:
    (tmp_path / "a.fsa").write_bytes(b"torn")
    (tmp_path / "b.jpg").write_bytes(made.dfl_jpeg()[:500])
    for name in ("a.fsa", "b.jpg"):
        with pytest.raises(ExchangeUnreadable):
            take(project, "src/new", tmp_path / name)
    assert "src/new" not in curating.all_names(project)
    assert not project.faceset_folder("src", "new").exists()


def test_faces_of_somebody_who_refused_are_not_handed_out(
    project: Project, aligned: Path, tmp_path: Path
) -> None:
    take(project, "src", aligned)

    def hand_out() -> list[object]:
        return list(
            exchange.export_faces(
                project, "src", tmp_path / "out", form="dfl", frames=None, options=ExportOptions()
            )
        )

    assert hand_out()
    with project.change() as manifest:
        person = manifest.performers["src"]
        person.consent = person.consent.model_copy(update={"status": "refused"})
    with pytest.raises(ConsentMissing, match="refused"):
        hand_out()
    with project.change() as manifest:
        person = manifest.performers["src"]
        person.consent = Consent(status="agreed", valid_until=date(2020, 1, 1))
    with pytest.raises(ConsentMissing) as told:
        hand_out()
    assert shlex.join(["understudy", "consent", str(project.folder), "src"]) in told.value.message


def test_half_a_pak_of_a_killed_export_goes_with_the_next_of_that_name(
    project: Project, aligned: Path, tmp_path: Path
) -> None:
    take(project, "src", aligned)
    left = tmp_path / ".faces.0.4194999.partial.pak"  # no process has that number
    left.write_bytes(b"half")
    list(
        exchange.export_faces(
            project, "src", tmp_path / "faces.pak", form="dfl-pak", frames=None, options=ExportOptions()
        )
    )
    assert sorted(path.name for path in tmp_path.glob("*.pak")) == ["faces.pak"]
