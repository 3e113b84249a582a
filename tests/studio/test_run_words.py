"""What a window says, as the command a hand would type."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from understudy.errors import ClipMissing, FacesUnknown, ModelUnknown, OptionInvalid, UnderstudyError
from understudy.facesets.extraction.options import ExtractOptions
from understudy.jobs.runs.run import Run
from understudy.jobs.settings import train_options
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.options import MergeOptions
from understudy.options import Options, describe
from understudy.project.project import Project
from understudy.studio.run_words import COMMANDS, carried_on, option_words, run_words, said_words, way_on
from understudy.training.options import TrainOptions
from understudy.training.segmenting.options import MaskTrainOptions


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "project")
    for role in ("src", "dst"):
        (tmp_path / f"{role}.mp4").touch()
        made.add_clip(tmp_path / f"{role}.mp4", role)
    made.add_model("main")
    with made.change() as manifest:
        manifest.performers["src"].facesets["close"] = manifest.performers["src"].facesets["main"]
    return made


CASES: list[tuple[str, Mapping[str, Any], str]] = [
    (
        "extract",
        {"clips": ["dst"], "said": {"start": "1.5"}, "redo_deleted": True},
        "dst --redo-deleted --start=1.5",
    ),
    ("extract", {"faceset": "close", "src_face": 2}, "--src-face=2 --faceset=close"),
    ("train", {"model": "new", "device": "cuda:1", "said": {"minutes": 5, "src_flip": True}}, ""),
    ("train", {"find_rate": True, "processes": 2}, "--model=main --find-rate --processes=2"),
    ("train", {"model": "new", "src_faceset": ["src/main", "src/close"]}, "--src-faceset=src/close"),
    ("train", {"model": "new", "start_from": "main"}, "--model=new --start-from=main"),
    ("merge", {"frames": "3:9", "dry_run": True, "said": {"erode": 0.1}}, "--dry-run --frames=3:9 --erode=0.1"),
    ("encode", {"clips": ["dst"], "said": {"codec": "hevc", "label": "a b"}}, "--codec=hevc '--label=a b'"),
    (
        "swap",
        {"preset": "quick", "said": {"minutes": 1}},
        "--project=. --model=main --preset=quick --minutes=1",
    ),
    ("masks-train", {"segmenter": "shot", "said": {"start": "nothing"}}, "train . shot --start=nothing"),
    ("measure", {"clip": "dst"}, "measure --project=. --clip=dst --merged=main"),
    ("advise", {}, "understudy advise ."),
]


@pytest.mark.parametrize(("command", "facts", "part"), CASES)
def test_facts_become_flags_that_the_command_line_takes(
    project: Project, command: str, facts: Mapping[str, Any], part: str
) -> None:
    from understudy.cli.main import app

    words, title = run_words(project, command, facts)
    assert part in said_words(words)
    assert title
    app.parse_args([*words, "--json"], exit_on_error=False, print_error=False)


def test_no_end_that_a_window_says_is_said_against_the_end_that_the_project_keeps(project: Project) -> None:
    from understudy.cli.main import app

    with project.change() as manifest:
        manifest.models["main"].train = {"minutes": 5.0, "iterations": 30}
    words, _ = run_words(project, "train", {"said": {"minutes": None, "iterations": None}})
    assert words[-2:] == ["--minutes=none", "--iterations=none"]
    _, bound, *_ = app.parse_args([*words, "--json"], exit_on_error=False, print_error=False)
    said = bound.arguments["options"].model_dump(exclude_unset=True)
    options = train_options(project, "main", said)
    assert (options.minutes, options.iterations) == (None, None)


@pytest.mark.parametrize("options", [TrainOptions, EncodeOptions])
def test_every_option_that_may_have_no_value_takes_none_on_the_command_line(options: type[Options]) -> None:
    said = {info.name: None for info in describe(options) if info.default is None}
    words = option_words(options, said)
    assert all(word.endswith("=none") for word in words) and len(words) == len(said)
    if options is EncodeOptions:
        from understudy.cli.main import app

        _, bound, *_ = app.parse_args(["encode", ".", *words], exit_on_error=False, print_error=False)
        assert bound.arguments["options"].model_dump(exclude_unset=True) == said


def test_every_command_is_tried_here() -> None:
    assert {command for command, _, _ in CASES} == set(COMMANDS)


def test_a_yes_or_no_is_said_as_a_flag_and_its_opposite() -> None:
    assert option_words(TrainOptions, {"gan_power": 0.1, "masked_training": False}) == [
        "--gan-power=0.1",
        "--no-masked-training",
    ]


_OUT = ("../faces.json", "/etc/passwd", "C:\\x", "x.toml", "encoder:/etc", "ray://other:10001", "~", "%2e%2e")
# Texts that are words and nothing else; each of a file, a folder or a machine is declared with `place=True`.
_WORDS = {
    "audio", "closed_production", "closed_production_by", "detector", "frames", "freeze", "label",
    "landmarker",
    "mask", "mask_from", "plate", "preview_faces", "purpose", "segmenter", "start", "stop", "super_resolution",
    "use",
}  # fmt: skip
_OPTIONS = [ExtractOptions, TrainOptions, MergeOptions, EncodeOptions, MaskTrainOptions]


@pytest.mark.parametrize("options", _OPTIONS, ids=lambda options: options.__name__)
def test_no_option_of_any_command_takes_a_place_from_a_window(options: type[Options]) -> None:
    texts = [info for info in describe(options) if "text" in info.kind or "array" in info.kind]
    for info in texts:
        assert info.place != (info.name in _WORDS), f"{info.name}: does it lead to a file? Then place=True"
        if info.place:
            for value in _OUT:
                with pytest.raises(OptionInvalid, match=f"can't take a place for {info.name}"):
                    option_words(options, {info.name: value})


def test_the_options_of_every_command_are_walked(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = set()
    monkeypatch.setattr("understudy.studio.run_words.option_words", lambda options, _: asked.add(options) or [])
    for command, facts, _ in CASES:
        run_words(project, command, facts)
    assert asked == set(_OPTIONS)


@pytest.mark.parametrize("out", ["..", "../faces.json", "/etc/passwd", "C:\\x", "--out=/etc"])
@pytest.mark.parametrize(
    "name", ["clips", "clip", "model", "faceset", "frames", "segmenter", "preset", "device", "processes"]
)
def test_no_fact_of_any_command_leads_out_of_the_project(project: Project, name: str, out: str) -> None:
    for command, facts, _ in CASES:
        wished = {**facts, name: [out] if name == "clips" else out}
        with suppress(UnderstudyError):
            words, _ = run_words(project, command, wished)
            assert out not in " ".join(words[1:]), f"{command} takes {name}"


@pytest.mark.parametrize("out", ["../x", "/etc/x", "a/b", "..", "C:\\x"])
def test_a_finished_file_lies_in_the_projects_folder_whatever_its_name(project: Project, out: str) -> None:
    with suppress(UnderstudyError):
        words, _ = run_words(project, "encode", {"clips": ["dst"], "name": out})
        (place,) = (word.partition("=")[2] for word in words if word.startswith("--out="))
        assert (project.folder / place).resolve().parent == (project.folder / "out").resolve()


def test_names_that_come_with_the_program_are_taken() -> None:
    assert option_words(TrainOptions, {"recipe": "standard"}) == ["--recipe=standard"]
    assert option_words(MergeOptions, {"workers": 4}) == ["--workers=4"]
    assert option_words(ExtractOptions, {"import_file": ""}) == ["--import-file="]


def test_a_segmenters_name_is_no_flag(project: Project) -> None:
    with pytest.raises(OptionInvalid, match="dash"):
        run_words(project, "masks-train", {"segmenter": "--device=cuda"})


@pytest.mark.parametrize(
    ("facts", "error"),
    [({"src_faceset": ["../else"]}, FacesUnknown), ({"start_from": "/models/of/another"}, ModelUnknown)],
)
def test_a_training_learns_from_what_the_project_has(
    project: Project, facts: Mapping[str, Any], error: type[Exception]
) -> None:
    with pytest.raises((error, OptionInvalid)):
        run_words(project, "train", facts)


STOPPED = "Stopped. What was finished is kept; run the same command again to go on."


def ended(*words: str, state: str = "stopped", code: int = 130, sentence: str = STOPPED) -> Run:
    return Run(id="1", title="", words=words, state=state, created=0, exit_code=code, sentence=sentence)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "way"),
    [
        (("frames", "carry", ".", "shot", "3"), "“Carry many” (P) from frame 3"),
        (("extract", "."), "“Find faces” in Project"),
        (("train", "."), "“Start” in Training"),
        (("merge", "."), "“Make the rest” (Enter) in Merge"),
        (("encode", "."), "“Deliver” (D) in Deliver"),
        (("masks", "train", "."), "“Train on what is drawn” in Masks"),
        (("advise", "."), "start it again here"),
    ],
)
def test_a_stopped_run_names_the_studios_way_on_and_no_command(words: tuple[str, ...], way: str) -> None:
    told = way_on(ended(*words))
    assert told.startswith("Stopped. What was") and way in told and "command" not in told


def test_a_stopped_search_for_a_rate_does_not_say_that_it_goes_on() -> None:
    said = "Stopped. The search begins anew."
    assert way_on(ended("train", ".", "--find-rate", sentence=said)) == said


def test_what_went_wrong_is_told_as_it_was_said() -> None:
    assert (
        way_on(ended("merge", ".", state="failed", code=2, sentence="The disk is full.")) == "The disk is full."
    )
    broken = ended("frames", "carry", ".", "shot", "3", state="lost", code=1, sentence="")
    assert carried_on(broken).startswith("The carrying was cut off. “Carry many” (P) from frame 3")


def test_a_name_that_is_none_is_refused_with_the_nearest(project: Project) -> None:
    with pytest.raises(ClipMissing, match=r"no clip called 'dts'; it has src, dst\. Did you mean \"dst\"\?"):
        run_words(project, "extract", {"clips": ["dts"]})
    with pytest.raises(ModelUnknown, match=r"no model called 'mian'; it has main\. Did you mean \"main\"\?"):
        run_words(project, "merge", {"model": "mian"})
