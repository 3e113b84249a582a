"""The signing identity of this machine's user, and the roots whose signatures count as known.

A private root signs a leaf, the leaf signs files; both are made on first use and never leave the user's data
folder. Here are keys and certificates only: what is signed is `sign.py`'s matter. Nothing here logs or shows a
key. Why a chain of our own, and why it lasts so long: docs/decisions/0003-signing.md.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Protocol

import platformdirs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from understudy.errors import MarksUnreadable
from understudy.files import said_plainly, write_bytes, written_aside
from understudy.options import meant

HOME_VARIABLE = "UNDERSTUDY_HOME"
ROOT_LIFE = timedelta(days=30 * 365)
LEAF_LIFE = timedelta(days=10 * 365)
# Without a timestamp authority a signature counts only while its certificate does: renewing at half life keeps
# every file readable for five years at least.
RENEW_BEFORE_END = LEAF_LIFE / 2
_CLOCK_SLACK = timedelta(days=1)
_SIGNER_FILE, _ROOT_FILE, _ROOT_KEY_FILE = "signer.pem", "root.pem", "root-key.pem"


class Signer(Protocol):
    """Whoever signs: this machine's own identity, or a studio's."""

    @property
    def name(self) -> str:
        """The name in the certificate."""
        ...

    @property
    def chain_pem(self) -> str:
        """Its certificate, then those above it."""
        ...

    @property
    def valid_until(self) -> datetime:
        """When the certificate ends."""
        ...

    def sign(self, data: bytes) -> bytes:
        """ES256 over `data`: 64 bytes, r then s (RFC 7518 §3.4)."""
        ...


@dataclass(frozen=True)
class Identity:
    """A leaf certificate with its chain, and the key that signs with it."""

    name: str
    chain_pem: str = field(repr=False)  # leaf, then root
    valid_until: datetime
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """ES256 over `data`: 64 bytes, r then s (RFC 7518 §3.4)."""
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def home_folder() -> Path:
    """The user's data folder: UNDERSTUDY_HOME where it is set, the platform's own place otherwise."""
    named = os.environ.get(HOME_VARIABLE)
    return Path(named) if named else Path(platformdirs.user_data_dir("understudy", appauthor=False))


def identity_folder(home: Path | None = None) -> Path:
    """Where the signing identity lies, or will once it is made."""
    return (home or home_folder()) / "identity"


def load_identity(home: Path | None = None, *, now: datetime | None = None) -> Identity:
    """The identity in `home`, made when there is none and renewed when its leaf is past half its life.

    Two processes may do this at once: both then use the one that was there first. Raises FolderUnwritable where
    nothing can be kept, MarksUnreadable where the kept identity is damaged.
    """
    now = now or datetime.now(UTC)
    folder = identity_folder(home)
    with said_plainly(folder):
        if not folder.exists():
            _make_identity(folder, now=now)
        _close_to_others(folder)
    identity = _read_identity(folder)
    if identity.valid_until - now < RENEW_BEFORE_END:
        _renew_leaf(folder, now=now)
        identity = _read_identity(folder)
    return identity


def trusted_roots_pem(home: Path | None = None) -> str:
    """Our own root and those the user added, as one PEM text; empty when there are none. Makes nothing.

    A file in the trust folder that holds no certificate is passed over: it must not stop a verification.
    """
    home = home or home_folder()
    added = sorted((home / "trust").glob("*.pem")) if (home / "trust").is_dir() else []
    texts = []
    for path in (identity_folder(home) / _ROOT_FILE, *added):
        with contextlib.suppress(OSError, ValueError):
            texts += [_pem(c) for c in x509.load_pem_x509_certificates(path.read_bytes())]
    return "".join(texts)


def trust_root(certificate: Path, home: Path | None = None) -> Path:
    """Count what `certificate` (PEM, a certification authority) vouches for as trusted from now on.

    Returns where the copy lies; deleting it takes the trust back. Raises MarksUnreadable for anything else.
    """
    pem = read_pem(certificate, "the certificate")
    try:
        found = x509.load_pem_x509_certificates(pem)[0]
        is_authority = found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, IndexError, x509.ExtensionNotFound) as error:
        raise MarksUnreadable("There is no certificate in PEM form in this file.", certificate) from error
    if not is_authority:
        raise MarksUnreadable("This certificate signs files. Trust needs the one above it.", certificate)
    fingerprint = found.fingerprint(hashes.SHA256()).hex()[:16]
    kept = (home or home_folder()) / "trust" / f"{fingerprint}.pem"
    write_bytes(kept, _pem(found).encode())
    return kept


def read_pem(path: Path, what: str) -> bytes:
    """The bytes of a file that a person named. Raises MarksUnreadable where there is none to read; `what` says
    what it was to be, as "the certificate"."""
    if not path.exists():
        raise MarksUnreadable(f"There is no such file. Name the file with {what}, in PEM form.", path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise MarksUnreadable(
            f"{what[:1].upper()}{what[1:]} can't be read from here ({error.strerror}).", path
        ) from error


def trusted_roots(home: Path | None = None) -> dict[str, str]:
    """The names of the roots that the user added, by the name that `distrust_root` takes."""
    folder = (home or home_folder()) / "trust"
    found = {}
    for path in sorted(folder.glob("*.pem")) if folder.is_dir() else []:
        with contextlib.suppress(OSError, ValueError):
            found[path.stem] = common_name(x509.load_pem_x509_certificates(path.read_bytes())[0])
    return found


def distrust_root(name: str, home: Path | None = None) -> None:
    """Take trust back, by a root's short name or the one in its certificate where only one has that. Raises
    MarksUnreadable where there is none of that name."""
    roots = trusted_roots(home)
    named = [short for short, root in roots.items() if root == name]
    if name not in roots and len(named) != 1:
        known = ", ".join(f"{short} ({root})" for short, root in roots.items()) or "none"
        raise MarksUnreadable(
            f"No root called {name!r}, or more than one, was added to the trusted ones; there are: {known}."
            f"{meant(name, roots)}"
        )
    ((home or home_folder()) / "trust" / f"{name if name in roots else named[0]}.pem").unlink()


def renew_identity(
    home: Path | None = None, *, keep_trust: bool = True, now: datetime | None = None
) -> Identity:
    """A new root and signer from now on. With `keep_trust` what the old ones signed stays trusted.

    The old keys are put aside in the data folder, closed to others, and sign no more.
    """
    now = now or datetime.now(UTC)
    folder = identity_folder(home)
    if folder.exists():
        with said_plainly(folder):
            if keep_trust:
                trust_root(folder / _ROOT_FILE, home)
            until = f"identity-until-{now:%Y%m%dT%H%M%S}"
            asides = (folder.with_name(until + (f"-{turn}" if turn else "")) for turn in count())
            folder.rename(next(aside for aside in asides if not aside.exists()))
    return load_identity(home, now=now)


def _make_identity(folder: Path, *, now: datetime) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".identity-", dir=folder.parent))  # made with mode 0700
    try:
        tag = secrets.token_hex(4)  # tells machines apart without naming them or their users
        root_key = ec.generate_private_key(ec.SECP256R1())
        root = _root_certificate(f"understudy local root {tag}", root_key, now=now)
        write_private(aside / _ROOT_KEY_FILE, _key_pem(root_key))
        write_private(aside / _ROOT_FILE, _pem(root).encode())
        write_private(aside / _SIGNER_FILE, _new_signer(root, root_key, now=now))
        try:
            aside.rename(folder)  # of a whole folder: who comes second is refused and uses what is there
        except OSError:
            if not (folder / _SIGNER_FILE).exists():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _renew_leaf(folder: Path, *, now: datetime) -> None:
    root = x509.load_pem_x509_certificate((folder / _ROOT_FILE).read_bytes())
    root_key = _read_key((folder / _ROOT_KEY_FILE).read_bytes())
    if root.not_valid_after_utc - now < RENEW_BEFORE_END:
        return  # a leaf cannot outlive its root
    with written_aside(folder / _SIGNER_FILE) as aside:
        write_private(aside, _new_signer(root, root_key, now=now))


def _read_identity(folder: Path) -> Identity:
    try:
        data = (folder / _SIGNER_FILE).read_bytes()
        certificates = x509.load_pem_x509_certificates(data)
        return Identity(
            name=common_name(certificates[0]),
            chain_pem="".join(_pem(c) for c in certificates),
            valid_until=certificates[0].not_valid_after_utc,
            key=_read_key(data),
        )
    except (OSError, ValueError) as error:
        raise MarksUnreadable(
            "The signing identity can't be read. Move its folder away; a new one is made at the next export.",
            folder,
        ) from error


def _read_key(data: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(data, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not an elliptic curve key")
    return key


def write_private(path: Path, data: bytes) -> None:
    """Write a file that nobody else can open."""
    # The mode is given at birth: a chmod afterwards would leave a moment in which others can open the file.
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


def _close_to_others(folder: Path) -> None:
    # A copied or restored folder may have lost its modes.
    if os.name == "nt":
        return  # the profile folder's own access list guards it
    folder.chmod(0o700)
    for name in (_SIGNER_FILE, _ROOT_KEY_FILE):
        if (folder / name).exists():
            (folder / name).chmod(0o600)


def _root_certificate(name: str, key: ec.EllipticCurvePrivateKey, *, now: datetime) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        _certificate(subject, subject, key.public_key(), now=now, end=now + ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage("key_cert_sign", "crl_sign"), critical=True)
        .sign(key, hashes.SHA256())
    )


def _new_signer(root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey, *, now: datetime) -> bytes:
    """Key, leaf and root as one PEM, so that a renewal swaps all of them in one step.

    C2PA wants exactly these extensions of a leaf; e-mail protection is the usage every validator accepts.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = common_name(root).replace("root", "signer")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    end = min(now + LEAF_LIFE, root.not_valid_after_utc)
    leaf = (
        _certificate(subject, root.subject, key.public_key(), now=now, end=end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False
        )
        .sign(root_key, hashes.SHA256())
    )
    return _key_pem(key) + (_pem(leaf) + _pem(root)).encode()


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SLACK)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


_KEY_USAGES: Sequence[str] = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def _key_usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in allowed for usage in _KEY_USAGES})


def common_name(certificate: x509.Certificate) -> str:
    """The name that a certificate was given to; all that it says of its holder where there is no such name."""
    named = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(named[0].value) if named else certificate.subject.rfc4514_string() or "without a name"


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
