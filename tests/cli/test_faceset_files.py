"""`understudy faceset resize | retype | pack | unpack` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from understudy.cli.main import main
from understudy.jobs.facesets.curating import all_names
from understudy.project.project import Project


def test_faces_change_their_shape_and_a_loss_is_told(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faceset", "resize", folder, "src", "64", "--limit", "2"]) == 0
    assert "cut from their own pictures" in capsys.readouterr().out
    assert main(["faceset", "retype", folder, "src", "half", "--where", "size_px == 64"]) == 0
    capsys.readouterr()
    main(["faceset", "list", folder, "src", "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert [(row["size_px"], row["face_type"]) for row in rows] == [(64, "half")] * 2 + [(32, "full")] * 2
    assert main(["faceset", "retype", folder, "src", "quarter"]) == 2
    assert "no face type 'quarter'" in capsys.readouterr().err


def test_a_faceset_goes_into_one_file_and_back(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faceset", "pack", folder, "src"]) == 0
    said = capsys.readouterr().out
    assert "src-main.tar" in said
    assert main(["faceset", "unpack", folder, "src/again", f"{folder}/packs/src-main.tar"]) == 0
    capsys.readouterr()
    main(["faceset", "list", folder, "src/again", "--only-names"])
    assert len(capsys.readouterr().out.split()) == 4
    assert main(["faceset", "unpack", folder, "src/other", f"{folder}/understudy.toml"]) == 2
    assert "no whole pack" in capsys.readouterr().err
    assert "src/other" not in all_names(Project.open(Path(folder)))
