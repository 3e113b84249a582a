"""Preview sheets: the same few faces every time, as they are, as painted, and swapped.

Not here: the files they become (`sheets.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from understudy.errors import FacesUnknown
from understudy.faces.pose import poses_from_landmarks
from understudy.measure.sheet import sheet, square_places
from understudy.networks.face_model import FaceModel, Painted, of_side
from understudy.training.feeding.cache import FaceCache
from understudy.training.feeding.runs import runs_of
from understudy.training.machine.device import Compute
from understudy.training.viewing.sheets import SWAP, Layout, Preview

UInt8 = npt.NDArray[np.uint8]

FRAME = "src frame"
_MORPHS = (0.25, 0.5, 0.65, 0.75, 1.0)
_SMALLEST_CELL_PX = 128  # smaller faces are enlarged, so that headings have room
_ENDS = 0.03  # share of faces that look furthest to each side and are not shown: often they are errors


@dataclass(frozen=True)
class Chosen:
    """Which faces a sheet shows, by number; row by row."""

    src: Sequence[int]
    dst: Sequence[int]


def chosen_faces(src: FaceCache, dst: FaceCache, *, rows: int, names: str = "") -> Chosen:
    """The faces to show: those named, or `rows` of them spread over the directions dst looks in.

    `names` are dst's faces by file name or number from 1, with commas between them. Beside each stands the src
    face that is most alike in pose. Raises FacesUnknown.
    """
    of_dst, of_src = (poses_from_landmarks(c.landmarks_N68)[:, :2] for c in (dst, src))
    if names.strip():
        numbers = [_number_of(name.strip(), dst) for name in names.split(",") if name.strip()]
    else:
        order = np.argsort(of_dst[:, 0], kind="stable")
        places = np.linspace(_ENDS, 1 - _ENDS, rows) * (len(order) - 1)
        numbers = order[np.round(places).astype(int)].tolist()
    alike = [int(np.linalg.norm(of_src - of_dst[number], axis=1).argmin()) for number in numbers]
    return Chosen(alike, numbers)


def _number_of(name: str, cache: FaceCache) -> int:
    if name in cache.names:
        return cache.names.index(name)
    stems = [Path(known).stem for known in cache.names]
    if name in stems:
        return stems.index(name)
    if name.isdigit() and 1 <= int(name) <= len(cache):
        return int(name) - 1
    known = f"{cache.names[0]} to {cache.names[-1]}" if cache.names else "by number"
    raise FacesUnknown(
        f"There is no dst face {name!r} to preview. dst has {len(cache)} faces ({known}); name some by "
        f"file name or by number, 1 to {len(cache)}."
    )


def preview_sheet(
    model: FaceModel, src: FaceCache, dst: FaceCache, compute: Compute, chosen: Chosen
) -> Preview:
    """Rows of src | src as src | dst | dst as dst | dst as src | that laid into dst by its mask | the mask.

    A network that blends the performers shows dst as src at several shares. One that paints src's whole frame
    shows the real one beside src, and nothing is laid into dst.
    """
    real = {
        "src": _faces(src, chosen.src).to(compute.device),
        "dst": _faces(dst, chosen.dst).to(compute.device),
    }
    seen = {side: of_side(some, model.seen_px) for side, some in real.items()}
    src_BCHW, dst_BCHW = (of_side(real[side], model.size_px).float() for side in ("src", "dst"))
    with torch.inference_mode(), compute.autocast():
        columns = {"src": src_BCHW}
        if src.frames_NHWC is not None:
            columns[FRAME] = of_side(_as_batch(src.frames_NHWC[list(chosen.src)]), model.size_px)
        columns |= {"src as src": model(seen["src"], "src").faces_BCHW, "dst": dst_BCHW}
        as_dst = model(seen["dst"], "dst")
        columns["dst as dst"] = as_dst.faces_BCHW
        swaps = _swaps(model, _run(model, dst, chosen.dst, seen["dst"]))
        columns |= {heading: painted.faces_BCHW for heading, painted in swaps.items()}
        last = list(swaps.values())[-1]
    if not model.paints_frame:
        mask = last.masks_B1HW.float() * as_dst.masks_B1HW.float()
        columns["in dst"] = last.faces_BCHW.float() * mask + dst_BCHW * (1 - mask)
        columns["mask"] = mask.expand(-1, 3, -1, -1)
    pictures = [_as_bytes(column) for column in columns.values()]
    names = [_name_of(dst, number) for number in chosen.dst]
    return _laid_out(list(zip(*pictures, strict=True)), list(columns), names, model.size_px)


def _run(model: FaceModel, dst: FaceCache, numbers: Sequence[int], now_BCHW: Tensor) -> list[Tensor]:
    """dst's faces with those before and after, as many as the network sees together."""
    if model.frames_together == 1 or not dst.moments:
        return [now_BCHW] * model.frames_together
    rows = runs_of(dst.moments, model.frames_together)[list(numbers)]
    around = [_faces(dst, column.tolist()).to(now_BCHW.device) for column in rows.unbind(1)]
    return [of_side(faces, model.seen_px) for faces in around]


def _swaps(model: FaceModel, run: Sequence[Tensor]) -> dict[str, Painted]:
    if model.morph is None:
        return {SWAP: model.swap_run(run)}
    before, painted = model.morph, {}
    for model.morph in _MORPHS:
        heading = SWAP if model.morph == 1 else f"{model.morph:.0%} src"
        painted[heading] = model.swap_run(run)
    model.morph = before
    return painted


def _laid_out(rows: list[tuple[UInt8, ...]], columns: list[str], names: list[str], size_px: int) -> Preview:
    cell = max(size_px, _SMALLEST_CELL_PX)
    picture = sheet(rows, columns, row_names=names, named_column=columns.index("dst"), cell_height_px=cell)
    left, top = square_places(len(rows), len(columns), cell_px=cell)
    layout = Layout(rows=names, columns=columns, cell_px=cell, left_px=left, top_px=top)
    return Preview(picture, layout)


def _faces(cache: FaceCache, numbers: Sequence[int]) -> Tensor:
    """Faces cut to the model's crop, (rows, 3, size, size) 0..1."""
    m, size = cache.margin_px, cache.size_px
    images = np.stack([cache.images_NHWC[number, m : m + size, m : m + size] for number in numbers])
    return _as_batch(images)


def _as_batch(images_NHWC: UInt8) -> Tensor:
    return torch.from_numpy(images_NHWC).permute(0, 3, 1, 2).float() / 255


def _as_bytes(faces_BCHW: Tensor) -> UInt8:
    return (faces_BCHW.float().clamp(0, 1).cpu().permute(0, 2, 3, 1) * 255).round().byte().numpy()


def _name_of(cache: FaceCache, number: int) -> str:
    return Path(cache.names[number]).stem if cache.names else str(number + 1)
