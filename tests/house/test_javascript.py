"""The page of the studio: modules that say what they are for, and nothing that a policy forbids."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.house import typescript
from tests.house.source import SOURCE

WEB = SOURCE / "understudy" / "studio" / "web"
LONGEST_FILE = 400
ROOMS = ("project", "faces", "frames", "masks", "training", "merge", "deliver")

# What would need a weaker content security policy, read HTML out of words, or leave the machine.
FORBIDDEN = {
    "HTML from words": r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|DOMParser)\b",
    "code from words": r"\beval\(|\bnew Function\(|set(Timeout|Interval)\(\s*[\"'`]|javascript:",
    "inline handler": r"setAttribute\(\s*[\"']on|\.on[a-z]+\s*=\s*[\"']",
    "inline style": r"setAttribute\(\s*[\"']style",
    "only on an encrypted page": r"crypto\.(randomUUID|subtle)|navigator\.clipboard\.",
    "another machine": r"[\"'`(](https?:)?//[\w$]",
}


def _scripts() -> list[Path]:
    return sorted(path for path in WEB.rglob("*.js") if "vendor" not in path.parts)


def _name(path: Path) -> str:
    return path.relative_to(WEB).as_posix()


def _code(text: str) -> str:
    """A module without its comments."""
    return re.sub(r"/\*(?:.|\n)*?\*/|(?<![:\"'`])//[^\n]*", "", text)


def offences(text: str) -> list[str]:
    """Which of the forbidden things a module does."""
    return [what for what, pattern in FORBIDDEN.items() if re.search(pattern, _code(text))]


def test_every_module_is_checked_and_says_what_it_is_for() -> None:
    bad = []
    for path in _scripts():
        lines = path.read_text(encoding="utf-8").splitlines()
        first, second = [*lines, "", ""][:2]
        if first != "// @ts-check" or not re.match(r"// \S.{20,}", second):
            bad.append(_name(path))
    assert bad == []


def test_no_module_is_too_long_to_read() -> None:
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in _scripts()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_module_does_what_the_policy_forbids() -> None:
    found = {_name(path): offences(path.read_text(encoding="utf-8")) for path in _scripts()}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("box.innerHTML = words;", "HTML from words"),
        ("setTimeout('go()', 5);", "code from words"),
        ("new Function('a')", "code from words"),
        ("box.setAttribute('onclick', 'go()')", "inline handler"),
        ("box.setAttribute('style', 'color: red')", "inline style"),
        ("import x from 'https://cdn.example/x.js';", "another machine"),
        ("fetch('//cdn.example/x.js')", "another machine"),
        ("const id = crypto.randomUUID();", "only on an encrypted page"),
        ("navigator.clipboard.writeText(words)", "only on an encrypted page"),
    ],
)
def test_each_rule_sees_its_offence(text: str, what: str) -> None:
    assert offences(text) == [what]


def test_the_rules_let_pass_what_is_meant() -> None:
    assert (
        offences("// see https://www.w3.org\nsetTimeout(() => go(), 5); box.onclick = go; `/api/${path}`;")
        == []
    )


def test_the_page_has_no_inline_script_style_or_handler() -> None:
    page = (WEB / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?://", page)


def test_style_sheets_fetch_nothing() -> None:
    bad = [
        _name(path)
        for path in WEB.rglob("*.css")
        if re.search(r"@import|url\(\s*[\"']?(https?:)?//", path.read_text("utf-8"))
    ]
    assert bad == []


def test_rooms_and_kit_write_no_colour_of_their_own() -> None:
    literal = re.compile(r"(?<![\w&#-])#[0-9a-fA-F]{3,8}\b(?!-)")
    files = [path for path in WEB.rglob("*.css") if path.name not in ("theme.css", "uPlot.css")]
    assert {
        path.name: hits for path in files if (hits := literal.findall(path.read_text(encoding="utf-8")))
    } == {}


def test_every_module_is_reached_from_the_shell() -> None:
    waiting, reached = [WEB / "shell.js"], set()
    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        text = _code(path.read_text(encoding="utf-8"))
        for name in re.findall(r"(?:from|import|import\(|URL\()\s*[\"'`](\.[^\"'`]+\.js)", text):
            rooms = ROOMS if "${name}" in name else ("",)
            waiting += [(path.parent / name.replace("${name}", room)).resolve() for room in rooms]
    assert [_name(path) for path in _scripts() if path not in reached] == []


def test_the_types_of_the_studios_modules_hold() -> None:
    _require_checker()
    said = typescript.check()
    assert said.returncode == 0, said.stdout[-4000:] + said.stderr[-1000:]


def test_the_checker_sees_a_wrong_type(tmp_path: Path) -> None:
    _require_checker()
    (tmp_path / "wrong.js").write_text("// @ts-check\n/** @type {number} */\nexport const n = 'words';\n")
    (tmp_path / "jsconfig.json").write_text((WEB / "jsconfig.json").read_text(encoding="utf-8"))
    assert "TS2322" in typescript.check(tmp_path / "jsconfig.json").stdout


def _require_checker() -> None:
    if typescript.is_installed():
        return
    reason = "no TypeScript here: `make types` installs it from npm's registry"
    if os.environ.get("UNDERSTUDY_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


OF_THE_PERSON = {
    '"theme"', "KEY", "`pane ${this.name}`", '"training device"', '"understudy frames help"', '"training log"',
    '"training curve"', '"training smooth"', '"training pictures"', '"preview columns hidden"',
    '"training side"',
    '"preview face px"', '"training look"', '"training side hidden"', '"understudy masks classic"',
    '"faces landmarks"', '"faces mask"', "`faces ${what}`", '"faces cell"', '"faces pane"',
}  # fmt: skip


def test_what_a_browser_remembers_without_a_project_is_of_the_person() -> None:
    """Projects share one address, so what is of a project goes through `kit/of_project.js` or `kit/kept.js`."""
    told = r"\b(?:localStorage|sessionStorage)\b(?:\.\w+\(|\[)([^,)\]]*)"
    places = [path for path in _scripts() if _name(path) != "kit/of_project.js"]
    keys = {key for path in places for key in re.findall(told, _code(path.read_text(encoding="utf-8")))}
    assert keys - OF_THE_PERSON == set()
    bases = {_name(path) for path in _scripts() if "indexedDB" in path.read_text(encoding="utf-8")}
    assert bases == {"kit/kept.js"}
