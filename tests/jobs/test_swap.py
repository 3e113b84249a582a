"""The main job before its first stage: where things go, and what is refused at once. The rest is a journey."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.clips.test_relink import search
from tests.jobs.conftest import write_wall
from understudy.errors import (
    ClipMissing,
    ClipUnreadable,
    ConsentMissing,
    DeviceUnavailable,
    DiskFull,
    FolderUnwritable,
    ModelUnknown,
    NoFaceFound,
    OptionInvalid,
    ProjectInvalid,
    RecipeInvalid,
    UnderstudyError,
)
from understudy.events import Event, Events, Notice, Progress, StageFinished, StageStarted
from understudy.files import write_json
from understudy.jobs.delivery.consents import record_consent
from understudy.jobs.journal import DEFAULT_MINUTES, SwapJournal
from understudy.jobs.request import SwapRequest
from understudy.jobs.swap import Report, _trained, project_folder, reported, swap
from understudy.project.model_changes import rename_model
from understudy.project.project import Project
from understudy.training.steering.plan import Plan


def test_the_project_lies_beside_the_finished_file_unless_said_otherwise() -> None:
    assert project_folder(SwapRequest(out=Path("cut/shot.mp4"))) == Path("cut/shot.understudy")
    assert project_folder(SwapRequest(out=Path("shot.mp4"), project=Path("p"))) == Path("p")
    assert project_folder(SwapRequest(dst=(Path("a/plate.mov"),))).name == "plate.understudy"


def test_nothing_to_do_is_refused() -> None:
    with pytest.raises(OptionInvalid):
        project_folder(SwapRequest())


def test_one_side_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionInvalid, match="both"):
        list(swap(SwapRequest(src=(tmp_path / "a.mp4",), out=tmp_path / "out.mp4")))


def test_a_missing_clip_is_refused_before_a_folder_is_made(tmp_path: Path) -> None:
    request = SwapRequest(
        src=(tmp_path / "a.mp4",), dst=(tmp_path / "b.mp4",), out=tmp_path / "new" / "out.mp4"
    )
    with pytest.raises(ClipMissing):
        list(swap(request))
    assert not (tmp_path / "new").exists()


def test_going_on_where_there_is_no_project_makes_none(tmp_path: Path) -> None:
    with pytest.raises(ProjectInvalid):
        list(swap(SwapRequest(project=tmp_path / "no")))
    assert not (tmp_path / "no").exists()


def test_a_result_that_cannot_be_written_is_refused_before_the_work(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FolderUnwritable):
        list(swap(SwapRequest(project=project.folder, out=tmp_path / "file" / "out.mp4")))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no made-up folder of the system here")
def test_a_place_where_no_file_can_be_made_is_refused_before_the_work(project: Project) -> None:
    """It ended in a traceback."""
    with pytest.raises(FolderUnwritable, match="No file can be made"):
        list(swap(SwapRequest(project=project.folder, out=Path("/proc/f.mp4"))))


def test_refused_consent_stops_before_the_first_stage(project: Project) -> None:
    with project.change() as manifest:
        manifest.performers["src"].consent = manifest.performers["src"].consent.model_copy(
            update={"status": "refused"}
        )
    said: list[Event] = []
    with pytest.raises(ConsentMissing):
        said += swap(SwapRequest(project=project.folder))
    assert not said


def test_the_report_holds_every_stage_with_its_time_and_every_notice(tmp_path: Path) -> None:
    report = Report()
    events = [
        StageStarted(stage="merge", unit="frames"),
        Notice("one frame has no face"),
        StageFinished(stage="merge", summary={"unswapped": [{"frame": 3, "reason": "no face"}]}),
    ]
    assert list(report.over(iter(events))) == events
    report.write(tmp_path / "report.json", file="shot.mp4", seconds=1.25, consent={"src": "agreed"})
    told = json.loads((tmp_path / "report.json").read_text())
    assert told["stages"][0]["unswapped"] == [{"frame": 3, "reason": "no face"}]
    assert told["notices"] == ["one frame has no face"]
    assert list(report.over(iter(events[1:2]))) == [], "another stage need not say it again"
    assert told["peak_memory_bytes"] > 10_000_000


@pytest.mark.parametrize("said", [None, "not stated"])
def test_the_report_says_what_is_recorded_of_everybodys_consent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None
) -> None:
    def agreed_meanwhile(project: Project, *_: object, **__: object) -> Events:
        record_consent(Project.open(project.folder), "dst", {"status": "agreed"})
        yield StageFinished(stage="encode")

    for stage in ("extract", "train", "merge"):
        monkeypatch.setattr(f"understudy.jobs.stages.{stage}", lambda *_, **__: iter(()))
    monkeypatch.setattr("understudy.jobs.stages.encode", agreed_meanwhile)
    clips = write_wall(tmp_path / "a.mp4"), write_wall(tmp_path / "b.mp4")
    out = tmp_path / "out.mp4"
    list(swap(SwapRequest(src=clips[:1], dst=clips[1:], out=out, consent=said)))
    told = json.loads((tmp_path / "out.swap.json").read_text())
    assert told["consent"] == {"src": "not stated", "dst": "agreed"}
    list(swap(SwapRequest(project=tmp_path / "out.understudy", out=tmp_path / "out.mov")))
    reports = {path.name: json.loads(path.read_text())["file"] for path in tmp_path.glob("*.swap.json")}
    assert reports == {"out.swap.json": "out.mp4", "out.mov.swap.json": "out.mov"}


def test_the_report_lies_beside_what_was_made(project: Project, tmp_path: Path) -> None:
    assert reported(project, "main", ["dst"], tmp_path / "shot.mp4", said={}) == tmp_path / "shot.mp4"
    assert reported(project, "main", ["dst"], None, said={}).parent == project.out_folder
    assert reported(project, "main", ["dst"], None, said={"purpose": "web"}).stem == "dst-main-web"


def test_what_a_training_answers_twice_is_told_twice() -> None:
    """Of a second change that it refuses for the same reason nothing was said."""

    def stage(name: str, *told: str) -> Events:
        yield StageStarted(stage=name, unit="iterations")
        yield from (Notice(text) for text in told)

    report = Report()
    trained = list(report.over(stage("train", "It stays as it is.", "It stays as it is.", "Hardly learnt.")))
    merged = list(report.over(stage("merge", "Hardly learnt.")))
    assert [len(events) - 1 for events in (trained, merged)] == [3, 0]


def test_the_report_of_a_job_that_was_stopped_has_the_figures_of_what_was_done_before(
    project: Project, tmp_path: Path
) -> None:
    """The last run's alone stood there: of a stage that was done before it, that it was skipped."""

    def first() -> Events:
        yield StageStarted(stage="extract", unit="frames")
        yield StageFinished(stage="extract", summary={"clip": "src", "frames_per_s": 11.5, "tracks": [1]})
        yield StageStarted(stage="train", unit="iterations")
        yield Progress(stage="train", done=31)
        yield Progress(stage="train", done=32)

    events = Report(SwapJournal(project, "main")).over(first())
    while next(events) != Progress(stage="train", done=31):
        pass
    events.close()  # type: ignore[attr-defined]
    second = Report(SwapJournal(project, "main"))
    list(second.over(iter([StageFinished(stage="extract", summary={"clip": "src"}, skipped=True)])))
    SwapJournal(project, "main").begin({"minutes": 5})
    second.write(tmp_path / "report.json", file="shot.mp4", seconds=1, consent={})
    extracted, trained = json.loads((tmp_path / "report.json").read_text())["earlier"]
    assert (extracted["clip"], extracted["frames_per_s"], extracted["ended"]) == ("src", 11.5, True)
    assert (trained["stage"], trained["done"], trained["ended"]) == ("train", 31, False)
    assert [note["stage"] for note in SwapJournal(project, "main").noted] == ["extract", "train"]


def test_closing_a_job_closes_its_stage_and_lets_its_error_through() -> None:
    def stage() -> Events:
        try:
            yield StageStarted(stage="train", unit="iteration")
        finally:
            raise DiskFull("The disk is full.")

    events = Report().over(stage())
    next(events)
    with pytest.raises(DiskFull):
        events.close()  # type: ignore[attr-defined]


def test_a_file_that_is_no_clip_leaves_no_project_and_the_corrected_command_can_start(
    project: Project, tmp_path: Path
) -> None:
    fake = tmp_path / "fake.mp4"
    fake.write_text("a letter")
    out = tmp_path / "new" / "out.mp4"
    with pytest.raises(ClipUnreadable):
        list(swap(SwapRequest(src=(fake,), dst=(tmp_path / "dst.mov",), out=out)))
    assert not out.parent.exists()


@pytest.mark.parametrize("out", ["src.mp4", "dst.mov", "out.avi", "out.mp3"])
def test_a_result_over_footage_or_of_a_strange_kind_is_refused_before_the_work(
    project: Project, tmp_path: Path, out: str
) -> None:
    before = (tmp_path / "src.mp4").read_bytes()
    events = swap(SwapRequest(project=project.folder, out=tmp_path / out))
    with pytest.raises(OptionInvalid):
        for event in events:
            assert not isinstance(event, StageStarted)
    assert (tmp_path / "src.mp4").read_bytes() == before


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"out": "f.xyz"}, OptionInvalid),
        ({"device": "cuda:77"}, DeviceUnavailable),
        ({"device": "cpu,cpu"}, DeviceUnavailable),
        ({"consent": "refused"}, (ConsentMissing, OptionInvalid)),  # of a new project; the other says otherwise
        ({"preset": "no such"}, ModelUnknown),
        ({"train": {"recipe": "gone.toml"}}, RecipeInvalid),
        ({"encode": {"codec": "prores"}}, OptionInvalid),
    ],
)
def test_a_swap_that_is_refused_makes_no_project_and_changes_none(
    project: Project,
    tmp_path: Path,
    wish: dict[str, Any],
    error: type[UnderstudyError] | tuple[type[UnderstudyError], ...],
) -> None:
    out = tmp_path / "new" / wish.pop("out", "f.mp4")
    clips = {"src": (write_wall(tmp_path / "a.mp4"),), "dst": (write_wall(tmp_path / "b.mp4"),)}
    before = (project.folder / "understudy.toml").read_bytes()
    for folder in (None, project.folder):
        said: list[Event] = []
        with pytest.raises(error):
            said += swap(SwapRequest(**clips, project=folder, out=out, **wish))
        assert not said or error is DeviceUnavailable, "looking for devices takes seconds and is said"
        assert not out.parent.exists()
    assert (project.folder / "understudy.toml").read_bytes() == before


def test_a_swap_begins_no_model_beside_one_that_was_renamed_unless_it_is_said(project: Project) -> None:
    rename_model(project, "main", "first")
    before = (project.folder / "understudy.toml").read_bytes()
    with pytest.raises(ModelUnknown, match="Say --model first to go on training that one, or --model main"):
        list(swap(SwapRequest(project=project.folder)))
    assert (project.folder / "understudy.toml").read_bytes() == before
    assert _says(SwapRequest(project=project.folder, model="first"))
    assert [*Project.open(project.folder).manifest.models] == ["first"]
    assert _says(SwapRequest(project=project.folder, model="main"))
    assert [*Project.open(project.folder).manifest.models] == ["first", "main"]


def test_what_needs_no_torch_is_refused_before_it_is_imported_and_a_line_is_said_before_too(
    project: Project, tmp_path: Path
) -> None:
    """A slip of the finger was told after ten seconds without a word, and what was right began so too."""
    with project.change() as manifest:
        manifest.performers["src"].consent = manifest.performers["src"].consent.model_copy(
            update={"status": "refused"}
        )
    clips = [str(write_wall(tmp_path / f"{name}.mp4")) for name in "ab"]
    new = [*clips, "-o", str(tmp_path / "new.mp4")]
    refused = [
        ["swap", str(tmp_path / "gone.mp4"), clips[1]],
        ["swap", "--project", str(tmp_path / "nowhere")],
        ["swap", *new, "--preset", "quik"],
        ["swap", *new, "--recipe", "gone.toml"],
        ["swap", *new, "--merge.mask", "nose"],
        ["swap", *clips, "-o", str(tmp_path / "new.xyz")],
        ["swap", "--project", str(project.folder)],
        ["swap", "--project", str(project.folder), "--dry-run"],
        ["merge", str(project.folder), "dts", "--dry-run"],
        ["merge", str(project.folder), "--model", "mian", "--dry-run"],
        ["merge", str(project.folder), "--mask", "nose", "--dry-run"],
        ["merge", str(project.folder), "--frames", "700", "--dry-run"],
        ["merge", str(tmp_path / "nowhere"), "--dry-run"],
    ]
    code = f"""
import sys
from pathlib import Path
from understudy.cli.main import main
from understudy.jobs import stages
from understudy.jobs.request import SwapRequest
from understudy.jobs.swap import swap
from understudy.project.project import Project
for words in {refused!r}:
    assert main(words) == 2, words
    assert "torch" not in sys.modules, words
src, dst = map(Path, {clips!r})
print(next(swap(SwapRequest(src=(src,), dst=(dst,), out=Path({str(tmp_path / "new.mp4")!r})))).text)
opened = Project.open(Path({str(project.folder)!r}))
print(next(stages.merge(opened, "main", said={{}}, device="cpu", dry_run=True)).text)
assert "torch" not in sys.modules
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.splitlines() == [
        f"Looking whether all of the swap can be done, in the project {tmp_path / 'new.understudy'}.",
        "Looking at what is there of dst.",
    ]
    assert not (tmp_path / "new.understudy").exists()


def test_a_stage_of_a_recipe_that_cant_work_refuses_a_swap_before_faces_are_looked_for(tmp_path: Path) -> None:
    recipe = tmp_path / "bad.toml"
    recipe.write_text('[[stage]]\nname = "a"\nshare = 0.5\n\n[[stage]]\nname = "b"\nset.freeze = "nose"')
    clips = {"src": (write_wall(tmp_path / "a.mp4"),), "dst": (write_wall(tmp_path / "b.mp4"),)}
    out = tmp_path / "new" / "f.mp4"
    with pytest.raises(RecipeInvalid, match=r"stage 2 \(b\): This model has no part 'nose'"):
        list(swap(SwapRequest(**clips, out=out, train={"recipe": str(recipe)})))
    assert not out.parent.exists()


def test_a_recipe_that_is_gone_stops_no_swap_that_has_nothing_left_to_train(project: Project) -> None:
    request = SwapRequest(project=project.folder)
    with project.change() as manifest:
        manifest.models["main"].train = {"recipe": "gone.toml"}
    with pytest.raises(RecipeInvalid):
        _says(request)
    plan = Plan(minutes=None, iterations=7, done_iterations=7)
    write_json(
        project.model_folder("main") / "checkpoints" / "000000007" / "state.json",
        {"layout": 1, "iteration": 7, "sha256": {}, "state": {"plan": plan.as_json()}},
    )
    assert _says(request)
    for said in ({"iterations": 9}, {"recipe": "gone too.toml"}):
        with pytest.raises(RecipeInvalid):
            _says(replace(request, train=said))
    with pytest.raises(OptionInvalid):
        _says(replace(request, train={"batch_size": "many"}))


def test_a_training_that_is_done_tells_how_far_the_model_is(project: Project) -> None:
    plan = Plan(minutes=None, iterations=7, done_iterations=7)
    write_json(
        project.model_folder("main") / "checkpoints" / "000000007" / "state.json",
        {"layout": 1, "iteration": 7, "sha256": {}, "state": {"plan": plan.as_json()}},
    )
    request = SwapRequest(project=project.folder, model="main")
    *_, end = _trained(project, request, SwapJournal(project, "main"))
    assert isinstance(end, StageFinished) and end.skipped
    assert end.summary == {"iterations": 0, "iterations_in_all": 7}


def _says(request: SwapRequest) -> list[str]:
    """What is said until the first stage begins."""
    before = takewhile(lambda event: not isinstance(event, StageStarted), swap(request))
    return [event.text for event in before if isinstance(event, Notice)]


def test_clips_the_other_way_round_than_in_the_project_are_refused_before_anything_is_written(
    project: Project, tmp_path: Path
) -> None:
    src, dst = tmp_path / "src.mp4", tmp_path / "dst.mov"
    (tmp_path / "link.mov").symlink_to(dst)
    before = (project.folder / "understudy.toml").read_bytes()
    other = write_wall(tmp_path / "other.mp4")
    for sides in ((dst, src), (other, src), (tmp_path / "link.mov", other)):
        with pytest.raises(OptionInvalid, match="Swap the two around") as refused:
            list(swap(SwapRequest(src=sides[:1], dst=sides[1:], project=project.folder)))
        assert refused.value.path == project.folder
    assert (project.folder / "understudy.toml").read_bytes() == before
    assert _says(SwapRequest(src=(src,), dst=(dst,), project=project.folder))[1:2] == [
        f"Going on with the project {project.folder}."
    ]


def test_a_swap_of_clips_that_were_moved_goes_on_with_those_of_the_project_and_says_so(
    project: Project, tmp_path: Path
) -> None:
    search(project)
    place = (tmp_path / "dst.mov").rename(tmp_path / "moved.mov")
    told = _says(SwapRequest(src=(tmp_path / "src.mp4",), dst=(place,), project=project.folder))
    assert told[2] == f"The dst clip 'dst' was moved and lies at {place} now; what was made for it stays."
    assert list(Project.open(project.folder).manifest.clips) == ["src", "dst"]


def test_a_clip_that_is_on_both_sides_on_purpose_stays_there_with_a_warning(
    project: Project, tmp_path: Path
) -> None:
    src, dst = tmp_path / "src.mp4", tmp_path / "dst.mov"
    for request in (
        SwapRequest(src=(src,), dst=(src,), project=project.folder),
        SwapRequest(src=(src,), dst=(dst, src), project=project.folder),
    ):
        assert any("src.mp4 is on both sides" in text for text in _says(request))
    assert not any("on both sides" in text for text in _says(SwapRequest(project=project.folder)))


def test_a_swap_of_whom_nobody_said_whether_they_agreed_says_once_which_commands_record_it(
    project: Project, tmp_path: Path
) -> None:
    ends: list[list[str]] = []
    for said in (None, "not stated", "agreed"):
        clips = {side: (write_wall(tmp_path / f"{side}-{said}.mp4"),) for side in ("src", "dst")}
        told = _says(SwapRequest(**clips, project=tmp_path / f"p {said}", consent=said))
        ends.append([text for text in told if "agreed, and what is finished says so" in text])
    (warning,) = ends[0]
    assert ends[1:] == [[], []], "what was said is no news"
    assert "recorded whether src and dst agreed" in warning
    for performer in ("src", "dst"):
        assert f"`understudy consent '{tmp_path / 'p None'}' {performer}`" in warning
    assert not any("recorded whether" in text for text in _says(SwapRequest(project=project.folder)))


def test_a_clip_without_faces_ends_a_swap_before_it_trains_and_after_the_others_were_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def nobody_in_wall(*_: object, clip_name: str, **__: object) -> Events:
        done.append(clip_name)
        if clip_name == "wall":
            raise NoFaceFound("No face was found.")
        yield StageFinished(stage="extract")

    monkeypatch.setattr("understudy.facesets.extraction.extract.extract", nobody_in_wall)
    monkeypatch.setattr("understudy.jobs.stages.train", lambda *_, **__: done.append("train"))
    src, wall, shot = (write_wall(tmp_path / f"{name}.mp4") for name in ("src", "wall", "shot"))
    request = SwapRequest(src=(src,), dst=(wall, shot), project=tmp_path / "p", out=tmp_path / "done")
    with pytest.raises(NoFaceFound, match="in 1 of 3 clips: wall"):
        list(swap(request))
    assert done == ["src", "wall", "shot"]


def test_a_swap_that_is_told_no_length_does_not_take_the_one_that_the_project_keeps(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project.change() as manifest:
        manifest.models["main"].train = {"minutes": 5.0}
    trained: list[Any] = []

    def train(*_: object, said: Any, **__: object) -> Events:
        trained.append(said)
        yield StageFinished(stage="train")

    monkeypatch.setattr("understudy.jobs.stages.train", train)
    request = SwapRequest(project=project.folder, model="main", train={"minutes": None})
    events = list(_trained(project, request, SwapJournal(project, "main")))
    assert trained == [{"minutes": DEFAULT_MINUTES}]
    assert any("--minutes says otherwise" in event.text for event in events if isinstance(event, Notice))
