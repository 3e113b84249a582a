"""`understudy export` and `model import` as a person types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.exchange.dfl_files import saehd_options, saehd_parts, write_model
from understudy.cli.main import main


def test_an_imported_model_can_be_listed_and_is_exported_by_name(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "dfl", saehd_parts("df"), saehd_options("df"))
    assert main(["model", "import", folder, str(tmp_path / "dfl"), "bought"]) == 0
    assert "optimiser" in capsys.readouterr().out
    assert main(["model", "show", folder, "bought"]) == 0
    assert "made from program DeepFaceLab" in capsys.readouterr().out
    asked: list[object] = []
    monkeypatch.setattr(
        "understudy.jobs.models.exporting.export_dfm",
        lambda *said, **more: iter(asked.append((said, more)) or ()),
    )
    assert main(["export", folder, "--dfm", "bought", "-o", "x.dfm", "--use", "stream"]) == 0
    ((said, more),) = asked
    assert (said[1], more) == ("bought", {"out": Path("x.dfm"), "use": "stream"})  # type: ignore[index]


def test_a_folder_without_a_model_is_refused(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "import", folder, str(tmp_path), "bought"]) == 2
    assert "no model of DeepFaceLab" in capsys.readouterr().err
