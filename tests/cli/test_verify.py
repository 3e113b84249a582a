"""verify says what files' marks say, in words and by its exit code."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

from tests.house.source import REPOSITORY
from tests.provenance.material import (
    facts_for,
    flip_a_byte_of_the_picture,
    make_image,
    make_movie,
    make_sequence,
)
from tests.provenance.watermark.footage import plain_footage
from understudy.cli.main import main
from understudy.cli.show import _Clock
from understudy.media.images import encode_png
from understudy.provenance.exports import append, export_of
from understudy.provenance.sign import recast_of, sign_file
from understudy.provenance.verify import EXIT_CODES, Verdict
from understudy.provenance.watermark.embed import Watermark

GUIDE = REPOSITORY / "docs" / "guide" / "what-your-files-say.md"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's data folder."""
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))


@pytest.fixture
def clips(tmp_path: Path) -> dict[str, Path]:
    """A film and a picture, not signed."""
    (tmp_path / "made").mkdir()
    return {
        "mp4": make_movie(tmp_path / "made" / "take.mp4"),
        "png": make_image(tmp_path / "made" / "take.png"),
    }


@pytest.fixture
def unmarked(tmp_path: Path) -> Path:
    path = tmp_path / "bild 影.png"
    path.write_bytes(encode_png(np.zeros((16, 16, 3), np.uint8)))
    return path


def test_a_file_without_marks_says_so_in_words_and_exit_code(
    unmarked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(unmarked)]) == 5
    assert capsys.readouterr().out.startswith("none: ")


def test_the_verdict_as_json_names_the_file(unmarked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["verify", str(unmarked), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["state"] == "none" and told["path"].endswith("影.png")


def test_a_file_s_name_says_nothing_but_its_name(unmarked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    liar = unmarked.rename(unmarked.with_name("a\x1b[2K\rtrusted.png"))
    main(["verify", str(liar), "--no-watermark"])
    main(["verify", str(liar), "--no-watermark", "--table"])
    told = capsys.readouterr().out
    assert "\x1b" not in told and "\r" not in told and told.count("a\\u001b[2K\\rtrusted.png") == 2


def test_a_missing_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path / "gone.mp4")]) == 2
    assert "gone.mp4" in capsys.readouterr().err


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    path = tmp_path / "marked.png"
    path.write_bytes(encode_png(Watermark(0xBEE).marked(plain_footage()[0])))
    return path


def test_a_watermark_alone_is_told_and_has_an_exit_code(
    marked: Path, unmarked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(unmarked), str(marked)]) == 6
    said = capsys.readouterr().out
    assert "stripped: " in said and "watermark 00000000bee" in said
    assert main(["verify", str(marked), "--no-watermark"]) == 5
    assert "00000000bee" not in capsys.readouterr().out


def test_many_files_make_a_table(marked: Path, unmarked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["verify", str(unmarked), str(marked), "--table"])
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["state", "watermark", "ledger", "signer", "source", "file"]
    assert first.split()[:2] == ["none", "-"] and second.split()[:2] == ["stripped", "00000000bee"]


def test_a_folder_with_films_is_read_file_by_file(
    tmp_path: Path, marked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It used to be taken for a sequence of images without marks."""
    (tmp_path / "torn.mp4").write_bytes(b"no film")
    (tmp_path / "notes.txt").write_text("not a film")
    assert main(["verify", str(tmp_path), "--table"]) == 6
    rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["stripped", "none"] and "notes.txt" not in str(rows)


def test_films_and_pictures_of_every_kind_in_a_folder_are_read_and_what_is_neither_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of part.mp4, webm.webm and gif.gif the first alone was listed, and nothing was said of the others."""
    kinds = ("gif.gif", "part.mp4", "still.avif", "webm.WEBM")
    for name in (*kinds, "notes.txt", "a.txt", "b.txt", "uPlot.d.ts", "part.json", ".DS_Store"):
        (tmp_path / "out" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "out" / name).write_bytes(b"torn")
    main(["verify", str(tmp_path / "out"), "--table", "--no-watermark"])
    said = capsys.readouterr()
    assert tuple(Path(row.split()[-1]).name for row in said.out.splitlines()[1:]) == kinds
    assert (
        "passed over: 4 files called like neither a film nor a picture (a.txt, b.txt, notes.txt, …)" in said.err
    )


def test_sequences_beside_films_and_deeper_down_are_read_too(
    clips: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A changed sequence beside a film was passed over, and the exit code told of the film alone."""
    out = tmp_path / "out"
    shots = [make_sequence(out / "shot 1"), make_sequence(out / "more" / "shot 2")]
    for shot in shots:
        sign_file(shot, shot, facts_for(clips["mp4"]))
    sign_file(clips["mp4"], out / "film.mp4", facts_for(clips["mp4"]))
    (out / "empty").mkdir()
    flip_a_byte_of_the_picture(shots[1] / "0001.png")
    assert main(["verify", str(out), "--table", "--no-watermark"]) == 4
    rows = [row.split() for row in capsys.readouterr().out.splitlines()[1:]]
    assert [(row[0], row[-1]) for row in rows] == [
        ("trusted", str(out / "film.mp4")),
        ("tampered", "2"),
        ("trusted", "1"),
    ]


def test_a_folder_of_stills_that_are_signed_each_for_itself_is_no_sequence(
    clips: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one.png", "two.png"):
        sign_file(clips["png"], tmp_path / "stills" / name, facts_for(clips["png"]))
    make_image(tmp_path / "stills" / "three.png")
    assert main(["verify", str(tmp_path / "stills"), "--table", "--no-watermark"]) == 5
    rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["trusted", "none", "trusted"]
    assert main(["verify", str(make_sequence(tmp_path / "frames")), "--table", "--no-watermark"]) == 5
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_hidden_folders_and_what_a_project_works_with_are_passed_over_and_counted(
    clips: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`understudy verify .` read every crop and preview of a project, for minutes."""
    shot = tmp_path / "desk" / "shot"
    make_sequence(shot / "facesets" / "src" / "main")
    for picture in (shot / "models" / "main" / "previews" / "sheet.png", shot.parent / ".thumbnails" / "a.png"):
        picture.parent.mkdir(parents=True)
        make_image(picture)
    (shot / "understudy.toml").write_text("version = 1\n")
    crops = len(list((shot / "facesets").rglob("*.png")))
    sign_file(clips["mp4"], shot / "out" / "film.mp4", facts_for(clips["mp4"]))
    assert main(["verify", str(tmp_path / "desk"), "--json", "--no-watermark"]) == 0
    said = capsys.readouterr()
    assert [Path(json.loads(line)["path"]).name for line in said.out.splitlines()] == ["film.mp4"]
    assert f"passed over: {crops + 2} films and pictures in hidden folders" in said.err
    assert main(["verify", str(shot / "facesets"), "--no-watermark"]) == 5
    said = capsys.readouterr()
    assert said.out.startswith(f"none: {shot / 'facesets' / 'src' / 'main'}") and not said.err


def test_who_sits_at_the_terminal_sees_how_far_it_is_and_a_program_the_same_as_ever(
    marked: Path, unmarked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["verify", str(unmarked), str(marked), "--json", "--no-watermark"]) == 5
    said = capsys.readouterr()
    assert [json.loads(line)["state"] for line in said.out.splitlines()] == ["none", "none"]
    assert "2/2" in said.err and "done" in said.err


def test_how_far_it_is_within_one_file_is_told_too(
    unmarked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bar stood still for a minute, and a pipe was told nothing."""
    monkeypatch.setattr("understudy.cli.show._SECONDS_BETWEEN_LINES", 0.0)
    unmarked.write_bytes(encode_png(np.zeros((100, 100, 3), np.uint8)))
    told: list[float] = []
    figures = _Clock.figures
    monkeypatch.setattr(_Clock, "figures", lambda self, event: told.append(event.begun) or figures(self, event))
    assert main(["verify", str(unmarked)]) == 5
    assert len(set(told)) > 10 and told[0] == 0 and 0.9 < max(told) <= 1
    assert f"verify: 0/1 | {unmarked.name}" in capsys.readouterr().err


def test_ctrl_c_says_how_many_were_read(
    marked: Path, unmarked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(path: Path, **how: object) -> Generator[float, None, Verdict]:
        signal.raise_signal(signal.SIGINT)
        return Verdict("none", [])
        yield

    monkeypatch.setattr("understudy.provenance.examine.examine_by_steps", interrupted)
    assert main(["verify", str(unmarked), str(marked)]) == 130
    said = capsys.readouterr()
    assert said.out.splitlines() == [f"none: {unmarked}"]
    assert "Stopped. 1 of 2 files read" in said.err


def test_the_exit_code_of_several_results_is_the_highest_and_the_help_and_the_guide_say_so(
    clips: dict[str, Path], unmarked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_file(clips["png"], tmp_path / "changed.png", facts_for(clips["png"]))
    flip_a_byte_of_the_picture(tmp_path / "changed.png")
    assert main(["verify", str(tmp_path / "changed.png"), "--no-watermark"]) == 4
    assert main(["verify", str(tmp_path / "changed.png"), str(unmarked), "--no-watermark"]) == 5
    capsys.readouterr()
    main(["verify", "--help"])
    for text in (capsys.readouterr().out, GUIDE.read_text("utf-8")):
        words = " ".join(text.replace("*", "").split())
        sentence = words[words.index("The exit code of several results is the highest") :].split(".")[0]
        told = {int(code) for code in re.findall(r"\b[0-9]\b", sentence)}
        assert told == {2, *EXIT_CODES.values()}


def test_a_ledger_that_is_named_is_searched(
    marked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recast = recast_of(facts_for(marked)).model_copy(update={"watermark": "00000000bee"})
    made = export_of(marked, title="first.png", recast=recast, marks=["watermark"], signer="me")
    append(tmp_path / "project" / "exports.jsonl", made)
    main(["verify", str(marked)])
    assert "first.png" not in capsys.readouterr().out
    main(["verify", str(marked), "--ledger", str(tmp_path / "project")])
    assert "Line 1 of the ledger exports.jsonl has it: first.png" in capsys.readouterr().out
