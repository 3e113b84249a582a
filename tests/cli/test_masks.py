"""`understudy masks VERB` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from understudy.cli.main import main
from understudy.jobs.facesets.masks import put_away
from understudy.masks.own import AboutSegmenter, publish
from understudy.networks.dense_face import DenseFaceNet
from understudy.project.project import Project


def listed(folder: str, capsys: pytest.CaptureFixture[str]) -> dict:
    capsys.readouterr()
    assert main(["masks", "list", folder, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["facesets"][0]


def test_faces_are_drawn_on_fetched_and_cleared(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawing = tmp_path / "src-000001-1.json"
    drawing.write_text('{"include": [[[2, 2], [30, 2], [16, 30]]]}')
    assert main(["masks", "draw", folder, "src", str(drawing)]) == 0
    assert main(["masks", "draw", folder, "src", str(drawing), "--face", "src-000002-1", "--add"]) == 0
    assert listed(folder, capsys)["drawn_on"] == 2
    assert main(["masks", "fetch", folder, "src", "--to", str(tmp_path / "out")]) == 0
    assert len(list((tmp_path / "out").iterdir())) == 4
    assert main(["masks", "remove", folder, "src", "--polygons", "--where", "polygons > 0"]) == 0
    assert listed(folder, capsys)["drawn_on"] == 0
    assert main(["faceset", "undo", folder, "src"]) == 0
    assert listed(folder, capsys)["drawn_on"] == 2


def test_masks_are_applied_to_chosen_faces_and_shown(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["masks", "apply", folder, "src", "--limit", "2", "--segmenter", "skin"]) == 0
    assert listed(folder, capsys)["masks"] == {"skin": 2}
    assert main(["masks", "list", folder]) == 0
    said = capsys.readouterr().out
    assert "skin" in said and "src/main         4 faces, 0 drawn on; masks: 2 of skin" in said
    for mark, which in (("confirmed", "frame == 0"), ("skipped", "frame == 1")):
        assert main(["masks", "mark", folder, "src", mark, "--where", which, "--limit", "1"]) == 0
    assert main(["masks", "list", folder]) == 0
    assert ", 1 confirmed, 1 skipped; masks" in capsys.readouterr().out
    assert main(["masks", "apply", folder, "src", "--segmenter", "nobody"]) == 2
    assert "no segmenter 'nobody'" in capsys.readouterr().err
    assert main(["masks", "draw", folder, "src", "/no/such.json"]) == 2
    assert "no such drawing" in capsys.readouterr().err


def test_a_segmenter_is_trained_listed_put_away_and_brought_back(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["masks", "train", folder, "mic", "--start", "nothing"]) == 2
    assert "Nothing is drawn on any face" in capsys.readouterr().err
    drawing = tmp_path / "src-000001-1.json"
    drawing.write_text('{"include": [[[2, 2], [30, 2], [16, 30]]]}')
    assert main(["masks", "draw", folder, "src", str(drawing)]) == 0
    words = [
        "--start",
        "nothing",
        "--size-px",
        "64",
        "--iterations",
        "1",
        "--batch-size",
        "1",
        "--previews",
        "0",
    ]
    assert main(["masks", "train", folder, "mic", "src", *words, "--device", "cpu"]) == 0
    assert "segmenter mic, faces 1" in capsys.readouterr().out
    assert main(["masks", "rename", folder, "mic", "boom"]) == 0
    assert main(["masks", "list", folder]) == 0
    assert "boom" in capsys.readouterr().out
    assert main(["masks", "restore", folder, "boom"]) == 0
    assert "backups of boom: none yet" in capsys.readouterr().out
    assert main(["masks", "restore", folder, "boom", "7"]) == 2
    assert main(["masks", "delete", folder, "boom"]) == 0
    assert f"boom lies in the trash; `understudy masks restore {folder} boom` brings" in capsys.readouterr().out
    assert main(["masks", "restore", folder]) == 0
    assert capsys.readouterr().out.endswith("-boom\n1 segmenter in the trash\n")
    assert main(["masks", "restore", folder, "mic"]) == 2
    assert "in its trash boom" in capsys.readouterr().err
    assert main(["masks", "restore", folder, "boom"]) == 0
    assert capsys.readouterr().out.startswith("boom is back from the trash, whole\n")
    assert main(["masks", "list", folder]) == 0
    assert "boom" in capsys.readouterr().out


def test_a_program_reads_what_lies_in_the_trash_and_what_came_back(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*words: str) -> Any:
        assert main(["masks", "restore", folder, *words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    mic = Path(folder) / "masks" / "mic"
    publish(mic, AboutSegmenter(face_type="full", size_px=64), DenseFaceNet().state_dict())
    assert told() == []
    here = {"name": "mic", "was_in_trash": False, "backups": [], "iteration": None, "put_in_trash": []}
    assert told("mic") == here
    lies = put_away(Project.open(Path(folder)), "mic")
    assert told() == [{"name": "mic", "folder": str(lies)}]
    assert told("mic")["was_in_trash"] and mic.is_dir()


def test_a_check_takes_its_parts_and_options(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple] = []

    def check(_project: object, *told: object, **more: object) -> list:
        asked.append((told, more))
        return []

    monkeypatch.setattr("understudy.jobs.facesets.masks.check", check)
    assert main(["masks", "check", folder, "mic", "src", "--parts", "3", "--seed", "4", "--device", "cpu"]) == 0
    ((name, facesets, options), more) = asked[0]
    assert (name, list(facesets), options.seed, more) == ("mic", ["src"], 4, {"parts": 3, "device": "cpu"})
    assert main(["masks", "check", folder, "mic", "--parts", "1"]) == 2
