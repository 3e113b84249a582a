"""`understudy pretrain` hands over what is said, and says what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.cli.main import main
from understudy.events import Events
from understudy.jobs.models import pretrain as job
from understudy.jobs.models.pretrain import PretrainRequest


def test_nobody_to_learn_from_is_said_with_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pretrain", str(tmp_path / "trunk")]) == 2
    assert "--actors" in capsys.readouterr().err


def test_every_flag_reaches_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[PretrainRequest] = []

    def heard(request: PretrainRequest) -> Events:
        asked.append(request)
        yield from ()

    monkeypatch.setattr(job, "pretrain", heard)
    words = "--actors --people 9 --pictures 3 --preset df --network width_share=0.5 "
    words += "--face-type whole --iterations 7"
    assert not main(["pretrain", str(tmp_path / "t"), "--faceset", str(tmp_path), *words.split()])
    [request] = asked
    assert (request.folder, list(request.facesets)) == (tmp_path / "t", [tmp_path])
    assert (request.people, request.pictures, request.preset, request.face_type) == (9, 3, "df", "whole")
    assert dict(request.network) == {"width_share": 0.5} and dict(request.train) == {"iterations": 7}
