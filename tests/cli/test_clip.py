"""`understudy clip` says what it did, and what a clip is, to people and to programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.media.interlaced import make_interlaced
from tests.media.made import make_movie, sine
from understudy.cli.main import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    make_movie(tmp_path / "v.mp4", 10, sound=sine(0.4))
    return tmp_path / "v.mp4"


def test_info_is_a_table_and_json(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clip", "info", str(clip)]) == 0
    said = capsys.readouterr().out
    assert "64 x 48" in said and "10 frames, 0.400 s, 25 frames per second" in said
    assert "track 1, aac, 48000 Hz, mono" in said and "marks      none" in said and "damage     none" in said
    assert main(["clip", "info", str(clip), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["frames"], facts["audio"][0]["codec"], facts["marks"]) == (10, "aac", "none")


def test_every_tool_runs_with_its_flags(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames, out = tmp_path / "f", tmp_path / "out.mov"
    assert main(["clip", "frames", str(clip), "--out", str(frames), "--fps", "5", "--image-format", "jpg"]) == 0
    assert sorted(path.name for path in frames.glob("*.jpg")) == ["000000.jpg", "000005.jpg"]
    assert main(["clip", "join", str(frames), "--out", str(out), "--fps", "5", "--codec", "prores"]) == 0
    cut = ["clip", "cut", str(clip), "-o", str(tmp_path / "c.mp4"), "--from", "2f", "--to", "0.3"]
    assert main([*cut, "--audio-track", "0"]) == 0
    assert "Encoded again" in capsys.readouterr().out
    short = ["clip", "cut", str(clip), "-o", str(tmp_path / "e.mp4"), "--from", "2f", "--to"]
    assert main([*short, "99f"]) == 0
    said = capsys.readouterr().out
    assert "before 99f" in said and "cut short" in said and "frames 2 to " in said
    (tmp_path / "e.mp4").unlink()
    assert main([*short, "4f"]) == 0
    said = capsys.readouterr().out
    assert "frames 2 to 3 of the clip, both included" in said and "cut short" not in said
    assert main(["clip", "denoise", str(out), "-o", str(tmp_path / "d.mkv"), "--strength", "3", "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1]["event"] == "StageFinished" and events[-1]["summary"]["frames"] == 2


def test_interlaced_clips_become_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_interlaced(tmp_path / "v.mov")
    out = tmp_path / "whole.mp4"
    assert main(["clip", "deinterlace", str(tmp_path / "v.mov"), "-o", str(out), "--each-field"]) == 0
    assert main(["clip", "info", str(out)]) == 0
    assert "12 frames, 0.240 s, 50 frames per second" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["denoise", "v.mp4", "-o", "d.mp4", "--strength", "40"], "strength"),
        (["join", "-o", "d.mp4"], "at least one folder"),
        (["deinterlace", "v.mp4", "-o", "d.mp4"], "doesn't say that it is interlaced"),
        (["cut", "none.mp4", "-o", "d.mp4"], "no such file"),
        (["frames", "v.mp4", "-o", "v.mp4"], "other files"),
        (["info", "none.mp4"], "no such file"),
    ],
)
def test_what_goes_wrong_is_a_sentence(
    clip: Path,
    arguments: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(clip.parent)
    assert main(["clip", *arguments]) == 2
    assert sentence in capsys.readouterr().err.lower()
    assert not (clip.parent / "d.mp4").exists()
