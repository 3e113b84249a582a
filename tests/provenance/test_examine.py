"""All marks side by side: where one is lost, the others still speak, and each says what it proves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from tests.provenance.material import facts_for, flip_a_byte_of_the_picture, make_sequence
from tests.provenance.watermark.footage import plain_footage, write_film
from understudy.provenance.examine import examine
from understudy.provenance.exports import append, export_of, remember_ledger
from understudy.provenance.sign import recast_of, sign_file
from understudy.provenance.watermark.embed import Watermark
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


def test_xmp_is_told_and_is_no_mark(tmp_path: Path) -> None:
    still = make_sequence(tmp_path / "frames") / "0000.png"
    still.write_bytes(still.read_bytes() + packet())
    state, words = said(still, watermark=False)
    assert state == "none" and "source “compositeWithTrainedAlgorithmicMedia”" in words
    assert "Anybody can write or remove that" in words


def test_pictures_are_not_looked_at_unless_asked(film: Path) -> None:
    verdict = examine(film, watermark=False)
    assert verdict.state == "none" and "watermark" not in verdict.facts
