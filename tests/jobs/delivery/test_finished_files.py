"""What a finished file will be and say is known before it is made, and is what it then says."""

from __future__ import annotations

import os
import shlex
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from understudy.cli.stages import encode as encode_command
from understudy.errors import ClipMissing, FolderUnwritable, OptionInvalid, ProjectInvalid
from understudy.events import Notice
from understudy.jobs import stages
from understudy.jobs.clips.adding import add_clips
from understudy.jobs.delivery import finished_files
from understudy.jobs.delivery.consents import record_consent
from understudy.jobs.merging.cast import change_cast
from understudy.jobs.merging.inputs import keep_said
from understudy.media.clip import ColorTags
from understudy.media.codecs import CODECS
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip
from understudy.merging.delivery.options import EncodeOptions
from understudy.project.project import Project
from understudy.project.state import project_state


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))


@pytest.fixture
def merged(ready: Project) -> Project:
    list(stages.merge(ready, "main", said={}, device="cpu"))
    return ready


def clip_of(project: Project) -> str:
    return next(iter(project.manifest.clips_of("dst")))


def test_what_was_foretold_is_what_the_file_says(merged: Project) -> None:
    clip = clip_of(merged)
    told = finished_files.outlook(
        merged, "main", clip, said={"label": "made with AI", "use": "film"}, name="a.mp4"
    )
    assert told["blocks"] == [] and told["file"]["marks"] == ["content credentials", "watermark", "label"]
    assert not (merged.out_folder / "a.mp4").exists()
    said = {"label": "made with AI", "use": "film"}
    list(stages.encode(merged, "main", clips=[clip], out=merged.out_folder / "a.mp4", said=said))
    (file,) = finished_files.finished(merged)
    assert (file["name"], file["line"]["number"]) == ("a.mp4", 1) and file["report"]["frames"]
    verdict = finished_files.verdict(merged, finished_files.finished_path(merged, "a.mp4"))
    assert verdict["state"] == "trusted"
    foretold = [
        one for one in told["says"] if one.startswith(("A trained model", "The model is", "It was made"))
    ]
    assert len(foretold) == 3 and set(foretold) <= set(verdict["sentences"])


def test_a_file_that_went_elsewhere_is_listed_as_finished_and_can_be_verified(
    merged: Project, tmp_path: Path
) -> None:
    for place in (merged.out_folder, tmp_path):
        list(stages.encode(merged, "main", clips=[clip_of(merged)], out=place / "a.mp4", said={}))
    listed = {one["name"]: one["folder_elsewhere"] for one in finished_files.finished(merged)}
    assert listed == {"a.mp4": "", "a.mp4 (2)": str(tmp_path)}
    assert finished_files.finished_path(merged, "a.mp4 (2)") == tmp_path / "a.mp4"
    assert [one.path for one in project_state(merged).outputs] == sorted(
        finished_files.finished_by_name(merged).values()
    )
    (tmp_path / "a.report.json").write_text('{"seconds": 3}')  # of another kind: nothing of frames
    assert [bool(one["report"]) for one in finished_files.finished(merged)] == [False, True]
    (tmp_path / "a.mp4").unlink()
    assert [one["name"] for one in finished_files.finished(merged)] == ["a.mp4"]


def test_each_finished_file_is_listed_with_its_report_also_beside_one_of_its_name(merged: Project) -> None:
    for name, said in (("a.mp4", {"frames": "1"}), ("a.mov", {"frames": "0:1"})):
        list(stages.encode(merged, "main", out=merged.out_folder / name, said=said))
    reports = {one["name"]: one["report"] for one in finished_files.finished(merged)}
    assert {name: report["stretch"] for name, report in reports.items()} == {"a.mp4": "1", "a.mov": "0:1"}


def test_each_of_two_finished_files_of_one_name_has_its_own_line_of_the_ledger(
    merged: Project, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    for folder in (merged.out_folder, tmp_path / "elsewhere"):
        for name in ("a.mp4", "b"):
            list(stages.encode(merged, "main", out=folder / name, said={}))

    def numbers() -> dict[str, int | None]:
        return {one["name"]: one["line"] and one["line"]["number"] for one in finished_files.finished(merged)}

    assert numbers() == {"a.mp4": 1, "b": 2, "a.mp4 (2)": 3, "b (2)": 4}


def test_a_finished_file_whose_date_tells_nothing_has_the_last_line_of_its_name(merged: Project) -> None:
    for frames in ("0:1", "1:2"):
        list(stages.encode(merged, "main", out=merged.out_folder / "a.mp4", said={"frames": frames}))
    shutil.rmtree(merged.folder / "merged")
    os.utime(merged.out_folder / "a.mp4", (4e9, 4e9))  # as that of a copy
    assert [one["line"]["number"] for one in finished_files.finished(merged)] == [2]


def test_a_finished_file_that_goes_while_they_are_listed_is_none(
    ready: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready.out_folder.mkdir()
    (ready.out_folder / "a.mp4").write_bytes(b"a film")
    there = [ready.out_folder / "a.mp4", ready.out_folder / "gone.mp4"]
    monkeypatch.setattr("understudy.project.state.finished_files", lambda _: there)
    assert [one["name"] for one in finished_files.finished(ready)] == ["a.mp4"]


def test_frames_that_are_behind_the_settings_kept_now_are_told(merged: Project) -> None:
    clip = clip_of(merged)
    lines = finished_files.outlook_words(finished_files.outlook_with_frames(merged, "main", clip, said={}))
    assert not [line for line in lines if "frames:" in line]
    keep_said(merged, clip, {"blur": 0.3}, frames=None)
    lines = finished_files.outlook_words(
        finished_files.outlook_with_frames(Project.open(merged.folder), "main", clip, said={})
    )
    assert any("1 to be made again under the settings kept now" in line for line in lines)


def test_an_encode_warns_of_frames_that_are_behind_and_takes_them_as_they_are(merged: Project) -> None:
    keep_said(merged, clip_of(merged), {"blur": 0.3}, frames=None)
    changed, out = Project.open(merged.folder), merged.out_folder / "a.mp4"

    def warnings(**how: bool) -> list[str]:
        events = stages.encode(changed, "main", out=out, said={}, **how)
        told = [one for one in events if isinstance(one, Notice) and "settings kept now" in one.text]
        assert {one.level for one in told} <= {"warning"}
        return [one.text for one in told]

    (words,) = warnings()
    assert "1 to be made again under the settings kept now" in words
    assert words.endswith("encode takes them as they are.") and out.exists()
    assert warnings(just_merged=True) == []  # as a swap's own, with what was said for it alone


def test_what_would_stop_it_is_said_in_the_librarys_sentences(ready: Project) -> None:
    clip = clip_of(ready)
    record_consent(ready, next(iter(ready.manifest.performers)), {"status": "refused"})
    said = {"closed_production": "a comp", "codec": "h264"}
    told = finished_files.outlook(Project.open(ready.folder), "main", clip, said=said)
    assert len(told["blocks"]) == 3
    for words, block in zip(("is refused", "finished film", "not merged"), told["blocks"], strict=True):
        assert words in block
    assert [one["problem"] for one in finished_files.consents(Project.open(ready.folder)) if one["problem"]]


def test_an_option_that_would_do_nothing_and_a_codec_that_does_not_fit_are_told(merged: Project) -> None:
    said = {"codec": "prores", "preset": "slow"}
    told = finished_files.outlook(merged, "main", clip_of(merged), said=said, name="a.mp4")
    assert "preset" in told["idle"] and any("prores" in one for one in told["blocks"])
    fits = finished_files.outlook(merged, "main", clip_of(merged), said={"codec": "prores"}, name="a.mov")
    assert fits["blocks"] == [] and fits["file"]["credentials_in"] == "the file itself"


def test_a_name_that_can_not_become_the_file_is_told_before_hours_of_encoding(merged: Project) -> None:
    def blocks(name: str) -> list[str]:
        return finished_files.outlook(merged, "main", clip_of(merged), said={}, name=name)["blocks"]

    (merged.out_folder / "folder.mp4").mkdir(parents=True)
    for name, words in (
        ("shot.png", "A clip of several frames becomes a movie"),
        ("folder.mp4", "A folder stands where the finished file should go"),
    ):
        (told,) = blocks(name)
        assert words in told
        with pytest.raises((OptionInvalid, FolderUnwritable), match=words):
            list(stages.encode(merged, "main", out=merged.out_folder / name, said={}))
    assert finished_files.goal_of(merged, "main", clip_of(merged), " shot.mp4 ").name == "shot.mp4"
    assert finished_files.goal_of(merged, "main", clip_of(merged), "  ").stem.endswith("-main")
    for letters in ("x" * 300, "é" * 150):
        with pytest.raises(OptionInvalid, match="at most 200 letters; all but a to z count as two"):
            blocks(f"{letters}.mp4")


def test_what_the_file_will_be_follows_from_the_options(ready: Project) -> None:
    rate = Fraction(25)
    with MovieWriter(
        ready.clip_path("dst"), width=64, height=48, time_base=1 / rate, rate=rate, color=ColorTags(),
        preset="ultrafast", sound=(np.zeros(960, np.float32), 8000),
    ) as movie:  # fmt: skip
        for index in range(3):
            movie.write(np.full((48, 64, 3), 90, np.uint8), index)

    def told(name: str, *keys: str, **said: object) -> list[object]:
        file = finished_files.outlook(ready, "main", "dst", said=said, name=name)["file"]
        return [file[key] for key in keys]

    assert told("a.mov", "codec", "codec_words", codec="prores") == ["prores", CODECS["prores"].help]
    assert told("a.mp4", "size_bytes", bitrate=2) == [pytest.approx(2e6 / 8 * 3 / 25, rel=0.1)]
    assert [told("a.mp4", "sound_tracks", audio=which) for which in ("all", "none", "1")] == [[1], [0], [1]]
    assert told("a", "images", "frames", images="tiff", frames="1") == ["tiff", 1]
    assert told("a.mov", "content", "alpha", content="face", codec="prores_4444") == ["face", True]


def test_a_closed_production_says_that_the_ledger_keeps_why(merged: Project) -> None:
    said = {"closed_production": "a comp", "closed_production_by": "Ann", "codec": "ffv1"}
    told = finished_files.outlook(merged, "main", clip_of(merged), said=said, name="a.mkv")
    assert told["blocks"] == [] and told["file"]["marks"] == []
    assert "a comp, decided by Ann" in told["says"][0]


@pytest.mark.parametrize("name", ["../a.mp4", "/tmp/a.mp4", ".a.mp4", "-a.mp4", "a\\b.mp4"])
def test_a_finished_file_stays_in_the_projects_folder(ready: Project, name: str) -> None:
    with pytest.raises(OptionInvalid, match="no plain name"):
        finished_files.goal_of(ready, "main", clip_of(ready), name)
    with pytest.raises(ClipMissing):
        finished_files.finished_path(ready, name)


def test_the_ledger_is_told_with_what_is_wrong_with_it(merged: Project) -> None:
    assert finished_files.ledger_lines(merged) == {"lines": [], "problems": [], "last_hash": ""}
    out = merged.out_folder / "a.mp4"
    for label in ("one", "two"):
        list(stages.encode(merged, "main", clips=[clip_of(merged)], out=out, said={"label": label}))
    assert len(finished_files.ledger_lines(merged)["lines"]) == 2
    lines = merged.exports_ledger.read_text().splitlines(keepends=True)
    merged.exports_ledger.write_text(lines[1])
    assert "removed" in finished_files.ledger_lines(merged)["problems"][0]


def test_shots_say_which_models_merges_are_whole(ready: Project) -> None:
    assert finished_files.shots(ready)[0]["merged"] == []
    list(stages.merge(ready, "main", said={}, device="cpu"))
    whole = {"clip": clip_of(ready), "models": ["main"], "merged": ["main"], "partly": {}}
    assert finished_files.shots(ready)[0] == whole


def test_a_clip_with_a_cast_is_delivered_under_the_name_that_its_frames_have(merged: Project) -> None:
    clip = clip_of(merged)
    change_cast(merged, clip, ["person 1=main"])
    list(stages.merge(merged, "main", said={}, device="cpu"))
    assert finished_files.shots(merged)[0]["merged"] == ["cast"]
    assert finished_files.outlook(merged, "cast", clip, said={})["blocks"] == []
    list(stages.encode(merged, "cast", clips=[clip], said={}))
    assert [file["name"].split(".")[0] for file in finished_files.finished(merged)] == [f"{clip}-cast"]


def test_encode_dry_run_says_it_at_a_terminal_and_writes_nothing(
    merged: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    code = encode_command(merged.folder, clip_of(merged), dry_run=True, options=EncodeOptions(label="x"))
    told = capsys.readouterr().out
    assert "marks: content credentials, watermark, label" in told and "says: Signed by" in told
    assert not merged.out_folder.exists() and not code


def test_encode_dry_run_into_a_folder_that_takes_nothing_says_so_and_fails_as_the_encode_would(
    merged: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: real(path, mode) and Path(path) != merged.folder)
    assert encode_command(merged.folder, clip_of(merged), dry_run=True) == 2
    assert f"stops: No file can be made in {merged.folder}." in capsys.readouterr().out


def test_encode_dry_run_of_the_only_clip_is_about_the_file_that_is_named(
    merged: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    encode_command(merged.folder, out=tmp_path / "film.mkv", dry_run=True, options=EncodeOptions(codec="ffv1"))
    assert capsys.readouterr().out.startswith("film.mkv: 3 frames")


def test_encode_dry_run_without_a_clip_asks_for_one(merged: Project) -> None:
    with merged.change() as manifest:
        manifest.clips["dst"].role = "src"
    for dry_run in (True, False):
        with pytest.raises(ProjectInvalid, match="no dst clips"):
            encode_command(merged.folder, dry_run=dry_run)


@pytest.fixture
def in_part(ready: Project) -> Project:
    """Two frames have a face, and one of them is merged."""
    with ready.faceset(*ready.faceset_of_clip("dst")) as faceset:
        (face,) = faceset.faces()
        later = face.record.model_copy(update={"frame": 2})
        faceset.add(np.zeros((16, 16, 3), np.uint8), later)
    list(stages.merge(ready, "main", said={}, device="cpu", frames="1"))
    return ready


def test_a_clip_that_is_merged_in_part_is_refused_with_the_frames_that_can_be_delivered(
    in_part: Project,
) -> None:
    (shot,) = finished_files.shots(in_part)
    assert (shot["merged"], shot["partly"]) == ([], {"main": "1"})
    with pytest.raises(ProjectInvalid) as refused:
        list(stages.encode(in_part, "main", said={}))
    of = f"{shlex.quote(str(in_part.folder))} dst"
    assert f"`understudy merge {of}` first" in refused.value.message
    assert f"`understudy encode {of} --frames 1`" in refused.value.message
    for frames in ("", "1:2"):
        (block,) = finished_files.outlook(in_part, "main", "dst", said={"frames": frames})["blocks"]
        assert "deliver what is merged alone: frames 1." in block


def test_frames_that_are_merged_are_delivered_alone_and_say_so(in_part: Project) -> None:
    said = {"frames": "0:1"}
    told = finished_files.outlook(in_part, "main", "dst", said=said)
    assert told["blocks"] == [] and (told["file"]["name"], told["file"]["frames"]) == ("dst-main-0-1.mov", 2)
    with open_clip(in_part.clip_path("dst")) as clip:
        assert 0 < told["file"]["seconds"] < clip.info.duration_s
    lines = finished_files.outlook_words(finished_files.outlook_with_frames(in_part, "main", "dst", said=said))
    assert not [line for line in lines if line.startswith(("  frames:", "  stops:"))]
    list(stages.encode(in_part, "main", said=said))
    (file,) = finished_files.finished(in_part)
    assert (file["name"], file["report"]["swapped"], file["report"]["frames"]) == ("dst-main-0-1.mov", 1, 2)
    sentences = finished_files.verdict(in_part, in_part.out_folder / file["name"])["sentences"]
    assert "They are frames 0:1 of dst.mov, counted from 0." in sentences
    assert any("1 of 2 frames show the recast face" in one for one in sentences)
    assert [state.encoded for state in project_state(in_part).merged] == [False]


def test_frames_are_asked_of_one_clip_alone(in_part: Project, tmp_path: Path) -> None:
    second = tmp_path / "second.mp4"
    shutil.copy(in_part.clip_path("dst"), second)
    add_clips(in_part, dst=[second], consent="fictional")
    with pytest.raises(OptionInvalid, match="about one clip"):
        list(stages.encode(in_part, "main", said={"frames": "0:1"}))


def test_a_model_that_is_none_is_what_stops_and_not_its_merge(ready: Project) -> None:
    """`Merge first`, it said, and the merge knew no such model."""
    (block,) = finished_files.outlook(ready, "mian", "dst", said={})["blocks"]
    assert "no model called 'mian'" in block and "Merge first" not in block
