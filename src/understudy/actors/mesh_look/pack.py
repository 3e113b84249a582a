"""Reads a head-mesh pack: a folder of npz files with a mesh, shape targets and 68 landmark vertices.

The pack comes from outside, so nothing in it is believed: no pickles, sizes before contents, and every index is
checked before it is used. Not here: what the shapes look like (`template`, `shape`).
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.errors import MeshPackUnusable

Array = npt.NDArray[Any]

_LARGEST_ARRAY_BYTES = 64 << 20
_MOST_VERTICES = 200_000
_DELTA_UNIT = 1 / 2000  # of a mesh unit, by which stored moves are counted
_EYES = ("left_eye", "right_eye")


@dataclass(frozen=True, eq=False)
class Targets:
    """Shapes that a head can take on: which vertices each one moves, and how far at weight 1."""

    names: tuple[str, ...]
    offsets: Array  # (n + 1,) int64 into `index` and `delta`
    index: Array  # (m,) int64 vertices
    delta: Array  # (m, 3) float32 mesh units

    def moved(self, vertices_V3: Array, weights: Mapping[str, float]) -> Array:
        """The vertices (V, 3) after every named target has moved its own by its weight."""
        out = vertices_V3.astype(np.float32, copy=True)
        for name, weight in weights.items():
            of = self.part(name)
            np.add.at(out, self.index[of], np.float32(weight) * self.delta[of])
        return out

    def part(self, name: str) -> slice:
        """Where a target's moves stand in `index` and `delta`. Raises KeyError."""
        try:
            place = self.names.index(name)
        except ValueError:
            raise KeyError(name) from None
        return slice(int(self.offsets[place]), int(self.offsets[place + 1]))


@dataclass(frozen=True, eq=False)
class MeshPack:
    """A head as it is stored: y up, z to the front, +x at the image's right. All indices lie within bounds."""

    vertices: Array  # (V, 3) float32
    faces: Array  # (F, 4) int64; a triangle repeats its last index
    face_uv: Array  # (F, 4) int64: which corners are one in the texture, so which faces hang together
    part: Array  # (F,) int64 into `part_names`
    part_names: tuple[str, ...]
    landmarks: Array  # (68,) int64 vertices
    identity: Targets
    expression: Targets
    macro: Targets


def read_mesh_pack(folder: Path) -> MeshPack:
    """Read the pack in `folder`.

    Raises
    ------
    MeshPackUnusable
        A file is missing, damaged, too large or does not hold what a pack holds.
    """
    base = _arrays(
        folder / "base.npz",
        {
            "vertices": ("f", 2),
            "faces": ("iu", 2),
            "face_uv": ("iu", 2),
            "face_part": ("iu", 1),
            "part_names": ("U", 1),
        },
    )
    path = folder / "base.npz"
    vertices = base["vertices"].astype(np.float32)
    _require(vertices.shape[1] == 3 and 3 < len(vertices) <= _MOST_VERTICES, "has no usable vertices", path)
    _require(bool(np.isfinite(vertices).all()), "has vertices that are no numbers", path)
    faces = _indices(base["faces"], len(vertices), path)
    face_uv = _indices(base["face_uv"], 1 << 24, path)
    _require(faces.shape[1] == 4 and faces.shape == face_uv.shape, "has faces that are not quads", path)
    names = tuple(str(name) for name in base["part_names"])
    part = _indices(base["face_part"], len(names), path)
    _require(part.shape == (len(faces),), "does not say of every face which part it is of", path)
    missing = [name for name in ("skin", *_EYES) if name not in names or not (part == names.index(name)).any()]
    _require(not missing, f"has no part {', '.join(missing)}", path)
    path = folder / "landmarks68.npz"
    marks = _indices(_arrays(path, {"vertex": ("iu", 1)})["vertex"], len(vertices), path)
    _require(marks.shape == (68,), "does not name 68 vertices", path)
    shapes = {
        name: _targets(folder / f"{name}.npz", len(vertices)) for name in ("identity", "expression", "macro")
    }
    return MeshPack(vertices, faces, face_uv, part, names, marks, **shapes)


def _targets(path: Path, vertices: int) -> Targets:
    kinds = {"names": ("U", 1), "offsets": ("iu", 1), "index": ("iu", 1), "delta": ("iu", 2)}
    stored = _arrays(path, kinds)
    index = _indices(stored["index"], vertices, path)
    offsets = _indices(stored["offsets"], len(index) + 1, path)
    names = tuple(str(name) for name in stored["names"])
    fits = len(offsets) == len(names) + 1 and offsets[0] == 0 and offsets[-1] == len(index)
    _require(fits and bool((np.diff(offsets) >= 0).all()), "has targets that do not follow one another", path)
    _require(len(set(names)) == len(names), "names a target twice", path)
    _require(stored["delta"].shape == (len(index), 3), "does not move every vertex that it names", path)
    return Targets(names, offsets, index, stored["delta"].astype(np.float32) * np.float32(_DELTA_UNIT))


def _indices(stored: Array, count: int, path: Path) -> Array:
    whole = stored.astype(np.int64)
    inside = whole.size > 0 and int(whole.min()) >= 0 and int(whole.max()) < count
    _require(inside, "points at something that is not there", path)
    return whole


def _arrays(path: Path, kinds: Mapping[str, tuple[str, int]]) -> dict[str, Array]:
    """The named arrays of an npz, each of one of the kinds of numpy's letters and of so many axes."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name, (kind, axes) in kinds.items():
                _check_header(archive, f"{name}.npy", kind, axes, path)
        with np.load(path, allow_pickle=False) as stored:
            return {name: np.asarray(stored[name]) for name in kinds}
    except FileNotFoundError:
        raise MeshPackUnusable(
            f"The head-mesh pack has no file {path.name}. Give the folder that holds the whole pack.", path
        ) from None
    except KeyError as error:
        raise MeshPackUnusable(
            f"The file of a head-mesh pack lacks what it should hold ({error.args[0]}). Get the pack again.",
            path,
        ) from error
    except (
        OSError,
        ValueError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise MeshPackUnusable(
            f"The file of a head-mesh pack cannot be read ({error}). Get the pack again.", path
        ) from error


def _check_header(archive: zipfile.ZipFile, name: str, kind: str, axes: int, path: Path) -> None:
    """Refuse an array by its header, before there is memory for it."""
    with archive.open(name) as stream:
        major = np.lib.format.read_magic(stream)[0]
        read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    _require(dtype.kind in kind and len(shape) == axes, f"holds another kind of array as {name}", path)
    size = math.prod(shape) * dtype.itemsize
    fits = size <= archive.getinfo(name).file_size <= _LARGEST_ARRAY_BYTES
    _require(fits, f"says a size for {name} that it cannot have", path)


def _require(holds: bool, what: str, path: Path) -> None:
    if not holds:
        raise MeshPackUnusable(f"The file of a head-mesh pack {what}. Get the pack again.", path)
