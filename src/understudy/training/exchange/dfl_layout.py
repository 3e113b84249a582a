"""How DeepFaceLab 2's networks are stored, and what each array is called in ours.

A part is one dict from a layer's path to an array. Convolutions are stored as (height, width, in, out), dense
layers as (in, out); colours are blue, green, red. Before a depth-to-space, channels are stored by the pixel of
the 2 x 2 cell and then by colour, ours the other way round. All convolutions are padded alike on all sides, and
maps are flattened channel by channel, both as here. Not here: files (`dfl_models.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from understudy.errors import ExchangeUnreadable
from understudy.networks.architectures.saehd_blocks import Letters

Arrays = Mapping[str, Any]
Kind = Literal["plain", "spread", "sees", "paints"]


@dataclass(frozen=True)
class Layer:
    """One layer: our name, theirs, and which of its channels stand in another order there.

    `spread`: what comes out is spread over 2 x 2 pixels. `sees`: what goes in is a picture. `paints`: what
    comes out is one.
    """

    ours: str
    theirs: str
    kind: Kind = "plain"


def encoder_layers(letters: Letters, *, prefix: str = "layers") -> Iterator[Layer]:
    """Halvings, and with `t` residual blocks behind the first and the last."""
    if not letters.deep:
        for level in range(4):
            kind: Kind = "plain" if level else "sees"
            yield Layer(f"{prefix}.{level}.conv", f"down1/downs_{level}/conv1", kind)
        return
    place = 0
    for level in range(1, 6):
        yield Layer(f"{prefix}.{place}.conv", f"down{level}/conv1", "sees" if level == 1 else "plain")
        place += 1
        if level in (1, 5):
            for conv in ("conv1", "conv2"):
                yield Layer(f"{prefix}.{place}.{conv}", f"res{level}/{conv}")
            place += 1


def inter_layers(letters: Letters) -> Iterator[Layer]:
    """Two dense layers and, without `t`, a doubling."""
    yield Layer("narrow", "dense1")
    yield Layer("widen", "dense2")
    if not letters.deep:
        yield Layer("up.conv", "upscale1/conv1", "spread")


def decoder_layers(letters: Letters) -> Iterator[Layer]:
    """Doublings with residual blocks, what paints, and the doublings of the mask."""
    doublings = 4 if letters.deep else 3
    for level in range(doublings):
        yield Layer(f"face.{2 * level}.conv", f"upscale{level}/conv1", "spread")
        for conv in ("conv1", "conv2"):
            yield Layer(f"face.{2 * level + 1}.{conv}", f"res{level}/{conv}")
    for pixel in range(4 if letters.doubled else 1):
        yield Layer(f"pixels.{pixel}", f"out_conv{pixel or ''}", "paints")
    doublings += letters.doubled
    for level in range(doublings):
        yield Layer(f"mask.{level}.conv", f"upscalem{level}/conv1", "spread")
    yield Layer(f"mask.{doublings}", "out_convm")


def amp_encoder_layers(letters: Letters) -> Iterator[Layer]:
    """The deep encoder and a dense layer."""
    yield from encoder_layers(letters, prefix="maps.layers")
    yield Layer("dense", "dense1")


def amp_inter_layers() -> Iterator[Layer]:
    """One dense layer."""
    yield Layer("dense", "dense2")


def part_tensors(
    arrays: Arrays, layers: Iterator[Layer], shapes: Mapping[str, tuple[int, ...]], *, part: str
) -> dict[str, Tensor]:
    """The tensors of one part of ours, by name, from one part of theirs.

    `shapes` are those of our tensors. Raises ExchangeUnreadable for arrays that are missing, of another
    shape or hold something other than finite numbers.
    """
    tensors: dict[str, Tensor] = {}
    for layer in layers:
        for end in ("weight", "bias"):
            name = f"{layer.ours}.{end}"
            value = _array(arrays, f"{layer.theirs}/{end}:0", part)
            tensor = _weight(value, layer.kind) if end == "weight" else _bias(value, layer.kind)
            if tuple(tensor.shape) != shapes[name]:
                raise ExchangeUnreadable(
                    f"{layer.theirs}/{end} of part {part!r} has the shape {value.shape}, which is not what the "
                    "model's own settings say. These files don't belong together, or are damaged."
                )
            tensors[name] = torch.from_numpy(np.ascontiguousarray(tensor))
    return tensors


def _array(arrays: Arrays, name: str, part: str) -> npt.NDArray[np.float32]:
    value = arrays.get(name)
    if value is None:
        raise ExchangeUnreadable(
            f"Part {part!r} has no {name.removesuffix(':0')}. It is of another network, or damaged."
        )
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or not np.isfinite(value).all():
        raise ExchangeUnreadable(f"{name.removesuffix(':0')} of part {part!r} holds no usable numbers.")
    return value.astype(np.float32)


def _weight(value: npt.NDArray[np.float32], kind: Kind) -> npt.NDArray[np.float32]:
    if value.ndim == 2:
        return value.T
    if value.ndim != 4:
        return value
    weight = value.transpose(3, 2, 0, 1)
    if kind == "sees":
        return weight[:, ::-1]
    return weight[_outputs(len(weight), kind)]


def _bias(value: npt.NDArray[np.float32], kind: Kind) -> npt.NDArray[np.float32]:
    flat = value.reshape(-1)
    return flat[_outputs(len(flat), kind)]


def _outputs(count: int, kind: Kind) -> npt.NDArray[np.intp]:
    """Where each of our output channels stands in theirs."""
    places = np.arange(count)
    if kind == "spread" and count % 4 == 0:
        return places.reshape(4, count // 4).T.reshape(-1)
    return places[::-1] if kind == "paints" else places
