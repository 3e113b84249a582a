"""Whoever follows a faceset hears of every file that is another one, and of no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.facesets.conftest import make_record, noise
from understudy.facesets.changes import Changes, changed_names
from understudy.facesets.index import Row
from understudy.facesets.store import Faceset


def test_what_came_went_or_is_another_is_named() -> None:
    same, old, new = (Row(name, 1, 1, b"", None) for name in ("same", "old", "new"))
    other = Row("old", 2, 1, b"", None)
    assert changed_names({"same": same, "old": old, "gone": new}, {"same": same, "old": other, "new": new}) == {
        "old", "gone", "new",
    }  # fmt: skip


def test_followers_see_all_at_first_and_then_what_was_noted_until_they_have_seen_it() -> None:
    row = Row("a", 1, 1, b"", None)
    changes = Changes({"a": row})
    assert changes.among({"a": row}) == {"a": row}
    changes.seen()
    assert changes.among({"a": row}) == {}
    changes.note(["a", "b"])
    assert changes.among({"a": row}) == {"a": row, "b": None}


def test_a_faceset_tells_each_follower_of_all_ways_in_which_files_change(tmp_path: Path) -> None:
    with Faceset(tmp_path / "faces") as faceset:
        names = [faceset.add(noise(32, seed=n), make_record(frame=n, size_px=32)).name for n in range(4)]
        changes, later = faceset.followed(), faceset.followed()
        changes.seen()
        assert set(faceset.news(later)) == set(names) and faceset.news(changes) == {}
        added = faceset.add(noise(32, seed=9), make_record(frame=9, size_px=32)).name
        (faceset.folder / names[0]).write_bytes((faceset.folder / names[1]).read_bytes() + b"x")
        (faceset.folder / names[2]).unlink()
        faceset.look_at([names[0]])
        assert set(faceset.news(changes)) == {added, names[0]}
        faceset.refresh()
        news = faceset.news(changes)
        assert set(news) == {added, names[0], names[2]} and news[names[2]] is None
        changes.seen()
        assert not faceset.refresh() and faceset.news(changes) == {}


def test_what_was_read_before_somebody_gave_up_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Faceset(tmp_path / "faces") as faceset:
        for n in range(4):
            faceset.add(noise(32, seed=n), make_record(frame=n, size_px=32))
    (tmp_path / "faces" / "index.sqlite").unlink()
    monkeypatch.setattr("understudy.facesets.store._PIECE", 2)
    faceset = Faceset(tmp_path / "faces", look=False)
    changes = faceset.followed()
    with pytest.raises(ZeroDivisionError):
        faceset.refresh(lambda piece: 1 / 0)
    assert len(faceset.news(changes)) == 2
    faceset.refresh()
    assert len(faceset.news(changes)) == 4
    faceset.close()


def test_other_files_are_named_without_a_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Faceset(tmp_path / "faces") as faceset:
        names = [faceset.add(noise(32, seed=n), make_record(frame=n, size_px=32)).name for n in range(3)]
        faceset.refresh()
        assert faceset.others() == []
        (faceset.folder / names[0]).write_bytes(b"x")
        (faceset.folder / names[1]).unlink()
        (faceset.folder / "new.png").write_bytes(b"y")
        with monkeypatch.context() as patch:
            patch.setattr("understudy.facesets.store.read_files", lambda *_: 1 / 0)
            assert set(faceset.others()) == {names[0], names[1], "new.png"}
        assert faceset.look_at(faceset.others()) and faceset.others() == []
