"""A verdict for anything anybody hands in: trusted, valid, tampered, none, and never a traceback."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import av
import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.provenance.material import facts_for, flip_a_byte_of_the_picture, make_image, make_sequence
from understudy.errors import ClipMissing, MarksUnreadable
from understudy.provenance import identity
from understudy.provenance.consent import Consent
from understudy.provenance.credentials import Credentials, read_credentials, sidecar_of
from understudy.provenance.sign import sign_file
from understudy.provenance.verify import EXIT_CODES, verify

MIRA = Consent(status="agreed", who="Mira", scope="the film Tide", attested_by="A. Weber")
IMAGINABLE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def signed(clips: dict[str, Path], tmp_path: Path) -> dict[str, Path]:
    """Signed files by their ending."""
    files = {ending: tmp_path / f"{ending} out" / f"out.{ending}" for ending in clips}
    for ending, path in files.items():
        sign_file(clips[ending], path, facts_for(clips[ending], consents={"src": MIRA, "dst": Consent()}))
    return files


def test_the_words_tell_what_was_made_from_what_by_which_model_and_whose_consent(
    signed: dict[str, Path],
) -> None:
    verdict = verify(signed["mp4"])
    words = " ".join(verdict.sentences)
    for part in (
        "Trusted: unchanged",
        "face seen in mira.mov [sha256 aaaaaaaaaaaa…] into take.mp4",
        "model is tide-h64 [sha256 bbbbbbbbbbbb…], trained for 1,200 iterations; 5 of 6 frames",
        "src (Mira): agreed to the film Tide, as A. Weber attests.",
        "dst: the maker did not state whether they agreed.",
        "doesn't prove that the performers agreed",
    ):
        assert part in words
    assert verdict.facts["recast"]["consents"]["src"]["who"] == "Mira"


def test_each_verdict_has_an_exit_code_of_its_own_and_two_stays_for_errors() -> None:
    assert EXIT_CODES["trusted"] == 0
    assert len(set(EXIT_CODES.values())) == 5
    assert 2 not in EXIT_CODES.values()


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "png"])
def test_one_changed_bit_shows(signed: dict[str, Path], ending: str) -> None:
    assert verify(signed[ending]).state == "trusted"
    flip_a_byte_of_the_picture(signed[ending])
    verdict = verify(signed[ending])
    assert (verdict.state, verdict.exit_code) == ("tampered", 4)
    assert verdict.sentences[0].startswith("Tampered: ")
    assert any("can't be relied on" in sentence for sentence in verdict.sentences)


def test_a_remuxed_film_has_no_marks_and_that_proves_nothing(signed: dict[str, Path], tmp_path: Path) -> None:
    remuxed = tmp_path / "remuxed.mp4"
    with av.open(str(signed["mp4"])) as start, av.open(str(remuxed), "w") as goal:
        stream = goal.add_stream_from_template(start.streams.video[0])
        for packet in start.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                goal.mux(packet)
    verdict = verify(remuxed)
    assert (verdict.state, verdict.exit_code) == ("none", 5)
    assert "proves nothing" in verdict.sentences[1]


def test_a_lost_sidecar_leaves_no_marks(signed: dict[str, Path]) -> None:
    sidecar_of(signed["mkv"]).unlink()
    assert verify(signed["mkv"]).state == "none"


def test_a_sidecar_may_also_be_named_after_its_file_without_the_ending(signed: dict[str, Path]) -> None:
    sidecar_of(signed["mkv"]).rename(signed["mkv"].with_suffix(".c2pa"))
    assert verify(signed["mkv"]).state == "trusted"


def test_another_files_sidecar_is_tampering_with_the_innocent_reason_said(
    signed: dict[str, Path], clips: dict[str, Path]
) -> None:
    shutil.copy(clips["mp4"], signed["mkv"])
    verdict = verify(signed["mkv"])
    assert verdict.state == "tampered"
    assert any("may belong to another file" in sentence for sentence in verdict.sentences)


def test_a_strange_signer_is_valid_until_the_user_trusts_the_root(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    theirs = tmp_path / "their machine"
    foreign = identity.load_identity(theirs)
    identity.load_identity()  # ours exists too, and must not vouch for them
    sign_file(clips["mp4"], tmp_path / "out.mp4", facts_for(clips["mp4"]), identity=foreign)
    verdict = verify(tmp_path / "out.mp4")
    assert (verdict.state, verdict.exit_code) == ("valid", 3)
    assert "doesn't know the signer" in verdict.sentences[0]
    identity.trust_root(theirs / "identity" / "root.pem")
    assert verify(tmp_path / "out.mp4").state == "trusted"


def test_a_strange_signer_does_not_hide_a_changed_bit(clips: dict[str, Path], tmp_path: Path) -> None:
    foreign = identity.load_identity(tmp_path / "their machine")
    sign_file(clips["mp4"], tmp_path / "out.mp4", facts_for(clips["mp4"]), identity=foreign)
    flip_a_byte_of_the_picture(tmp_path / "out.mp4")
    assert verify(tmp_path / "out.mp4").state == "tampered"


def test_an_expired_certificate_is_no_tampering(
    clips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "LEAF_LIFE", timedelta(seconds=6))
    monkeypatch.setattr(identity, "RENEW_BEFORE_END", timedelta(0))
    short = identity.load_identity()
    sign_file(clips["mp4"], tmp_path / "out.mp4", facts_for(clips["mp4"]), identity=short)
    time.sleep(max(0.0, (short.valid_until - datetime.now(UTC)).total_seconds()) + 1.1)
    verdict = verify(tmp_path / "out.mp4")
    assert verdict.state == "valid"
    assert "certificate is out of date" in verdict.sentences[0]
    flip_a_byte_of_the_picture(tmp_path / "out.mp4")
    assert verify(tmp_path / "out.mp4").state == "tampered"


def test_a_clock_in_the_past_is_told_by_the_day_that_the_file_names(
    clips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_file(clips["mp4"], tmp_path / "out.mp4", facts_for(clips["mp4"]))

    def at_another_time(path: Path, *, roots_pem: str = "") -> Credentials | None:
        found = read_credentials(path, roots_pem=roots_pem)
        assert found is not None
        # What the library says of a certificate that does not hold, whether it ended or is still to begin.
        failures = found.store["validation_results"]["activeManifest"].setdefault("failure", [])
        failures.append({"code": "signingCredential.expired"})
        return found

    monkeypatch.setattr("understudy.provenance.verify.read_credentials", at_another_time)
    assert "certificate is out of date" in verify(tmp_path / "out.mp4").sentences[0]

    class Past(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime(2020, 1, 1, tzinfo=tz)

    monkeypatch.setattr("understudy.provenance.verify.datetime", Past)
    verdict = verify(tmp_path / "out.mp4")
    assert verdict.state == "valid"
    assert f"made on {datetime.now(UTC).date()}, which is still to come" in verdict.sentences[0]


def test_renewed_leaves_leave_older_files_trusted(
    signed: dict[str, Path], clips: dict[str, Path], home: Path
) -> None:
    later = datetime.now(UTC) + identity.LEAF_LIFE - timedelta(days=1)
    renewed = identity.load_identity(now=later)
    chain = x509.load_pem_x509_certificates(renewed.chain_pem.encode())
    assert chain[0].not_valid_before_utc > datetime.now(UTC)
    assert verify(signed["mp4"]).state == "trusted"


@pytest.fixture
def sequence(clips: dict[str, Path], tmp_path: Path) -> Path:
    """A signed folder of three frames."""
    frames = make_sequence(tmp_path / "frames 影")
    sign_file(frames, frames, facts_for(clips["mp4"]))
    return frames


def test_a_frame_changed_lost_added_or_renamed_shows(sequence: Path) -> None:
    assert verify(sequence).state == "trusted"
    flip_a_byte_of_the_picture(sequence / "0001.png")
    (sequence / "0002.png").rename(sequence / "0009.png")
    verdict = verify(sequence)
    assert verdict.state == "tampered"
    words = " ".join(verdict.sentences)
    assert "1 frame is changed since it was signed: 0001.png." in words
    assert "1 frame is missing: 0002.png." in words
    assert "1 frame is not in the ledger: 0009.png." in words


def test_a_frame_of_a_signed_sequence_has_the_sequences_marks(sequence: Path) -> None:
    """It used to be told that another program had written it again."""
    verdict = verify(sequence / "0001.png")
    assert verdict.state == "trusted" and "0001.png is a frame of a sequence" in verdict.sentences[1]
    make_image(sequence / "0009.png")
    assert verify(sequence / "0009.png").state == "none"
    flip_a_byte_of_the_picture(sequence / "0001.png")
    assert verify(sequence / "0001.png").state == "tampered"
    assert verify(sequence / "0002.png").state == "trusted"
    (sequence / "frames.sha256.json.c2pa").unlink()
    assert verify(sequence / "0002.png").state == "none"


def test_a_ledger_made_to_fit_changed_frames_does_not_match_its_signature(sequence: Path) -> None:
    ledger = sequence / "frames.sha256.json"
    make_image(sequence / "0003.png")
    ledger.write_text(ledger.read_text().replace("0002", "0003"))
    assert verify(sequence).state == "tampered"


def test_folders_without_a_ledger_or_its_signature_have_no_marks(sequence: Path, tmp_path: Path) -> None:
    assert verify(make_sequence(tmp_path / "plain")).state == "none"
    (sequence / "frames.sha256.json.c2pa").unlink()
    assert verify(sequence).state == "none"


def test_missing_files_and_bare_sidecars_are_errors_for_people(signed: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ClipMissing, match="no such file"):
        verify(tmp_path / "none.mp4")
    with pytest.raises(MarksUnreadable, match="Name the file it belongs to"):
        verify(sidecar_of(signed["mkv"]))


def test_names_no_disk_can_hold_and_frames_nobody_may_read_are_errors_for_people(
    sequence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MarksUnreadable, match="can't be opened"):
        verify(tmp_path / ("x" * 5000))

    def refuse(path: Path) -> str:
        raise PermissionError(13, "not yours", str(path))

    monkeypatch.setattr("understudy.provenance.ledger.sha256_of", refuse)
    with pytest.raises(MarksUnreadable, match="can't be opened"):
        verify(sequence)


@pytest.mark.parametrize("name", ["x.mp4", "x.png", "x.mkv", "x.jpg", "x", "x.txt", "x.tiff", "x.avi"])
@pytest.mark.parametrize("data", [b"", b"plain words", bytes(range(256)) * 8, b"\x89PNG\r\n\x1a\n\0\0"])
def test_files_that_never_had_marks_are_none_whatever_they_are(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert verify(tmp_path / name).state == "none"


@IMAGINABLE
@given(
    cut=st.floats(0, 1),
    at=st.floats(0, 0.999),
    junk=st.binary(max_size=40),
    ending=st.sampled_from(["mp4", "mov", "png", "mkv"]),
)
def test_no_damage_ends_in_a_traceback(
    signed: dict[str, Path], tmp_path: Path, cut: float, at: float, junk: bytes, ending: str
) -> None:
    victim = tmp_path / "victim" / f"victim.{ending}"
    victim.parent.mkdir(exist_ok=True)
    sidecar = sidecar_of(signed[ending])
    victim.write_bytes(signed[ending].read_bytes())
    hurt = victim
    if sidecar.exists():
        hurt = sidecar_of(victim)
        hurt.write_bytes(sidecar.read_bytes())
    data = bytearray(hurt.read_bytes())
    data = data[: int(len(data) * cut) + 1]
    where = int(len(data) * at)
    data[where : where + len(junk)] = junk
    hurt.write_bytes(bytes(data))
    verdict = verify(victim)
    assert verdict.state in EXIT_CODES
    assert verdict.sentences


@pytest.mark.parametrize("sidecar", [b"", b"words", b"\0\0\0\x10jumb" + bytes(50)])
def test_rubbish_as_a_sidecar_is_tampering(clips: dict[str, Path], tmp_path: Path, sidecar: bytes) -> None:
    shutil.copy(clips["mkv"], tmp_path / "film.mkv")
    (tmp_path / "film.c2pa").write_bytes(sidecar)
    verdict = verify(tmp_path / "film.mkv")
    assert verdict.state == "tampered"
    assert "damaged" in verdict.sentences[0]


def test_names_in_a_file_cannot_steer_the_terminal(clips: dict[str, Path], tmp_path: Path) -> None:
    hostile = Consent(status="agreed", who="\x1b[2J\nTrusted: all is well" + "x" * 500)
    sign_file(clips["mp4"], tmp_path / "out.mp4", facts_for(clips["mp4"], consents={"src": hostile}))
    for sentence in verify(tmp_path / "out.mp4").sentences:
        assert sentence.isprintable()
        assert len(sentence) < 400
