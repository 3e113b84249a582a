"""No request of any room leads out of the project, whatever a name in it says: every address is attacked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from tests.jobs.conftest import write_wall
from understudy.errors import RunImpossible
from understudy.jobs.runs.book import RunBook
from understudy.project.project import Project
from understudy.studio.app import studio_app
from understudy.studio.open_studio import Studio

SECRET = "a secret that lies outside"
# What the other fields of a request say while one is attacked, so that it comes as far as possible.
KNOWN = {
    "clip": "wall",
    "faceset": "dst/main",
    "performer": "dst",
    "model": "main",
    "what": "before",
    "role": "dst",
}

Request = tuple[str, str, dict[str, Any], dict[str, Any]]  # method, path, query, body


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A project in use, and beside it what nobody may see or change."""
    clip = write_wall(tmp_path / "wall.mp4")
    project = Project.create(tmp_path / "desk" / "shot")
    project.add_clip(clip, "dst")
    (project.folder / "facesets/dst/main").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "understudy.toml").write_text(f'version = 1\nname = "{SECRET}"\n')
    for name in ("secret.json", "secret.jsonl", "secret.jpg", "secret.mp4"):
        (tmp_path / "secret" / name).write_text(SECRET)
    return tmp_path


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The commands that would have been started. None is."""
    asked: list[Sequence[str]] = []

    def refused(_book: RunBook, words: Sequence[str], **_: Any) -> None:
        asked.append(words)
        raise RunImpossible("Not in this test.")

    monkeypatch.setattr(RunBook, "start", refused)
    monkeypatch.setattr(RunBook, "queue", refused)
    monkeypatch.setattr("subprocess.Popen", lambda *arguments, **_: pytest.fail(f"started {arguments}"))
    return asked


@pytest.fixture
def client(desk: Path, commands: list[Sequence[str]]) -> TestClient:
    """A window on it."""
    app = studio_app(Studio(desk / "desk" / "shot", projects=desk / "desk"))
    return TestClient(app, raise_server_exceptions=False)


def _tries(schema: dict[str, Any], attack: str) -> Iterator[Request]:
    """For every text in every request: that one is the attack, and the others say something likely."""
    for path, methods in schema["paths"].items():
        if not path.startswith("/api/"):
            continue
        for method, asked in methods.items():
            places = [(one["in"], one["name"], one["schema"]) for one in asked.get("parameters", ())]
            content = asked.get("requestBody", {}).get("content", {}).get("application/json", {})
            body = _resolved(schema, content.get("schema", {}))
            places += [("body", name, kind) for name, kind in body.get("properties", {}).items()]
            texts = [place for place in places if _holds_text(schema, place[2])]
            for attacked in texts:
                said: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "body": {}}
                for place in places:
                    word = attack if place is attacked else KNOWN.get(place[1], "x")
                    said[place[0]][place[1]] = _value(schema, place[2], word)
                names = {name: quote(str(value), safe="") for name, value in said["path"].items()}
                yield method, path.format(**names), said["query"], said["body"]


def _resolved(schema: dict[str, Any], kind: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in kind:
        return schema["components"]["schemas"][kind["$ref"].rpartition("/")[2]]
    return _resolved(schema, kind["anyOf"][0]) if "anyOf" in kind else kind


def _holds_text(schema: dict[str, Any], kind: dict[str, Any]) -> bool:
    kind = _resolved(schema, kind)
    inner = [kind.get("items", {}), *kind.get("properties", {}).values()]
    return (kind.get("type") == "string" and "enum" not in kind) or any(
        _holds_text(schema, one) for one in inner if one
    )


def _value(schema: dict[str, Any], kind: dict[str, Any], word: str) -> Any:
    kind = _resolved(schema, kind)
    if "enum" in kind or "const" in kind:
        return kind.get("enum", [kind.get("const")])[0]
    match kind.get("type"):
        case "array":
            return [_value(schema, kind.get("items", {}), word)]
        case "object":
            return {name: _value(schema, one, word) for name, one in kind.get("properties", {}).items()}
        case "integer" | "number":
            return max(1, kind.get("minimum", 1))
        case "boolean":
            return False
    return word


def _outside(desk: Path) -> dict[str, bytes]:
    inside = desk / "desk" / "shot"
    files = (path for path in desk.rglob("*") if path.is_file() and not path.is_relative_to(inside))
    return {str(path.relative_to(desk)): path.read_bytes() for path in files}


@pytest.mark.parametrize("attack", ["../../secret", "ABSOLUTE", "..", "--out=/etc/x", "a\x00b"])
def test_no_name_in_any_request_leads_out_of_the_project(
    desk: Path, client: TestClient, commands: list[Sequence[str]], attack: str
) -> None:
    said = str(desk / "secret") if attack == "ABSOLUTE" else attack
    before, wrong, tried = _outside(desk), [], 0
    for method, path, query, body in _tries(client.app.openapi(), said):  # type: ignore[attr-defined]
        tried += 1
        what = f"{method} {path} {query} {body}"
        answer = client.request(method, path, params=query, json=body if method == "post" else None)
        if SECRET in answer.text or answer.status_code >= 500:
            wrong.append(f"{what}: {answer.status_code} {answer.text[:300]}")
        wrong += [f"{what}: {words}" for words in commands if any(said in word for word in words)]
        commands.clear()
    assert tried > 100
    assert not wrong, "\n".join(wrong)
    assert _outside(desk) == before
