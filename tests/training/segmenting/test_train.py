"""The training of a segmenter: it learns what was drawn, keeps its best, goes on, refuses nonsense."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.training.segmenting.conftest import QUICK, Hull, fill, picture, tiny
from understudy.errors import (
    CheckpointCorrupt,
    FacesetUnusable,
    ImageUnreadable,
    MemoryTooSmall,
    ModelInUse,
    OptionInvalid,
    SegmenterUnknown,
    UnsafeFile,
    WeightsMissing,
)
from understudy.events import Event, Made, Notice, Progress, StageFinished, StageStarted
from understudy.facesets.curation.masks import apply_masks
from understudy.facesets.store import Faceset, StoredFace
from understudy.geometry import transform_points
from understudy.masks.own import open_segmenter, publish, read_about
from understudy.networks.dense_face import DenseFaceNet
from understudy.training.keeping.checkpoint import Checkpoint, newest_checkpoint, save_checkpoint
from understudy.training.keeping.lock import model_lock
from understudy.training.segmenting import learner as learner_module
from understudy.training.segmenting import run as run_module
from understudy.training.segmenting import train as train_module
from understudy.training.segmenting.drawn import DrawnFaces, Named, read_drawn
from understudy.training.segmenting.learner import mean_iou
from understudy.training.segmenting.train import go_back, train_segmenter
from understudy.training.viewing.sheets import read_preview

_QUICKLY = {"iterations": 40, "batch_size": 4, "look_every": 20, "variation": 0.3, "learning_rate": 0.01}


def trained(folder: Path, facesets: list[Named], **changes: object) -> list[Event]:
    return list(train_segmenter(folder, facesets=facesets, options=tiny(**changes), stock=Hull(), device="cpu"))


def summary(events: list[Event]) -> dict:
    (finished,) = [event for event in events if isinstance(event, StageFinished)]
    return finished.summary


def newest(folder: Path) -> Checkpoint:
    (found,) = [found for found in newest_checkpoint(folder) if isinstance(found, Checkpoint)]
    return found


def test_it_learns_from_a_few_drawn_faces_what_the_stock_segmenter_takes_for_face(
    drawn: list[Named], tmp_path: Path
) -> None:
    """The bar has nearly the colour of the face; four faces that nobody drew on are looked at in the end."""
    events = trained(tmp_path / "bar", drawn, **_QUICKLY)
    said = summary(events)
    assert said["overlap"] > 0.85 > said["overlap_before"] + 0.05
    (_, faceset), segmenter = drawn[0], open_segmenter(tmp_path / "bar")
    undrawn = faceset.faces()[12:]
    points = [transform_points(face.record.crop_matrix(), face.record.landmarks()) for face in undrawn]
    crops, truth = (
        np.stack([faceset.image(f) for f in undrawn]),
        np.stack([picture(n)[2] for n in range(12, 16)]),
    )
    before, now = (mean_iou(one.segment(crops, np.stack(points)), truth) for one in (Hull(), segmenter))
    assert now > before + 0.08


def test_progress_says_how_far_it_is_and_the_best_state_is_kept_with_its_measure(
    drawn: list[Named], tmp_path: Path
) -> None:
    events = trained(tmp_path / "bar", drawn, iterations=4, look_every=2)
    assert isinstance(events[0], StageStarted) and events[0].total == 4
    steps = [event for event in events if isinstance(event, Progress)]
    assert [step.done for step in steps] == [1, 2, 3, 4]
    assert all(step.rate and step.loss and step.seconds_left is not None for step in steps)
    about = read_about(tmp_path / "bar")
    assert about and (about.faces, about.held_out, about.face_type, about.size_px) == (12, 2, "full", 64)
    lines = [json.loads(line) for line in (tmp_path / "bar" / "metrics.jsonl").read_text().splitlines()]
    assert [line["iteration"] for line in lines] == [2, 4] and about.iou == pytest.approx(
        max(line["iou"] for line in lines), abs=1e-3
    )


def test_a_training_that_was_stopped_ends_as_if_it_had_not_been(drawn: list[Named], tmp_path: Path) -> None:
    trained(tmp_path / "whole", drawn, iterations=5, look_every=2)
    events = train_segmenter(
        tmp_path / "parts",
        facesets=drawn,
        options=tiny(iterations=5, look_every=2),
        stock=Hull(),
        device="cpu",
    )
    for event in events:
        if isinstance(event, Progress) and event.done == 3:
            events.close()  # type: ignore[attr-defined]
    assert newest(tmp_path / "parts").iteration == 3
    again = trained(tmp_path / "parts", drawn, iterations=5, look_every=2)
    assert isinstance(again[0], StageStarted) and again[0].why == "goes on at iteration 3 of this order"
    assert summary(again)["iterations"] == 2
    assert_same(tmp_path / "whole", tmp_path / "parts")


def test_a_training_that_was_killed_goes_on_from_its_last_save(drawn: list[Named], tmp_path: Path) -> None:
    trained(tmp_path / "whole", drawn, iterations=5, look_every=2)
    options = tiny(iterations=5, look_every=2, save_minutes=0.0)
    events = train_segmenter(tmp_path / "parts", facesets=drawn, options=options, stock=Hull(), device="cpu")
    for event in events:
        if isinstance(event, Progress) and event.done == 4:
            shutil.copytree(tmp_path / "parts", tmp_path / "killed")  # as a kill would leave it
    assert newest(tmp_path / "killed").iteration == 3
    trained(tmp_path / "killed", drawn, iterations=5, look_every=2)
    assert_same(tmp_path / "whole", tmp_path / "killed")


def test_an_optimiser_that_begins_anew_is_told_and_one_that_goes_on_is_not(
    drawn: list[Named], tmp_path: Path
) -> None:
    events = train_segmenter(tmp_path, facesets=drawn, options=tiny(iterations=9), stock=Hull(), device="cpu")
    for event in events:
        if isinstance(event, Progress) and event.done == 3:
            events.close()  # type: ignore[attr-defined]
    found = newest(tmp_path)
    assert not anew(trained(tmp_path, drawn, iterations=4))
    finer = [n for n, name in enumerate(dict(DenseFaceNet().mask_head.named_parameters())) if "finer" in name]
    old = replace(  # as it was before the mask head had its finer look
        found,
        model={name: value for name, value in found.model.items() if "mask_head.finer" not in name},
        ema={name: value for name, value in found.ema.items() if "mask_head.finer" not in name},
        optimizer={k: value for k, value in found.optimizer.items() if int(k.partition(".")[0]) not in finer},
    )
    shutil.rmtree(tmp_path / "checkpoints")
    save_checkpoint(tmp_path, old)
    (told,) = anew(trained(tmp_path, drawn, iterations=4))
    assert "goes on at iteration 3, but its optimiser begins anew" in told


def anew(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice) and "begins anew" in event.text]


def assert_same(one: Path, other: Path) -> None:
    first, second = newest(one), newest(other)
    assert first.iteration == second.iteration
    assert all(torch.equal(first.ema[name], second.ema[name]) for name in first.ema)
    ours, theirs = read_about(one), read_about(other)
    assert ours and theirs and (ours.iteration, ours.iou) == (theirs.iteration, theirs.iou)


def test_saves_come_as_often_as_asked(drawn: list[Named], tmp_path: Path) -> None:
    for minutes, saved in ((0.0, 2), (60.0, 0)):
        folder = tmp_path / str(minutes)
        events = train_segmenter(
            folder, facesets=drawn, options=tiny(iterations=3, save_minutes=minutes), stock=Hull(), device="cpu"
        )
        for event in events:
            if isinstance(event, Progress) and event.done == 3:
                there = len(
                    [f for f in newest_checkpoint(folder) if isinstance(f, Checkpoint) and f.iteration == 2]
                )
                assert there == bool(saved)


def test_it_ends_when_looks_bring_no_gain(drawn: list[Named], tmp_path: Path) -> None:
    events = trained(tmp_path / "bar", drawn, iterations=0, patience=2, look_every=1, learning_rate=1e-6)
    assert 2 <= summary(events)["iterations"] < 60


def test_it_waits_for_a_gain_over_as_many_looks_as_is_asked() -> None:
    plan = run_module.Plan(looks_without_gain=3)
    over = [plan.is_over(tiny(iterations=0, patience=looks)) for looks in (3, 4, 0)]
    assert over == [True, False, False]


def test_it_ends_when_its_minutes_are_over(drawn: list[Named], tmp_path: Path) -> None:
    assert summary(trained(tmp_path / "bar", drawn, iterations=0, minutes=1e-4))["iterations"] == 1


def test_a_finished_one_goes_on_also_from_what_was_drawn_since_and_keeps_a_backup(
    drawn: list[Named], tmp_path: Path
) -> None:
    folder = tmp_path / "bar"
    trained(folder, drawn, iterations=2, look_every=1)
    held = newest(folder).state["plan"]["held_out"]
    fill(drawn[0][1], 8, drawn=8, start=20)
    said = summary(trained(folder, drawn, iterations=3, look_every=1))
    assert said["faces"] == 20 and said["held_out"] == 4
    assert newest(folder).iteration == 5 and set(held) < set(newest(folder).state["plan"]["held_out"])


def test_going_back_brings_the_best_state_of_then_and_what_it_looked_with_lies_in_the_trash(
    drawn: list[Named], tmp_path: Path
) -> None:
    folder, trash = tmp_path / "bar", tmp_path / "trash"
    trained(folder, drawn, iterations=2, look_every=1, learning_rate=QUICK)
    about = read_about(folder)
    assert about and about.has_learned
    weights = load_file(folder / about.weights)
    best = {name: value + 1 if value.is_floating_point() else value for name, value in weights.items()}
    then = publish(folder, about.model_copy(update={"iteration": 0}), best)  # as if an earlier look was best
    trained(folder, drawn, iterations=1, learning_rate=1e-6)
    now = publish(folder, about.model_copy(update={"iteration": 3}), weights)
    later = (folder / now.weights).read_bytes()
    gone = go_back(folder, 2, trash=trash)
    assert newest(folder).iteration == 2 and read_about(folder) == then
    assert all(torch.equal(value, best[name]) for name, value in load_file(folder / then.weights).items())
    assert [path.name for path in folder.glob("weights-*")] == [then.weights]
    assert [path.read_bytes() for path in gone if path.is_file()] == [later]
    with pytest.raises(CheckpointCorrupt, match="no backup of iteration 9"):
        go_back(folder, 9, trash=trash)


def test_one_stopped_before_its_first_look_still_says_what_it_was_measured_against(
    drawn: list[Named], tmp_path: Path
) -> None:
    options = tiny(iterations=4, look_every=3)
    events = train_segmenter(tmp_path / "parts", facesets=drawn, options=options, stock=Hull(), device="cpu")
    for event in events:
        if isinstance(event, Progress) and event.done == 2:
            events.close()  # type: ignore[attr-defined]
    trained(tmp_path / "parts", drawn, iterations=4, look_every=3)
    trained(tmp_path / "whole", drawn, iterations=4, look_every=3)
    parts, whole = read_about(tmp_path / "parts"), read_about(tmp_path / "whole")
    assert parts and parts.iou_before and parts.faces == 12 and parts == whole


def test_what_was_drawn_anew_in_the_midst_is_measured_anew(drawn: list[Named], tmp_path: Path) -> None:
    """An old best of other drawings can't be beaten fairly."""
    folder, options = tmp_path / "bar", tiny(iterations=3, look_every=1)
    events = train_segmenter(folder, facesets=drawn, options=options, stock=Hull(), device="cpu")
    for event in events:
        if isinstance(event, Progress) and event.done == 2:
            events.close()  # type: ignore[attr-defined]
    before = newest(folder).state["plan"]
    fill(drawn[0][1], 8, drawn=8, start=20)
    assert summary(trained(folder, drawn, iterations=3, look_every=1))["iterations"] == 1
    after = newest(folder).state["plan"]
    assert before["measured_on"] != after["measured_on"] and before["iou_before"] != after["iou_before"]


def test_a_state_that_does_not_say_how_far_it_is_is_told_to_be_damaged(
    drawn: list[Named], tmp_path: Path
) -> None:
    trained(tmp_path / "bar", drawn, iterations=1)
    path = tmp_path / "bar" / "checkpoints" / "000000001" / "state.json"
    for plan in (None, {"strange": 1}, 3):
        state = json.loads(path.read_text())
        state["state"]["plan"] = plan
        path.write_text(json.dumps(state))
        with pytest.raises(CheckpointCorrupt, match="how far this segmenter is"):
            trained(tmp_path / "bar", drawn, iterations=1)


def test_faces_that_nobody_drew_on_and_nobody_can_read_stop_no_training(
    drawn: list[Named], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, faceset), read = drawn[0], Faceset.crop_of

    def torn(self: Faceset, face: StoredFace) -> tuple:
        if not face.record.polygons:
            raise ImageUnreadable("torn")
        return read(self, face)

    monkeypatch.setattr(Faceset, "crop_of", torn)
    assert len(faceset) == 16 and summary(trained(tmp_path / "bar", drawn, previews=4))["faces"] == 12


def test_the_sheet_shows_faces_that_are_drawn_on_and_others(drawn: list[Named], tmp_path: Path) -> None:
    events = trained(tmp_path / "bar", drawn, iterations=1, look_every=1, previews=4)
    made = [event.path for event in events if isinstance(event, Made)]
    preview = read_preview(made[-1])
    assert preview and list(preview.layout.columns) == ["face", "drawn", "before", "now"]
    assert len(preview.layout.rows) == 4
    assert {"clip-000012-1.png", "clip-000015-1.png"} < set(preview.layout.rows)
    assert not [e for e in trained(tmp_path / "none", drawn, iterations=1, previews=0) if isinstance(e, Made)]


def test_of_few_faces_all_are_learned_from_and_that_is_said(tmp_path: Path) -> None:
    with Faceset(tmp_path / "few") as faceset:
        fill(faceset, 3, drawn=3)
        events = trained(tmp_path / "bar", [("dst/main", faceset)])
    said = [event.text for event in events if isinstance(event, Notice)]
    assert "Only 3 faces are drawn on" in said[0] and "measured on the same" in said[1]
    assert summary(events)["held_out"] == 0


def notices(events: list[Event], level: str) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Notice) and event.level == level)


def test_an_overlap_of_a_few_faces_is_said_to_be_one(drawn: list[Named], tmp_path: Path) -> None:
    few = trained(tmp_path / "few", drawn)
    assert "learns from 10 drawn faces and is measured on 2 others" in notices(few, "info")
    assert "overlap is of only 2 faces: others may give quite another" in notices(few, "warning")
    assert "overlap is of only" not in notices(trained(tmp_path / "half", drawn, held_out=0.5), "warning")


def test_stored_masks_are_not_called_drawn_faces(tmp_path: Path) -> None:
    with Faceset(tmp_path / "stored") as faceset:
        fill(faceset, 6, drawn=0)
        trash = tmp_path / "trash"
        list(apply_masks(faceset, faceset.faces(), Hull(), name="hull", made_by="1", trash=trash))
        events = trained(tmp_path / "bar", [("dst/main", faceset)])
    assert "learns from 5 faces with stored masks and is measured on 1 other." in notices(events, "info")


def test_an_overlap_with_other_faces_is_measured_anew_before_anything_is_learned(
    drawn: list[Named], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An overlap with the faces of before would stand in the list beside the numbers of those of now."""
    folder = tmp_path / "bar"
    first = summary(trained(folder, drawn, **_QUICKLY))
    fill(drawn[0][1], 8, drawn=8, start=20, include=True)
    monkeypatch.setattr(run_module, "_GAIN", 1.0)  # so that nothing is better
    events = trained(folder, drawn, iterations=1, look_every=1)
    about, said = read_about(folder), summary(events)
    assert about and (about.faces, about.held_out) == (20, 4)
    assert about.iou == pytest.approx(newest(folder).state["plan"]["best"], abs=1e-4)
    assert said["overlap"] == pytest.approx(about.iou, abs=1e-4) != first["overlap"]
    assert "goes on looking as at iteration" in notices(events, "info")
    (step,) = [event for event in events if isinstance(event, Progress)]
    assert step.note.endswith(f" at {about.iteration}") and step.note.startswith("overlap 0.")


def test_what_it_learned_from_is_never_what_it_is_measured_on_while_there_are_others(
    drawn: list[Named], tmp_path: Path
) -> None:
    trained(tmp_path / "bar", drawn, iterations=1)
    before = set(newest(tmp_path / "bar").state["plan"]["learned"])
    fill(drawn[0][1], 8, drawn=8, start=20)
    trained(tmp_path / "bar", drawn, iterations=1)
    plan = newest(tmp_path / "bar").state["plan"]
    assert len(before) == 10 and len(plan["held_out"]) == 4 and not before & set(plan["held_out"])
    assert before < set(plan["learned"]) and not set(plan["learned"]) & set(plan["held_out"])


def test_more_held_out_faces_are_measured_on(drawn: list[Named], tmp_path: Path) -> None:
    assert summary(trained(tmp_path / "bar", drawn, held_out=0.5))["held_out"] == 6


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"size_px": 100}, "no multiple of 32"),
        ({"learns": "mask"}, "has to learn all"),
        ({"iterations": 0}, "would never end"),
        ({"start": "mike"}, "dense, nothing, or a segmenter of the project"),
        ({"start": "../mike"}, "dense, nothing, or a segmenter of the project"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_made(
    drawn: list[Named], tmp_path: Path, changes: dict, sentence: str
) -> None:
    with pytest.raises((OptionInvalid, SegmenterUnknown), match=sentence):
        trained(tmp_path / "bar", drawn, **changes)
    assert not (tmp_path / "bar" / "segmenter.json").exists()


def test_what_it_was_made_as_stays_and_what_it_began_as_counts(drawn: list[Named], tmp_path: Path) -> None:
    trained(tmp_path / "one", drawn)
    with pytest.raises(OptionInvalid, match="made with size_px 64, which can't become 96"):
        trained(tmp_path / "one", drawn, size_px=96)
    with pytest.raises(OptionInvalid, match="made with start nothing"):
        trained(tmp_path / "one", drawn, start="dense")
    trained(tmp_path / "head", drawn, face_type="head")
    about = read_about(tmp_path / "head")
    assert about and about.face_type == "head"


def test_a_new_one_can_begin_as_another_one_of_the_project(drawn: list[Named], tmp_path: Path) -> None:
    trained(tmp_path / "one", drawn, iterations=2, look_every=1, learning_rate=QUICK)
    trained(tmp_path / "two", drawn, start="one", iterations=1, learning_rate=1e-6)
    begun = newest(tmp_path / "two").model["pyramid.deep.0.conv.weight"]
    about = read_about(tmp_path / "one")
    assert about
    first = load_file(tmp_path / "one" / about.weights)["pyramid.deep.0.conv.weight"]
    torch.testing.assert_close(begun, first, atol=1e-5, rtol=0)
    (tmp_path / "one" / about.weights).write_bytes(b"nothing")
    with pytest.raises(UnsafeFile, match="not the ones that were written"):
        trained(tmp_path / "three", drawn, start="one")


def test_without_the_weights_of_the_face_network_it_is_said_what_to_do(
    drawn: list[Named], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("understudy.networks.dense_face.WEIGHTS_PATH", tmp_path / "none.safetensors")
    with pytest.raises(WeightsMissing, match="begin without them: --start nothing"):
        trained(tmp_path / "bar", drawn, start="dense")


def test_two_processes_do_not_train_one_segmenter(drawn: list[Named], tmp_path: Path) -> None:
    with model_lock(tmp_path / "bar"), pytest.raises(ModelInUse, match="in use"):
        trained(tmp_path / "bar", drawn)


def test_nobody_trains_it_while_another_reads_what_it_is_and_its_faces(
    drawn: list[Named], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*faces: object, **settings: object) -> DrawnFaces:
        monkeypatch.setattr(train_module, "read_drawn", read_drawn)
        with pytest.raises(ModelInUse):
            trained(tmp_path / "bar", drawn)
        return read_drawn(*faces, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(train_module, "read_drawn", meanwhile)
    trained(tmp_path / "bar", drawn, iterations=1)


def test_a_damaged_checkpoint_is_told_and_the_one_before_it_is_used(drawn: list[Named], tmp_path: Path) -> None:
    folder = tmp_path / "bar"
    trained(folder, drawn, iterations=1)
    trained(folder, drawn, iterations=1)
    (folder / "checkpoints" / "000000002" / "model.safetensors").write_bytes(b"torn")
    events = trained(folder, drawn, iterations=1)
    assert any(isinstance(e, Notice) and "is damaged" in e.text for e in events)
    assert newest(folder).iteration == 2


def test_without_faces_there_is_nothing_to_learn(tmp_path: Path) -> None:
    with Faceset(tmp_path / "empty") as faceset, pytest.raises(FacesetUnusable, match="nothing to learn"):
        trained(tmp_path / "bar", [("dst/main", faceset)])


def test_publishing_leaves_one_file_of_weights(drawn: list[Named], tmp_path: Path) -> None:
    trained(tmp_path / "bar", drawn, iterations=2, look_every=1)
    about = read_about(tmp_path / "bar")
    assert about
    publish(tmp_path / "bar", about.model_copy(update={"iteration": 77}), newest(tmp_path / "bar").ema)
    assert [path.name for path in (tmp_path / "bar").glob("weights-*")] == ["weights-000000077.safetensors"]


@pytest.mark.parametrize("what", ["Shelf", "MaskLearner"])
def test_memory_that_ends_before_the_first_step_is_said_in_a_sentence(
    drawn: list[Named], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("full")

    for module in (run_module, train_module):
        if hasattr(module, what):
            monkeypatch.setattr(module, what, full)
    with pytest.raises(MemoryTooSmall, match=r"memory of cpu.* for the network and \d+ faces.*--device cpu"):
        trained(tmp_path / "bar", drawn, iterations=2)


def test_memory_that_ends_is_said_and_what_was_learned_goes_on_as_if_it_had_not_ended(
    drawn: list[Named], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(tmp_path / "whole", drawn, iterations=4, look_every=2)

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("full")

    for at in (0, 3):
        with monkeypatch.context() as little:
            events = train_segmenter(
                tmp_path / "parts",
                facesets=drawn,
                options=tiny(iterations=4, look_every=2),
                stock=Hull(),
                device="cpu",
            )
            with pytest.raises(MemoryTooSmall, match="is saved" if at else "--batch-size"):
                for event in events:
                    done = event.done if isinstance(event, Progress | StageStarted) else -1
                    if done == at:
                        little.setattr(learner_module, "mask_loss", full)
    assert newest(tmp_path / "parts").iteration == 3
    trained(tmp_path / "parts", drawn, iterations=4, look_every=2)
    whole, parts = newest(tmp_path / "whole").model, newest(tmp_path / "parts").model
    # But for the running means of brightness, which the step that broke off has seen already.
    learned = [name for name in whole if "running" not in name and "num_batches" not in name]
    assert all(whole[name].equal(parts[name]) for name in learned)
