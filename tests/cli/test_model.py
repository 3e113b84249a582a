"""`understudy model …` as a person types it."""

from __future__ import annotations

import json

import pytest

from understudy.cli.main import main


def test_a_model_is_made_listed_and_shown(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["model", "new", folder, "small", "--network", "width=8", "size-px=32", "--face-type", "whole"])
        == 0
    )
    assert "whole faces of 32 px" in capsys.readouterr().out
    assert main(["model", "list", folder, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["size_px"], row["settings"]["width"]) == ("small", 32, 8)
    assert main(["model", "list", folder]) == 0
    table = capsys.readouterr().out
    assert "small" in table
    assert "1 model" in table
    assert main(["model", "show", folder, "small"]) == 0
    assert "width=8" in capsys.readouterr().out


def test_a_setting_out_of_range_is_refused_in_one_sentence(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "new", folder, "small", "--network", "width=7"]) == 2
    assert "'width' can't be 7" in capsys.readouterr().err


def test_what_can_be_made_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "presets"]) == 0
    assert "liaef128" in capsys.readouterr().out
    assert main(["model", "presets", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["name"] == "quick"
    assert main(["model", "architectures"]) == 0
    assert "DeepFaceLab, 2018" in capsys.readouterr().out
    assert main(["model", "architectures", "quick"]) == 0
    assert "whole number, 8 to 256" in capsys.readouterr().out
