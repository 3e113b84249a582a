"""Two processes learn what one would from the whole batch; a lost one never lets the others hang."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.networks.small import SMALL
from tests.training.conftest import TINY_NETWORK
from understudy.errors import MemoryTooSmall, ProcessLost
from understudy.facesets.store import Faceset
from understudy.training.keeping.metrics import METRICS_NAME, read_metrics
from understudy.training.machine import launch as launching
from understudy.training.machine import processes
from understudy.training.machine.launch import launch
from understudy.training.machine.processes import Group, local_device


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


STEPS = """
import json, os, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from understudy.training.feeding.augment import Lesson
from understudy.training.learner import Learner
from understudy.training.machine.device import Compute
from understudy.training.machine.processes import joined
from understudy.training.options import TrainOptions

def lesson(number, group):
    draws = torch.Generator().manual_seed(number)
    faces, mask = torch.rand(4, 3, 32, 32, generator=draws), torch.ones(4, 1, 32, 32)
    share = slice(group.rank * group.share_of(4), (group.rank + 1) * group.share_of(4))
    return Lesson(faces[share], faces[share], mask[share], mask[share], mask[share])

with joined("cpu") as group:
    options = TrainOptions(optimizer="adamw", gan_power=0.1, batch_size=4)
    compute = Compute(torch.device("cpu"), uses_bfloat16=False)
    architecture, network = json.loads(sys.argv[2])
    learner = Learner(architecture, network, options=options, seed=0, compute=compute, group=group)
    for number in range(4):
        terms = learner.step(lesson(2 * number, group), lesson(2 * number + 1, group), options, speed=1.0)
        src, dst = terms.totals().tolist()
        means = group.means({"src": src, "dst": dst}, compute.device)
    weights = torch.cat([p.detach().flatten() for p in learner.model.parameters()])
    critics = torch.cat([t.double().flatten() for t in learner.objective.tensors().values()])
    found = [means["src"], means["dst"], weights.norm().item(), weights[::97].tolist(), critics.norm().item()]
    if group.leads:
        Path(sys.argv[1]).write_text(json.dumps([group.size, found]))
"""

TRAINING = """
import os, signal, sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)
from understudy.errors import UnderstudyError
from understudy.facesets.store import Faceset
from understudy.training import duties, presets
from understudy.training.learner import Learner
from understudy.training.machine import processes
from understudy.training.options import TrainOptions
from understudy.training.train import train
duties._METRICS_EVERY, duties._MEASURED_FIRST = 2, ()
network = {"size_px": 32, "width": 8, "code": 16}
presets.PRESETS["tiny"] = presets.Preset("quick", "full", "for tests", network=network)
model, mark = Path(sys.argv[1]), Path(sys.argv[2])
real = Learner.step
def step(self, *lessons, **settings):
    if mark.name == "full" and os.environ["RANK"] == "1" and len(lessons[0].seen_BCHW) > 2:
        raise torch.OutOfMemoryError("full")
    if mark.name == "too full":
        raise torch.OutOfMemoryError("full")
    assert len(lessons[0].seen_BCHW) == 2 or "full" in mark.name and self.iteration == 0
    for rank, iteration in (("0", 5), ("1", 7)) if mark.name == "killed" else ():
        killed = mark.with_name(f"killed {rank}")
        if self.iteration == iteration and os.environ["RANK"] == rank and not killed.exists():
            killed.write_text("now")
            os.kill(os.getpid(), signal.SIGKILL)
    terms = real(self, *lessons, **settings)
    if self.iteration == 10 and mark.name == "spoiled" and not self.attempt:
        next(self.model.parameters()).data.mul_(float("nan"))
    return terms
Learner.step = step
say = processes.Group.say
def long_at_it(self, words):
    if self._number == 4 and not mark.exists():
        time.sleep(7)  # as a preview may take
    if self._number == 8 and not mark.exists():
        mark.write_text("frozen")
        os.kill(os.getpid(), signal.SIGSTOP)
    say(self, words)
if mark.name == "frozen":
    processes.Group.say, processes._SILENT_S, processes._BEATS_EVERY_S = long_at_it, 5.0, 0.5
asked = {"schedule": "plateau", "plateau_iterations": 32, "batch_size": 16} if "full" in mark.name else {}
options = TrainOptions(**({"batch_size": 4, "preview_every": 0, "iterations": 10} | asked))
src, dst = (Faceset(Path(p)) for p in sys.argv[3:])
try:
    for event in train(model, src=[src], dst=[dst], options=options, preset="tiny", device="cpu"):
        print(event, flush=True)
except UnderstudyError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


# Several scripts one after the other: a process takes longer to start than any of them takes.
SEVERAL = """
import json, os, sys
from pathlib import Path
from understudy.training.learner import Learner
step = Learner.step
for port, script, words in json.loads(Path(sys.argv[1]).read_text()):
    os.environ["MASTER_PORT"], sys.argv, Learner.step = str(port), ["-c", *words], step
    exec(script, {"__name__": "__main__"})
"""
TINY_STEPS = ("quick", TINY_NETWORK)
AMP_STEPS = ("amp", {**SMALL["amp"], "trained_inters": False})


@dataclass(frozen=True)
class Together:
    """What two processes left that took the steps and the trainings of this file."""

    folder: Path
    code: int
    stderr: str

    def log(self, name: str) -> str:
        return (self.folder / name / "m" / "train.log").read_text()

    def measured(self, name: str) -> list[int]:
        return [m["iteration"] for m in read_metrics(self.folder / name / "m" / METRICS_NAME)]


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, facesets: tuple[Faceset, Faceset]) -> Together:
    folder = tmp_path_factory.mktemp("together")
    faces, todo = [str(faceset.folder) for faceset in facesets], []
    for name, steps in (("tiny.json", TINY_STEPS), ("amp.json", AMP_STEPS)):
        todo.append((free_port(), STEPS, [str(folder / name), json.dumps(steps)]))
    for name in ("spoiled", "full", "too full"):  # the last ends them
        (folder / name).mkdir()
        todo.append((free_port(), TRAINING, [str(folder / name / "m"), str(folder / name / name), *faces]))
    (folder / "todo.json").write_text(json.dumps(todo))
    with (folder / "stderr").open("w") as file:
        saved = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            code = launch([sys.executable, "-c", SEVERAL, str(folder / "todo.json")], 2, restarts=0)
        finally:
            os.dup2(saved, 2)
            os.close(saved)
    return Together(folder, code, (folder / "stderr").read_text())


def steps_of_one(steps: tuple[str, object], out: Path, monkeypatch: pytest.MonkeyPatch) -> list:
    monkeypatch.setattr(sys, "argv", ["-c", str(out), json.dumps(steps)])
    exec(STEPS, {"__name__": "__main__"})
    size, found = json.loads(out.read_text())
    assert size == 1
    return found


def steps_of_two(together: Together, name: str) -> list:
    size, found = json.loads((together.folder / name).read_text())
    assert size == 2
    return found


def test_two_processes_take_the_steps_of_one_with_the_whole_batch(
    tmp_path: Path, together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    two, one = steps_of_two(together, "tiny.json"), steps_of_one(TINY_STEPS, tmp_path / "one", monkeypatch)
    assert one[:3] == pytest.approx(two[:3], rel=1e-4)
    assert np.allclose(one[3], two[3], rtol=1e-3, atol=1e-5)
    assert one[4] == pytest.approx(two[4], rel=1e-3)


def test_a_network_with_parts_that_never_learn_is_trained_by_two_processes(
    tmp_path: Path, together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    two, one = steps_of_two(together, "amp.json"), steps_of_one(AMP_STEPS, tmp_path / "one", monkeypatch)
    # Each process draws for itself which channels are src's.
    assert one[:2] == pytest.approx(two[:2], rel=0.05)


def test_processes_go_back_together_from_a_last_step_that_spoiled_the_weights(together: Together) -> None:
    assert "At iteration 10; training went back to iteration 0" in together.log("spoiled")
    assert together.measured("spoiled") == [2, 4, 6, 8, 10]


def test_processes_halve_the_batch_together_when_it_is_too_large_for_one_of_them(together: Together) -> None:
    """They also agree on when to measure, which a short plateau asks for at every iteration."""
    said = together.log("full")
    assert "Batch size 16 does not fit into the memory of cpu in every process; 8 is tried" in said
    assert "Batch size 8 does not fit" in said and "4 is tried" in said and "Batch size 4" not in said
    assert together.measured("full") == [*range(1, 11)]


def test_processes_that_have_no_room_for_one_face_each_end_with_a_sentence_and_start_no_more(
    together: Together,
) -> None:
    assert together.code == MemoryTooSmall.exit_code
    assert "did not suffice at batch size 2. Close other programs" in together.stderr


@pytest.mark.journey
def test_a_killed_process_is_told_within_a_minute_and_all_go_on_from_where_they_were(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    """First the leader, before anything was saved, and then the other."""
    model, mark, said = tmp_path / "m", tmp_path / "killed", []
    command = [sys.executable, "-c", TRAINING, str(model), str(mark)]
    command += [str(faceset.folder) for faceset in facesets]
    assert launch(command, 2, say=lambda words: said.append((time.time(), words))) == 0
    for number, (when, words) in enumerate(said):
        assert when - mark.with_name(f"killed {number}").stat().st_mtime < 60
        assert f"{number + 1} of at most 3" in words
    assert len(said) == 2
    assert [m["iteration"] for m in read_metrics(model / METRICS_NAME)] == [2, 4, 6, 8, 10]
    # A leader that is left notices at iteration 7 and saves it before it ends; a killed one saves nothing.
    assert {p.name for p in (model / "checkpoints").iterdir()} == {"000000007", "000000010"}


@pytest.mark.journey
def test_a_leader_that_is_long_at_something_is_waited_for_and_one_that_is_frozen_is_not(
    tmp_path: Path,
    facesets: tuple[Faceset, Faceset],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(launching, "_TO_SAVE_S", 1.0)
    model, said = tmp_path / "m", []
    command = [sys.executable, "-c", TRAINING, str(model), str(tmp_path / "frozen")]
    command += [str(faceset.folder) for faceset in facesets]
    assert launch(command, 2, say=said.append) == 0
    assert len(said) == 1 and "1 of at most 3" in said[0]
    assert "has shown no life for" in capfd.readouterr().err
    assert [m["iteration"] for m in read_metrics(model / METRICS_NAME)] == [2, 4, 6, 8, 10]


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_leader_that_lives_but_has_no_word_for_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("_BEATS_EVERY_S", 0.05), ("_SILENT_S", 1.5), ("_LONGEST_S", 2.0)):
        monkeypatch.setattr(processes, name, seconds)
    store = torch.distributed.HashStore()
    leader, follower = Group(0, 2, store), Group(1, 2, store)
    with leader.beating():
        leader.say({"next": 1})
        assert follower.hear() == {"next": 1}
        began = time.monotonic()
        with pytest.raises(ProcessLost, match="no life"):
            follower.hear()
        assert time.monotonic() - began > 2.2
    until(lambda: "hear" not in {thread.name for thread in threading.enumerate()})


def test_a_leader_shows_life_again_after_a_moments_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_BEATS_EVERY_S", 0.02)
    store, beats = torch.distributed.HashStore(), list[str]()

    class Troubled:
        def set(self, key: str, value: str) -> None:
            beats.append(value)
            if len(beats) == 1:
                raise RuntimeError("Broken pipe")
            store.set(key, value)

    with Group(0, 2, Troubled()).beating():  # type: ignore[arg-type]
        until(lambda: len(beats) > 2)


def test_a_leader_has_the_time_to_notice_a_loss_and_to_save() -> None:
    assert processes._ANSWER.total_seconds() + 30 < launching._TO_SAVE_S


CHANGED = """
import json, os, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from understudy.facesets.store import Faceset
from understudy.training import duties, presets
from understudy.training.keeping.requests import ask
from understudy.training.learner import Learner
from understudy.training.options import TrainOptions
from understudy.training.train import train
duties._METRICS_EVERY, duties._MEASURED_FIRST, duties._LISTENS_EVERY_S = 2, (), 0.0
network = {"size_px": 32, "width": 8, "code": 16}
presets.PRESETS["tiny"] = presets.Preset("quick", "full", "for tests", network=network)
model, rank, rates = Path(sys.argv[1]), os.environ["RANK"], []
real = Learner.step
def step(self, *lessons, speed, **more):
    terms = real(self, *lessons, speed=speed, **more)
    rates.append((self.iteration, lessons[-1].learning_rate * speed))
    if self.iteration == 3 and not self.attempt:
        next(self.model.parameters()).data.mul_(float("nan"))
    if self.iteration == 5 and self.attempt and rank == "0":
        ask(model, "change", learning_rate=0.0004)
    weights = torch.cat([p.detach().flatten() for p in self.model.parameters()])
    told = {"rates": rates, "weights": weights[::97].tolist(), "world": os.environ["WORLD_SIZE"]}
    (model.parent / f"rank-{rank}.json").write_text(json.dumps(told))
    return terms
Learner.step = step
options = TrainOptions(
    batch_size=4, preview_every=0, iterations=10, schedule="constant", warm_up=0, recipe="plain",
    learning_rate=0.001,
)
src, dst = (Faceset(Path(p)) for p in sys.argv[2:])
for event in train(model, src=[src], dst=[dst], options=options, preset="tiny", device="cpu"):
    pass
"""


def test_under_torchrun_all_take_the_same_steps_after_a_setback_and_a_change_of_the_rate(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    """The leader alone hears of the change, which ends the setback's slower rate: all must know of that."""
    script = tmp_path / "script.py"
    script.write_text(CHANGED)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--master-addr=127.0.0.1"]
    command = [*torchrun, f"--master-port={free_port()}", str(script), str(tmp_path / "m")]
    command += [str(faceset.folder) for faceset in facesets]
    subprocess.run(command, check=True, timeout=300, capture_output=True)
    told = [json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in (0, 1)]
    assert told[0]["world"] == "2" and told[0]["rates"] == told[1]["rates"]
    assert told[0]["weights"] == pytest.approx(told[1]["weights"], abs=1e-7)
    rates = told[0]["rates"][1:]  # the first step was for trying the memory alone
    assert rates[:4] == [[n, 0.001] for n in (1, 2, 3, 4)]  # it comes apart, and goes back to its beginning
    assert rates[4:9] == [[n, 0.0005] for n in (1, 2, 3, 4, 5)] and rates[9:] == [
        [n, 0.0004] for n in range(6, 11)
    ]


def test_a_group_of_one_changes_nothing() -> None:
    alone = Group()
    network = torch.nn.Linear(2, 2)
    alone.share_gradients(network)
    network(torch.ones(1, 2)).sum().backward()
    alone.settle()
    assert alone.leads and alone.share_of(5) == 5
    assert alone.means({"a": 1.5}, torch.device("cpu")) == {"a": 1.5}
    assert network.weight.grad is not None and torch.equal(network.weight.grad, torch.ones(2, 2))


@pytest.mark.parametrize(
    "said, taken", [("auto", "cuda:1"), ("cuda", "cuda:1"), ("cuda:0", "cuda:0"), ("cpu", "cpu")]
)
def test_processes_of_one_computer_spread_over_its_devices(
    monkeypatch: pytest.MonkeyPatch, said: str, taken: str
) -> None:
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert local_device(said) == said  # alone
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert local_device(said) == taken
