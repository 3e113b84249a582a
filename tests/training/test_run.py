"""A run saves once what there is to save. What it does as a whole is claimed in test_train.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.conftest import TINY, tiny_options
from understudy.facesets.store import Faceset
from understudy.training import run as run_module
from understudy.training.train import train


def test_an_iteration_is_saved_once_however_often_it_is_asked_for(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[int] = []
    real = run_module.save_checkpoint
    monkeypatch.setattr(
        run_module, "save_checkpoint", lambda folder, c: (saved.append(c.iteration), real(folder, c))
    )
    src, dst = facesets
    options = tiny_options(iterations=4, backup_every=2, checkpoint_minutes=1000)
    list(train(tmp_path, src=[src], dst=[dst], options=options, preset=TINY, device="cpu"))
    assert saved == [2, 4]
