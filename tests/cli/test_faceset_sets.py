"""`understudy faceset new | copy | merge` as a person types it."""

from __future__ import annotations

import json

import pytest

from understudy.cli.main import main


def test_sets_are_made_filled_and_brought_together(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faceset", "new", folder, "src/close", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"faceset": "src/close", "made": True}
    assert main(["faceset", "copy", folder, "src/main", "src/close", "--limit", "1"]) == 0
    assert main(["faceset", "merge", folder, "src/all", "src/close", "src/main"]) == 0
    capsys.readouterr()
    main(["faceset", "list", folder, "src/all", "--json"])
    assert len(json.loads(capsys.readouterr().out)) == 4
