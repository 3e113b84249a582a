"""The guide's commands do what the guide says, on rendered clips."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.house.source import REPOSITORY
from tests.journeys.conftest import QUICK, Clips, Terminal
from understudy.media.images import encode_png, read_image
from understudy.media.opening import open_clip
from understudy.provenance.identity import identity_folder, load_identity

GUIDE = REPOSITORY / "docs" / "guide"
NAME = "000012.png"
_NUMBER = "fd8d8bb06b0"  # the page's example of a watermark's number
_SIGN_WITH_TOKEN = """
import sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
key = serialization.load_pem_private_key(open(KEY, "rb").read(), None)
sys.stdout.buffer.write(key.sign(sys.stdin.buffer.read(), ec.ECDSA(hashes.SHA256())))
"""


def _made_by() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_pictures", GUIDE / "make_pictures.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_pictures"] = module
    spec.loader.exec_module(module)
    return module


def test_the_pages_commands_are_found_with_their_exit_codes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\nunderstudy a \\\n  b\n# c\n```\n```sh exit=2\nunderstudy d\n```\n```toml\ne\n```\n")
    found = [(" ".join(command.line.split()), command.exit_code) for command in _made_by().commands(page)]
    assert found == [("understudy a b", 0), ("understudy d", 2)]
    assert len(list(_made_by().commands())) > 10


def test_every_picture_of_the_guide_is_there_and_small() -> None:
    made = _made_by()
    shown = {
        GUIDE / link for page in GUIDE.glob("*.md") for link in made.links(page) if link.startswith("pictures/")
    }
    assert shown and {path.name for path in shown if not path.is_file()} == set()
    assert {p.name: p.stat().st_size for p in shown if p.stat().st_size > made.LARGEST_BYTES} == {}
    assert set((GUIDE / "pictures").iterdir()) == shown, "a picture that no page shows"
    assert all(min(read_image(path).shape[:2]) > 60 for path in shown)


def test_what_makes_the_pictures_says_each_clip_before_it_is_rendered_and_after_it_also_into_a_pipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Into a pipe or a file nothing came before the end, and of the clips nothing at all."""
    _made_by()._write(tmp_path / "a.mp4", iter(np.zeros((3, 48, 64, 3), np.uint8)))
    said = capsys.readouterr().out.splitlines()
    assert said == [f"rendering {tmp_path / 'a.mp4'}", "a.mp4: 3 frames of 64 x 48"]
    scripts = sorted(GUIDE.glob("make_*.py"))
    prints = [
        (script.name, call)
        for script in scripts
        for call in ast.walk(ast.parse(script.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print"
    ]
    assert {name for name, _ in prints} == {script.name for script in scripts}
    held = [name for name, call in prints if "flush" not in {keyword.arg for keyword in call.keywords}]
    assert held == []


@pytest.mark.journey
def test_every_command_of_the_page_from_clip_to_clean_faceset_runs(tmp_path: Path) -> None:
    made = _made_by()
    made.film(tmp_path, size_px=200, pace=4)
    for command in made.commands():
        command.run(tmp_path, tmp_path / "home")
    # What the page says in words.
    rejected = (tmp_path / "film" / "trash").rglob("*.jpg")
    assert len(list(rejected)) >= 4


@pytest.mark.journey
def test_every_command_of_the_page_from_model_to_nuke_runs(
    clips: Clips, terminal: Terminal, tmp_path: Path
) -> None:
    made, page = _made_by(), GUIDE / "to-nuke.md"
    for name, clip in (("src.mp4", clips.src), ("dst.mp4", clips.dst)):
        shutil.copy(clip, tmp_path / name)
    (tmp_path / "home").mkdir()
    trained = ("swap", tmp_path / "src.mp4", tmp_path / "dst.mp4", "-o", tmp_path / "first.mp4")
    code, said = terminal.run(*trained, "--project", tmp_path / "shot", "--iterations", 3, *QUICK)
    assert code == 0, said
    told = {command.line: command.run(tmp_path, tmp_path / "home") for command in made.commands(page)}
    assert len(told) > 12
    # What the page says in words.
    merged = tmp_path / "shot" / "merged" / "dst" / "main"
    assert all((merged / folder / NAME).is_file() for folder in (".", "masks", "faces"))
    assert len(list((tmp_path / "shot" / "explained" / "dst" / "000004").glob("*.png"))) > 6
    assert any("jitter" in words and "worst second" in words for words in told.values())
    plate, faces = (
        read_image(path).astype(float) for path in (_plate_12(tmp_path), merged / "faces/000012.png")
    )
    mask = read_image(merged / "masks" / NAME).astype(float) / 255
    off = plate * (1 - mask) + faces * mask - read_image(merged / NAME)
    assert np.abs(off).max() <= 1.5


@pytest.mark.journey
def test_every_command_of_the_page_on_marks_runs(
    clips: Clips, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    trained = ("swap", clips.src, clips.dst, "-o", tmp_path / "finished.mp4", "--project", tmp_path / "shot")
    assert terminal.run(*trained, "--iterations", 3, *QUICK, UNDERSTUDY_HOME=str(home))[0] == 0
    (tmp_path / "out").mkdir()
    shutil.copy(tmp_path / "finished.mp4", tmp_path / "out")
    stills = ("encode", tmp_path / "shot", "-o", tmp_path / "stills", "--images", "png")
    assert terminal.run(*stills, UNDERSTUDY_HOME=str(home))[0] == 0
    (tmp_path / "signed.pdf").write_bytes(b"%PDF-1.7 signed")
    (tmp_path / "partner.key").write_bytes(bytes(range(32)))
    _another_signer(tmp_path, monkeypatch)
    _, said = terminal.run("verify", tmp_path / "finished.mp4", "--json", UNDERSTUDY_HOME=str(home))
    number = json.loads(said)["facts"]["recast"]["watermark"]
    told = {}
    for command in _made_by().commands(GUIDE / "what-your-files-say.md"):
        line = command.line.replace(_NUMBER, number)
        told[command.line] = replace(command, line=line).run(tmp_path, home)
    # What the page says in words.
    assert "A. Weber" in told["understudy ledger show shot"]
    assert "finished.mp4" in told[f"understudy ledger find {_NUMBER} shot"]
    assert "for the compositor" in told["understudy ledger find layers-unmarked shot"]
    made = {path.name for path in tmp_path.iterdir()}
    assert made >= {"consent-src.html", "card.png", "trailer.mp4", "layers-unmarked"}


def _another_signer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page's `keys` commands name: somebody else's root, a chain, its key, a program that signs."""
    load_identity(folder / "theirs")
    theirs = identity_folder(folder / "theirs")
    shutil.copy(theirs / "root.pem", folder / "their-root.pem")
    for name in ("chain.pem", "key.pem"):
        shutil.copy(theirs / "signer.pem", folder / name)
    program = folder / "bin" / "sign-with-token"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nKEY = {str(folder / 'key.pem')!r}\n{_SIGN_WITH_TOKEN}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def _plate_12(folder: Path) -> Path:
    with open_clip(folder / "dst.mp4") as clip:
        frame = next(iter(clip.frames(12)))
    path = folder / "plate-12.png"
    path.write_bytes(encode_png(frame.rgb))
    return path
