"""All marks side by side: where one is lost, the others still speak, and each says what it proves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from tests.provenance.material import facts_for, flip_a_byte_of_the_picture, make_image, make_sequence
from tests.provenance.watermark.footage import plain_footage, write_film
from understudy.provenance.examine import examine
from understudy.provenance.exports import Unmarked, append, export_of, remember_ledger
from understudy.provenance.ledger import LEDGER_NAME, ledger_of
from understudy.provenance.sign import recast_of, sign_file
from understudy.provenance.watermark.embed import Watermark
from understudy.provenance.watermark.keys import make_key
from understudy.provenance.watermark.payload import name_of
from understudy.provenance.xmp import packet

NUMBER = 0xC0FFEE


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film with the watermark, not signed."""
    mark = Watermark(NUMBER)
    frames = [mark.marked(frame) for frame in plain_footage(4)]
    return write_film(tmp_path_factory.mktemp("film") / "shot.mp4", frames, crf=20)


@pytest.fixture
def signed(film: Path, tmp_path: Path) -> Path:
    """The same, signed, and entered in a ledger that this machine knows."""
    facts = replace(facts_for(film), watermark=name_of(NUMBER), title="shot.mp4")
    out, ledger = tmp_path / "shot.mp4", tmp_path / "project" / "exports.jsonl"
    sign_file(film, out, facts)
    marks = ["content credentials", "watermark"]
    append(ledger, export_of(out, title="shot.mp4", recast=recast_of(facts), marks=marks, signer="me"))
    remember_ledger(ledger)
    return out


def said(path: Path, **how) -> tuple[str, str]:
    verdict = examine(path, **how)
    return verdict.state, " ".join(verdict.sentences)


def written_again(film: Path, out: Path) -> Path:
    """Copied packet by packet, as any program does it that knows nothing of credentials."""
    with av.open(str(film)) as source, av.open(str(out), "w") as goal:
        stream = goal.add_stream_from_template(source.streams.video[0])
        for packet_ in source.demux(video=0):
            if packet_.dts is not None:
                packet_.stream = stream
                goal.mux(packet_)
    return out


def test_credentials_and_watermark_that_belong_together_say_so(signed: Path) -> None:
    state, words = said(signed)
    assert state == "trusted"
    assert "carries the watermark 00000c0ffee" in words and "the one that the credentials name" in words
    assert "Line 1 of the ledger exports.jsonl has it: shot.mp4" in words
    assert words.count("A trained model put the face") == 1


def test_stripped_credentials_leave_the_watermark_which_finds_the_ledgers_line(
    signed: Path, tmp_path: Path
) -> None:
    copy = written_again(signed, tmp_path / "copy.mkv")
    verdict = examine(copy)
    words = " ".join(verdict.sentences)
    assert verdict.state == "stripped" and verdict.exit_code == 6
    assert words.startswith("Stripped: there are no Content Credentials any more")
    assert "Line 1 of the ledger" in words and "model is tide-h64" in words
    assert "doesn't prove who made it" in words
    assert verdict.facts["watermark"]["number"] == "00000c0ffee"
    assert verdict.facts["ledger"]["line"] == 1 and verdict.facts["ledger"]["file"] == "shot.mp4"


def test_without_a_ledger_the_watermark_says_where_to_ask(film: Path, tmp_path: Path) -> None:
    state, words = said(film)
    assert state == "stripped" and "understudy ledger find" in words


def test_a_ledger_elsewhere_can_be_named(signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "another machine"))
    assert "Line 1" not in said(signed)[1]
    assert "Line 1" in said(signed, ledgers=[tmp_path / "project" / "exports.jsonl"])[1]


def test_what_was_left_without_marks_is_known_by_its_hash_with_the_reason(tmp_path: Path) -> None:
    layers, ledger = make_sequence(tmp_path / "layers"), tmp_path / "exports.jsonl"
    (layers / LEDGER_NAME).write_bytes(ledger_of(layers))
    why = Unmarked(reason="for the compositor", by="A. Weber")
    recast = recast_of(facts_for(layers / "0000.png"))
    line = export_of(layers, title="layers", recast=recast, marks=[], signer="", unmarked=why)
    append(ledger, line)
    verdict = examine(layers, ledgers=[ledger])
    words = " ".join(verdict.sentences)
    assert verdict.state == "none" and verdict.exit_code == 5
    assert "Line 1 of the ledger exports.jsonl has exactly this file" in words
    assert "for the compositor (decided by A. Weber)" in words and "A trained model put the face" in words
    assert verdict.facts["ledger"]["found_by"] == "sha256"
    make_image(layers / "0001.png", shade=3)
    assert "Line 1" not in said(layers, ledgers=[ledger])[1]


def test_a_private_keys_mark_is_read_where_the_key_is_known(tmp_path: Path) -> None:
    mark = Watermark(NUMBER, key=make_key("studio").secret)
    film = write_film(tmp_path / "shot.mp4", [mark.marked(frame) for frame in plain_footage(4)], crf=20)
    verdict = examine(film)
    assert "private key “studio”" in " ".join(verdict.sentences)
    assert verdict.facts["watermark"]["key"] == "studio"


def test_a_changed_byte_is_tampering_and_the_watermark_still_speaks(signed: Path) -> None:
    flip_a_byte_of_the_picture(signed)
    state, words = said(signed)
    assert state == "tampered" and "carries the watermark 00000c0ffee" in words


def test_credentials_that_name_another_watermark_do_not_fit_the_picture(film: Path, tmp_path: Path) -> None:
    sign_file(film, tmp_path / "shot.mp4", replace(facts_for(film), watermark=name_of(1)))
    state, words = said(tmp_path / "shot.mp4")
    assert state == "trusted" and "name another watermark, 00000000001" in words


def test_a_watermark_that_is_named_and_not_there_is_told(tmp_path: Path) -> None:
    grey = [np.full((48, 64, 3), 90, np.uint8)] * 2
    plain = write_film(tmp_path / "plain.mp4", grey)
    sign_file(plain, tmp_path / "shot.mp4", replace(facts_for(plain), watermark=name_of(1)))
    assert "name a watermark, but it can't be read" in said(tmp_path / "shot.mp4")[1]
    state, words = said(plain)
    assert state == "none" and "No watermark of ours" in words and "proves nothing" in words


def test_what_is_no_picture_is_not_said_to_be_without_a_watermark(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("words")
    (tmp_path / "torn.mp4").write_bytes(b"no film")
    (tmp_path / "empty").mkdir()
    for name in ("notes.txt", "torn.mp4"):
        words = said(tmp_path / name)[1]
        assert "This is no film and no image" in words and "No watermark of ours" not in words
    assert "There is no image in this folder" in said(tmp_path / "empty")[1]


def test_xmp_is_told_and_is_no_mark(tmp_path: Path) -> None:
    still = make_sequence(tmp_path / "frames") / "0000.png"
    still.write_bytes(still.read_bytes() + packet())
    state, words = said(still, watermark=False)
    assert state == "none" and "source “compositeWithTrainedAlgorithmicMedia”" in words
    assert "Anybody can write or remove that" in words


def test_pictures_are_not_looked_at_unless_asked(film: Path) -> None:
    verdict = examine(film, watermark=False)
    assert verdict.state == "none" and "watermark" not in verdict.facts


@pytest.mark.parametrize("watermark", [True, False])
@pytest.mark.parametrize("name", ["words.txt", "words.mp4", "words.png"])
def test_a_file_that_is_no_film_and_no_image_is_said_to_be_none(
    tmp_path: Path, name: str, watermark: bool
) -> None:
    path = tmp_path / name
    path.write_text("no picture")
    state, words = said(path, watermark=watermark)
    assert state == "none" and words.startswith("This is no film and no image")
    assert "Content Credentials" in words and "proves nothing" not in words


def test_an_image_without_marks_is_not_said_to_be_no_image(tmp_path: Path) -> None:
    for watermark in (True, False):
        state, words = said(make_image(tmp_path / "plain.png"), watermark=watermark)
        assert state == "none" and "proves nothing" in words and "no film" not in words
