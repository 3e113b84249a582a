"""`understudy faceset sheet | landmarks | coverage` as a person types it."""

from __future__ import annotations

import json

import pytest

from understudy.cli.main import main


def test_pictures_and_words_of_a_faceset(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faceset", "sheet", folder, "src", "--sort", "blur", "--landmarks"]) == 0
    assert main(["faceset", "landmarks", folder, "src", "--limit", "1"]) == 0
    assert main(["faceset", "coverage", folder, "--src", "src", "--dst", "src"]) == 0
    assert "All is well" in capsys.readouterr().out
    assert main(["faceset", "coverage", folder, "--dst", "src", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["src"]["faces"] == 4


def test_a_sheet_without_columns_is_refused(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faceset", "sheet", folder, "src", "--columns", "0"]) == 2
    assert "between 1 and 100" in capsys.readouterr().err
