"""The user's folder of weights: what is there, what it must be, how it got there.

Files are swapped in whole and checked every time they are used: against the SHA-256 of the catalogue, or, where
that knows none, against the one seen first (`pins.json` in the folder). Fetching over the network is in
`weight_fetching.py`, reading what is inside in `weight_reading.py`.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import platformdirs

from understudy.errors import OptionInvalid, WeightsChanged, WeightsMissing
from understudy.files import move_to_trash, read_json, sha256_of, write_json, written_aside
from understudy.networks.weight_catalogue import CATALOGUE, Weights
from understudy.options import meant

FOLDER_VARIABLE = "UNDERSTUDY_WEIGHTS"
_PINS = "pins.json"

State = Literal["in wheel", "there", "changed", "missing"]


@dataclass(frozen=True, kw_only=True)
class WeightsState:
    """One row of `understudy weights list`. `sha256` is that of the file there, or the one it must have."""

    name: str
    used_by: str
    licence: str
    layout: str
    size_bytes: int | None
    state: State
    sha256: str
    pinned_by: Literal["catalogue", "first use", "nobody yet"]
    url: str

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def weights_folder() -> Path:
    """Where weights are kept: UNDERSTUDY_WEIGHTS, or the user's cache."""
    said = os.environ.get(FOLDER_VARIABLE)
    return Path(said).expanduser() if said else platformdirs.user_cache_path("understudy") / "weights"


class WeightStore:
    """Weights by name. `folder` is the user's own unless said otherwise."""

    def __init__(self, folder: Path | None = None, *, catalogue: Mapping[str, Weights] = CATALOGUE) -> None:
        self.folder = folder or weights_folder()
        self.catalogue = catalogue

    def entry(self, name: str) -> Weights:
        """The catalogue's entry. Raises OptionInvalid for a name it does not have."""
        if name not in self.catalogue:
            near = meant(name, self.catalogue)
            raise OptionInvalid(f"There are no weights {name!r}. Known: {', '.join(self.catalogue)}.{near}")
        return self.catalogue[name]

    def place_of(self, weights: Weights) -> Path:
        """Where the file is or would be."""
        if weights.layout != "wheel":
            return self.folder / weights.file_name
        wheel = importlib.metadata.distribution("mtcnn")
        return Path(str(wheel.locate_file(f"mtcnn/assets/weights/{weights.file_name}")))

    def has(self, name: str) -> bool:
        """Whether there is a file, whatever is in it."""
        return self.place_of(self.entry(name)).is_file()

    def path_of(self, name: str) -> Path:
        """The file, checked. Raises WeightsMissing with what to fetch, WeightsChanged."""
        weights = self.entry(name)
        path = self.place_of(weights)
        if not path.is_file():
            raise WeightsMissing(f"The weights {name!r} are not here. {how_to_get(weights)}", self.folder)
        self.require_same(weights, path)
        return path

    def require_same(self, weights: Weights, path: Path, *, new_pin: bool = False) -> str:
        """The SHA-256 of `path`, pinned now if nobody knew it. Raises WeightsChanged.

        `new_pin` forgets which file was seen first; what the catalogue says still holds.
        """
        found = sha256_of(path)
        pinned = "" if new_pin else self._pins().get(weights.name, {}).get("sha256", "")
        wanted = weights.sha256 or pinned
        if not wanted:
            self._pin(weights, found, path.stat().st_size)
        elif found != wanted:
            who = "that this version was checked with" if weights.sha256 else "that were used here first"
            raise WeightsChanged(
                f"These are not the weights {weights.name!r} {who}: their SHA-256 is {found}, not {wanted}. "
                f"{self._way_out(weights)}",
                path,
            )
        return found

    def _way_out(self, weights: Weights) -> str:
        if weights.sha256:
            return f"Get the right ones with `understudy weights fetch {weights.name} --replace`."
        return (
            "If the new ones are meant, say so with "
            f"`understudy weights add FILE --as {weights.name} --replace`; otherwise get the first ones back."
        )

    def add(self, file: Path, *, name: str | None = None, replace: bool = False) -> WeightsState:
        """Copy a file of the user's in. Raises WeightsMissing, OptionInvalid when it is not known what it is,
        WeightsChanged when it is not what it is said to be."""
        if not file.is_file():
            raise WeightsMissing("There is no such file of weights.", file)
        weights = self.entry(name) if name else self._recognised(file)
        if weights.layout == "wheel":
            raise OptionInvalid(f"The weights {weights.name!r} come with a Python package; nothing to add.")
        with written_aside(self.folder / f"taken-{weights.file_name}") as aside:
            shutil.copyfile(file, aside)
            self.require_same(weights, aside, new_pin=replace)
        self.swap_in(weights, self.folder / f"taken-{weights.file_name}")
        return self.state(weights)

    def _recognised(self, file: Path) -> Weights:
        sha256 = sha256_of(file)
        for weights in self.catalogue.values():
            if weights.file_name == file.name or weights.sha256 == sha256:
                return weights
        raise OptionInvalid(
            f"It is not known which weights {file.name!r} are. Say it with --as NAME: "
            f"{', '.join(w.name for w in self.catalogue.values() if w.layout != 'wheel')}."
        )

    def swap_in(self, weights: Weights, checked: Path) -> None:
        """Put a checked file in its place; another one that lies there goes to the folder's trash."""
        goal = self.folder / weights.file_name
        if goal.exists() and sha256_of(goal) != sha256_of(checked):
            move_to_trash(goal, self.folder / "trash")
        checked.replace(goal)

    def states(self) -> list[WeightsState]:
        """Every entry of the catalogue and how it stands; nothing is fetched or pinned."""
        return [self.state(weights) for weights in self.catalogue.values()]

    def state(self, weights: Weights) -> WeightsState:
        """How one entry stands."""
        pin = self._pins().get(weights.name, {}).get("sha256", "")
        try:
            path = self.place_of(weights)
        except importlib.metadata.PackageNotFoundError:
            path = self.folder / weights.file_name  # the wheel is gone, so this isn't there either
        found = sha256_of(path) if path.is_file() else ""
        wanted = weights.sha256 or pin
        if not found:
            state: State = "missing"
        elif wanted and found != wanted:
            state = "changed"
        else:
            state = "in wheel" if weights.layout == "wheel" else "there"
        return WeightsState(
            name=weights.name,
            used_by=weights.used_by,
            licence=weights.licence,
            layout=weights.layout,
            size_bytes=path.stat().st_size if found else weights.size_bytes,
            state=state,
            sha256=found or wanted,
            pinned_by="catalogue" if weights.sha256 else "first use" if pin else "nobody yet",
            url=weights.url,
        )

    def _pins(self) -> dict[str, dict[str, Any]]:
        path = self.folder / _PINS
        if not path.exists():
            return {}
        try:
            pins = read_json(path)
        except ValueError:
            pins = None
        if not isinstance(pins, dict) or not all(isinstance(pin, dict) for pin in pins.values()):
            raise WeightsChanged(
                "The list of weights seen before can't be read. Move it away to trust what is there anew.", path
            )
        return pins

    def _pin(self, weights: Weights, sha256: str, size_bytes: int) -> None:
        pin = {"sha256": sha256, "size_bytes": size_bytes, "since": time.strftime("%Y-%m-%d")}
        write_json(self.folder / _PINS, self._pins() | {weights.name: pin})


def how_to_get(weights: Weights) -> str:
    """Two ways to these weights, in words."""
    if weights.layout == "wheel":
        return "Install them with: pip install --no-deps mtcnn==1.0.0"
    return (
        f"Fetch them with `understudy weights fetch {weights.name}`, or download {weights.url} (as "
        f"{weights.file_name}) on another machine and run `understudy weights add {weights.file_name}`."
    )
