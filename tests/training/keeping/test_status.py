"""How a training is doing is believed only of the process that holds the model."""

from __future__ import annotations

import json
from pathlib import Path

from understudy.training.keeping.lock import model_lock
from understudy.training.keeping.status import STATUS_NAME, read_status, write_status


def test_a_training_that_runs_says_how_it_is_doing(tmp_path: Path) -> None:
    with model_lock(tmp_path):
        assert read_status(tmp_path) is None
        write_status(tmp_path, {"rate": 2.5})
        write_status(tmp_path, {"rate": 3.5})
        said = read_status(tmp_path)
        assert said is not None and said["rate"] == 3.5
    assert sorted(path.name for path in tmp_path.iterdir()) == [STATUS_NAME, "training.lock"]


def test_what_a_process_left_that_is_gone_is_not_believed(tmp_path: Path) -> None:
    with model_lock(tmp_path):
        write_status(tmp_path, {"rate": 2.5})
    assert read_status(tmp_path) is None
    with model_lock(tmp_path):  # another process, as far as the file says
        said = json.loads((tmp_path / STATUS_NAME).read_text())
        (tmp_path / STATUS_NAME).write_text(json.dumps(said | {"process": -1}))
        assert read_status(tmp_path) is None
        (tmp_path / STATUS_NAME).write_text("{")
        assert read_status(tmp_path) is None
