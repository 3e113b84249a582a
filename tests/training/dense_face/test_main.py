"""The makers' command that renders, trains and reports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from torch import Tensor

from tests.house.source import SOURCE
from tests.training.dense_face.drawn import a_sample, drawn_shards
from understudy.actors.crowd.shards import shard_paths, write_shard
from understudy.files import read_json
from understudy.networks.dense_face import load_dense_face
from understudy.training.dense_face import __main__ as command
from understudy.training.dense_face import rendering
from understudy.training.dense_face.__main__ import main
from understudy.training.dense_face.factors import FACTORS
from understudy.training.dense_face.learner import FaceLearner
from understudy.training.dense_face.lessons import Lesson

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


def test_the_help_names_every_part_that_a_training_can_do_without_and_no_other_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert all(f"{name} ({what})" in told for name, what in FACTORS.items())
    with pytest.raises(SystemExit) as left:
        main(["train", "--data", str(tmp_path), "--without", "codec", "cameras"])
    assert left.value.code == 2 and "cameras" in capsys.readouterr().err


def test_a_run_that_was_interrupted_twice_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once while it rendered, once while it trained."""
    drawn: list[Path] = []
    learned: list[int] = []
    step = FaceLearner.step

    def render_one(task: rendering._Task, deadline: float) -> bool:
        drawn.append(task.path)
        if len(drawn) == 2:
            raise KeyboardInterrupt
        write_shard(task.path, [a_sample(number) for number in range(4)])
        return True

    def stepped(learner: FaceLearner, shown: Lesson, *, rate: float) -> dict[str, Tensor]:
        learned.append(learner.iteration)
        if len(learned) == 3:
            raise KeyboardInterrupt
        return step(learner, shown, rate=rate)

    monkeypatch.setattr(rendering, "_render_one", render_one)
    monkeypatch.setattr(rendering, "render_scenery", lambda *_, **__: iter(()))
    monkeypatch.setattr(FaceLearner, "step", stepped)
    words = (
        f"run --data {tmp_path} --iterations 4 --batch 2 --device cpu --samples 40 --test-samples 40 "
        "--processes 1 --keep-every-s 0"
    ).split()
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            main(words)
    assert main(words) == 0
    assert [path.parent.name for path in drawn] == ["test", "train", "train"]
    assert learned == [0, 1, 2, 2, 3], "what was kept is not learned again"
    assert read_json(tmp_path / "model" / "report.json")["run"]["iterations"] == 4
    assert main(words) == 0
    assert (len(drawn), len(learned)) == (3, 5), "a run that is done does nothing more"


@pytest.mark.parametrize(("words", "processes"), [("", 4), ("--beside", 2), ("--beside --processes 7", 7)])
def test_all_cores_render_before_a_training_and_two_fewer_beside_one(
    words: str, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "cores", lambda: 4)
    said = command._parser().parse_args(["run", "--data", "x", *words.split()])
    assert command._processes(said) == processes
    monkeypatch.setattr(command, "cores", lambda: 2)
    assert command._processes(command._parser().parse_args(["run", "--data", "x", "--beside"])) == 1


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
