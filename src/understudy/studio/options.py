"""How the studio is reached, and what it may see of this machine."""

from __future__ import annotations

from understudy.options import Options, option


class StudioOptions(Options):
    """Flags of `understudy studio`."""

    port: int | None = option(
        None,
        "The port it listens at; 0 takes any that is free. Unsaid, it is 8471 or the next free one.",
        low=0,
        high=65535,
        when="restart",
    )
    host: str = option(
        "127.0.0.1",
        "The name or address it listens at. Beyond this machine that needs certificate, or no encryption.",
        when="restart",
    )
    certificate: str | None = option(
        None,
        "The file with the certificate for an encrypted connection: PEM, its chain behind it.",
        when="restart",
    )
    key: str | None = option(
        None,
        "The file with the certificate's key, where the certificate's file doesn't hold it.",
        when="restart",
    )
    encryption: bool = option(
        True,
        "Beyond this machine, listen through an encrypted connection alone. Without it, whoever sees the "
        "network's traffic sees everything and can take over the studio.",
        when="restart",
    )
    browser: bool = option(True, "Open the studio in this machine's browser.", when="restart")
    ends_alone_min: float | None = option(
        None,
        "End by itself when no window of it was open for so long.",
        low=0.01,
        unit="min",
        when="restart",
    )
    projects: str | None = option(
        None,
        "The folder where projects are looked for and made. Unsaid, it is the one around the project.",
        when="restart",
    )
    clips: tuple[str, ...] = option(
        (), "Folders on the studio's machine whose clips may be chosen without sending them.", when="restart"
    )
