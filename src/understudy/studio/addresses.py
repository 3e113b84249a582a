"""Where the studio listens, which names it answers to, and whether the way there is encrypted.

Everything that can't be is said here, before anything is opened.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import itertools
import socket
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import AddressUnusable, CertificateUnusable, OptionInvalid
from understudy.studio.connections import BACKLOG
from understudy.studio.options import StudioOptions

FIRST_PORT, _PORTS_TRIED = 8471, 30
_EVERY_ADDRESS = {"0.0.0.0", "::", "*", ""}


@dataclass(frozen=True)
class Address:
    """An open socket, the names that browsers may call it, and the address to open."""

    socket: socket.socket
    names: frozenset[str]
    url: str
    beyond_this_machine: bool

    @property
    def port(self) -> int:
        """The port it listens at."""
        return self.socket.getsockname()[1]


def listen(options: StudioOptions) -> Address:
    """Open the socket. Raises OptionInvalid, AddressUnusable or CertificateUnusable."""
    address, family = _resolve(options.host)
    beyond = not ipaddress.ip_address(address.partition("%")[0]).is_loopback
    encrypted = require_encryption(options, beyond=beyond)
    opened = _bound(address, family, options)
    name = options.host if not beyond or options.host not in _EVERY_ADDRESS else socket.getfqdn()
    shown = f"[{name}]" if ":" in name else name
    return Address(
        socket=opened,
        names=_names(options.host, address),
        url=f"{'https' if encrypted else 'http'}://{shown}:{opened.getsockname()[1]}",
        beyond_this_machine=beyond,
    )


def require_encryption(options: StudioOptions, *, beyond: bool) -> bool:
    """Whether the connection is. Raises OptionInvalid or CertificateUnusable where it must be and can't."""
    if options.key and not options.certificate:
        raise OptionInvalid("--key needs --certificate: the file with the certificate it belongs to.")
    if options.certificate and not options.encryption:
        raise OptionInvalid("--certificate and --no-encryption exclude each other. Leave one out.")
    if options.certificate:
        _require_usable(Path(options.certificate), Path(options.key) if options.key else None)
        return True
    if beyond and options.encryption:
        raise OptionInvalid(
            f"--host {options.host} lets other machines in, so the connection must be encrypted: name "
            "--certificate and --key. A tunnel is safer and simpler (docs/guide/studio-far-away.md). In a "
            "network of your own, --no-encryption does without."
        )
    return False


def _require_usable(certificate: Path, key: Path | None) -> None:
    for path in (certificate, key):
        if path is not None and not path.is_file():
            raise CertificateUnusable("This file of the encrypted connection is not there.", path)
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (ssl.SSLError, OSError, ValueError) as error:
        raise CertificateUnusable(
            "The certificate can't be used: it must be PEM, with its own key, which must have no password "
            f"({getattr(error, 'reason', None) or error}).",
            certificate,
        ) from error


def _resolve(host: str) -> tuple[str, int]:
    if host in _EVERY_ADDRESS:
        host = "::" if host == "::" else "0.0.0.0"
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise AddressUnusable(f"--host {host} is no name or address that this machine knows.") from error
    family, *_, where = sorted(found, key=lambda one: one[0] != socket.AF_INET)[0]
    return str(where[0]), family


def _bound(address: str, family: int, options: StudioOptions) -> socket.socket:
    first = FIRST_PORT if options.port is None else options.port
    for port in range(first, first + (_PORTS_TRIED if options.port is None else 1)):
        opened = socket.socket(family, socket.SOCK_STREAM)
        if sys.platform != "win32":  # there it would let two studios have one port
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((address, port))
            opened.listen(BACKLOG)
        except OSError as error:
            opened.close()
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise AddressUnusable(f"--host {options.host} is not an address of this machine.") from error
            if isinstance(error, PermissionError):
                raise AddressUnusable(
                    f"Port {port} needs rights you don't have. Choose one above 1023."
                ) from error
            continue
        return opened
    if options.port is None:
        raise AddressUnusable(
            f"The ports {first} to {first + _PORTS_TRIED - 1} are all taken. Name one with --port."
        )
    raise AddressUnusable(f"Port {first} is taken. Leave --port out and the next free one is taken.")


def _names(host: str, address: str) -> frozenset[str]:
    """Beside loopback's: the named host, or, where it listens everywhere, what this machine is called."""
    if host not in _EVERY_ADDRESS:
        return frozenset({_bracketed(host), _bracketed(address)})
    import psutil

    own = {socket.gethostname(), socket.getfqdn()}
    with contextlib.suppress(OSError):
        for one in itertools.chain.from_iterable(psutil.net_if_addrs().values()):
            if one.family != psutil.AF_LINK:
                own.add(_bracketed(one.address.partition("%")[0]))
    return frozenset(own)


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name
