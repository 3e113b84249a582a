"""Changes of a faceset at the terminal, while somebody learns from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from understudy.cli.main import main
from understudy.project.project import Project
from understudy.training.keeping.lock import model_lock


@pytest.mark.parametrize("json_said", [[], ["--json"]])
def test_who_changes_faces_that_are_trained_on_hears_that_the_training_goes_on_with_those_before(
    folder: str, capsys: pytest.CaptureFixture[str], json_said: list[str]
) -> None:
    """Nothing was said, and the faces that were put away went on being learnt."""
    project = Project.open(Path(folder))
    project.add_model("main")
    changes = (
        ["reject", folder, "src", "--limit", "1"],
        ["restore", folder, "src"],
        ["keep", folder, "src", "--limit", "2"],
        ["undo", folder, "src"],
        ["redo", folder, "src"],
    )
    with model_lock(project.model_folder("main")):
        for words in changes:
            assert main(["faceset", *words, *json_said]) == 0, words
            said = capsys.readouterr()
            assert "as they were when it began" in said.out + said.err, words
            assert not (json_said and words[0] in ("reject", "restore", "keep")) or json.loads(said.out)
        assert main(["faceset", "reject", folder, "src", "--limit", "1", "--dry-run", *json_said]) == 0
        assert main(["faceset", "reject", folder, "src", "--where", "yaw_deg > 400", *json_said]) == 0
    assert main(["faceset", "reject", folder, "src", "--limit", "1", *json_said]) == 0
    said = capsys.readouterr()
    assert "as they were when it began" not in said.out + said.err
