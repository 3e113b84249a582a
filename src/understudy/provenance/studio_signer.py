"""A studio's own certificate chain, with its key in a file or behind a program: a token, a remote signer.

`signer.toml` in the user's data folder says which; without it this machine's own identity signs. A signature is
checked against the certificate before it is used. Making certificates is not our matter here.
"""

from __future__ import annotations

import contextlib
import subprocess
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from understudy.errors import MarksUnreadable
from understudy.files import written_aside
from understudy.provenance.identity import (
    Signer,
    common_name,
    home_folder,
    identity_folder,
    load_identity,
    read_pem,
    write_private,
)

CONFIG_NAME = "signer.toml"
_PATIENCE_S = 120  # a person may have to touch a token
_RAW_BYTES = 64


class SignerConfig(BaseModel):
    """Where the chain is and who signs: one of `key` and `command`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chain: Path  # PEM, the signing certificate first
    key: Path | None = None  # PEM, PKCS 8, without a password
    command: list[str] | None = None  # gets the data, writes an ES256 signature: 64 bytes, or DER

    @model_validator(mode="after")
    def _has_one_signer(self) -> SignerConfig:
        if (self.key is None) == (not self.command):
            raise ValueError("say one of key and command")
        return self


@dataclass(frozen=True)
class StudioSigner:
    """A certificate chain of somebody's own and whatever signs for it."""

    name: str
    chain_pem: str = field(repr=False)
    valid_until: datetime
    config: SignerConfig = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """ES256 over `data`: 64 bytes, r then s. Raises MarksUnreadable where it isn't the certificate's."""
        signature = _by_command(self.config.command, data) if self.config.command else self._by_key(data)
        raw = signature if len(signature) == _RAW_BYTES else _raw_of(signature, self.config.chain)
        self._require_own(raw, data)
        return raw

    def _by_key(self, data: bytes) -> bytes:
        assert self.config.key is not None
        pem = read_pem(self.config.key, "the signing key")
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise MarksUnreadable(
                "The studio's signing key can't be read; it must be PEM without a password.", self.config.key
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise MarksUnreadable("The studio's signing key is no P-256 key.", self.config.key)
        return key.sign(data, ec.ECDSA(hashes.SHA256()))

    def _require_own(self, raw: bytes, data: bytes) -> None:
        public = x509.load_pem_x509_certificates(self.chain_pem.encode())[0].public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        try:
            public.verify(der, data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise MarksUnreadable(
                "The signature isn't one by the first certificate of the chain: key and chain don't belong "
                "together.",
                self.config.chain,
            ) from error


def signer_for(home: Path | None = None, *, now: datetime | None = None) -> Signer:
    """Who signs here: the studio's signer where one is configured, else this machine's own identity.

    Raises MarksUnreadable where the configuration, the chain or the key can't be used.
    """
    path = (home or home_folder()) / CONFIG_NAME
    if not path.is_file():
        own = load_identity(home, now=now)
        leaf = x509.load_pem_x509_certificates(own.chain_pem.encode())[0]
        way_out = "Set the clock; where it is right, make a new key with `understudy keys renew`."
        _require_in_time(leaf, now or datetime.now(UTC), identity_folder(home), way_out=way_out)
        return own
    try:
        config = SignerConfig.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise MarksUnreadable(f"The signer's configuration can't be used ({why}).", path) from error
    return _opened(config, now=now or datetime.now(UTC))


def use_studio_signer(config: SignerConfig, home: Path | None = None) -> Signer:
    """Sign with a studio's chain from now on, after one signature was made and checked."""
    signer = _opened(config, now=datetime.now(UTC))
    signer.sign(b"understudy")
    lines = [f"chain = {_quoted(config.chain.absolute())}"]
    if config.key is not None:
        lines.append(f"key = {_quoted(config.key.absolute())}")
    if config.command:
        lines.append(f"command = [{', '.join(_quoted(word) for word in config.command)}]")
    # A token's program may be given its PIN.
    with written_aside((home or home_folder()) / CONFIG_NAME) as aside:
        write_private(aside, ("\n".join(lines) + "\n").encode("utf-8"))
    return signer


def use_own_identity(home: Path | None = None) -> None:
    """Sign with this machine's own identity again."""
    with contextlib.suppress(FileNotFoundError):
        ((home or home_folder()) / CONFIG_NAME).unlink()


def _opened(config: SignerConfig, *, now: datetime) -> StudioSigner:
    pem = read_pem(config.chain, "the certificate chain")
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise MarksUnreadable("The studio's certificate chain can't be read as PEM.", config.chain) from error
    leaf = certificates[0]
    public: Any = leaf.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise MarksUnreadable("The signing certificate is not of a P-256 key (ES256).", config.chain)
    _require_in_time(leaf, now, config.chain, way_out="Renew it, or set the clock.")
    chain = "".join(c.public_bytes(serialization.Encoding.PEM).decode("ascii") for c in certificates)
    return StudioSigner(common_name(leaf), chain, leaf.not_valid_after_utc, config)


def _require_in_time(leaf: x509.Certificate, now: datetime, path: Path, *, way_out: str) -> None:
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        raise MarksUnreadable(
            f"The signing certificate holds from {leaf.not_valid_before_utc.date()} until "
            f"{leaf.not_valid_after_utc.date()}, and today is {now.date()}. {way_out}",
            path,
        )


def _by_command(command: list[str], data: bytes) -> bytes:
    try:
        run = subprocess.run(command, input=data, capture_output=True, timeout=_PATIENCE_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise MarksUnreadable(f"The signing program {command[0]} failed ({_why(error)}).") from error
    return run.stdout


def _why(error: OSError | subprocess.SubprocessError) -> str:
    """In the program's own last words, where it left any."""
    said = getattr(error, "stderr", None) or b""
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    if lines:
        return lines[-1]
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no answer within {error.timeout:g} s"
    if isinstance(error, subprocess.CalledProcessError):
        return f"it ended with code {error.returncode} and said nothing"
    return getattr(error, "strerror", None) or type(error).__name__


def _raw_of(signature: bytes, chain: Path) -> bytes:
    try:
        r, s = decode_dss_signature(signature)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    except (ValueError, OverflowError) as error:
        raise MarksUnreadable("What came back is no ES256 signature: 64 bytes, or DER.", chain) from error


def _quoted(text: object) -> str:
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
