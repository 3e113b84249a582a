"""DeepFaceLab 2's models (SAEHD, AMP, Quick96) as models of ours.

A model there is a set of pickles, `NAME_CLASS_PART.npy` with weights and `NAME_CLASS_data.dat` with settings.
They are read by the one reader that runs nothing. What its optimiser knew is not taken over: it starts anew.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from understudy.errors import ExchangeUnreadable, OptionInvalid
from understudy.geometry import FaceType
from understudy.networks.architectures.saehd import archi_named
from understudy.networks.architectures.saehd_blocks import Letters
from understudy.networks.catalog import build
from understudy.pickles import NUMPY, read_pickle
from understudy.training.exchange.dfl_layout import (
    Layer,
    amp_encoder_layers,
    amp_inter_layers,
    decoder_layers,
    encoder_layers,
    inter_layers,
    part_tensors,
)
from understudy.training.keeping.about import network_settings
from understudy.training.presets import PRESETS

CLASSES = ("SAEHD", "AMP", "Quick96")
_DATA = re.compile(rf"(?P<name>.+)_(?P<kind>{'|'.join(CLASSES)})_data\.dat")
_FACE_TYPES: dict[str, FaceType] = {
    "h": "half",
    "mf": "mid-full",
    "f": "full",
    "wf": "whole",
    "head": "head",
}
_MOST_BYTES = 8 << 30  # of one file
_AMP_LETTERS = Letters(normed=True, doubled=True, deep=True)


@dataclass(frozen=True)
class ForeignModel:
    """A model of DeepFaceLab on disk: its folder, name and class."""

    folder: Path
    name: str
    kind: str

    def file(self, part: str, ending: str = "npy") -> Path:
        """Where a part lies."""
        return self.folder / f"{self.name}_{self.kind}_{part}.{ending}"


@dataclass(frozen=True, eq=False)
class Imported:
    """What became of one: a preset, the network's settings and weights, how far it had learnt.

    `sha256` is that of the files of weights, by part, in their order.
    """

    preset: str
    architecture: str
    settings: Mapping[str, Any]
    face_type: FaceType
    size_px: int
    weights: Mapping[str, Tensor]
    iteration: int
    loss: float | None
    sha256: str
    notices: list[str] = field(default_factory=list)


def models_in(place: Path) -> list[ForeignModel]:
    """The models in a folder, or the one that a file of settings belongs to."""
    files = [place] if place.is_file() else sorted(place.glob("*_data.dat"))
    matches = [(path, _DATA.fullmatch(path.name)) for path in files]
    return [ForeignModel(path.parent, match["name"], match["kind"]) for path, match in matches if match]


def model_in(place: Path, *, name: str = "") -> ForeignModel:
    """The one model meant. Raises ExchangeUnreadable where there is none, OptionInvalid where there are several
    and `name` (NAME or NAME_CLASS) says not which."""
    found = models_in(place)
    if not found:
        raise ExchangeUnreadable(
            f"There is no model of DeepFaceLab here: no file ends in _{'_data.dat, _'.join(CLASSES)}_data.dat.",
            place,
        )
    meant = [m for m in found if name in ("", m.name, f"{m.name}_{m.kind}")]
    if len(meant) != 1:
        there = ", ".join(f"{model.name}_{model.kind}" for model in found)
        raise OptionInvalid(f"Say with --called which of the models here is meant: {there}.")
    return meant[0]


def read_model(model: ForeignModel) -> Imported:
    """Read a model's settings and weights. Raises ExchangeUnreadable, UnsafeFile, OptionInvalid."""
    data = _read(model.file("data", "dat"), "settings file")
    options = data.get("options")
    if not isinstance(options, dict):
        raise ExchangeUnreadable("The model's settings hold no options.", model.file("data", "dat"))
    preset, architecture, settings, face_type, parts = _READERS[model.kind](options)
    settings = network_settings(architecture, settings)
    network = build(architecture, settings, device="meta")
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    digest, weights, notices = hashlib.sha256(), {}, []
    for ours, theirs, layers in parts:
        path = model.file(theirs)
        arrays = _read(path, "file of weights", digest)
        own = {n.removeprefix(f"{ours}."): s for n, s in shapes.items() if n.startswith(f"{ours}.")}
        known = list(layers)
        tensors = part_tensors(arrays, iter(known), own, part=theirs)
        weights |= {f"{ours}.{name}": tensor for name, tensor in tensors.items()}
        names = {f"{layer.theirs}/{end}:0" for layer in known for end in ("weight", "bias")}
        if more := [name for name in arrays if name not in names]:
            notices.append(f"{path.name} has {len(more)} arrays that this network has no place for ({more[0]})")
    missing = set(shapes) - set(weights)
    if missing:
        raise RuntimeError(f"no part of the file gives {sorted(missing)[0]}")
    return Imported(
        preset=preset,
        architecture=architecture,
        settings=settings,
        face_type=face_type,
        size_px=network.size_px,
        weights=weights,
        iteration=_whole(data.get("iter"), "iter"),
        loss=_last_loss(data.get("loss_history")),
        sha256=digest.hexdigest(),
        notices=notices,
    )


def _read(path: Path, what: str, digest: Any = None) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ExchangeUnreadable(f"This {what} is larger than any that DeepFaceLab writes.", path)
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ExchangeUnreadable(
            f"A {what} of the model is missing. Copy all files of the model's name.", path
        ) from None
    except OSError as error:
        raise ExchangeUnreadable(f"This {what} can't be read ({error.strerror}).", path) from error
    if digest is not None:
        digest.update(raw)
    value = read_pickle(raw, NUMPY, subject=f"{what} {path.name}")
    if not isinstance(value, dict):
        raise ExchangeUnreadable(f"This {what} holds no table.", path)
    return value


_Parts = list[tuple[str, str, Iterator[Layer]]]  # our part, theirs, layers
_Read = tuple[str, str, dict[str, Any], FaceType, _Parts]


def _saehd(options: Mapping[str, Any]) -> _Read:
    archi = _text(options, "archi")
    topology, letters = archi_named(archi)
    settings = {
        "size_px": _whole(options.get("resolution"), "resolution"),
        "archi": archi,
        **{name: _whole(options.get(name), name) for name in ("ae_dims", "e_dims", "d_dims", "d_mask_dims")},
    }
    return "saehd", "saehd", settings, _face_type(options), _parts(topology, letters)


def _quick96(_: Mapping[str, Any]) -> _Read:
    settings = dict(PRESETS["quick96"].network)
    return "quick96", "saehd", settings, "full", _parts("df", Letters.of("ud"))


def _parts(topology: str, letters: Letters) -> _Parts:
    parts: _Parts = [("encoder", "encoder", encoder_layers(letters))]
    if topology == "df":
        parts += [("inter_both", "inter", inter_layers(letters))]
        return parts + [(name, name, decoder_layers(letters)) for name in ("decoder_src", "decoder_dst")]
    parts += [("inter_ab", "inter_AB", inter_layers(letters)), ("inter_b", "inter_B", inter_layers(letters))]
    return [*parts, ("decoder", "decoder", decoder_layers(letters))]


def _amp(options: Mapping[str, Any]) -> _Read:
    names = ("ae_dims", "inter_dims", "e_dims", "d_dims", "d_mask_dims")
    settings: dict[str, Any] = {name: _whole(options.get(name), name) for name in names}
    settings["size_px"] = _whole(options.get("resolution"), "resolution")
    if isinstance(options.get("morph_factor"), int | float):
        settings["morph_factor"] = float(options["morph_factor"])
    parts: _Parts = [("encoder", "encoder", amp_encoder_layers(_AMP_LETTERS))]
    parts += [(name, name, amp_inter_layers()) for name in ("inter_src", "inter_dst")]
    parts += [("decoder", "decoder", decoder_layers(_AMP_LETTERS))]
    return "amp", "amp", settings, _face_type(options), parts


_READERS: dict[str, Callable[[Mapping[str, Any]], _Read]] = {"SAEHD": _saehd, "AMP": _amp, "Quick96": _quick96}


def _face_type(options: Mapping[str, Any]) -> FaceType:
    said = _text(options, "face_type")
    if said not in _FACE_TYPES:
        raise ExchangeUnreadable(f"The model's settings say face_type {said!r}, which is none we know.")
    return _FACE_TYPES[said]


def _text(options: Mapping[str, Any], name: str) -> str:
    value = options.get(name)
    if not isinstance(value, str):
        raise ExchangeUnreadable(f"The model's settings don't say {name}.")
    return value


def _whole(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise ExchangeUnreadable(f"The model's settings don't say {name}, or say no number.")
    return int(value)


def _last_loss(history: object) -> float | None:
    """Both sides' last loss, added."""
    last = history[-1] if isinstance(history, list) and history else None
    if not isinstance(last, list | tuple | np.ndarray):
        return None
    numbers = [float(value) for value in last if isinstance(value, int | float | np.floating)]
    return sum(numbers) if numbers and all(np.isfinite(numbers)) else None
