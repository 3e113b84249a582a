"""Flags that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

# Print events as JSON lines.
Json = Annotated[bool, Parameter(name="--json", negative="")]
# Any number of clips after one flag.
Clips = Annotated[tuple[Path, ...], Parameter(consume_multiple=True, negative="", show_default=False)]
# Look, but change nothing.
DryRun = Annotated[bool, Parameter(name="--dry-run", negative="")]
