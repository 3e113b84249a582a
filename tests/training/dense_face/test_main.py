"""The makers' command that renders, trains and reports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import SOURCE
from tests.training.dense_face.drawn import drawn_shards
from understudy.actors.crowd.shards import shard_paths
from understudy.networks.dense_face import load_dense_face
from understudy.training.dense_face.__main__ import main

_ONLY = {"numpy", "cv2", "torch", "pydantic", "safetensors", "psutil"}


def test_training_by_the_command_says_how_it_goes_and_where_the_weights_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn_shards(tmp_path / "train")
    drawn_shards(tmp_path / "test", samples=2, first=50)
    words = f"train --data {tmp_path} --iterations 1 --batch 2 --device cpu --test-samples 2 --most-samples 4"
    assert main(words.split()) == 0
    said = capsys.readouterr().out
    assert "error_percent" in said and "dense_face.safetensors" in said
    load_dense_face(tmp_path / "model" / "dense_face.safetensors")


def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--data", str(tmp_path), "--iterations", "1"]) == 2
    assert "No rendered people" in capsys.readouterr().out


def test_rendering_stops_in_time_and_leaves_whole_shards_alone(tmp_path: Path) -> None:
    words = f"render --data {tmp_path} --render-minutes 0.001 --samples 40 --test-samples 40 --processes 1"
    assert main(words.split()) == 0
    assert shard_paths(tmp_path / "test") == shard_paths(tmp_path / "train") == []


def test_a_bare_machine_has_all_that_the_command_loads() -> None:
    code = (
        "import json, sys\n"
        "import understudy.training.dense_face.__main__, understudy.training.dense_face.train\n"
        "import understudy.actors.crowd.shards\n"
        "print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(SOURCE)},
    )
    loaded = set(json.loads(run.stdout))
    assert loaded >= _ONLY - {"psutil"}
    assert loaded & {"av", "PIL", "rich", "cyclopts", "tomlkit", "cryptography", "faiss"} == set()
