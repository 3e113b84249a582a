"""Numbers of things as sentences say them."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """`1 face`, `0 faces`, `2 faces`. `many` is for words that don't just take an s."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"
