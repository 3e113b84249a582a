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
    assert main(["keys", "use", signer, "--command", "no-such-program", "-x"]) == 2


def test_of_a_studios_chain_it_names_the_certificate_that_others_need(studio: Path, capsys) -> None:
    main(["keys", "use", str(studio / "signer.pem"), "--key", str(studio / "signer.pem")])
    capsys.readouterr()
    assert main(["keys", "show"]) == 0
    said = capsys.readouterr().out
    assert f"above those in {studio / 'signer.pem'}" in said and str(identity_folder()) not in said
