"""The signing identity is made once, kept closed, renewed in time, and only its own root is known."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from understudy.errors import FolderUnwritable, MarksUnreadable
from understudy.provenance.identity import (
    LEAF_LIFE,
    RENEW_BEFORE_END,
    distrust_root,
    home_folder,
    load_identity,
    renew_identity,
    trust_root,
    trusted_roots,
    trusted_roots_pem,
)


def _certificates(pem: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem.encode())


def test_the_same_identity_comes_back(home: Path) -> None:
    first, second = load_identity(), load_identity()
    assert first.chain_pem == second.chain_pem
    assert home_folder() == home


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX")
def test_keys_are_closed_to_others_from_birth_and_again_after_a_careless_copy(home: Path) -> None:
    previous = os.umask(0)
    try:
        load_identity()
    finally:
        os.umask(previous)
    folder = home / "identity"
    keys = [path for path in folder.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert {path.name for path in keys} == {"signer.pem", "root-key.pem"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}
    for path in (folder, *keys):
        path.chmod(0o755)
    load_identity()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}


def test_the_root_vouches_for_the_leaf_and_the_leaf_for_the_signature() -> None:
    identity = load_identity()
    leaf, root = _certificates(identity.chain_pem)
    leaf.verify_directly_issued_by(root)
    signature = identity.sign(b"film")
    assert len(signature) == 64
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(der, b"film", ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(der, b"another film", ec.ECDSA(hashes.SHA256()))


def test_no_key_shows_when_an_identity_is_printed() -> None:
    shown = repr(load_identity())
    assert "key" not in shown.lower()
    assert "BEGIN" not in shown


def test_a_leaf_past_half_its_life_is_renewed_under_the_same_root() -> None:
    start = datetime.now(UTC)
    first = load_identity(now=start)
    day_before = start + LEAF_LIFE - RENEW_BEFORE_END - timedelta(days=1)
    assert load_identity(now=day_before).chain_pem == first.chain_pem
    later = start + LEAF_LIFE - RENEW_BEFORE_END + timedelta(days=1)
    renewed = load_identity(now=later)
    assert renewed.valid_until - later >= RENEW_BEFORE_END
    (old_leaf, old_root), (new_leaf, new_root) = map(_certificates, (first.chain_pem, renewed.chain_pem))
    assert new_root == old_root
    assert new_leaf != old_leaf
    new_leaf.verify_directly_issued_by(old_root)


def test_processes_that_start_at_once_agree_on_one_identity(home: Path) -> None:
    code = "from understudy.provenance.identity import load_identity; print(load_identity().chain_pem)"
    racers = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    chains = {racer.communicate(timeout=60)[0] for racer in racers}
    assert len(chains) == 1
    assert chains.pop().count("BEGIN CERTIFICATE") == 2
    assert [path.name for path in home.iterdir()] == ["identity"]  # what the losers made is gone


def test_who_loses_the_race_takes_the_winners_identity(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    winner = load_identity(home)
    real_exists = Path.exists
    seen: list[Path] = []

    def blind_once(path: Path) -> bool:
        if path == home / "identity" and not seen:
            seen.append(path)
            return False
        return real_exists(path)

    monkeypatch.setattr(Path, "exists", blind_once)
    assert load_identity(home).chain_pem == winner.chain_pem
    assert seen
    assert [path.name for path in home.iterdir()] == ["identity"]


@pytest.mark.parametrize("damage", [b"", b"no key at all", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_damaged_identity_is_said_plainly(home: Path, damage: bytes) -> None:
    load_identity()
    (home / "identity" / "signer.pem").write_bytes(damage)
    with pytest.raises(MarksUnreadable, match="Move its folder away"):
        load_identity()


def test_a_data_folder_that_is_a_file_is_said_plainly(home: Path) -> None:
    home.write_text("in the way")
    with pytest.raises(FolderUnwritable):
        load_identity()


def test_reading_trust_makes_no_identity(home: Path) -> None:
    assert trusted_roots_pem() == ""
    assert not home.exists()


def test_trusting_a_root_adds_it_and_refuses_leaves_and_rubbish(home: Path, tmp_path: Path) -> None:
    leaf, root = _certificates(load_identity(tmp_path / "another machine").chain_pem)
    file = tmp_path / "theirs.pem"
    file.write_bytes(leaf.public_bytes(Encoding.PEM))
    with pytest.raises(MarksUnreadable, match="the one above it"):
        trust_root(file)
    file.write_bytes(b"rubbish")
    with pytest.raises(MarksUnreadable, match="no certificate"):
        trust_root(file)
    file.write_bytes(root.public_bytes(Encoding.PEM))
    kept = trust_root(file)
    (kept.parent / "broken.pem").write_bytes(b"rubbish")
    assert _certificates(trusted_roots_pem()) == [root]


def test_an_identity_can_be_renewed_twice_in_one_second(home: Path) -> None:
    now = datetime.now(UTC)
    names = [load_identity(now=now).name, *(renew_identity(now=now).name for _ in range(3))]
    assert len(set(names)) == 4
    assert len([path for path in home.iterdir() if path.name.startswith("identity-until-")]) == 3


def test_a_renewed_identity_signs_alone_and_the_old_one_stays_trusted_if_wanted(home: Path) -> None:
    old = load_identity()
    new = renew_identity(now=datetime.now(UTC))
    assert new.name != old.name and load_identity().name == new.name
    (trusted,) = trusted_roots().items()
    assert trusted[1] == old.name.replace("signer", "root")
    assert trusted[1] in {name.value for c in _certificates(trusted_roots_pem()) for name in c.subject}
    distrust_root(trusted[0])
    assert trusted_roots() == {}
    with pytest.raises(MarksUnreadable, match="there are: none"):
        distrust_root(trusted[0])
    renew_identity(keep_trust=False, now=datetime.now(UTC) + timedelta(seconds=5))
    assert trusted_roots() == {}
    aside = [path for path in home.iterdir() if path.name.startswith("identity-until-")]
    assert len(aside) == 2 and {path.stat().st_mode & 0o077 for path in aside} == {0}


def test_a_root_that_names_an_organisation_alone_can_be_trusted_and_listed(tmp_path: Path, home: Path) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Studio Tide")])
    root = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    trust_root(tmp_path / "root.pem", home)
    assert list(trusted_roots(home).values()) == ["O=Studio Tide"]
