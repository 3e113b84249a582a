"""`understudy keys`: who signs here, whom `verify` knows, and what spreads watermarks."""

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
    from understudy.provenance.watermark.keys import key_in_use, known_keys

    signer = signer_for()
    print(f"signs: {signer.name}, until {signer.valid_until:%Y-%m-%d}")
    needed = str(identity_folder() / "root.pem")
    if isinstance(signer, StudioSigner):
        needed = f"the certificate that stands above those in {signer.config.chain}, or is the last of them"
    print(f"kept in {home_folder()}; whoever is to know your signature needs {needed}")
    used = key_in_use()
    print(f"watermarks are spread with the key: {used.name}")
    for key in known_keys():
        if key.name != used.name:
            print(f"verify also tries the watermark key: {key.name}")
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
        Either name that `understudy keys show` lists.
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
    command: Annotated[
        tuple[str, ...],
        Parameter(consume_multiple=True, allow_leading_hyphen=True, negative="", show_default=False),
    ] = (),
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


@app.command
def watermark(
    name: str,
    /,
    *,
    new: Annotated[bool, Parameter(negative="")] = False,
    file: Path | None = None,
    known_only: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Spread watermarks with a private key from now on, or with the program's `open` one again.

    What a private key spread is read only where `verify` has that key; `verify` tries every key kept here.

    Parameters
    ----------
    name:
        The key's name on this machine; `open` is the one that everybody has.
    new:
        Make a key of this name first. It lies in the user's data folder, for this user alone; back it up.
    file:
        Take the key in this file first, as another machine of the studio has it.
    known_only:
        Let `verify` know the key of --new or --file, and go on spreading with the one before.
    """
    from understudy.errors import OptionInvalid
    from understudy.provenance.watermark import keys

    if new and file is not None:
        raise OptionInvalid("Say one of --new and --file: where the key comes from.")
    if known_only and not (new or file):
        raise OptionInvalid("--known-only goes with --new or --file, for a key that isn't known here yet.")
    if new:
        keys.make_key(name)
    elif file is not None:
        keys.take_key(name, file)
    used = keys.key_in_use() if known_only else keys.use_key(name)
    if new or file:
        print(f"kept in {keys.key_file(name)}; who is to read its watermarks needs that file, and nobody else")
    print(f"watermarks are spread from now on with the key: {used.name}")
