"""A new model that does not begin at nothing: parts of another model, or weights that came from elsewhere.

What begins so has a checkpoint of its own before it is trained, so that training goes on from it like from any
other. Parts are matched by name; where the other model has one part for both performers and this one has two,
both take it. Which layers stay as they are while the model learns is `steering`'s.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from understudy.errors import CheckpointCorrupt, ModelUnknown, OptionInvalid
from understudy.files import read_json, said_plainly
from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel
from understudy.options import meant
from understudy.training.keeping.about import (
    ModelAbout,
    ModelWish,
    read_about,
    require_as_wished,
    wished,
    write_about,
)
from understudy.training.keeping.checkpoint import FOLDER_NAME, Checkpoint, newest_checkpoint, save_checkpoint
from understudy.training.keeping.learnt_from import NOT_KNOWN, STATE_KEY, LearntFrom, in_state
from understudy.training.keeping.lock import model_lock
from understudy.training.steering.plan import Plan

_BEGUN = "begun_with_weights"


@dataclass(frozen=True, eq=False)
class Source:
    """A model that parts are taken from: the averaged weights of its newest checkpoint."""

    name: str
    about: ModelAbout
    weights: Mapping[str, Tensor]
    sha256: str
    iteration: int
    learnt: LearntFrom = NOT_KNOWN


@dataclass(frozen=True)
class Taken:
    """One part of a new model: the part it was taken from, or why it begins at nothing."""

    part: str
    source: str = ""
    why_not: str = ""
    but: str = ""

    @property
    def words(self) -> str:
        """For people."""
        if self.source:
            whence = f" from {self.source}" if self.source != self.part else ""
            return f"{self.part} is taken{whence}{self.but}"
        return f"{self.part} begins at nothing: {self.why_not}"


def source_in(model_dir: Path) -> Source:
    """The model in a folder, to take parts from. Raises ModelUnknown where nothing is learnt yet,
    CheckpointCorrupt."""
    about = read_about(model_dir)
    found = newest_checkpoint(model_dir, parts=("ema",)) if about else ()
    whole = next((item for item in found if isinstance(item, Checkpoint)), None)
    if about is None or whole is None:
        raise ModelUnknown("There is no trained model to start from here.", model_dir)
    learnt = in_state(whole.state, iteration=whole.iteration)
    return Source(model_dir.name, about, whole.ema, whole.ema_sha256, whole.iteration, learnt)


def take_parts(model: FaceModel, source: Source, parts: Sequence[str] = ()) -> list[Taken]:
    """Load parts of `source` into `model` and say what became of each of the model's parts.

    `parts` are kinds (encoder, inter, decoder) or names of parts; without any, all that fit are taken, of a
    trunk all but who it is: its inters, and what `FaceModel.of_trunk` leaves out. Else a part is taken whole or
    not at all. Raises OptionInvalid for a part that the model has not, for a chosen one that doesn't fit, and
    where nothing fits; then the model is as it was.
    """
    chosen = _chosen(model, parts)
    all_but_who = source.about.trunk and not parts
    if all_but_who:
        chosen = {name for name in chosen if _kind(name) != "inter"}
    there = _parts_of(source)
    taken, loads = [], []
    for name, module in model.parts().items():
        found = _taken(name, module, there) if name in chosen else Taken(name, why_not="it was not asked for")
        if parts and name in chosen and not found.source:
            raise OptionInvalid(f"Part {name!r} can't be taken from model {source.name!r}: {found.why_not}.")
        if found.source:
            learnt = there[found.source]
            begun = model.of_trunk(name, learnt) if all_but_who else learnt
            if any(begun[key] is not learnt[key] for key in learnt):
                found = replace(found, but=", but for what tells people apart")
            loads.append((module, begun))
        taken.append(found)
    if not loads:
        reasons = "; ".join(f"{found.part}: {found.why_not}" for found in taken)
        raise OptionInvalid(f"Nothing of model {source.name!r} fits into this one ({reasons}).")
    for module, tensors in loads:
        module.load_state_dict(dict(tensors))
    return taken


def _chosen(model: FaceModel, parts: Sequence[str]) -> set[str]:
    """Names of the model's parts that are meant."""
    names = list(model.parts())
    chosen: set[str] = set()
    for part in parts or names:
        of_part = [name for name in names if part in (name, _kind(name))]
        if not of_part:
            near = meant(part, names)
            raise OptionInvalid(f"This network has no part {part!r}; it has {', '.join(names)}.{near}")
        chosen.update(of_part)
    return chosen


def _kind(part: str) -> str:
    return part.partition("_")[0]


def _parts_of(source: Source) -> dict[str, dict[str, Tensor]]:
    """The source's tensors by part and by name inside it."""
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in source.weights.items():
        part, _, inside = name.partition(".")
        parts.setdefault(part, {})[inside] = tensor
    return parts


def _taken(name: str, module: nn.Module, there: Mapping[str, Mapping[str, Tensor]]) -> Taken:
    alike = [part for part in there if _kind(part) == _kind(name)]
    if name not in there and len(alike) != 1:
        has = f"the other model has {', '.join(alike)} instead" if alike else "the other model has none"
        return Taken(name, why_not=has)
    part = name if name in there else alike[0]
    difference = _difference(module, there[part])
    return Taken(name, why_not=difference) if difference else Taken(name, part)


def _difference(module: nn.Module, tensors: Mapping[str, Tensor]) -> str:
    """What keeps tensors from fitting into a module; empty where they fit."""
    own = module.state_dict()
    for name in [*own, *tensors]:
        if name not in own or name not in tensors:
            return f"only {'this' if name in own else 'the other'} one has {name}"
        if own[name].shape != tensors[name].shape:
            return f"{name} is {_shape(own[name])} here and {_shape(tensors[name])} there"
    return ""


def _shape(tensor: Tensor) -> str:
    return " x ".join(str(length) for length in tensor.shape)


def begin_from(
    model_dir: Path, wish: ModelWish, source_dir: Path, *, parts: Sequence[str] = (), called: str = ""
) -> list[Taken]:
    """Make the model in `model_dir` with parts of the one in `source_dir`; says what became of each part.

    `called` is how its origin is noted. Does nothing and returns [] where that was done before. Raises
    OptionInvalid where the model exists and was made otherwise or nothing fits, ModelInUse, ModelUnknown,
    CheckpointCorrupt, DiskFull or FolderUnwritable; nothing is half made.
    """
    said = {"model": called or source_dir.name, "parts": sorted(parts) or ["all that fit"]}
    if (about := read_about(model_dir)) is not None:
        _require_same_start(about, wish, said, model_dir)
        return []
    source, about = source_in(source_dir), wished(wish)
    model = build(about.architecture, about.network, seed=about.seed)
    taken = take_parts(model, source, parts)
    said["taken"] = [found.part for found in taken if found.source]
    origin = said | {"iteration": source.iteration, "sha256": source.sha256}
    at_home = source_dir.resolve().parent == model_dir.resolve().parent
    learnt = source.learnt.as_begun_with(source.name, of_this_project=at_home)
    make_model(model_dir, replace(about, origin=origin), model.state_dict(), learnt=learnt)
    return taken


def _require_same_start(about: ModelAbout, wish: ModelWish, said: Mapping[str, Any], model_dir: Path) -> None:
    require_as_wished(about, wish, model_dir)
    if any(about.origin.get(name) != value for name, value in said.items()):
        raise OptionInvalid(
            f"Model {model_dir.name!r} is there already and did not start from that. Only a new model can "
            "start from another one: give it another name.",
            model_dir,
        )


def make_model(
    model_dir: Path,
    about: ModelAbout,
    weights: Mapping[str, Tensor],
    *,
    iteration: int = 0,
    loss: float | None = None,
    learnt: LearntFrom = NOT_KNOWN,
) -> None:
    """Write a new model that begins with these weights; `iteration` and `loss` say how far they had learnt,
    `learnt` from whom.

    The description comes last: before it, there is no model. Raises ModelInUse, CheckpointCorrupt where a model
    without a description lies there, OptionInvalid where there is one with it, DiskFull or FolderUnwritable.
    """
    with model_lock(model_dir):
        if read_about(model_dir) is not None:
            raise OptionInvalid("There is a model already. Give the new one another name.", model_dir)
        left = list(_left_over(model_dir / FOLDER_NAME))
        with said_plainly(model_dir):
            for folder in left:  # of a process that died before the description
                shutil.rmtree(folder)
        plan = Plan(minutes=None, iterations=None).as_json()
        begun: dict[str, Any] = {"plan": plan, _BEGUN: True, STATE_KEY: learnt.as_json()}
        if loss is not None:
            begun["loss"] = loss
        save_checkpoint(model_dir, Checkpoint(iteration, model=weights, ema=weights, state=begun))
        write_about(model_dir, about)


def _left_over(root: Path) -> Iterator[Path]:
    for folder in root.iterdir() if root.is_dir() else ():
        if not folder.name.isdigit():
            continue
        try:
            begun = read_json(folder / "state.json")["state"].get(_BEGUN)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            begun = False
        if not begun:
            raise CheckpointCorrupt(
                "A model without its description lies here. Put model.toml back, or move this folder away.",
                root.parent,
            )
        yield folder
