"""Commands that pages and sentences name are commands: whoever is told to type one can."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts.exceptions import CycloptsError, MissingArgumentError

from tests.house.source import REPOSITORY, modules
from understudy.cli.main import app

_SAID = re.compile(r"`(understudy\s[^`]+)`")
_FENCED = re.compile(r"```(\w*)[^\n]*\n(.*?)```", re.DOTALL)
_OPEN = ("…", "|", "VERB", "WORDS", "\0")  # names several commands, or leaves a word open


def wrong(words: str) -> str:
    """Why a command can't be typed; empty where it can, or only lacks what it is about."""
    try:
        app.parse_args(shlex.split(words)[1:], exit_on_error=False, print_error=False)
    except MissingArgumentError:
        return ""
    except CycloptsError as error:
        return f"{words}: {type(error).__name__}"
    return ""


def of_page(page: Path) -> list[str]:
    """Those in its sentences, and those to be typed."""
    text = page.read_text(encoding="utf-8")
    typed = [line for kind, lines in _FENCED.findall(text) if kind == "sh" for line in _typed(lines)]
    return [" ".join(said.split()) for said in _SAID.findall(_FENCED.sub("", text))] + typed


def _typed(lines: str) -> Iterator[str]:
    for line in lines.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0].endswith("understudy"):
            yield shlex.join(words)


def texts(tree: ast.Module) -> Iterator[str]:
    """Its strings, with a zero where something is put in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else "\0" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


PAGES = [
    page
    for page in (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md")))
    if "reference" not in page.parts and page.name != "log.md"
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_no_command_that_is_none(page: Path) -> None:
    assert [why for said in of_page(page) if not any(o in said for o in _OPEN) and (why := wrong(said))] == []


def test_no_two_pages_of_the_guide_encode_into_one_folder_in_two_ways() -> None:
    """The second was refused, for the first one's frames, to whoever ran the guide's commands in order."""
    ways: dict[str, set[str]] = {}
    for page in (REPOSITORY / "docs" / "guide").glob("*.md"):
        for said in of_page(page):
            goal = re.search(r"^understudy encode \S+ .*-o (\S+)", said)
            if goal and not Path(goal[1]).suffix:
                ways.setdefault(goal[1], set()).add(said)
    assert ways and [each for each in ways.values() if len(each) > 1] == []


def test_a_sentence_of_the_product_names_no_command_that_is_none() -> None:
    said = {
        " ".join(one.split())
        for module in modules()
        for text in texts(module.tree)
        for one in _SAID.findall(text)
    }
    known = [one for one in said if not any(o in one for o in _OPEN)]
    assert len(known) > 20
    assert [why for one in sorted(known) if (why := wrong(one))] == []


def test_commands_are_found_in_sentences_and_among_those_to_be_typed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    typed = "understudy add shot \\\n  --src 'a b'  # so\nls\n"
    page.write_text(f"`understudy\nnew shot`\n```sh\n{typed}```\n```toml\n`x`\n```\n")
    assert of_page(page) == ["understudy new shot", "understudy add shot --src 'a b'"]
    assert sum(len(of_page(page)) for page in PAGES) > 150


def test_what_is_no_command_is_noticed() -> None:
    assert wrong("understudy clean merge shot") and wrong("understudy faceset repair")
    assert wrong("understudy train shot --no-such 3")
    assert not wrong("understudy clean shot merge") and not wrong("understudy train")
