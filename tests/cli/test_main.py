"""The command as a person meets it: exit codes, one sentence for every refusal, no traceback."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from docstring_parser import parse

from tests.jobs.conftest import write_wall
from understudy.cli.main import app, main
from understudy.media.images import encode_png
from understudy.project.project import Project


def _refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("understudy: ") and said.count("\n") == 1, said
    assert "Traceback" not in said
    return said


def test_an_unknown_command_is_refused_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert "swop" in _refused(capsys, "swop")


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        (["extrat"], 'Did you mean "extract"?'),
        (["serve"], ""),  # "sheet" and "status" share as many letters in order
        (["faceset", "order"], ""),
        (["extract", "x", "--devcie", "cpu"], "Did you mean --device?"),
        (["extract", "x", "--movie", "cpu"], ""),
        (["weights", "body"], ""),
        (["frames", "list", "x", "y", "--which", "drwan"], 'Did you mean "drawn"?'),
        (["frames", "list", "x", "y", "--which", "sever"], 'Did you mean "several"?'),
    ],
)
def test_a_command_or_option_is_suggested_where_it_is_near_alone(
    typed: list[str], question: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ("".join(_refused(capsys, *typed).partition("Did you mean")[1:]).partition(" See")[0]) == question


def test_a_command_without_its_project_says_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    said = _refused(capsys, "extract")
    assert "Say which project: `understudy extract FOLDER`, with . for the folder you are in." in said


def test_an_option_out_of_its_range_is_named_with_its_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = _refused(capsys, "train", str(tmp_path), "--batch-size", "9999")
    assert "batch_size" in said and "'9999'" in said


@pytest.mark.parametrize(
    "said", [["--frames", "1"], ["--save"], ["--key", "hold"], ["--dry-run"], ["--changed"]]
)
def test_explaining_a_frame_stands_alone(capsys: pytest.CaptureFixture[str], said: list[str]) -> None:
    told = _refused(capsys, "merge", "nowhere", "--explain", "1", *said)
    assert "--explain" in told and f"leave out {said[0]}" in told


def test_words_that_a_command_has_no_place_for_are_named_with_what_is_the_matter(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = _refused(capsys, "status", "my", "first", "shot")
    assert "more words than it takes: 'first', 'shot'" in said and "in quotes" in said
    assert said.endswith("See `understudy status --help`.\n")


def test_a_missing_clip_is_named_last(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = _refused(
        capsys, "swap", str(tmp_path / "no.mp4"), str(tmp_path / "nor.mp4"), "-o", str(tmp_path / "o.mp4")
    )
    assert said.rstrip().endswith("no.mp4")


def test_a_missing_clip_leaves_no_project_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _refused(capsys, "swap", str(tmp_path / "no.mp4"), str(tmp_path / "nor.mp4"), "-o", str(tmp_path / "o.mp4"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no project" in _refused(capsys, "status", str(tmp_path))


def test_swap_without_clips_asks_for_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert "SRC" in _refused(capsys, "swap")


def test_a_new_project_takes_its_clips_and_says_what_is_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_wall(tmp_path / "Mein Prøjekt 影.mp4")
    project = tmp_path / "shot"
    assert main(["new", str(project), "--src", str(clip), "--consent", "fictional"]) == 0
    assert main(["add", str(project), "--dst", str(clip)]) == 0
    assert main(["status", str(project)]) == 0
    said = capsys.readouterr().out
    assert "src clip" in said and "dst clip" in said and "next: extract" in said


@pytest.mark.parametrize(
    "command", [["tracks"], ["settings", "--undo"], ["cast"], ["frames", "list"], ["remove"]]
)
def test_where_no_clip_is_named_those_there_are_stand_in_the_refusal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    project = Project.create(tmp_path / "shot")
    assert "CLIP requires" in (told := _refused(capsys, *command, str(tmp_path))) and "clips are" not in told
    project.add_clip(write_wall(tmp_path / "kitchen.mp4"), "dst")
    told = _refused(capsys, *command, str(project.folder))
    assert "The project's clips are src: none yet; dst: kitchen. See `understudy" in told


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["model", "show", "PROJECT", "mian"], "main"),
        (["merge", "PROJECT", "kichen"], "kitchen"),
        (["tracks", "PROJECT", "kichen"], "kitchen"),
        (["faceset", "list", "PROJECT", "act0r"], "actor"),
        (["consent", "PROJECT", "act0r"], "actor"),
        (["merge", "PROJECT", "--color", "mlk"], "mkl"),
        (["merge", "PROJECT", "--mask", "dst-hul"], "dst-hull"),
        (["encode", "PROJECT", "--codec", "hvec"], "hevc"),
        (["train", "PROJECT", "--recipe", "patiant"], "patient"),
        (["recipe", "show", "patiant"], "patient"),
        (["recipe", "write", "new.toml", "--recipe", "patiant"], "patient"),
        (["model", "architectures", "avatr"], "avatar"),
        (["model", "new", "PROJECT", "other", "--preset", "quik"], "quick"),
        (["weights", "fetch", "yunt"], "yunet"),
        (["add", "PROJECT", "--src", "x.mp4", "--consent", "agred"], "agreed"),
    ],
)
def test_a_name_that_the_project_does_not_have_is_refused_with_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], near: str
) -> None:
    project = Project.create(tmp_path / "shot")
    project.add_clip(write_wall(tmp_path / "kitchen.mp4"), "dst", performer="actor")
    project.add_model("main")
    told = _refused(capsys, *(str(project.folder) if word == "PROJECT" else word for word in words))
    assert told.endswith(f'Did you mean "{near}"?\n')


def test_consent_that_is_no_consent_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "maybe" in _refused(capsys, "new", str(tmp_path / "shot"), "--consent", "maybe")
    assert not (tmp_path / "shot").exists(), "the corrected command must find a free place"


def test_cleaning_a_fresh_project_says_that_there_is_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["new", str(tmp_path / "shot")])
    assert main(["clean", str(tmp_path / "shot"), "merge", "--dry-run"]) == 0
    assert "nothing yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command",
    [
        "swap",
        "demo",
        "new",
        "add",
        "extract",
        "train",
        "merge",
        "encode",
        "status",
        "clean",
        "verify",
        "measure",
        "doctor",
    ],
)
def test_every_command_explains_each_of_its_flags(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert "Usage:" in capsys.readouterr().out
    function = app[command].default_command
    assert function is not None
    explained = parse(function.__doc__ or "").params
    with_words = {parameter.arg_name for parameter in explained if parameter.description}
    tables = {
        "train",
        "extract",
        "merge",
        "encode",
        "options",
        "search",
    }  # classes whose options bring their own words
    assert set(inspect.signature(function).parameters) - tables == with_words


def test_in_a_container_torch_starts_a_thread_for_each_core_that_it_was_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("understudy.cli.main.cores", lambda: 3)
    monkeypatch.setattr("understudy.cli.main.allowed_cores", lambda: 64)
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    main(["--version"])
    assert os.environ["OMP_NUM_THREADS"] == "8", "what a person says stands"
    monkeypatch.delenv("OMP_NUM_THREADS")
    main(["--version"])
    assert os.environ["OMP_NUM_THREADS"] == "3"
    capsys.readouterr()


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there under every locale")
@pytest.mark.parametrize("flags", [[], ["-X", "utf8=0"]])
def test_clips_with_umlauts_are_there_under_a_locale_that_has_none(tmp_path: Path, flags: list[str]) -> None:
    """They were "gone", and naming one was called a bug."""
    frames = tmp_path / "über"
    frames.mkdir()
    (frames / "1.png").write_bytes(encode_png(np.zeros((64, 64, 3), np.uint8)))
    assert main(["new", str(tmp_path / "shot"), "--dst", str(frames)]) == 0
    told = subprocess.run(
        [sys.executable, *flags, "-m", "understudy", "status", str(tmp_path / "shot")],
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        timeout=100,
        check=True,
    ).stdout.decode("utf-8", "replace")
    if not flags:  # which nobody says who doesn't mean it; it ends all the same
        assert "über" in told and "gone" not in told


def test_ctrl_c_is_answered_in_words_wherever_it_falls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The library of the command line left without a word."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Project, "open", interrupted)
    assert main(["status", str(tmp_path)]) == 130
    assert "Stopped at once." in capsys.readouterr().err


def test_explain_takes_one_frame_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["merge", str(tmp_path), "--explain", "3:5"]) != 0
    said = capsys.readouterr()
    assert "one frame, like 4" in " ".join((said.out + said.err).split())


@pytest.mark.parametrize("command", ["swap", "train"])
def test_how_long_to_train_stands_near_the_top_of_the_help(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main([command, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    panels = [line.strip("╭╮─ ") for line in lines if line.startswith("╭")]
    assert panels[:3] == ["Arguments", "Parameters", "Training"]
    first = lines[next(n for n, line in enumerate(lines) if "─ Training ─" in line) + 1]
    assert "--minutes" in first


@pytest.mark.parametrize("command", [["verify"], ["ledger", "find"], ["ledger", "verify"], ["keys", "trust"]])
def test_a_name_that_no_disk_takes_is_refused(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "a" * 300]) == 2
    said = capsys.readouterr().err
    assert "too long" in said and "a" * 300 in said


def test_a_name_that_would_steer_the_terminal_is_refused_in_letters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "shot\x1b[2K\rtrusted: shot.mp4"]) == 2
    assert r"Path: shot\u001b[2K\rtrusted: shot.mp4" in capsys.readouterr().err


def test_the_help_lists_commands_by_what_they_are_for_in_the_order_of_the_work(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Thirty-eight stood in one list, by their letters."""
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    headings = ("Start", "Project", "Faces and masks", "Training", "Merging and delivery", "Tools", "About")
    places = [said.index(f"─ {heading} ─") for heading in headings]
    assert places == sorted(places)
    first = {line.split()[1] for line in said.splitlines() if line.startswith("│ ")}
    assert {name for name in app if not name.startswith("-")} <= first
    for earlier, later in (("extract", "faceset"), ("train", "export"), ("cast", "merge"), ("merge", "encode")):
        assert said.index(f"│ {earlier} ") < said.index(f"│ {later} ")
