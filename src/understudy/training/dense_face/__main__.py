"""`python -m understudy.training.dense_face`: render people, train our own face network, report.

For makers of the product, also on machines that have only numpy, OpenCV, torch, pydantic and safetensors.
`run` does everything; `--beside` trains while people are still being rendered.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from understudy.errors import UnderstudyError
from understudy.events import Event, Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.training.dense_face.factors import FACTORS
from understudy.workers.cores import cores

_BESIDE_SHARDS = 24  # that are rendered before a training beside begins


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    said = _parser().parse_args(words)
    try:
        {"render": _render, "train": _train, "run": _run}[said.what](said)
    except UnderstudyError as error:
        _say(str(error))
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m understudy.training.dense_face", description=__doc__)
    parser.add_argument("what", choices=("render", "train", "run"))
    parser.add_argument("--data", type=Path, required=True, help="Folder of what is rendered.")
    parser.add_argument("--out", type=Path, help="Folder for weights and report.")
    parser.add_argument("--render-minutes", type=float, default=120.0, help="In all, earlier calls included.")
    parser.add_argument("--samples", type=int, default=40_000, help="Most pictures to render for training.")
    parser.add_argument("--test-samples", type=int, default=800, help="Pictures of people to test with.")
    parser.add_argument("--processes", type=int, help="That render. All cores; with --beside two fewer.")
    parser.add_argument("--mesh-pack", type=Path, help="Folder of a head mesh pack, as a second look.")
    parser.add_argument("--train-minutes", type=float, default=180.0, help="In all, earlier calls included.")
    parser.add_argument("--iterations", type=int, help="End after so many iterations, if that comes first.")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--most-samples", type=int, help="Most samples to hold on the device.")
    parser.add_argument("--first-shards", type=int, default=1, help="Begin to train when so many are rendered.")
    parser.add_argument("--start-weights", type=Path, help="Train these further.")
    parser.add_argument(
        "--without",
        nargs="+",
        metavar="NAME",
        choices=FACTORS,
        default=[],
        help="Leave parts of the lessons out, to measure what each helps: "
        + "; ".join(f"{name} ({what})" for name, what in FACTORS.items())
        + ".",
    )
    parser.add_argument("--keep-every-s", type=float, default=60.0)
    parser.add_argument("--beside", action="store_true", help="Train while people are being rendered.")
    return parser


def _run(said: argparse.Namespace) -> None:
    if not said.beside:
        _render(said)
        _train(said)
        return
    with ExitStack() as stack:
        stack.callback(_ended, _rendering(said))
        _train(said)


def _rendering(said: argparse.Namespace) -> subprocess.Popen[bytes]:
    """Rendering in a process of its own, told what this one was told."""
    words = [sys.executable, "-m", "understudy.training.dense_face", "render"]
    words += ["--processes", str(_processes(said))]
    for name in ("data", "render_minutes", "samples", "test_samples", "mesh_pack"):
        value = getattr(said, name)
        if value is not None:
            words += [f"--{name.replace('_', '-')}", str(value)]
    return subprocess.Popen(words)


def _processes(said: argparse.Namespace) -> int:
    return said.processes or max(1, cores() - 2 if said.beside else cores())


def _ended(rendering: subprocess.Popen[bytes]) -> None:
    rendering.terminate()
    try:
        rendering.wait(20)
    except subprocess.TimeoutExpired:
        rendering.kill()
        rendering.wait()


def _render(said: argparse.Namespace) -> None:
    from understudy.training.dense_face.rendering import Rendering, render_people

    asked = Rendering(said.data, said.samples, said.test_samples, said.mesh_pack)
    _show(render_people(asked, processes=_processes(said), seconds=60 * said.render_minutes))


def _train(said: argparse.Namespace) -> None:
    from understudy.training.dense_face.train import FaceTraining, train_face_model

    looks = ("", "mesh") if said.mesh_pack else ("",)
    _show(
        train_face_model(
            FaceTraining(
                tuple(said.data / (look or "train") for look in looks),
                tuple(said.data / (f"{look}-test" if look else "test") for look in looks),
                said.out or said.data / "model",
                said.data / "scenery",
                minutes=said.train_minutes,
                iterations=said.iterations,
                batch=said.batch,
                rate=said.rate,
                seed=said.seed,
                device=said.device,
                start_weights=said.start_weights,
                most_samples=said.most_samples,
                without=frozenset(said.without),
                first_shards=max(said.first_shards, _BESIDE_SHARDS if said.beside else 1),
                keep_every_s=said.keep_every_s,
                test_samples=said.test_samples,
            )
        )
    )


def _show(events: Events) -> None:
    for event in events:
        _say(_words(event))


def _say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def _words(event: Event) -> str:
    match event:
        case StageStarted():
            return (
                f"{event.stage}: begins at {event.done} of {event.total or 'open'} {event.unit}s. {event.why}"
            )
        case Progress():
            parts = [f"{name} {value:.4g}" for name, value in event.details.items()]
            return f"{event.stage}: {event.done}, {event.rate or 0:.1f}/s. {' '.join(parts)}"
        case Notice(text):
            return text
        case Made(what, path):
            return f"{what}: {path}"
        case StageFinished():
            return f"{event.stage}: done. " + ", ".join(
                f"{k} {v}" for k, v in event.summary.items() if k != "history"
            )


if __name__ == "__main__":
    sys.exit(main())
