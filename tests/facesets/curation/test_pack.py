"""A pack holds the very files, any tar program reads it, and a damaged or hostile one is refused in words."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from tests.facesets.conftest import make_record, noise
from tests.facesets.curation.conftest import content
from understudy.errors import FacesetUnusable, PackUnreadable
from understudy.events import Event, Events, Notice, StageFinished
from understudy.facesets.curation import pack as packing
from understudy.facesets.curation.history import History
from understudy.facesets.curation.pack import Pack, unpack
from understudy.facesets.store import Faceset


def pack(faceset: Faceset, path: Path) -> Events:
    return packing.pack(faceset, path, put_away=lambda old: old.rename(old.with_name(f"old-{old.name}")))


def _last(events: Events) -> Event:
    return list(events)[-1]


@pytest.fixture
def packed(faceset: Faceset, tmp_path: Path) -> Path:
    long_name = make_record(clip="ein sehr langer Näme 影 " * 4, frame=3, size_px=32)
    faceset.add(noise(32, seed=77), long_name)
    list(pack(faceset, tmp_path / "src.tar"))
    return tmp_path / "src.tar"


def test_any_tar_program_gets_the_very_files(packed: Path, faceset: Faceset, tmp_path: Path) -> None:
    with tarfile.open(packed) as tar:
        tar.extractall(tmp_path / "out", filter="data")
    assert content(tmp_path / "out") == content(faceset.folder)


def test_single_faces_come_from_their_place_without_unpacking(packed: Path, faceset: Faceset) -> None:
    with Pack(packed) as opened:
        assert len(opened) == 9 and set(opened.names()) == set(content(faceset.folder))
        for face in faceset.faces():
            assert opened.read(face.name) == face.path.read_bytes()
            assert opened.record(face.name) == face.record
        with pytest.raises(KeyError):
            opened.read("nobody.jpg")


def test_a_pack_comes_back_as_the_faceset_it_was_and_can_be_taken_back(
    packed: Path, faceset: Faceset, tmp_path: Path, trash: Path
) -> None:
    with Faceset(tmp_path / "again" / "main") as again:
        list(unpack(packed, again, trash=trash))
        assert content(again.folder) == content(faceset.folder)
        assert again.fingerprint() == faceset.fingerprint()
        History(again.folder, trash).undo()
        assert content(again.folder) == {}


def test_unpacking_into_a_set_with_faces_overwrites_none(packed: Path, faceset: Faceset, trash: Path) -> None:
    for face in faceset.faces()[:4]:
        faceset.add(noise(32, seed=90 + face.record.frame), face.record)  # another picture under its name
    before = content(faceset.folder)
    list(unpack(packed, faceset, trash=trash))
    after = content(faceset.folder)
    assert len(after) == 13 and {name: after[name] for name in before} == before


def test_faces_that_are_there_are_not_unpacked_twice(packed: Path, faceset: Faceset, trash: Path) -> None:
    before = content(faceset.folder)
    finished = _last(unpack(packed, faceset, trash=trash))
    assert isinstance(finished, StageFinished) and finished.skipped
    assert finished.summary == {"unpacked": 0, "there_before": 9, "faces": 9}
    assert content(faceset.folder) == before and History(faceset.folder, trash).entries() == []
    face = faceset.faces()[0]
    face.path.rename(face.path.with_name("renamed.jpg"))
    faceset.faces()[1].path.unlink()
    faceset.refresh()
    finished = _last(unpack(packed, faceset, trash=trash))
    assert isinstance(finished, StageFinished) and finished.summary["unpacked"] == 1
    assert History(faceset.folder, trash).entries()[0].words == "unpack src.tar: 1 face"


def test_a_faceset_without_faces_makes_no_pack_and_replaces_none(packed: Path, tmp_path: Path) -> None:
    before = packed.read_bytes()
    with Faceset(tmp_path / "empty") as empty, pytest.raises(FacesetUnusable, match="no faces to pack"):
        list(pack(empty, packed))
    assert packed.read_bytes() == before


def test_a_pack_gives_way_to_a_new_one_and_nothing_else_does(packed: Path, faceset: Faceset) -> None:
    before = packed.read_bytes()
    faceset.faces()[0].path.unlink()
    faceset.refresh()
    events = list(pack(faceset, packed))
    assert (packed.parent / "old-src.tar").read_bytes() == before
    assert any(isinstance(event, Notice) and "old-src.tar" in event.text for event in events)
    with Pack(packed) as opened:
        assert len(opened) == 8
    for other in (packed.with_name("holiday.tar"), packed.parent):
        if other != packed.parent:
            other.write_bytes(b"pictures of mine")
        with pytest.raises(PackUnreadable, match="not replaced"):
            list(pack(faceset, other))
    assert packed.with_name("holiday.tar").read_bytes() == b"pictures of mine"


def test_a_pack_of_nothing_is_not_unpacked(
    packed: Path, tmp_path: Path, trash: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pack, "_index", lambda _: iter(()))
    with Faceset(tmp_path / "again" / "main") as again, pytest.raises(PackUnreadable, match="no faces"):
        list(unpack(packed, again, trash=trash))
    assert not again.folder.exists()


def test_a_pack_that_is_stopped_leaves_nothing_torn(faceset: Faceset, tmp_path: Path) -> None:
    goal = tmp_path / "p" / "src.tar"
    goal.parent.mkdir()
    list(pack(faceset, goal))
    yesterday = goal.read_bytes()
    faceset.add(noise(32, seed=50), make_record(frame=50, size_px=32))
    running = pack(faceset, goal)
    next(running)
    next(running)
    running.close()
    assert [p.name for p in goal.parent.iterdir()] == ["src.tar"]
    assert goal.read_bytes() == yesterday


def test_a_pack_cut_off_anywhere_is_refused(packed: Path, tmp_path: Path) -> None:
    data = packed.read_bytes()
    index_end = data.rindex(b"understudy-index.jsonl")
    for size in (0, 100, 512, 1200, 3000, len(data) // 2, index_end, index_end + 600):
        (tmp_path / "cut.tar").write_bytes(data[:size])
        with pytest.raises(PackUnreadable):
            Pack(tmp_path / "cut.tar")


def test_one_changed_byte_of_a_face_is_found_and_nothing_is_unpacked(
    packed: Path, tmp_path: Path, trash: Path
) -> None:
    data = bytearray(packed.read_bytes())
    with Pack(packed) as opened:
        last = opened._faces[opened.names()[-1]]
    data[last.offset + last.size // 2] ^= 1
    packed.write_bytes(data)
    with Faceset(tmp_path / "again" / "main") as again:
        with pytest.raises(PackUnreadable, match="damaged"):
            list(unpack(packed, again, trash=trash))
        assert not again.folder.exists() or content(again.folder) == {}
    assert list(trash.rglob("*.jpg")) == []


@pytest.mark.parametrize(
    "line",
    [
        {"name": "../evil.jpg"},
        {"name": "/evil.jpg"},
        {"name": "a\\b.jpg"},
        {"name": ".hidden.jpg"},
        {"name": "evil.py"},
        {"offset": -1},
        {"offset": 10**15},
        {"size": 10**12},
        {"size": "many"},
        {"sha256": None, "name": None},
    ],
)
def test_an_index_from_a_stranger_leads_nowhere_else(packed: Path, line: dict) -> None:
    data = packed.read_bytes()
    head = json.loads(data[512:1536])
    start = head["index_offset"]
    good = json.loads(data[start : start + head["index_size"]].splitlines()[0])
    index = json.dumps(good | line).encode() + b"\n"
    head |= {"index_size": len(index), "index_sha256": hashlib.sha256(index).hexdigest()}
    written = json.dumps(head).encode().ljust(1023) + b"\n"
    packed.write_bytes(data[:512] + written + data[1536:start] + index + data[start + len(index) :])
    with pytest.raises(PackUnreadable):
        Pack(packed)


def test_a_tar_of_something_else_is_no_pack(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(__file__, "notes.py")
    for path in (tmp_path / "other.tar", tmp_path / "missing.tar"):
        with pytest.raises(PackUnreadable):
            Pack(path)


def test_a_newer_pack_is_refused(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_VERSION", 0)
    with pytest.raises(PackUnreadable):
        Pack(packed)
