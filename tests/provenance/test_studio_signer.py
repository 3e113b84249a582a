"""A studio's own chain signs, by key or by program, and what doesn't belong together is refused."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.provenance.material import facts_for
from understudy.errors import MarksUnreadable
from understudy.provenance.identity import identity_folder, load_identity, trust_root
from understudy.provenance.sign import sign_file
from understudy.provenance.studio_signer import (
    SignerConfig,
    signer_for,
    use_own_identity,
    use_studio_signer,
)
from understudy.provenance.verify import verify

_PROGRAM = """
import sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
key = serialization.load_pem_private_key(open(sys.argv[1], "rb").read(), None)
sys.stdout.buffer.write(key.sign(sys.stdin.buffer.read(), ec.ECDSA(hashes.SHA256())))
"""


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    """Somebody else's data folder: signer.pem holds key, certificate and root."""
    load_identity(tmp_path / "studio")
    return identity_folder(tmp_path / "studio")


def test_without_a_configuration_this_machines_own_identity_signs() -> None:
    assert signer_for().name == load_identity().name


@pytest.mark.parametrize("how", ["key", "command"])
def test_a_studios_chain_signs_and_is_trusted_once_its_root_is(
    studio: Path, clips: dict[str, Path], tmp_path: Path, how: str
) -> None:
    program = tmp_path / "signing_program.py"
    program.write_text(_PROGRAM)
    by = {
        "key": {"key": studio / "signer.pem"},
        "command": {"command": [sys.executable, str(program), str(studio / "signer.pem")]},
    }
    used = use_studio_signer(SignerConfig(chain=studio / "signer.pem", **by[how]))
    assert used.name == signer_for().name == load_identity(tmp_path / "studio").name != load_identity().name
    sign_file(clips["mp4"], tmp_path / "out.mp4", facts_for(clips["mp4"]))
    assert verify(tmp_path / "out.mp4").state == "valid"
    trust_root(studio / "root.pem")
    verdict = verify(tmp_path / "out.mp4")
    assert verdict.state == "trusted" and verdict.facts["signer"] == used.name
    use_own_identity()
    assert signer_for().name == load_identity().name


def test_a_key_that_is_not_the_certificates_is_refused_before_anything_is_signed(
    studio: Path, home: Path
) -> None:
    load_identity()
    with pytest.raises(MarksUnreadable, match="don't belong together"):
        use_studio_signer(SignerConfig(chain=studio / "signer.pem", key=home / "identity" / "signer.pem"))
    assert not (home / "signer.toml").exists()


def test_a_program_that_fails_or_says_nonsense_is_named(studio: Path) -> None:
    for command, said in (
        (["no such program 影"], "no such program"),
        ([sys.executable, "-c", "raise SystemExit(3)"], "failed"),
        ([sys.executable, "-c", "print('x')"], "no ES256 signature"),
    ):
        with pytest.raises(MarksUnreadable, match=said):
            use_studio_signer(SignerConfig(chain=studio / "signer.pem", command=command))


@pytest.mark.parametrize(
    ("ending", "why"),
    [
        ("sys.exit('loading\\nThe PIN is wrong.')", r"failed \(The PIN is wrong\.\)"),
        ("sys.exit(3)", "ended with code 3 and said nothing"),
        ("print('x')", "no ES256 signature"),
    ],
)
def test_why_a_signing_program_fails_at_a_delivery_is_told_in_its_words(
    studio: Path, clips: dict[str, Path], tmp_path: Path, ending: str, why: str
) -> None:
    """The library wrote it to the terminal, and whoever delivered in the studio never saw it."""
    program = tmp_path / "signing_program.py"
    program.write_text(_PROGRAM)
    command = [sys.executable, str(program), str(studio / "signer.pem")]
    use_studio_signer(SignerConfig(chain=studio / "signer.pem", command=command))
    program.write_text(f"import sys\n{ending}\n")
    with pytest.raises(MarksUnreadable, match=why):
        sign_file(clips["mp4"], tmp_path / "out.mp4", facts_for(clips["mp4"]))


@pytest.mark.parametrize(("years", "word"), [(-5, "until"), (40, "until")])
def test_a_certificate_out_of_date_or_a_clock_in_the_past_is_refused_with_the_dates(
    studio: Path, years: int, word: str
) -> None:
    use_studio_signer(SignerConfig(chain=studio / "signer.pem", key=studio / "signer.pem"))
    with pytest.raises(MarksUnreadable, match=word):
        signer_for(now=datetime.now(UTC) + timedelta(days=365 * years))


def test_a_configuration_that_is_none_is_refused(home: Path) -> None:
    home.mkdir()
    for text in ("chain = 'a.pem'", "chain = 'a.pem'\nkey = 'b'\ncommand = ['c']", "no toml"):
        (home / "signer.toml").write_text(text)
        with pytest.raises(MarksUnreadable, match="configuration"):
            signer_for()


@pytest.mark.skipif(os.name == "nt", reason="Windows guards the profile folder with its own access list")
def test_nobody_else_can_read_what_a_tokens_program_is_given(studio: Path, home: Path) -> None:
    use_studio_signer(SignerConfig(chain=studio / "signer.pem", key=studio / "signer.pem"))
    assert (home / "signer.toml").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("year", [2020, 2060])
def test_this_machines_own_certificate_is_refused_too_where_the_clock_is_not_within_it(year: int) -> None:
    signer_for()
    with pytest.raises(MarksUnreadable, match=rf"today is {year}-01-01. Set the clock.*keys renew"):
        signer_for(now=datetime(year, 1, 1, tzinfo=UTC))
