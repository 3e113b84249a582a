"""`understudy model …` as a person types it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from understudy.cli.main import main
from understudy.jobs.runs.book import RunBook
from understudy.project.project import Project
from understudy.training.keeping.lock import model_lock


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


def test_models_are_copied_renamed_put_away_and_brought_back(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def names() -> list[str]:
        capsys.readouterr()
        assert main(["model", "list", folder, "--json"]) == 0
        return [row["name"] for row in json.loads(capsys.readouterr().out)]

    assert main(["model", "new", folder, "one"]) == 0
    assert main(["model", "copy", folder, "one", "two"]) == 0
    assert main(["model", "rename", folder, "one", "first"]) == 0
    assert "understudy model rename" in capsys.readouterr().out
    assert sorted(names()) == ["first", "two"]
    assert main(["model", "trash", folder, "two"]) == 0
    assert names() == ["first"]
    assert main(["model", "restore", folder]) == 0
    assert "1 model in the trash" in capsys.readouterr().out
    assert main(["model", "restore", folder, "two", "--as", "third"]) == 0
    assert sorted(names()) == ["first", "third"]
    assert main(["model", "rename", folder, "first", "third"]) == 2
    assert "already" in capsys.readouterr().err


def test_a_training_that_waits_goes_on_with_a_renamed_model(folder: str) -> None:
    assert main(["model", "new", folder, "one"]) == 0
    book = RunBook(Project.open(Path(folder)), program=(sys.executable, "-c", "import time; time.sleep(60)"))
    first, waiting = book.start(["train", "."]), book.queue(["train", ".", "--model", "one"])
    try:
        assert main(["model", "rename", folder, "one", "first"]) == 0
        assert book.get(waiting.id).words == ("train", ".", "--model", "first", "--json")
    finally:
        for run in (waiting, first):
            book.stop(run.id, at_once=True)


def test_a_model_in_use_is_named_and_left_alone(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "new", folder, "one"]) == 0
    with model_lock(Path(folder) / "models" / "one"):
        assert main(["model", "list", folder]) == 0
        assert "in use by process" in capsys.readouterr().out
        assert main(["model", "trash", folder, "one"]) == 2
    assert f"process {os.getpid()}" in capsys.readouterr().err
