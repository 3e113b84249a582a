"""A studio's own watermark key is kept for it alone, and what it spread nobody else can read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.provenance.watermark.footage import plain_footage, write_film
from understudy.errors import MarksUnreadable
from understudy.provenance.watermark.embed import Watermark
from understudy.provenance.watermark.keys import (
    OPEN,
    key_file,
    key_in_use,
    known_keys,
    make_key,
    take_key,
    use_key,
)
from understudy.provenance.watermark.reading import read_watermark

NUMBER = 0xC0FFEE


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_without_a_choice_the_open_key_spreads(home: Path) -> None:
    assert key_in_use(home) is OPEN and known_keys(home) == [OPEN]


def test_only_who_has_the_key_reads_what_it_spread(home: Path, tmp_path: Path) -> None:
    studio = make_key("studio", home)
    mark = Watermark(NUMBER, key=studio.secret)
    film = write_film(tmp_path / "shot.mp4", [mark.marked(frame) for frame in plain_footage()])
    assert read_watermark(film, everywhere=False) is None
    reading = read_watermark(film, keys=known_keys(home), everywhere=False)
    assert reading is not None and (reading.key, reading.found.number) == ("studio", NUMBER)


def test_a_key_stays_known_when_another_one_is_used(home: Path) -> None:
    make_key("first", home)
    make_key("second", home)
    use_key("second", home)
    assert key_in_use(home).name == "second"
    use_key("open", home)
    assert key_in_use(home) is OPEN
    assert [key.name for key in known_keys(home)] == ["open", "first", "second"]


def test_the_same_file_is_the_same_key_on_another_machine(home: Path, tmp_path: Path) -> None:
    here = make_key("studio", home)
    there = take_key("theirs", key_file("studio", home), tmp_path / "other")
    assert there.secret == here.secret and there.name == "theirs"


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_nobody_else_can_open_a_key_and_none_shows_when_it_is_printed(home: Path) -> None:
    key = make_key("studio", home)
    path = key_file("studio", home)
    assert path.stat().st_mode & 0o077 == path.parent.stat().st_mode & 0o077 == 0
    assert repr(key.secret) not in repr(key) and path.read_bytes() != key.secret


@pytest.mark.parametrize("name", ["open", "", "../up", "Studio", "a" * 41])
def test_a_name_that_is_none_is_refused(home: Path, name: str) -> None:
    with pytest.raises(MarksUnreadable, match="can't be called"):
        make_key(name, home)


def test_a_key_is_never_replaced(home: Path) -> None:
    before = make_key("studio", home)
    with pytest.raises(MarksUnreadable, match="already"):
        make_key("studio", home)
    assert known_keys(home) == [OPEN, before]


def test_what_is_no_key_file_is_refused(home: Path, tmp_path: Path) -> None:
    with pytest.raises(MarksUnreadable, match="no such file"):
        take_key("studio", tmp_path / "gone.key", home)
    (tmp_path / "short.key").write_bytes(b"short")
    with pytest.raises(MarksUnreadable, match="16 to 4096 bytes"):
        take_key("studio", tmp_path / "short.key", home)


def test_a_key_in_use_that_is_gone_stops_and_names_those_there_are(home: Path) -> None:
    make_key("studio", home)
    make_key("other", home)
    use_key("studio", home)
    key_file("studio", home).unlink()
    with pytest.raises(MarksUnreadable, match="there are: open, other"):
        key_in_use(home)
    with pytest.raises(MarksUnreadable, match="'new'"):
        use_key("new", home)


def test_a_choice_of_key_that_is_damaged_stops_and_says_how_to_choose_anew(home: Path) -> None:
    use_key("open", home)
    (home / "watermark-keys" / "used").write_bytes(b"\xff\xfe")
    with pytest.raises(MarksUnreadable, match="keys watermark NAME"):
        key_in_use(home)
