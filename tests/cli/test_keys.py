"""`understudy keys` as a person meets it; no key is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.cli.main import main
from understudy.provenance.identity import identity_folder, load_identity


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    load_identity(tmp_path / "studio")
    return identity_folder(tmp_path / "studio")


def test_it_shows_who_signs_and_whom_it_trusts(studio: Path, capsys) -> None:
    assert main(["keys", "trust", str(studio / "root.pem")]) == 0
    name = capsys.readouterr().out.split()[-1]
    assert main(["keys", "show"]) == 0
    said = capsys.readouterr().out
    assert "signs: understudy local signer" in said and f"trusted: {name}" in said
    assert "PRIVATE" not in said
    assert main(["keys", "distrust", name]) == 0
    assert main(["keys", "distrust", name]) == 2
    main(["keys", "trust", str(studio / "root.pem")])
    root = load_identity(studio.parent).name.replace("signer", "root")
    assert main(["keys", "distrust", root]) == 0
    assert main(["keys", "distrust", root]) == 2


def test_a_renewal_changes_the_signer_and_keeps_the_old_root_trusted_unless_told(capsys) -> None:
    before = load_identity().name
    assert main(["keys", "renew"]) == 0
    assert load_identity().name != before
    capsys.readouterr()
    main(["keys", "show"])
    assert before.replace("signer", "root") in capsys.readouterr().out


def test_trust_is_not_kept_where_the_old_key_was_lost(capsys) -> None:
    load_identity()
    main(["keys", "renew", "--no-keep-trust"])
    capsys.readouterr()
    main(["keys", "show"])
    assert "trusted:" not in capsys.readouterr().out


def test_a_studios_chain_is_used_and_left_again(studio: Path, capsys) -> None:
    signer = str(studio / "signer.pem")
    assert main(["keys", "use", signer, "--key", signer]) == 0
    assert load_identity(studio.parent).name in capsys.readouterr().out
    assert main(["keys", "use-own"]) == 0
    assert load_identity().name in capsys.readouterr().out
    assert main(["keys", "use", signer]) == 2
    assert "--key" in capsys.readouterr().err
    assert main(["keys", "use", signer, "--command", "no-such-program", "--slot", "3"]) == 2
    assert "no-such-program" in capsys.readouterr().err


def test_of_a_studios_chain_it_names_the_certificate_that_others_need(studio: Path, capsys) -> None:
    main(["keys", "use", str(studio / "signer.pem"), "--key", str(studio / "signer.pem")])
    capsys.readouterr()
    assert main(["keys", "show"]) == 0
    said = capsys.readouterr().out
    assert f"above those in {studio / 'signer.pem'}" in said and str(identity_folder()) not in said


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["trust", "gone.pem"], "Name the file with the certificate,"),
        (["use", "gone.pem", "--key", "gone.key"], "Name the file with the certificate chain,"),
    ],
)
def test_a_file_that_is_not_there_is_called_missing_and_not_broken(
    words: list[str], named: str, capsys
) -> None:
    assert main(["keys", *words]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "There is no such file" in said and named in said and "gone.pem" in said


def test_a_studios_key_that_is_not_there_is_named(studio: Path, capsys) -> None:
    assert main(["keys", "use", str(studio / "signer.pem"), "--key", "gone.key"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "Name the file with the signing key," in said and "gone.key" in said


def test_a_private_watermark_key_is_made_used_and_left_again_and_never_shown(home: Path, capsys) -> None:
    assert main(["keys", "watermark", "studio", "--new"]) == 0
    said = capsys.readouterr().out
    kept = home / "watermark-keys" / "studio.key"
    assert str(kept) in said and "with the key: studio" in said
    assert main(["keys", "watermark", "theirs", "--file", str(kept), "--known-only"]) == 0
    assert main(["keys", "show"]) == 0
    said += capsys.readouterr().out
    assert "spread with the key: studio" in said and "also tries the watermark key: theirs" in said
    assert kept.read_bytes().hex() not in said
    assert main(["keys", "watermark", "open"]) == 0
    assert "with the key: open" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["studio"], "'studio'"),
        (["studio", "--known-only"], "--new or --file"),
        (["studio", "--new", "--file", "x"], "one of --new and --file"),
        (["studio", "--file", "gone.key"], "gone.key"),
    ],
)
def test_a_watermark_key_that_cannot_be_is_refused(words: list[str], why: str, capsys) -> None:
    assert main(["keys", "watermark", *words]) == 2
    assert why in " ".join(capsys.readouterr().err.split())
