from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.actors.mesh_look.drawn_pack import drawn_pack, write_pack
from understudy.actors.mesh_look.pack import read_mesh_pack
from understudy.errors import MeshPackUnusable

Pack = dict[str, dict[str, Any]]


def test_a_pack_is_read_with_its_targets_in_mesh_units(tmp_path: Path) -> None:
    drawn = drawn_pack()
    pack = read_mesh_pack(write_pack(tmp_path, drawn))
    assert pack.part_names == ("skin", "left_eye", "right_eye")
    assert np.array_equal(pack.landmarks, drawn["landmarks68"]["vertex"])
    moved = pack.macro.moved(pack.vertices, {"drawn-male-old": 0.5})
    assert np.isclose((moved - pack.vertices)[:, 1].max(), 0.5 * 900 / 2000)


def test_a_target_that_a_pack_lacks_is_no_target() -> None:
    with pytest.raises(KeyError):
        _read_targets().part("nose-of-gold")


def _read_targets() -> Any:
    from understudy.actors.mesh_look.pack import Targets

    return Targets(("a",), np.array([0, 1]), np.array([0]), np.zeros((1, 3), np.float32))


def _beyond(pack: Pack) -> None:
    pack["base"]["faces"][5, 1] = len(pack["base"]["vertices"])


def _below(pack: Pack) -> None:
    pack["base"]["faces"][5, 1] = -1


def _nan(pack: Pack) -> None:
    pack["base"]["vertices"][3, 1] = np.nan


def _no_eye(pack: Pack) -> None:
    pack["base"]["part_names"] = np.array(["skin", "left_eye", "hat"])


def _too_few_marks(pack: Pack) -> None:
    pack["landmarks68"]["vertex"] = pack["landmarks68"]["vertex"][:67]


def _mark_nowhere(pack: Pack) -> None:
    pack["landmarks68"]["vertex"][8] = 30_000


def _backwards(pack: Pack) -> None:
    pack["identity"]["offsets"][1] = pack["identity"]["offsets"][2] + 1


def _short_offsets(pack: Pack) -> None:
    pack["macro"]["offsets"][-1] -= 1


def _twice(pack: Pack) -> None:
    pack["expression"]["names"] = np.array(["mouth-open", "mouth-open"])


def _moves_nobody(pack: Pack) -> None:
    pack["identity"]["index"][0] = 60_000


def _fewer_deltas(pack: Pack) -> None:
    pack["identity"]["delta"] = pack["identity"]["delta"][:-1]


def _pickled(pack: Pack) -> None:
    pack["base"]["part_names"] = np.array(["skin", {"left_eye": 1}, "right_eye"], dtype=object)


def _lacking(pack: Pack) -> None:
    del pack["expression"]["delta"]


def _text_for_numbers(pack: Pack) -> None:
    pack["landmarks68"]["vertex"] = np.array([str(k) for k in range(68)])


def _nothing(pack: Pack) -> None:
    pack["base"]["faces"] = np.zeros((0, 4), np.int16)


HOSTILE = [
    _beyond, _below, _nan, _no_eye, _too_few_marks, _mark_nowhere, _backwards, _short_offsets, _twice,
    _moves_nobody, _fewer_deltas, _pickled, _lacking, _text_for_numbers, _nothing,
]  # fmt: skip


@pytest.mark.parametrize("spoil", HOSTILE, ids=lambda spoil: spoil.__name__.strip("_"))
def test_a_pack_with_something_wrong_in_it_is_refused_in_words(
    tmp_path: Path, spoil: Callable[[Pack], None]
) -> None:
    pack = drawn_pack()
    spoil(pack)
    with pytest.raises(MeshPackUnusable, match=r"Get the pack again"):
        read_mesh_pack(write_pack(tmp_path, pack))


@pytest.mark.parametrize("name", ["base", "identity", "expression", "macro", "landmarks68"])
def test_a_file_that_is_missing_or_torn_is_named(tmp_path: Path, name: str) -> None:
    path = write_pack(tmp_path, drawn_pack()) / f"{name}.npz"
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"PK\3\4 and nothing", None):
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(MeshPackUnusable) as refused:
            read_mesh_pack(tmp_path)
        assert refused.value.path == path


def test_a_byte_changed_inside_a_file_is_seen(tmp_path: Path) -> None:
    path = write_pack(tmp_path, drawn_pack()) / "identity.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(MeshPackUnusable):
        read_mesh_pack(tmp_path)


def test_a_header_that_says_a_size_beyond_memory_takes_none(tmp_path: Path) -> None:
    path = write_pack(tmp_path, drawn_pack()) / "landmarks68.npz"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<i8", "fortran_order": False, "shape": (1 << 50,)})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("vertex.npy", header.getvalue() + bytes(80))
    with pytest.raises(MeshPackUnusable, match="a size for vertex"):
        read_mesh_pack(tmp_path)


def test_a_file_that_unpacks_to_far_more_than_any_mesh_is_refused(tmp_path: Path) -> None:
    path = write_pack(tmp_path, drawn_pack()) / "landmarks68.npz"
    np.savez_compressed(path, vertex=np.zeros(9 << 20, np.int64))
    assert path.stat().st_size < 200_000
    with pytest.raises(MeshPackUnusable, match="a size for vertex"):
        read_mesh_pack(tmp_path)
