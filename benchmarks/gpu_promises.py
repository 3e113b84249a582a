"""Whether training keeps its promises on an accelerator: saving, going on exactly, going back, making room; and
whether every option and every preset runs there at all. What `on_a_gpu.py` asks, on small drawn faces."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from feeding import EVERYTHING
from safetensors.torch import load_file
from throughput import noise
from training_speed import noise_cache

from understudy.events import Event, Notice, StageFinished
from understudy.faces.align import crop
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset
from understudy.geometry import crop_from_frame
from understudy.mean_face import MEAN_FACE_68_IN_SPACE
from understudy.training.feeding.feed import Feed
from understudy.training.learner import Learner
from understudy.training.losses.terms import Terms
from understudy.training.machine.device import Compute
from understudy.training.options import TrainOptions
from understudy.training.predictor import load_predictor
from understudy.training.presets import PRESETS
from understudy.training.train import STAGE, train

Result = dict[str, Any]
FRAME_PX, STORED_PX = 192, 128
_ITERATIONS = 120
_ROOM_BYTES = 3 << 29
_PLAIN: dict[str, Any] = {"compile": "off", "replay": "off"}  # whatever won on this machine


def drawn_faces(folder: Path, count: int, skin: tuple[int, int, int]) -> Faceset:
    """Faces that turn, drawn as polygons."""
    faceset = Faceset(folder)
    for number in range(count):
        yaw = np.sin(number * 0.7) * 0.5
        x, y, z = MEAN_FACE_68_IN_SPACE.T
        points = np.stack([x * np.cos(yaw) - z * np.sin(yaw), y], 1) * 0.72 + [96 + number % 5, 88]
        frame = np.full((FRAME_PX, FRAME_PX, 3), 40, np.uint8)
        cv2.fillPoly(frame, [points[[*range(17), *range(26, 16, -1)]].astype(np.int32)], skin)
        for part in (range(36, 42), range(42, 48), range(48, 60)):
            cv2.fillPoly(frame, [points[list(part)].astype(np.int32)], (30, 20, 90 + number % 60))
        matrix = crop_from_frame(points, face_type="full", size_px=STORED_PX)
        record = FaceRecord(
            clip=folder.name,
            frame=number,
            time_s=number / 25,
            frame_size=(FRAME_PX, FRAME_PX),
            box_xyxy=(20, 20, 160, 160),
            score=0.9,
            landmarks_68=[(float(px), float(py)) for px, py in points],
            face_type="full",
            size_px=STORED_PX,
            crop_from_frame=matrix.tolist(),
        )
        faceset.add(crop(frame, matrix, STORED_PX), record, image_format="png")
    faceset.close()
    return Faceset(folder)


def _facesets(folder: Path) -> tuple[Faceset, Faceset]:
    return drawn_faces(folder / "src", 60, (200, 150, 130)), drawn_faces(folder / "dst", 40, (120, 140, 90))


def promises(_: Path, compute: Compute) -> Result:
    """Save and go on exactly, go back from what is no number, lower a batch that does not fit."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        faces = _facesets(folder)
        options = TrainOptions(batch_size=8, iterations=_ITERATIONS, preview_every=100, seed=3, **_PLAIN)
        works: dict[str, Callable[[], Result]] = {
            "a run": lambda: _summary(_run(folder / "whole", faces, options, compute)),
            "the same again": lambda: _again(folder, faces, options, compute),
            "stopped and gone on": lambda: _stopped(folder, faces, options, compute),
            "no number": lambda: _spoiled(folder, faces, options, compute),
            "no room": lambda: _crowded(folder, faces, compute),
            "a prediction": lambda: _predicted(folder / "whole", compute),
        }
        tried = {name: attempted(work) for name, work in works.items()}
    return {name: {"failed": why} if why else found for name, (found, why) in tried.items()}


def _run(model_dir: Path, faces: Any, options: TrainOptions, compute: Compute, **more: Any) -> list[Event]:
    src, dst = faces
    return list(train(model_dir, src=[src], dst=[dst], options=options, device=str(compute.device), **more))


def _summary(events: list[Event]) -> Result:
    (last,) = [e for e in events if isinstance(e, StageFinished) and e.stage == STAGE]
    return last.summary


def _again(folder: Path, faces: Any, options: TrainOptions, compute: Compute) -> Result:
    _run(folder / "again", faces, options, compute)
    played = _run(folder / "played", faces, options.changed(replay="on"), compute)
    with _exact_algorithms():
        for name in ("exact 1", "exact 2"):
            _run(folder / name, faces, options, compute)
    return {
        "apart": _apart(folder / "whole", folder / "again"),
        "apart_with_exact_algorithms": _apart(folder / "exact 1", folder / "exact 2"),
        "played_back": _summary(played),
        "played_back_apart": _apart(folder / "whole", folder / "played"),
        "played_back_said": [e.text for e in played if isinstance(e, Notice) and e.level == "warning"],
    }


@contextmanager
def _exact_algorithms() -> Iterator[None]:
    """Only algorithms that repeat to the last bit, where cuDNN has a choice."""
    before, torch.backends.cudnn.deterministic = torch.backends.cudnn.deterministic, True
    try:
        yield
    finally:
        torch.backends.cudnn.deterministic = before


def _apart(one: Path, other: Path) -> float:
    """The largest difference of any weight in the newest checkpoints, against its tensor's largest weight."""
    a, b = (load_file(sorted((m / "checkpoints").glob("0*"))[-1] / "model.safetensors") for m in (one, other))
    return max(float((a[k] - b[k]).abs().max() / a[k].abs().max().clamp(min=1e-8)) for k in a)


def _stopped(folder: Path, faces: Any, options: TrainOptions, compute: Compute) -> Result:
    src, dst = faces
    found: Result = {}
    for name, against in (("stopped", "whole"), ("stopped exact", "exact 1")):
        with _exact_algorithms() if "exact" in name else nullcontext():
            events = train(folder / name, src=[src], dst=[dst], options=options, device=str(compute.device))
            for event in events:
                if getattr(event, "stage", "") == STAGE and getattr(event, "done", 0) >= 20:
                    break
            events.close()  # type: ignore[attr-defined]
            at = sorted((folder / name / "checkpoints").glob("0*"))[-1].name
            _run(folder / name, faces, options, compute)
        found[name] = {"stopped_at": int(at), "apart": _apart(folder / against, folder / name)}
    return found


def _spoiled(folder: Path, faces: Any, options: TrainOptions, compute: Compute) -> Result:
    """A step that gives no number, once."""
    real = Learner.step

    def spoiled(self: Learner, *lessons: Any, **settings: Any) -> Terms:
        terms = real(self, *lessons, **settings)
        if self.iteration == _ITERATIONS + 45 and not self.attempt:
            return Terms({name: value * float("nan") for name, value in terms.src.items()}, terms.dst)
        return terms

    Learner.step = spoiled  # type: ignore[method-assign]
    try:
        events = _run(folder / "again", faces, options, compute)
    finally:
        Learner.step = real  # type: ignore[method-assign]
    said = [e.text for e in events if isinstance(e, Notice) and e.level == "warning"]
    return {"said": said, "rollbacks": _summary(events)["rollbacks"]}


def _crowded(folder: Path, faces: Any, compute: Compute) -> Result:
    """A batch that does not fit at the start, in a device that has little room left."""
    if compute.device.type != "cuda":
        return {"skipped": "only where the device's memory can be limited"}
    torch.cuda.empty_cache()
    # Which wants a number where others take "cuda".
    index = torch.cuda.current_device() if compute.device.index is None else compute.device.index
    total = torch.cuda.get_device_properties(index).total_memory
    room = torch.cuda.memory_reserved(index) + _ROOM_BYTES
    torch.cuda.set_per_process_memory_fraction(room / total, index)
    options = TrainOptions(batch_size=512, iterations=10, preview_every=0, **_PLAIN)
    try:
        events = _run(folder / "crowded", faces, options, compute)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, index)
    said = [e.text for e in events if isinstance(e, Notice) and e.level == "warning"]
    return {"said": said, "batch": _summary(events)["batch_size"]}


def _predicted(model_dir: Path, compute: Compute) -> Result:
    predictor = load_predictor(model_dir, device=str(compute.device))
    size = predictor.size_px
    crops = np.random.default_rng(0).integers(0, 256, (5, size, size, 3), dtype=np.uint8)
    here, there = (p.predict(crops) for p in (predictor, load_predictor(model_dir, device="cpu")))
    return {"device": here.device, "apart_from_the_cpu": float(np.abs(here.rgb_NHWC - there.rgb_NHWC).max())}


def runs_on_drawn_faces(_: Path, compute: Compute) -> Result:
    """Real runs at real sizes: steps a second and the share waiting for faces, and the largest batch."""
    found: Result = {}
    with tempfile.TemporaryDirectory() as place:
        faces = _facesets(Path(place))
        for preset, batch, replay in (
            ("df", 8, "off"),
            ("df", 8, "on"),
            ("quick", 16, "on"),
            ("saehd", 8, "on"),
            ("saehd", 8, "off"),
            ("quick", 16, "off"),
        ):
            options = TrainOptions.model_validate(
                {**PRESETS[preset].train, "batch_size": batch, "compile": "off", "replay": replay}
                | {"iterations": 150, "preview_every": 0}
            )
            name = f"{preset}{' played back' if replay == 'on' else ''}"
            found[name] = _summary(_run(Path(place) / name, faces, options, compute, preset=preset))
        options = TrainOptions.model_validate(
            {**PRESETS["quick"].train, "batch_size": 0, "iterations": 10, "preview_every": 0}
        )
        found["largest batch of quick"] = _summary(_run(Path(place) / "largest", faces, options, compute))
    return found


CHANGES: dict[str, dict[str, Any]] = {
    **{f"optimizer {name}": {"optimizer": name} for name in ("adam", "adamw", "rmsprop", "adabelief", "muon")},
    **{f"losses {name}": {"losses": name} for name in ("dfl", "dfl_pixel", "amp", "ms_ssim")},
    **{f"structure {name}": {"structure": name} for name in ("windows", "both_windows", "scales", "edges")},
    **{f"color {name}": {"color": name} for name in ("l2", "charbonnier", "log_cosh", "laplacian")},
    "more terms": {
        "gradient_weight": 0.1,
        "frequency_weight": 0.1,
        "feature_weight": 0.1,
        "face_style_power": 1.0,
        "bg_style_power": 1.0,
        "blur_out_mask": True,
        "background_structure": 0.1,
    },
    "critics": {"gan_power": 0.1, "gan_sides": "both", "true_face_power": 0.01},
    "lr dropout": {"lr_dropout": True, "optimizer": "rmsprop"},
    "clip by norm": {"clip": "norm"},
    "clip by value": {"clip": "value"},
    "offload": {"offload": True},
    "offload adamw": {"offload": True, "optimizer": "adamw"},
    "recompute": {"recompute": True},
    "accumulation": {"accumulation": 2},
    "frozen": {"freeze": "encoder"},
}
_SMALL = {"size_px": 64, "width": 16, "code": 32}  # of "quick"


def attempted(work: Callable[[], Any]) -> tuple[Any, str]:
    """(What it gives, "") or (None, why it failed)."""
    try:
        return work(), ""
    except Exception as error:  # noqa: BLE001 - the rest are to be tried as well
        return None, f"{type(error).__name__}: {str(error)[:200]}"


def _each_tried(works: Mapping[str, Callable[[], Any]]) -> Result:
    found: Result = {"ran": [], "failed": {}}
    for name, work in works.items():
        if why := attempted(work)[1]:
            found["failed"][name] = why
        else:
            found["ran"].append(name)
    return found


def _steps(
    architecture: str, network: Mapping[str, Any], settings: Mapping[str, Any], compute: Compute
) -> None:
    """Two steps. Raises ValueError where the loss is no number."""
    options = TrainOptions.model_validate(settings)
    learner = Learner(architecture, network, options=options, seed=0, compute=compute)
    lessons = [noise(learner, options.batch_size * options.accumulation) for _ in range(2)]
    for _ in range(2):
        total = float(learner.step(*lessons, options, speed=0.1).totals().sum())
    if not np.isfinite(total):
        raise ValueError(f"the loss is {total}")


def every_option(compute: Compute) -> Result:
    """Two small steps with each of them: what runs, and how far feeding differs from the CPU's."""
    works = {
        name: partial(_steps, "quick", _SMALL, {"batch_size": 4, **change}, compute)
        for name, change in CHANGES.items()
    }
    return {**_each_tried(works), "fed": _fed(compute)}


def _fed(compute: Compute) -> Result:
    """How far the same batch on the device and on the CPU are apart, for several changes of faces."""
    cache = noise_cache(64)
    changes = {"plain": {}, "everything": EVERYTHING}
    changes |= {name: {"ct_mode": name} for name in ("rct", "lct", "idt", "sot")}

    def apart(change: dict[str, Any]) -> float:
        options = TrainOptions.model_validate({"batch_size": 4, **change})
        seen = []
        for device in (compute.device, torch.device("cpu")):
            src, dst = Feed(cache, cache, options, device).lessons(torch.Generator().manual_seed(5))
            parts = [part for one in (src, dst) for part in vars(one).values()]
            seen.append([part.cpu() for part in parts if part is not None])
        return max(float((a - b).abs().mean()) for a, b in zip(*seen, strict=True))

    found = {name: attempted(partial(apart, change)) for name, change in changes.items()}
    return {name: why or value for name, (value, why) in found.items()}


def every_preset(compute: Compute) -> Result:
    """Two steps of each at batch 2; what does not run."""
    return _each_tried(
        {
            name: partial(
                _steps, preset.architecture, preset.network, {**preset.train, "batch_size": 2}, compute
            )
            for name, preset in PRESETS.items()
        }
    )
