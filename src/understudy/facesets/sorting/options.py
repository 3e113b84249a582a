"""The options of sorting and choosing faces."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class SortOptions(BaseModel):
    """What the sorts that choose faces want to know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: int = Field(
        default=2000, ge=1, le=1_000_000, description="How many faces the sorts that choose keep."
    )
