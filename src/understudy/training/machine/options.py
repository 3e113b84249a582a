"""The options of how the machine is used; none of them changes what is learnt."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator

from understudy.options import Options, option


class MachineOptions(Options):
    """How the machine is used."""

    compile: Literal["auto", "on", "off"] = option(
        "auto",
        "Compile the network before training: minutes at the start, then faster steps on many accelerators. "
        "auto compiles where `understudy doctor --training` found it faster on this device, and nowhere else.",
        when="restart",
    )
    replay: Literal["auto", "on", "off"] = option(
        "auto",
        "Record a step on the device once and play it back (CUDA graphs): steps of small models no longer wait "
        "for the processor. Takes the memory of one more batch. auto plays back where `understudy doctor "
        "--training` found it faster on this device, and nowhere else. "
        "Steps with critics, with losses that come and go, or of networks that draw at random stay plain.",
        when="restart",
    )
    recompute: bool = option(
        False,
        "Keep less of what the network calculates and calculate it again for the gradients (activation "
        "checkpointing): larger faces or batches fit, each step takes about a third longer.",
        when="restart",
    )
    offload: bool = option(
        False,
        "Keep what the optimiser remembers, and the running average, in the computer's memory instead of the "
        "device's: large models fit on small devices, each step takes longer.",
        when="restart",
    )

    @field_validator("replay", mode="before")
    @classmethod
    def _as_a_word(cls, value: Any) -> Any:
        """It was once yes or no, and settings that were stored then are still to be read."""
        return ("on" if value else "off") if isinstance(value, bool) else value
