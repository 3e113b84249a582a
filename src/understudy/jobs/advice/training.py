"""Advice about a model and its training: its kind and size for these faces, its options, how its loss went."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import numpy as np

from understudy.errors import RecipeInvalid
from understudy.jobs.advice.facts import Advice, Facts, Model
from understudy.training.recipe.recipe import RECIPES, STANDARD, recipe_named

_FLAT = 0.01  # of the loss, over the last fifth
_STILL_FALLING = 0.03
_WORSE = 0.05
_TURNED_DEG, _TURNED_SHARE = 45.0, 0.05
_ENLARGED, _TOO_COARSE = 1.5, 0.75
_WAITING, _WAITED_OVER = 0.03, 1000  # share of the time over the last iterations
_SMALL_BATCH = 4
_APART = 2.0
_STRONG_STYLE, _STYLE_ITERATIONS = 0.1, 15_000
_BYTES_A_PARAMETER = 16  # weight, gradient and two moments in float32
_MEMORY_SHARE = 0.6  # the rest is for activations
_UNCLEAR = 3.0  # times the face's own error
_FACE_AREA = 0.6  # shares of a full face's crop that soft masks take, measured on rendered actors
_AREAS = {"eyes": 0.028, "mouth": 0.042}
_WARP_STAYS = (STANDARD, "plain")  # recipes that bend faces until a planned end comes near
_SWAP_ITERATIONS = 500
_STRAIGHT = ("h64", "h128")
_LOOKS_AHEAD_DEG, _EVEN_LIGHT, _NEARLY_ALL = 20.0, 0.1, 0.95
_STRAIGHT_PX, _LITTLE_MEMORY = 128, 4e9
_OWN_LIGHT = ("df", "h64", "h128")  # networks whose decoders keep src's light


def trained(facts: Facts) -> Model | None:
    """The model, where it has learnt anything."""
    return facts.model if facts.model is not None and facts.model.iterations else None


def unripe(facts: Facts) -> Iterator[Advice]:
    """A model that was trained as long as was asked may still be far from done."""
    model = trained(facts)
    if model is not None and model.unripe:
        yield Advice(
            "unripe",
            3,
            f"{model.unripe[0].upper()}{model.unripe[1:]}",
            "A face that is not learnt yet is blurred and unlike src, whatever else is set.",
            "Train on, longer than before.",
            facts.train("--minutes 60"),
        )


def turned_heads(facts: Facts) -> Iterator[Advice]:
    """Half faces at 64 px are for straight looks."""
    model, yaw = facts.model, np.abs(facts.dst.known("yaw_deg"))
    if model is None or model.architecture not in _STRAIGHT or not len(yaw):
        return
    share = float((yaw > _TURNED_DEG).mean())
    if share > _TURNED_SHARE:
        yield Advice(
            "turned_heads",
            2,
            f"{share:.0%} of dst's faces are turned by more than {_TURNED_DEG:.0f} degrees; {model.name} is a "
            f"{model.architecture} for {model.face_type} faces.",
            "Such a network sees cheek to cheek and is made for faces that look ahead; profiles come out "
            "wrong.",
            "Train a df beside it: it sees the full face and holds profiles.",
            facts.command("train", "--model side --preset df"),
        )


def straight_faces(facts: Facts) -> Iterator[Advice]:
    """Faces that look ahead in flat light are what half faces are best at."""
    model, yaw = facts.model, np.abs(facts.dst.known("yaw_deg"))
    light = np.abs(facts.dst.known("light_side"))
    if model is None or model.face_type == "half" or model.size_px > _STRAIGHT_PX:
        return
    if not len(yaw) or not len(light):
        return
    ahead, even = float((yaw < _LOOKS_AHEAD_DEG).mean()), float((light < _EVEN_LIGHT).mean())
    if ahead < _NEARLY_ALL or even < _NEARLY_ALL:
        return
    little = 0 < facts.machine.memory_bytes < _LITTLE_MEMORY
    preset = "h64" if little else "h128"
    yield Advice(
        "straight_faces",
        1,
        f"{ahead:.0%} of dst's faces look ahead within {_LOOKS_AHEAD_DEG:.0f} degrees, {even:.0%} in even "
        f"light; {model.name} paints {model.face_type} faces at {model.size_px} px.",
        "A network for half faces spends all of its pixels from brow to chin and keeps the most detail of "
        "flat, straight faces; what lies beside them is hardly seen here.",
        f"Train an {preset} beside it and compare{'; it fits into little memory' if little else ''}.",
        facts.command("train", f"--model straight --preset {preset}"),
    )


def own_light(facts: Facts) -> Iterator[Advice]:
    """Networks with a decoder for each keep src's light."""
    model = facts.model
    other = next((lack for lack in facts.coverage.lacks if lack.kind in ("darker", "brighter")), None)
    if model is None or other is None or model.architecture not in _OWN_LIGHT:
        return
    yield Advice(
        "own_light",
        1,
        f"{other.words} {model.name} is a {model.architecture}.",
        "Networks with a decoder for each performer keep src's own light; those that share one take on dst's.",
        "Train a liae beside it and compare.",
        facts.command("train", "--model light --preset liaef128"),
    )


def too_small(facts: Facts) -> Iterator[Advice]:
    """A face that is enlarged in the merge is soft."""
    model = facts.model
    spans = model.crop_px.get("dst", 0.0) if model and model.crop_px else 0.0
    if model is not None and spans > _ENLARGED * model.size_px:
        yield Advice(
            "too_small",
            2,
            f"{model.name} paints {model.size_px} px; in dst's frames the same part of the head spans "
            f"{spans:.0f} px.",
            f"Every painted face is enlarged {spans / model.size_px:.1f} times and looks softer than the shot.",
            "Train a larger network beside it; the list says sizes and memory.",
            "understudy model presets",
        )


def too_coarse(facts: Facts) -> Iterator[Advice]:
    """Detail that src's frames don't have can't be learnt."""
    model = facts.model
    spans = model.crop_px.get("src", 0.0) if model and model.crop_px else 0.0
    if model is not None and 0 < spans < _TOO_COARSE * model.size_px:
        yield Advice(
            "too_coarse",
            2,
            f"{model.name} learns faces of {model.size_px} px; in src's frames they span {spans:.0f} px.",
            "src's faces are enlarged before they are learnt: the model spends its strength on blur.",
            "Add closer shots of src.",
            facts.command("add", "--src CLIP"),
        )


def warp_still_on(facts: Facts) -> Iterator[Advice]:
    """Once the loss stands still, straight faces sharpen it."""
    model = trained(facts)
    gain = model.recent_gain() if model else None
    if model is None or gain is None or not abs(gain) < _FLAT:
        return
    if model.options.random_warp == 0 or model.options.recipe not in _WARP_STAYS:
        return
    settles = model.options.recipe == STANDARD
    yield Advice(
        "warp_still_on",
        2,
        f"The loss of {model.name} fell by only {max(0.0, gain):.1%} over the last fifth of its "
        f"{model.iterations} iterations, with random_warp at {model.options.random_warp:g}.",
        "Bent faces teach how src is built; once nothing more comes of it, straight ones teach detail. A "
        "planned end also lets it settle.",
        "Train on to a planned end: its last stages straighten the faces and settle."
        if settles
        else "Train on without warp to a planned end.",
        facts.train("--minutes 60" if settles else "--minutes 60 --random-warp 0"),
    )


def stuck(facts: Facts) -> Iterator[Advice]:
    """Where a loss stands still under a recipe of one's own, a shake may free it."""
    model = trained(facts)
    gain = model.recent_gain() if model else None
    if model is None or gain is None or not abs(gain) < _FLAT or model.options.random_warp == 0:
        return
    if model.options.recipe in RECIPES or _swaps_sides(model.options.recipe):
        return
    yield Advice(
        "stuck",
        1,
        f"The loss of {model.name} fell by only {max(0.0, gain):.1%} over the last fifth of its "
        f"{model.iterations} iterations, with random_warp at {model.options.random_warp:g}, and no stage of "
        "its recipe swaps sides.",
        "A model that is stuck may come free where each performer's faces go the other's way for a while: "
        "what both share must then hold for both.",
        f"Put a first stage into the recipe, with iterations = {_SWAP_ITERATIONS} and set.swap_sides = true, "
        "and train on; a recipe that changed begins anew, so it comes at once.",
        facts.train(f"--recipe {shlex.quote(model.options.recipe)}"),
    )


def _swaps_sides(recipe: str) -> bool:
    """Whether a stage does; one that can't be read is no matter of advice: training says so."""
    try:
        return any(stage.set.get("swap_sides") for stage in recipe_named(recipe).stages)
    except RecipeInvalid:
        return True


def detail_at_last(facts: Facts) -> Iterator[Advice]:
    """A critic comes last."""
    model = trained(facts)
    gain = model.recent_gain() if model else None
    if model is None or gain is None or not abs(gain) < _FLAT:
        return
    if model.options.random_warp == 0 and model.options.gan_power == 0:
        yield Advice(
            "detail_at_last",
            1,
            f"The loss of {model.name} stands still ({max(0.0, gain):.1%} over the last fifth) without warp.",
            "What is left is texture that no comparison of pixels asks for; a critic does. It comes last, "
            "since it sharpens errors too.",
            "Make a backup, then train a last stretch with a GAN of 0.1.",
            facts.train("--minutes 60 --random-warp 0 --gan-power 0.1"),
        )


def critic_too_soon(facts: Facts) -> Iterator[Advice]:
    """A critic over a face that is not right yet sharpens what is wrong."""
    model = trained(facts)
    if model is None or model.options.gan_power == 0:
        return
    gain, reasons = model.recent_gain(), []
    if model.options.random_warp > 0 and model.options.recipe in _WARP_STAYS:
        reasons.append(f"random_warp is {model.options.random_warp:g}")
    if gain is not None and gain > _STILL_FALLING:
        reasons.append(f"the loss still fell by {gain:.1%} over the last fifth of training")
    if reasons:
        yield Advice(
            "critic_too_soon",
            2,
            f"gan_power is {model.options.gan_power:g} while {' and '.join(reasons)}.",
            "A critic asks for detail everywhere, also where the face is not right yet; what it sharpens "
            "then stays.",
            "Switch the GAN off until the loss stands still and the warp is off.",
            facts.train("--gan-power 0"),
        )


def strong_style(facts: Facts) -> Iterator[Advice]:
    """Styles spoil a model when they stay strong."""
    model = trained(facts)
    power = model.options.face_style_power if model else 0.0
    if model is not None and power > _STRONG_STYLE and model.iterations > _STYLE_ITERATIONS:
        yield Advice(
            "strong_style",
            2,
            f"face_style_power is {power:g} after {model.iterations} iterations of {model.name}.",
            "Strong styles help in the first 15,000 to 25,000 iterations; later they paint blotches and "
            "helmets.",
            "Lower it to 0.01, or to 0 where blotches are seen already.",
            facts.train("--face-style-power 0.01"),
        )


def no_way_back(facts: Facts) -> Iterator[Advice]:
    """Whoever plays with styles or critics wants a way back."""
    model = trained(facts)
    if model is None or model.options.backup_every or model.options.backup_every_minutes:
        return
    powers = ("gan_power", "face_style_power", "bg_style_power", "true_face_power")
    on = [f"{name} {getattr(model.options, name):g}" for name in powers if getattr(model.options, name)]
    if on:
        yield Advice(
            "no_way_back",
            1,
            f"{model.name} trains with {', '.join(on)} and keeps no backups.",
            "These losses can spoil a model within hours, and the newest checkpoints are then spoilt too.",
            "Keep a backup every 10,000 iterations.",
            facts.train("--backup-every 10000"),
        )


def unclear_part(facts: Facts) -> Iterator[Advice]:
    """Eyes and mouth decide whether a face is believed; the term of each tells how wrong it still is."""
    model = trained(facts)
    if model is None or model.recent_gain() is None:
        return
    if model.options.color != "l1" or model.face_type != "full":  # only these can be compared
        return
    weights = {part: getattr(model.options, f"{part}_weight") for part in ("color", "eyes", "mouth")}
    means = {
        part: (model.lately(f"src_{part}") or 0.0) / weight if weight else 0.0
        for part, weight in weights.items()
    }
    for part, area in _AREAS.items():
        if means["color"] > 0 and means[part] / area > _UNCLEAR * means["color"] / _FACE_AREA:
            times = means[part] / area / (means["color"] / _FACE_AREA)
            yield Advice(
                "unclear_part",
                2,
                f"src's {part} as {model.name} paints it is {times:.1f} times as wrong as the face around.",
                "A viewer looks there first: a gaze that drifts and teeth that merge give a swap away.",
                f"Let the {part} count three times as much for a while.",
                facts.train(f"--{part}-weight {3 * weights[part]:g}"),
            )


def getting_worse(facts: Facts) -> Iterator[Advice]:
    """A loss that rises is no plateau."""
    model = trained(facts)
    gain = model.recent_gain() if model else None
    if model is not None and gain is not None and gain < -_WORSE:
        rate = model.options.learning_rate
        yield Advice(
            "getting_worse",
            3,
            f"The loss of {model.name} rose by {-gain:.1%} over the last fifth of its training.",
            "Steps that are too large undo what was learnt, and it seldom comes back by itself.",
            "Go on with a third of the learning rate.",
            facts.train(f"--learning-rate {rate / 3:.1g}"),
        )


def sides_apart(facts: Facts) -> Iterator[Advice]:
    """One side that learns far worse than the other."""
    model = trained(facts)
    if model is None or model.recent_gain() is None:
        return
    src, dst = np.median(model.recent_losses(), axis=0)
    if max(src, dst) > _APART * min(src, dst) > 0:
        worse = "src" if src > dst else "dst"
        sets = getattr(facts, worse).sets
        yield Advice(
            "sides_apart",
            1,
            f"The loss of {model.name} is {src:.3f} for src and {dst:.3f} for dst.",
            f"{worse}'s faces are much harder to learn: mostly blur, wrong landmarks or strangers among them.",
            f"Look through {worse}'s faces, those that lie furthest from a face first.",
            facts.for_each("faceset sheet", dict.fromkeys(sets, "--sort distance --backwards")),
        )


def waiting(facts: Facts) -> Iterator[Advice]:
    """A learner that waits for its faces wastes the machine."""
    model = trained(facts)
    share = model.lately("waiting", iterations=_WAITED_OVER) if model else None
    if model is not None and share is not None and share > _WAITING:
        yield Advice(
            "waiting",
            1,
            f"{model.name} waited for its faces {share:.0%} of the time lately.",
            "The device stands idle meanwhile. Mostly other programs use the processor, or the project lies "
            "on a slow disk.",
            "End what else runs, or move the project to a faster disk.",
        )


def small_batch(facts: Facts) -> Iterator[Advice]:
    """Small batches learn detail badly."""
    model = facts.model
    if model is not None and 0 < model.options.batch_size < _SMALL_BATCH:  # 0 is the most that fits
        yield Advice(
            "small_batch",
            1,
            f"{model.name} sees {model.options.batch_size} faces of each performer at a time.",
            "Steps from so few faces go to and fro; 8 fits most scenes, and a late growth of the batch "
            "sharpens.",
            "Raise the batch as far as memory goes; a smaller network with a larger batch is often the "
            "better bargain.",
            facts.train("--batch-size 8"),
        )


def too_large(facts: Facts) -> Iterator[Advice]:
    """Weights, gradients and moments have to fit beside the pictures."""
    model, machine = facts.model, facts.machine
    if model is None or not machine.memory_bytes:
        return
    needed = model.parameters * _BYTES_A_PARAMETER
    if needed > _MEMORY_SHARE * machine.memory_bytes:
        yield Advice(
            "too_large",
            3,
            f"{model.name} has {model.parameters / 1e6:.0f} M parameters, which take {needed / 1e9:.1f} GB "
            f"with gradients and moments; {machine.device} has {machine.memory_bytes / 1e9:.1f} GB.",
            "Too little is left for a batch of faces: training stops for want of memory.",
            "Take a smaller network; the list says sizes and memory.",
            "understudy model presets",
        )
