"""A new model takes parts of another, whole or not at all, and says which."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.conftest import TINY, TINY_NETWORK
from understudy.errors import CheckpointCorrupt, ModelUnknown, OptionInvalid
from understudy.files import write_json
from understudy.networks.architectures.blocks import Decoder, Encoder, Inter
from understudy.networks.architectures.two_decoders import TwoDecoders
from understudy.networks.catalog import build
from understudy.training.keeping import starting
from understudy.training.keeping.about import ModelAbout, ModelWish, read_about
from understudy.training.keeping.checkpoint import FOLDER_NAME, Checkpoint, newest_checkpoint, save_checkpoint
from understudy.training.keeping.learnt_from import Footage, LearntFrom, in_state
from understudy.training.keeping.starting import Source, begin_from, make_model, source_in, take_parts

ABOUT = ModelAbout("df", "df", "full", 32, 0)
LEARNT = LearntFrom((Footage("src", "mira", "close", 40),))
WISH = ModelWish(TINY, {}, None, seed=5)


def two_decoders(*, seed: int, dense: int = 8, one_decoder: bool = False) -> TwoDecoders:
    torch.manual_seed(seed)
    model = TwoDecoders(
        32,
        encoder=Encoder((4, 4, 8, 8)),
        inter=Inter(8 * 2**2, dense=dense, side_px=2, width=4, width_up=4),
        decoders=[Decoder(4, face_widths=(4, 4, 4), mask_widths=(2, 2, 2)) for _ in range(2)],
    )
    if one_decoder:
        model.decoder = model.decoder_src
        del model.decoder_src, model.decoder_dst
    return model


def source(model: torch.nn.Module) -> Source:
    return Source("other", ABOUT, model.state_dict(), "0" * 64, 100)


def alike(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def trained(folder: Path, *, seed: int = 1, **network: int) -> Path:
    """A model folder of "quick" with weights of its own."""
    settings = TINY_NETWORK | network
    weights = build("quick", settings, seed=seed).state_dict()
    make_model(folder, ModelAbout(TINY, "quick", "full", 32, 0, settings), weights, iteration=40, learnt=LEARNT)
    return folder


def test_all_parts_are_taken_where_all_fit() -> None:
    model, other = two_decoders(seed=0), two_decoders(seed=1)
    taken = take_parts(model, source(other))
    assert [found.source for found in taken] == ["encoder", "inter_both", "decoder_src", "decoder_dst"]
    assert alike(model, other)


def test_chosen_parts_alone_are_taken() -> None:
    model, other, untouched = two_decoders(seed=0), two_decoders(seed=1), two_decoders(seed=0)
    taken = {found.part: found for found in take_parts(model, source(other), ["encoder", "decoder_src"])}
    assert alike(model.encoder, other.encoder)
    assert alike(model.decoder_src, other.decoder_src)
    assert alike(model.inter_both, untouched.inter_both)
    assert alike(model.decoder_dst, untouched.decoder_dst)
    assert "not asked for" in taken["inter_both"].words


def test_one_decoder_of_a_trunk_serves_both_performers() -> None:
    model, trunk = two_decoders(seed=0), two_decoders(seed=1, one_decoder=True)
    taken = take_parts(model, source(trunk), ["decoder"])
    assert [found.source for found in taken if found.source] == ["decoder", "decoder"]
    assert alike(model.decoder_src, trunk.decoder)
    assert alike(model.decoder_dst, trunk.decoder)


def test_a_part_of_other_sizes_begins_at_nothing_and_says_why() -> None:
    model, other, untouched = two_decoders(seed=0), two_decoders(seed=1, dense=16), two_decoders(seed=0)
    taken = {found.part: found for found in take_parts(model, source(other))}
    assert taken["inter_both"].words.endswith("narrow.weight is 8 x 32 here and 16 x 32 there")
    assert alike(model.inter_both, untouched.inter_both)
    assert alike(model.encoder, other.encoder)
    with pytest.raises(OptionInvalid, match="'inter_both' can't be taken"):
        take_parts(model, source(other), ["inter"])


def test_parts_that_no_network_has_are_refused_by_those_it_has() -> None:
    with pytest.raises(OptionInvalid, match="no part 'nose'; it has encoder"):
        take_parts(two_decoders(seed=0), source(two_decoders(seed=1)), ["nose"])


def test_where_nothing_fits_the_model_stays_as_it_was() -> None:
    model, untouched = two_decoders(seed=0), two_decoders(seed=0)
    with pytest.raises(OptionInvalid, match="Nothing of model 'other' fits"):
        take_parts(model, source(build("quick", TINY_NETWORK)))
    assert alike(model, untouched)


def test_a_begun_model_has_a_checkpoint_and_notes_its_origin(tmp_path: Path) -> None:
    taken = begin_from(tmp_path / "new", WISH, trained(tmp_path / "old"), parts=["encoder"])
    assert [found.part for found in taken if found.source] == ["encoder"]
    about, old = read_about(tmp_path / "new"), source_in(tmp_path / "old")
    assert about is not None
    assert about.origin["model"] == "old"
    assert (about.origin["taken"], about.origin["sha256"]) == (["encoder"], old.sha256)
    (begun,) = newest_checkpoint(tmp_path / "new")
    assert isinstance(begun, Checkpoint)
    fresh = build("quick", TINY_NETWORK, seed=5).state_dict()
    assert begun.iteration == 0
    (part,) = in_state(begun.state, iteration=0).footage
    assert (part.side, part.performer, part.clip, part.model) == ("before", "mira", "close", "old")
    for name, tensor in begun.model.items():
        assert torch.equal(tensor, (old.weights if name.startswith("encoder.") else fresh)[name]), name


def test_the_same_call_again_goes_on_and_another_is_refused(tmp_path: Path) -> None:
    old = trained(tmp_path / "old")
    begin_from(tmp_path / "new", WISH, old)
    assert begin_from(tmp_path / "new", WISH, old) == []
    with pytest.raises(OptionInvalid, match="did not start from that"):
        begin_from(tmp_path / "new", WISH, old, parts=["encoder"])
    with pytest.raises(OptionInvalid, match="width 8 and can't become 16"):
        begin_from(tmp_path / "new", ModelWish(TINY, {"width": 16}, None, 5), old)


def test_a_start_that_was_killed_before_its_description_starts_again(tmp_path: Path) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    old = trained(tmp_path / "old")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(starting, "write_about", die)
        begin_from(tmp_path / "new", WISH, old)
    assert read_about(tmp_path / "new") is None
    begin_from(tmp_path / "new", WISH, old, parts=["encoder"])
    about = read_about(tmp_path / "new")
    assert about is not None
    assert about.origin["taken"] == ["encoder"]


def test_a_model_that_lost_its_description_is_left_alone(tmp_path: Path) -> None:
    weights = build("quick", TINY_NETWORK).state_dict()
    save_checkpoint(tmp_path / "new", Checkpoint(7, model=weights, ema=weights))
    with pytest.raises(CheckpointCorrupt, match="without its description"):
        begin_from(tmp_path / "new", WISH, trained(tmp_path / "old"))
    assert (tmp_path / "new" / FOLDER_NAME / "000000007" / "state.json").exists()


def test_nothing_can_be_taken_from_what_has_learnt_nothing(tmp_path: Path) -> None:
    write_json(tmp_path / "old" / "note.json", {})
    with pytest.raises(ModelUnknown, match="no trained model"):
        begin_from(tmp_path / "new", WISH, tmp_path / "old")
    assert not (tmp_path / "new" / "model.toml").exists()
