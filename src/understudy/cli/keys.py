"""`understudy keys show | trust | distrust | renew | use | use-own`: who signs here, whom `verify` knows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

app = App(name="keys", help="Who signs here, and whose signatures count as known.")


@app.command
def show() -> None:
    """Say who signs finished files, until when, and whose signatures count as known. Shows no key."""
    from understudy.provenance.identity import home_folder, identity_folder, trusted_roots
    from understudy.provenance.studio_signer import StudioSigner, signer_for

    signer = signer_for()
    print(f"signs: {signer.name}, until {signer.valid_until:%Y-%m-%d}")
    needed = str(identity_folder() / "root.pem")
    if isinstance(signer, StudioSigner):
        needed = f"the certificate that stands above those in {signer.config.chain}, or is the last of them"
    print(f"kept in {home_folder()}; whoever is to know your signature needs {needed}")
    for name, root in trusted_roots().items():
        print(f"trusted: {name}  {root}")


@app.command
def trust(certificate: Path, /) -> None:
    """Count what a certification authority vouches for as trusted in `verify`.

    Parameters
    ----------
    certificate:
        Its certificate, PEM.
    """
    from understudy.provenance.identity import trust_root

    print(f"trusted from now on: {trust_root(certificate).stem}")


@app.command
def distrust(name: str, /) -> None:
    """Take that trust back.

    Parameters
    ----------
    name:
        As `understudy keys show` lists it.
    """
    from understudy.provenance.identity import distrust_root

    distrust_root(name)
    print(f"no longer trusted: {name}")


@app.command
def renew(*, keep_trust: bool = True) -> None:
    """Make a new key and certificate of this machine's own; the old ones sign no more and are put aside.

    Parameters
    ----------
    keep_trust:
        What the old key signed stays trusted here. Say --no-keep-trust where somebody else had it.
    """
    from understudy.provenance.identity import renew_identity

    print(f"signs from now on: {renew_identity(keep_trust=keep_trust).name}")


@app.command
def use(
    chain: Path,
    /,
    *,
    key: Path | None = None,
    command: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="", show_default=False)] = (),
) -> None:
    """Sign with a studio's own certificate chain, after a trial signature.

    Parameters
    ----------
    chain:
        PEM, the signing certificate (P-256) first, then those above it.
    key:
        Its key, PEM without a password.
    command:
        Instead of it, a program that gets the data on its standard input and writes an ES256 signature, with
        its arguments: for hardware tokens and remote signers.
    """
    from understudy.errors import OptionInvalid
    from understudy.provenance.studio_signer import SignerConfig, use_studio_signer

    if (key is None) == (not command):
        raise OptionInvalid("Say one of --key and --command: what signs for this chain.")
    config = SignerConfig(chain=chain, key=key, command=list(command) or None)
    print(f"signs from now on: {use_studio_signer(config).name}")


@app.command
def use_own() -> None:
    """Sign with this machine's own identity again."""
    from understudy.provenance.studio_signer import signer_for, use_own_identity

    use_own_identity()
    print(f"signs from now on: {signer_for().name}")
