"""A zip that is made while it is sent opens like any other, and is never whole in memory."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from understudy.studio import zipping
from understudy.studio.zipping import zipped


def test_files_and_folders_come_out_as_they_went_in_and_links_stay_out(tmp_path: Path) -> None:
    folder = tmp_path / "dst main"
    folder.mkdir()
    (folder / "000001.png").write_bytes(b"one")
    (folder / "bild é.png").write_bytes(b"two")
    (folder / "secret.png").symlink_to(tmp_path / "beside.json")
    (tmp_path / "beside.json").write_bytes(b"{}")
    with zipfile.ZipFile(io.BytesIO(b"".join(zipped([folder, tmp_path / "beside.json"])))) as pack:
        assert pack.testzip() is None
        assert {name: pack.read(name) for name in pack.namelist()} == {
            "dst main/000001.png": b"one",
            "dst main/bild é.png": b"two",
            "beside.json": b"{}",
        }


def test_a_large_file_is_sent_in_pieces(tmp_path: Path) -> None:
    data = bytes(range(256)) * 40_000
    (tmp_path / "film.mkv").write_bytes(data)
    pieces = list(zipped([tmp_path / "film.mkv"]))
    assert max(map(len, pieces)) < 2 * zipping._PIECE_BYTES < len(data)
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as pack:
        assert pack.read("film.mkv") == data
