"""A trained model as one file for live programs: ONNX with the names, order, shapes and ranges of a `.dfm`.

Input `in_face:0` (N, size, size, 3), blue, green, red, 0..1, and for models that blend `morph_value:0` (1,);
outputs `out_face_mask:0` (dst's own mask), `out_celeb_face:0` (the swap), `out_celeb_face_mask:0`, all
(N, size, size, channels), 0..1. N is free. What the file says of itself stands in its metadata.
Not here: who may export (`jobs`).
"""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from understudy.errors import ExchangeRefused, PackageMissing
from understudy.files import require_free_space, write_bytes
from understudy.networks.architectures.amp import Amp
from understudy.networks.face_model import FaceModel, of_side
from understudy.training.exchange.onnx_lowering import lowered

if TYPE_CHECKING:
    from onnx import ModelProto

IN_FACE, MORPH = "in_face:0", "morph_value:0"
OUTPUTS = ("out_face_mask:0", "out_celeb_face:0", "out_celeb_face_mask:0")
_OPSET = 18
_MOST_BYTES = 2_000_000_000  # of one file of that format
_MOST_DIFFERENCE = 1e-3
_TRIED_FACES = 3


@dataclass(frozen=True)
class Exported:
    """What was written: the opset it needs, and the greatest difference to the model's own pictures, 0..1; None
    where nothing was there to compare with."""

    path: Path
    size_bytes: int
    opset: int
    difference: float | None


class LiveModel(nn.Module):
    """A model as live programs see it: (N, size, size, 3) BGR in, masks and face in that layout out."""

    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, faces_NHWC: Tensor, morph: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        faces = of_side(faces_NHWC.permute(0, 3, 1, 2).flip(1), self.model.seen_px)
        if morph is not None and isinstance(self.model, Amp):
            swap = self.model.swap_morphed(faces, morph)
        else:
            swap = self.model.swap(faces)
        dst = self.model(faces, "dst")
        pictures = dst.masks_B1HW, swap.faces_BCHW.flip(1), swap.masks_B1HW
        mask, face, face_mask = (picture.permute(0, 2, 3, 1) for picture in pictures)
        return mask, face, face_mask


def write_dfm(model: FaceModel, path: Path, *, metadata: Mapping[str, str]) -> Exported:
    """Write a model, as it stands, for live programs; what is there already is replaced in one step.

    Where onnxruntime is installed, the file is run before it is put in place and has to paint what the model
    does. Raises PackageMissing, ExchangeRefused where it does not or is too large, DiskFull or
    FolderUnwritable.
    """
    require_exporter()
    plain = model.float().to("cpu", memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
    live = LiveModel(plain).eval()
    size_bytes = sum(p.numel() for p in model.parameters()) * 4
    if size_bytes > _MOST_BYTES:
        raise ExchangeRefused("This model is too large for one file of that kind (2 GB).", path)
    require_free_space(path.parent, needed_bytes=size_bytes)
    graph = _graph(live)
    for key, value in metadata.items():
        graph.metadata_props.add(key=key, value=value)
    data = graph.SerializeToString()
    difference = _difference(data, live)
    if difference is not None and not difference <= _MOST_DIFFERENCE:
        raise ExchangeRefused(
            f"The exported model paints something else than the model itself (by up to {difference:.3g} of 1), "
            "so it was not written. Please report this with `understudy doctor --report`.",
            path,
        )
    write_bytes(path, data)
    return Exported(path, len(data), graph.opset_import[0].version, difference)


def require_exporter() -> None:
    """Raise PackageMissing unless models can be exported here."""
    for package in ("onnx", "onnxscript"):
        if importlib.util.find_spec(package) is None:
            raise PackageMissing(
                f"Exporting needs the package {package}. Install it with: pip install 'understudy[export]'"
            )


def _examples(live: LiveModel, count: int) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    size_px = live.model.size_px
    faces = torch.rand(count, size_px, size_px, 3, generator=generator)
    return (faces, torch.tensor([0.6])) if isinstance(live.model, Amp) else (faces,)


def _graph(live: LiveModel) -> ModelProto:
    examples = _examples(live, 2)
    names = [IN_FACE, MORPH][: len(examples)]
    shapes: tuple[Any, ...] = ({0: torch.export.Dim("N", min=1)}, None)[: len(examples)]
    with torch.inference_mode(False), torch.no_grad(), _quiet():
        program = torch.onnx.export(
            live,
            examples,
            dynamo=True,
            input_names=names,
            output_names=list(OUTPUTS),
            dynamic_shapes=shapes,
            opset_version=_OPSET,
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("the exporter gave no program")
    graph = program.model_proto
    _forget_makers_machine(graph)
    return lowered(graph) or graph


def _forget_makers_machine(graph: ModelProto) -> None:
    """Take out what the exporter notes of each step: names of classes, lines of code and folders of whoever
    exports, which nobody needs who has the file."""
    noted = (graph, graph.graph, *graph.graph.node, *graph.graph.initializer, *graph.graph.value_info)
    for part in (*noted, *graph.graph.input, *graph.graph.output):
        del part.metadata_props[:]
        part.doc_string = ""


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's words about itself, which nobody here can act on."""
    log = logging.getLogger("torch.onnx")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)


def _difference(data: bytes, live: LiveModel) -> float | None:
    """The greatest difference between the file's pictures and the model's, for one face and for several."""
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]
    worst = 0.0
    for count in (1, _TRIED_FACES):
        examples = _examples(live, count)
        given = dict(zip(names, (example.numpy() for example in examples), strict=True))
        painted = session.run(list(OUTPUTS), given)
        with torch.inference_mode():
            meant = live(*examples)
        for one, other in zip(painted, meant, strict=True):
            # Not max(), which would pass over numbers that are none.
            worst = float(np.maximum(worst, np.abs(np.asarray(one) - other.numpy()).max()))
    return worst
