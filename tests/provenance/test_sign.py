"""A signed file says what it is made from, and nothing about its maker's disk or keys."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import c2pa
import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from tests.provenance.material import (
    FICTIONAL,
    facts_for,
    flip_a_byte_of_the_picture,
    make_movie,
    make_sequence,
    packets_of,
)
from understudy.errors import ClipMissing, ConsentMissing, FolderUnwritable, MarksUnreadable
from understudy.provenance import sign
from understudy.provenance.consent import Consent
from understudy.provenance.credentials import read_credentials, sidecar_of
from understudy.provenance.ledger import LEDGER_NAME
from understudy.provenance.sign import SourceClip, marked_input, marked_of, sign_derived, sign_file
from understudy.provenance.verify import verify


@pytest.mark.parametrize("ending", ["mp4", "mov", "png"])
def test_containers_that_can_hold_credentials_need_no_sidecar(
    clips: dict[str, Path], tmp_path: Path, ending: str
) -> None:
    signed = tmp_path / "影" / f"out.{ending}"
    assert sign_file(clips[ending], signed, facts_for(clips[ending])) is None
    assert verify(signed).state == "trusted"
    assert [path.name for path in signed.parent.iterdir()] == [signed.name]


def test_a_matroska_file_stays_as_it_was_and_gets_a_sidecar(clips: dict[str, Path], tmp_path: Path) -> None:
    signed = tmp_path / "out.mkv"
    assert sign_file(clips["mkv"], signed, facts_for(clips["mkv"])) == tmp_path / "out.mkv.c2pa"
    assert signed.read_bytes() == clips["mkv"].read_bytes()
    assert verify(signed).state == "trusted"


def test_the_manifest_is_an_edit_of_the_dst_clip_by_a_trained_model(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    signed = tmp_path / "out.mp4"
    sign_file(clips["mp4"], signed, facts_for(clips["mov"]))
    credentials = read_credentials(signed)
    assert credentials is not None
    manifest = credentials.active
    actions = next(a for a in manifest["assertions"] if a["label"].startswith("c2pa.actions"))["data"]
    assert [action["action"] for action in actions["actions"]] == ["c2pa.opened", "c2pa.edited"]
    assert actions["actions"][1]["digitalSourceType"] == (
        "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    )
    (parent,) = manifest["ingredients"]
    assert (parent["title"], parent["relationship"]) == ("take.mov", "parentOf")
    assert "thumbnail" not in json.dumps(credentials.store)
    # Ours alone may be attributed to the signer; "created" is C2PA's word for that.
    assert all(assertion["created"] for assertion in manifest["assertions"])


def test_the_marks_tell_no_folder_and_no_key(clips: dict[str, Path], tmp_path: Path, home: Path) -> None:
    evidence = Consent(status="agreed", who="Mira", evidence="/srv/geheim/form.pdf")
    signed = tmp_path / "out.mkv"
    sidecar = sign_file(clips["mkv"], signed, facts_for(clips["mkv"], consents={"src": evidence}))
    assert sidecar is not None
    marks = sidecar.read_bytes()
    credentials = read_credentials(signed)
    assert credentials is not None
    assert b"mira.mov" in marks
    assert b"form.pdf" in marks
    for secret in ("geheim", str(tmp_path), str(clips["mkv"].parent), str(home), "PRIVATE"):
        assert secret.encode() not in marks
        assert secret not in json.dumps(credentials.store, ensure_ascii=False)


@pytest.mark.parametrize(
    "consent",
    [Consent(status="refused"), Consent(status="agreed", valid_until=date.today() - timedelta(days=2))],
)
def test_without_consent_nothing_is_written(
    clips: dict[str, Path], tmp_path: Path, home: Path, consent: Consent
) -> None:
    out = tmp_path / "out"
    with pytest.raises(ConsentMissing):
        sign_file(clips["mp4"], out / "out.mp4", facts_for(clips["mp4"], consents={"src": consent}))
    assert not out.exists()
    assert not home.exists()


@pytest.mark.parametrize("parent_ending", ["mp4", "mkv"])
def test_a_second_generation_keeps_the_first_ones_credentials(
    clips: dict[str, Path], tmp_path: Path, parent_ending: str
) -> None:
    first, second = tmp_path / f"first.{parent_ending}", tmp_path / "second.mp4"
    sign_file(clips[parent_ending], first, facts_for(clips[parent_ending]))
    before = read_credentials(first)
    sign_file(clips["mp4"], second, facts_for(first))
    after = read_credentials(second)
    assert before is not None
    assert after is not None
    kept = after.store["manifests"][before.store["active_manifest"]]
    assert kept["assertions"] == before.active["assertions"]
    assert after.active["ingredients"][0]["active_manifest"] == before.store["active_manifest"]
    verdict = verify(second)
    assert verdict.state == "trusted"
    assert any("credentials of its own, which are kept" in sentence for sentence in verdict.sentences)


def test_a_parent_that_no_longer_matches_its_credentials_is_told(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    first, second = tmp_path / "first.mkv", tmp_path / "second.mp4"
    sign_file(clips["mkv"], first, facts_for(clips["mkv"]))
    first.write_bytes(first.read_bytes() + b"more")
    sign_file(clips["mp4"], second, facts_for(first))
    verdict = verify(second)
    assert verdict.state == "trusted"
    assert any("did not match it any more" in sentence for sentence in verdict.sentences)


@pytest.mark.parametrize("keep_bytes", [0, 700])
def test_a_damaged_dst_clip_can_still_be_named(clips: dict[str, Path], tmp_path: Path, keep_bytes: int) -> None:
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(clips["mp4"].read_bytes()[:keep_bytes])
    sign_file(clips["mp4"], tmp_path / "out.mp4", facts_for(damaged))
    assert verify(tmp_path / "out.mp4").state == "trusted"


def test_a_folder_of_images_is_the_dst_clip_as_well_as_a_film(clips: dict[str, Path], tmp_path: Path) -> None:
    frames = make_sequence(tmp_path / "frames")
    sign_file(clips["mp4"], tmp_path / "plain.mp4", facts_for(frames))
    assert verify(tmp_path / "plain.mp4").facts["ingredients"] == [
        {"title": "frames", "has_credentials": False}
    ]
    sign_file(frames, frames, facts_for(clips["mp4"]))
    sign_file(clips["mp4"], tmp_path / "chained.mp4", facts_for(frames))
    assert verify(tmp_path / "chained.mp4").facts["ingredients"] == [
        {"title": "frames", "has_credentials": True}
    ]


def test_a_sequence_is_signed_where_it_lies_or_copied(clips: dict[str, Path], tmp_path: Path) -> None:
    frames = make_sequence(tmp_path / "frames")
    before = {path.name: path.read_bytes() for path in frames.iterdir()}
    assert sign_file(frames, tmp_path / "copy", facts_for(clips["mp4"])) is not None
    assert {path.name: path.read_bytes() for path in frames.iterdir()} == before
    sidecar = sign_file(frames, frames, facts_for(clips["mp4"]))
    assert sidecar == frames / "frames.sha256.json.c2pa"
    assert {name: (frames / name).read_bytes() for name in before} == before
    assert verify(frames).state == verify(tmp_path / "copy").state == "trusted"
    with pytest.raises(FolderUnwritable, match="already there"):
        sign_file(frames, tmp_path / "copy", facts_for(clips["mp4"]))


def test_a_file_can_be_signed_in_place_and_again(clips: dict[str, Path], tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(clips["mp4"].read_bytes())
    sign_file(film, film, facts_for(clips["mp4"]))
    sign_file(film, film, facts_for(clips["mp4"]))
    assert verify(film).state == "trusted"


@pytest.mark.parametrize("ending", ["mp4", "mov"])
@pytest.mark.parametrize("flags", ["", "faststart", "frag_keyframe+empty_moov"])
def test_a_film_plays_the_same_after_signing(tmp_path: Path, ending: str, flags: str) -> None:
    # The manifest moves everything behind it, and with that every place the film's index points to.
    film, signed = make_movie(tmp_path / f"film.{ending}", flags=flags), tmp_path / f"signed.{ending}"
    sign_file(film, signed, facts_for(film))
    assert packets_of(signed) == packets_of(film)
    assert len(packets_of(film)) > 5
    assert verify(signed).state == "trusted"


def test_a_picture_shows_the_same_after_signing(clips: dict[str, Path], tmp_path: Path) -> None:
    signed = tmp_path / "out.png"
    sign_file(clips["png"], signed, facts_for(clips["png"]))
    with Image.open(clips["png"]) as before, Image.open(signed) as after:
        assert np.array_equal(np.asarray(before), np.asarray(after))


def test_what_is_no_film_is_refused_and_leaves_nothing(clips: dict[str, Path], tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("this is no film")
    with pytest.raises(MarksUnreadable, match="can't be made for this file"):
        sign_file(text, tmp_path / "out.mp4", facts_for(clips["mp4"]))
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["text.mp4"]


def test_missing_files_are_named(clips: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ClipMissing, match=r"none\.mp4"):
        sign_file(tmp_path / "none.mp4", tmp_path / "out.mp4", facts_for(clips["mp4"]))


def test_a_hash_that_is_none_never_reaches_the_marks(clips: dict[str, Path], tmp_path: Path) -> None:
    facts = facts_for(clips["mp4"], consents=FICTIONAL)
    broken = type(facts)(**{**facts.__dict__, "model_sha256": "unknown"})
    with pytest.raises(ValidationError, match="sha256"):
        sign_file(clips["mp4"], tmp_path / "out.mp4", broken)
    assert not (tmp_path / "out.mp4").exists()


def test_our_files_read_in_the_librarys_own_reader(clips: dict[str, Path], tmp_path: Path) -> None:
    sign_file(clips["mp4"], tmp_path / "out.mp4", facts_for(clips["mp4"]))
    with c2pa.Reader(str(tmp_path / "out.mp4")) as reader:
        assert reader.get_validation_state() == "Valid"


def test_what_is_made_from_marked_footage_keeps_its_credentials(clips: dict[str, Path], tmp_path: Path) -> None:
    signed = {ending: tmp_path / f"signed.{ending}" for ending in ("mp4", "mkv")}
    for ending, path in signed.items():
        sign_file(clips[ending], path, facts_for(clips[ending]))
    made_from = marked_of([clips["mov"], signed["mkv"], signed["mp4"]])
    assert made_from == [signed["mkv"], signed["mp4"]]
    for ending in ("mov", "mkv"):
        out = tmp_path / f"joined.{ending}"
        sidecar = sign_derived(clips[ending], out, made_from=made_from, description="Two clips were joined.")
        assert (sidecar is None) == (ending == "mov")
        verdict = verify(out)
        assert verdict.state == "trusted" and verdict.facts["recast"] is None
        assert verdict.facts["ingredients"] == [
            {"title": "signed.mkv", "has_credentials": True},
            {"title": "signed.mp4", "has_credentials": True},
        ]
        credentials = read_credentials(out)
        assert credentials is not None and len(credentials.store["manifests"]) == 3
        assert "Two clips were joined." in json.dumps(credentials.active)


def test_clips_whose_credentials_lie_beside_them_can_be_joined(clips: dict[str, Path], tmp_path: Path) -> None:
    parts = [tmp_path / "one.mkv", tmp_path / "two.mkv", make_sequence(tmp_path / "three")]
    for part in parts:
        sign_file(clips["mkv"] if part.suffix else part, part, facts_for(clips["mp4"]))
    sign_derived(clips["mov"], tmp_path / "joined.mov", made_from=parts, description="Clips were joined.")
    verdict = verify(tmp_path / "joined.mov")
    assert verdict.state == "trusted"
    titles = [kept["title"] for kept in verdict.facts["ingredients"] if kept["has_credentials"]]
    assert titles == ["one.mkv", "two.mkv", "three"]


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_the_plate_keeps_its_credentials_beside_dsts(
    clips: dict[str, Path], tmp_path: Path, ending: str
) -> None:
    dst, plate = tmp_path / "dst.mkv", tmp_path / f"plate.{ending}"
    sign_file(clips["mkv"], dst, facts_for(clips["mkv"]))
    sign_file(clips[ending], plate, facts_for(clips[ending]))
    frames = make_sequence(tmp_path / "frames")
    for signed in (tmp_path / "out.mp4", frames):
        source = clips["mp4"] if signed.suffix else frames
        sign_file(source, signed, replace(facts_for(dst), plate=SourceClip(plate, "c" * 64)))
        verdict = verify(signed)
        assert verdict.state == "trusted"
        kept = {each["title"] for each in verdict.facts["ingredients"] if each["has_credentials"]}
        assert kept == {"dst.mkv", plate.name}


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_what_a_model_learnt_from_keeps_its_credentials_as_what_a_model_was_given(
    clips: dict[str, Path], tmp_path: Path, ending: str
) -> None:
    dst, plate, src = (tmp_path / f"{name}.{ending}" for name in ("dst", "plate", "src"))
    for marked in (dst, plate, src):
        sign_file(clips[ending], marked, facts_for(clips[ending]))
    stills = make_sequence(tmp_path / "stills")
    sign_file(clips["png"], stills / "0001.png", facts_for(clips["png"]))
    facts = replace(facts_for(dst), plate=SourceClip(plate, "c" * 64))
    inputs = [found for clip in (src, stills) if (found := marked_input(clip)) is not None]
    frames = make_sequence(tmp_path / "frames")
    for signed in (tmp_path / "out.mp4", tmp_path / "out.mkv", frames):
        sign_file(clips[signed.suffix[1:]] if signed.suffix else frames, signed, facts, inputs=inputs)
        verdict = verify(signed)
        credentials = read_credentials(signed / LEDGER_NAME if signed.is_dir() else signed)
        assert verdict.state == "trusted" and credentials is not None
        assert {each["title"]: each["relationship"] for each in credentials.active["ingredients"]} == {
            dst.name: "parentOf",
            plate.name: "componentOf",
            src.name: "inputTo",
            "0001.png": "inputTo",
        }
        assert all(each["active_manifest"] for each in credentials.active["ingredients"])
        assert f"{src.name}, which a model was given, had credentials of its own, which are kept in here." in (
            verdict.sentences
        )


def test_a_file_that_a_model_learnt_from_and_that_changed_since_it_was_signed_is_told(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    src, signed = tmp_path / "src.mp4", tmp_path / "out.mp4"
    sign_file(clips["mp4"], src, facts_for(clips["mp4"]))
    flip_a_byte_of_the_picture(src)
    sign_file(clips["mp4"], signed, facts_for(clips["mp4"]), inputs=[src])
    verdict = verify(signed)
    assert verdict.state == "trusted"
    assert any(
        "a model was given, had credentials of its own, which did not match" in s for s in verdict.sentences
    )


def test_clips_without_credentials_are_no_inputs_to_keep_any_of(clips: dict[str, Path], tmp_path: Path) -> None:
    plain = [*clips.values(), make_sequence(tmp_path / "frames"), tmp_path / "gone.mp4"]
    assert [marked_input(clip) for clip in plain] == [None] * len(plain)


def test_a_dst_of_images_that_are_signed_each_for_itself_keeps_credentials(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    folder = make_sequence(tmp_path / "frames")
    sign_file(clips["png"], folder / "0001.png", facts_for(clips["png"]))
    sign_file(clips["mp4"], tmp_path / "out.mp4", replace(facts_for(clips["mp4"]), dst_clip=folder))
    assert verify(tmp_path / "out.mp4").facts["ingredients"] == [{"title": "0001.png", "has_credentials": True}]


def test_a_folder_made_from_marked_footage_is_signed_by_its_ledger(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    signed = tmp_path / "signed.mp4"
    sign_file(clips["mp4"], signed, facts_for(clips["mp4"]))
    folder = make_sequence(tmp_path / "frames")
    sidecar = sign_derived(folder, folder, made_from=[signed], description="Frames.")
    assert sidecar is not None and verify(folder).state == "trusted"
    assert marked_of([folder]) == [folder]
    assert verify(folder).facts["ingredients"] == [{"title": "signed.mp4", "has_credentials": True}]


def test_images_that_are_signed_each_for_itself_are_seen(clips: dict[str, Path], tmp_path: Path) -> None:
    folder = make_sequence(tmp_path / "frames")
    assert marked_of([folder, clips["png"], clips["mp4"]]) == []
    sign_file(clips["png"], folder / "0001.png", facts_for(clips["png"]))
    assert marked_of([folder]) == [folder / "0001.png"]


def test_damaged_credentials_are_not_dropped_silently(clips: dict[str, Path], tmp_path: Path) -> None:
    signed = tmp_path / "signed.mkv"
    sign_file(clips["mkv"], signed, facts_for(clips["mkv"]))
    sidecar_of(signed).write_bytes(b"no credentials")
    assert marked_of([signed]) == [signed]
    with pytest.raises(MarksUnreadable):
        sign_derived(clips["mov"], tmp_path / "out.mov", made_from=[signed], description="Cut.")
    assert not (tmp_path / "out.mov").exists()


def test_each_clip_that_a_file_is_made_from_is_read_for_its_credentials_once(
    clips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading them means reading all of a clip, which may be hours of footage."""
    dst, src = tmp_path / "dst.mp4", tmp_path / "src.mp4"
    for marked in (dst, src):
        sign_file(clips["mp4"], marked, facts_for(clips["mp4"]))
    read: list[Path] = []
    monkeypatch.setattr(sign, "read_credentials", lambda path: read.append(path) or read_credentials(path))
    sign_file(clips["mp4"], tmp_path / "out.mp4", facts_for(dst), inputs=[src])
    assert read == [dst, src]


def test_a_clip_that_cant_be_looked_at_keeps_no_file_from_being_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: Path) -> bool:
        raise OSError(errno.ESTALE, "Stale file handle", str(self))

    monkeypatch.setattr(Path, "is_file", away)
    assert marked_input(tmp_path / "on a disk that is away.mp4") is None
