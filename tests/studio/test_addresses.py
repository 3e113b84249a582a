"""`studio/addresses.py`: what may listen where, and under which names."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.studio.certificates import write_certificate
from understudy.errors import AddressUnusable, CertificateUnusable, OptionInvalid
from understudy.studio import addresses
from understudy.studio.addresses import Address, listen
from understudy.studio.options import StudioOptions


@pytest.fixture
def opened() -> Iterator[list[socket.socket]]:
    """Sockets that are closed after the test."""
    sockets: list[socket.socket] = []
    yield sockets
    for one in sockets:
        one.close()


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A certificate that signs itself, and its key."""
    certificate, key = write_certificate(tmp_path)
    return str(certificate), str(key)


def _listen(opened: list[socket.socket], **options: object) -> Address:
    address = listen(StudioOptions.model_validate(options))
    opened.append(address.socket)
    return address


def test_unsaid_it_listens_on_loopback_alone(opened: list[socket.socket]) -> None:
    address = _listen(opened)
    assert address.socket.getsockname()[0] == "127.0.0.1" and not address.beyond_this_machine
    assert address.url == f"http://127.0.0.1:{address.port}"


def test_a_taken_port_leads_to_the_next_one(
    opened: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _listen(opened, port=0)
    monkeypatch.setattr(addresses, "FIRST_PORT", first.port)
    assert first.port < _listen(opened).port < first.port + 30


def test_a_port_that_was_named_is_not_exchanged_for_another(opened: list[socket.socket]) -> None:
    taken = _listen(opened, port=0).port
    with pytest.raises(AddressUnusable, match=f"Port {taken} is taken"):
        listen(StudioOptions(port=taken))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "*", ""])
def test_beyond_this_machine_nothing_is_served_in_the_clear_without_a_word(host: str) -> None:
    with pytest.raises(OptionInvalid, match=r"--certificate.*--no-encryption"):
        listen(StudioOptions(host=host, port=0))


def test_with_the_word_it_is(opened: list[socket.socket]) -> None:
    address = _listen(opened, host="0.0.0.0", port=0, encryption=False)
    assert address.beyond_this_machine and address.url.startswith("http://")
    assert socket.gethostname() in address.names and "127.0.0.1" in address.names
    assert "0.0.0.0" not in address.names


def test_a_certificate_encrypts(opened: list[socket.socket], files: tuple[str, str]) -> None:
    address = _listen(opened, host="0.0.0.0", port=0, certificate=files[0], key=files[1])
    assert address.url.startswith("https://")


@pytest.mark.parametrize("damage", ["missing", "no pem", "another key", "locked key", "key missing"])
def test_files_that_cant_encrypt_are_refused_before_anything_is_open(
    files: tuple[str, str], tmp_path: Path, damage: str
) -> None:
    certificate, key = files
    if damage == "missing":
        certificate = str(tmp_path / "nothing.pem")
    elif damage == "key missing":
        key = str(tmp_path / "nothing.pem")
    elif damage == "no pem":
        Path(certificate).write_text("hello")
    elif damage == "another key":
        other = ec.generate_private_key(ec.SECP256R1())
        plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        Path(key).write_bytes(other.private_bytes(*plain))
    else:
        key = str(tmp_path / "locked.pem")
    with pytest.raises(CertificateUnusable):
        listen(StudioOptions(host="0.0.0.0", port=0, certificate=certificate, key=key))


def test_words_that_contradict_each_other_are_refused(files: tuple[str, str]) -> None:
    with pytest.raises(OptionInvalid, match="needs --certificate"):
        listen(StudioOptions(key=files[1]))
    with pytest.raises(OptionInvalid, match="exclude"):
        listen(StudioOptions(certificate=files[0], key=files[1], encryption=False))


def test_a_host_that_is_not_this_machine_is_refused_in_a_sentence() -> None:
    with pytest.raises(AddressUnusable, match="not an address of this machine"):
        listen(StudioOptions(host="192.0.2.7", port=0, encryption=False))
    with pytest.raises(AddressUnusable, match="knows"):
        listen(StudioOptions(host="no name at all", port=0))
