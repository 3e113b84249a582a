"""A trunk learns everybody on both sides; what starts from it learns two performers anew."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.conftest import TINY, tiny_options
from understudy.errors import OptionInvalid
from understudy.facesets.store import Faceset
from understudy.networks.catalog import build
from understudy.training import presets
from understudy.training.keeping.about import ModelWish, read_about
from understudy.training.keeping.checkpoint import Checkpoint, newest_checkpoint
from understudy.training.keeping.starting import begin_from, source_in
from understudy.training.presets import Preset
from understudy.training.pretraining import FORCED, pretrain, pretraining_options
from understudy.training.train import train

TINY_DF = "tiny-df"


@pytest.fixture
def tiny_df(monkeypatch: pytest.MonkeyPatch) -> str:
    network = {"size_px": 32, "width_share": 0.04}
    monkeypatch.setitem(presets.PRESETS, TINY_DF, Preset("df", "full", "for tests", network=network))
    return TINY_DF


def trunk(folder: Path, faceset: Faceset, preset: str) -> Path:
    list(pretrain(folder, people=[faceset], options=tiny_options(iterations=3), preset=preset))
    return folder


def test_pretraining_forces_straight_mirrored_faces_and_no_extras_whatever_is_said() -> None:
    blinks = {"random_blink": 0.2, "rare_expressions": 0.2, "expression_weight": 0.1}
    said = tiny_options(random_warp=2.0, gan_power=1.0, lr_dropout=True, src_flip=False, relight=0.5, **blinks)
    forced = pretraining_options(said)
    assert {name: getattr(forced, name) for name in FORCED} == dict(FORCED)
    assert forced.batch_size == said.batch_size
    assert forced.random_warp == 0 and forced.src_flip and forced.dst_flip and forced.gan_power == 0
    assert [getattr(forced, name) for name in blinks] == [0, 0, 0]  # each is measured by a performer's own eyes


def test_a_trunk_is_a_model_that_says_so_and_is_not_trained_on_two_performers(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    src, dst = facesets
    folder = trunk(tmp_path / "trunk", src, TINY)
    about = read_about(folder)
    assert about is not None and about.trunk
    assert source_in(folder).iteration == 3
    with pytest.raises(OptionInvalid, match=f"`understudy train PROJECT --model NAME --start-from {folder}`"):
        list(train(folder, src=[src], dst=[dst], options=tiny_options(), preset=TINY))


def test_a_model_of_two_performers_is_not_pretrained_any_more(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    src, dst = facesets
    list(train(tmp_path / "m", src=[src], dst=[dst], options=tiny_options(iterations=1), preset=TINY))
    about = read_about(tmp_path / "m")
    assert about is not None and not about.trunk
    with pytest.raises(OptionInvalid, match="pretrained any more"):
        trunk(tmp_path / "m", src, TINY)


def test_what_starts_from_a_trunk_takes_encoder_and_decoders_and_begins_with_a_new_inter_at_iteration_0(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], tiny_df: str
) -> None:
    folder = trunk(tmp_path / "trunk", facesets[0], tiny_df)
    taken = begin_from(tmp_path / "new", ModelWish(tiny_df, {}, None, 0), folder)
    assert {found.part for found in taken if not found.source} == {"inter_both"}
    [begun] = [found for found in newest_checkpoint(tmp_path / "new") if isinstance(found, Checkpoint)]
    about = read_about(tmp_path / "new")
    assert about is not None and not about.trunk
    fresh, learnt = build("df", about.network, seed=0).state_dict(), source_in(folder).weights
    for name, weights in begun.model.items():
        assert torch.equal(weights, (fresh if name.startswith("inter") else learnt)[name])
        assert torch.equal(weights, begun.ema[name])
    assert begun.iteration == 0


def test_quick_which_has_no_inter_begins_its_code_anew_and_both_performers_alike(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    folder = trunk(tmp_path / "trunk", facesets[0], TINY)
    taken = begin_from(tmp_path / "new", ModelWish(TINY, {}, None, 0), folder)
    assert [found.words for found in taken] == [
        "encoder is taken, but for what tells people apart",
        "decoder is taken, but for what tells people apart",
    ]
    [begun] = [found for found in newest_checkpoint(tmp_path / "new") if isinstance(found, Checkpoint)]
    about = read_about(tmp_path / "new")
    assert about is not None
    fresh, learnt = build("quick", about.network, seed=0).state_dict(), source_in(folder).weights
    for name, weights in begun.model.items():
        if name.startswith(("encoder.code.", "decoder.start.")):
            assert torch.equal(weights, fresh[name]), name
        elif name.startswith("decoder.") and weights.shape[0] == 2:
            torch.testing.assert_close(weights.mean(0), learnt[name].mean(0))
            torch.testing.assert_close(weights[0] - weights[1], fresh[name][0] - fresh[name][1])
        else:
            assert torch.equal(weights, learnt[name]), name
    begin_from(tmp_path / "whole", ModelWish(TINY, {}, None, 0), folder, parts=["encoder", "decoder"])
    [whole] = [found for found in newest_checkpoint(tmp_path / "whole") if isinstance(found, Checkpoint)]
    assert all(torch.equal(weights, learnt[name]) for name, weights in whole.model.items()), "as it was said"


def test_an_inter_is_taken_from_a_trunk_where_it_is_asked_for(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], tiny_df: str
) -> None:
    folder = trunk(tmp_path / "trunk", facesets[0], tiny_df)
    taken = begin_from(tmp_path / "new", ModelWish(tiny_df, {}, None, 0), folder, parts=["inter"])
    assert {found.part for found in taken if found.source} == {"inter_both"}
