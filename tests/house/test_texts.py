"""The repository speaks of the product alone: no maker's machine, no private place to fetch packages from."""

from __future__ import annotations

import re

import pytest

from tests.house.source import REPOSITORY, tracked_texts

# Joined here so that this file does not find itself.
_PLACES = "|".join(("work" + "/", "tmp" + "/bash", "root" + "/"))
_MACHINE_PATHS = re.compile(rf"(?<![\w.~-])/({_PLACES})")
_OTHER_PLACES = re.compile(
    r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\b|@\s*(https?|file):", re.MULTILINE
)


def _found(pattern: re.Pattern[str], text: str) -> list[str]:
    return [match.group().strip() for match in pattern.finditer(text)]


def test_no_text_names_a_place_on_its_makers_machine() -> None:
    found = {
        path.relative_to(REPOSITORY).as_posix(): hits
        for path in tracked_texts()
        if (hits := _found(_MACHINE_PATHS, path.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


def test_requirements_come_from_wherever_pip_is_set_to_look() -> None:
    files = [path for path in tracked_texts() if path.name.startswith("requirements")]
    assert files
    assert {p.name: hits for p in files if (hits := _found(_OTHER_PLACES, p.read_text(encoding="utf-8")))} == {}


def test_the_locks_name_exact_versions_without_hash_or_local_label() -> None:
    bad = []
    for path in tracked_texts():
        if path.name.startswith("requirements") and path.suffix == ".lock":
            for line in path.read_text(encoding="utf-8").splitlines():
                entry = line.split("#")[0].strip()
                allowed = not entry or entry.startswith("-r ")
                if not allowed and not re.fullmatch(r"[\w.\[\]-]+==[\w.]+( *;.*)?", entry):
                    bad.append(f"{path.name}: {entry}")
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (_MACHINE_PATHS, "see /" + "work/main"),
        (_MACHINE_PATHS, "'/" + "tmp/bash_jobs'"),
        (_OTHER_PLACES, "numpy==1\n--extra-index-url https://example.org"),
        (_OTHER_PLACES, "torch @ https://example.org/torch.whl"),
    ],
)
def test_each_rule_sees_its_offence(pattern: re.Pattern[str], text: str) -> None:
    assert _found(pattern, text)
    assert _found(pattern, "the framework/ of a ~/home/ and docs/work/ -f") == []
