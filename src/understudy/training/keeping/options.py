"""The options of what a model leaves on disk."""

from __future__ import annotations

from understudy.options import Options, option


class KeepOptions(Options):
    """What is written to disk, and when."""

    checkpoint_minutes: float = option(
        3.0,
        "Save this often. At most so much work is lost when the computer stops.",
        low=0.01,
        high=1440,
        unit="min",
        when="restart",
    )
    backup_every_minutes: float = option(
        0.0,
        "Keep a checkpoint as a backup every so many minutes of training; 0 for none.",
        low=0.0,
        high=1e5,
        unit="min",
    )
    backup_every: int = option(
        0, "Keep a checkpoint as a backup every so many iterations; 0 for none.", low=0, high=10**9
    )
    backups_kept: int = option(
        5, "The oldest backups go when there are more. A backup is as large as a checkpoint.", low=1, high=1000
    )
    rollbacks: int = option(
        3,
        "When the loss is no number any more, or ten times the usual one, go back to the last checkpoint and "
        "on with half the learning rate, at most so often; 0 stops at once.",
        low=0,
        high=20,
    )
    seed: int = option(
        0,
        "Start of all randomness: same seed, options and device, same model.",
        low=0,
        high=2**31,
        when="create",
    )
