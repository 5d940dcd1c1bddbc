"""An adversarial autoencoder: Encoder, Decoder, Discriminator and a training step, a whole file.

The step is played twice with small images. What counts is what moved, by whose gradients, which
tensors the discriminator saw, and which way each loss wanted its scores.
A. Makhzani et al., "Adversarial Autoencoders" (2015), section 2: samples of the prior are real,
codes are fake; reconstruction, then discriminator, then the encoder as generator.
"""

import linecache
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from itertools import islice
from types import ModuleType
from typing import Any

import torch

from etude.checking import common
from etude.checking.adversarial_events import UNIFORM, Game, Score, Step
from etude.checking.adversarial_stages import Stage, owners, stages
from etude.checking.adversarial_steps import steps_in, text_of
from etude.checking.build import Built, Sizes
from etude.checking.networks import found_in
from etude.checking.roles import Role
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject
from etude.checking.verdict import Finding
from etude.shapes import Tensor

TURNS = 2


def judge(subject: Subject) -> None:
    """Every stage that can be played, until one is right; else what was found on the first. The
    parts' own weights come first."""
    module, only = file_of(subject.thing)
    first: list[Finding] = []
    doubt: CannotJudge | None = None
    for stage, game in played(subject, module, only):
        subject.found, subject.held, subject.variants = [], [], []
        try:
            judge_game(subject, module, stage, game)
        except CannotJudge as error:
            doubt = doubt or error
            continue
        if not subject.found:
            return
        first = first or subject.found
    if doubt and not first:
        raise doubt
    subject.found = first


def file_of(thing: Thing) -> tuple[ModuleType, str]:
    """The file of a thing, and the thing's name where it is no file."""
    if isinstance(thing.it, ModuleType):
        return thing.it, ""
    return sys.modules[thing.it.__module__], thing.name


def judge_game(subject: Subject, module: ModuleType, stage: Stage, game: Game) -> None:
    """Parts that register their weights; then the game."""
    for part, it in () if stage.toy else stage.parts.items():
        own = Subject(found_in(module).get(part, subject.thing), Built(it, {}, part))
        if not common.registered(own):
            subject.found += own.found
            return
    for check in CHECKS:
        if not check(subject, game):
            return


MOST, SECONDS = 400, 6.0
"""Stages that are tried, and for how long."""


def played(subject: Subject, module: ModuleType, only: str) -> Iterator[tuple[Stage, Game]]:
    """Stages that could be played, with what happened; in float64, else in float32, where the file
    fixes the type. Raises CannotJudge where there is none."""
    trouble, done = None, 0
    until = time.monotonic() + SECONDS
    for dtype in (torch.float64, torch.float32):
        torch.set_default_dtype(dtype)
        try:
            for stage in islice(stages(module, only), MOST):
                if isinstance(stage, CannotJudge):
                    trouble = trouble or stage
                    continue
                try:
                    for each in games(subject.thing.file, stage):
                        done += 1
                        yield stage, each
                except CannotJudge as error:
                    trouble = trouble or error
                    continue
                if done or time.monotonic() > until:
                    return
        finally:
            torch.set_default_dtype(torch.float64)
    raise trouble or CannotJudge("check_training_unused")


def games(file: str, stage: Stage) -> Iterator[Game]:
    """A game of a stage, for each way in which its optimizers may own the players."""
    ways: Iterable[Mapping[str, tuple[str, ...]]] = [{}]
    before = {part: deepcopy(it.state_dict()) for part, it in stage.parts.items()}
    if stage.steppers:
        probe = Game(file, stage.parts)
        probe.play(stage.turn, stage.given, 1)
        ways = owners(
            list(stage.steppers), {n: before_steps(probe, o) for n, o in stage.steppers.items()}
        )
    for way in ways:
        for part, state in before.items():
            stage.parts[part].load_state_dict(state)
        for name, parts in way.items():
            group = [p for part in parts for p in stage.parts[part].parameters()]
            stage.steppers[name].param_groups[0]["params"] = group
        for module in stage.parts.values():
            module.zero_grad(set_to_none=True)
        game = Game(file, stage.parts)
        game.said = text_of(file)
        game.play(stage.turn, stage.given, TURNS)
        if not game.finite:  # the logarithm of what is no probability, say
            raise CannotJudge("check_training_unused")
        if not (game.scores or game.decoded or game.steps):
            raise CannotJudge("check_training_unused")
        yield game


def before_steps(game: Game, optimizer: Any) -> set[str]:
    """What went backward before the steps of an optimizer: rec, D, G."""
    found: set[str] = set()
    done = 0
    for i, step in enumerate(game.steps):
        last = [s.after for s in game.steps[:i] if s.after < step.after]
        done = max(last, default=0)
        if step.by is optimizer:
            kinds = [game.kinds(b) for b in range(done, step.after)]
            if kinds and "D" not in kinds[-1]:  # those of the discriminator never had their step
                kinds = [each for each in kinds if "D" not in each]
            found |= set().union(*kinds)
    return found


def on_codes(subject: Subject, game: Game) -> bool:
    """The discriminator sees codes and samples of the prior. Faults: discriminator_on_images,
    discriminator_unused, prior_missing."""
    kinds = {score.kind: score.line for score in game.scores if score.grads}
    if not kinds:
        raise CannotJudge("check_aae_part", part="discriminator")
    if "image" in kinds:
        evidence = ("what the discriminator gets", "codes and samples of the prior", "images")
        subject.fault("discriminator_on_images", kinds["image"], evidence)
        return False
    if "prior" not in kinds and any("discriminator" in step.moved for step in game.steps):
        evidence = ("what the discriminator gets", "codes and samples of the prior", "codes alone")
        subject.fault("prior_missing", kinds["code"], evidence)
        return False
    subject.hold("on_codes", "")
    return True


def probabilities(subject: Subject, game: Game) -> bool:
    """One sigmoid. Fault: logits_twice."""
    if not game.twice:
        return True
    part, line = game.twice[0]
    subject.fault("logits_twice", line, (f"sigmoids after the {part}", "1", "2"))
    return False


def all_move(subject: Subject, game: Game) -> bool:
    """Every player learns. Faults: discriminator_never_stepped, encoder_never_stepped,
    decoder_never_stepped."""
    moved: set[str] = set().union(*(step.moved for step in game.steps))
    for part in ("discriminator", "encoder", "decoder"):
        if part not in moved:
            lines = [b.line for b in game.backwards if part in b.touched]
            evidence = (f"parameters of the {part} after {TURNS} steps", "moved", "as they were")
            subject.fault(f"{part}_never_stepped", lines[-1] if lines else 0, evidence)
            return False
    return True


def reconstructs(subject: Subject, game: Game) -> bool:
    """The reconstruction loss reaches the encoder. Faults: reconstruction_detached,
    reconstruction_missing."""
    codes = [(graph, line) for labels, graph, line in game.decoded if "code" in labels]
    if not codes:
        raise CannotJudge("check_aae_part", part="decoder")
    used = {b for step in game.steps for b in step.used.get("encoder", ())}
    reached = any("decoder" in game.backwards[b].touched for b in used)
    if any(graph for graph, _ in codes) and reached:
        subject.hold("reconstructs", "")
        return True
    evidence = ("gradient of the reconstruction at the encoder", "some", "none, or not used")
    subject.fault("reconstruction_detached", codes[0][1], evidence)
    return False


def own_gradients(subject: Subject, game: Game) -> bool:
    """Each step uses the gradients of its own loss, once. Faults: zero_grad_missing,
    codes_not_detached, discriminator_in_generator_optimizer."""
    done: dict[str, set[int]] = {part: set() for part in game.parts}
    wrong: list[tuple[str, int]] = []
    for step in game.steps:
        for part in step.moved:
            for b in sorted(step.used[part]):
                again = b in done[part]
                other = part == "discriminator" and game.fooling(b)
                joint = other and not again and "encoder" in step.moved and b == step.after - 1
                if joint:
                    wrong.append(("discriminator_in_generator_optimizer", made_at(subject, step)))
                    continue
                judged = part == "encoder" and judging(game, b)
                if judged and not again:
                    wrong.append(("codes_not_detached", game.backwards[b].line))
                elif again or other:
                    wrong.append(("zero_grad_missing", step.line))
        for part in step.moved:
            done[part] |= step.used[part]
    if not wrong:
        subject.hold("own_gradients", "")
        return True
    code, line = wrong[0]
    evidence = ("gradients that a step uses", "of its own loss", "of another loss or step too")
    subject.fault(code, line, evidence)
    return False


def made_at(subject: Subject, step: Step) -> int:
    """The line at which the optimizer of a step is first assigned; else that of its step."""
    called = re.search(r"(\w+)\.step\(", line_at(subject.thing.file, step.line))
    lines = linecache.getlines(subject.thing.file)
    name = rf"\b{called.group(1)}\s*(:[^=]*)?=(?!=)" if called else "$^"
    return next((i for i, text in enumerate(lines, 1) if re.search(name, text)), step.line)


def judging(game: Game, backward: int) -> bool:
    """Whether it is the discriminator's: it has scores, and is not the encoder's."""
    asked = [score for score in game.scores if backward in score.grads]
    if not asked or game.fooling(backward):
        return False
    return any(s.kind == "prior" for s in asked) or "discriminator" in game.player(backward)


def sides(subject: Subject, game: Game) -> bool:
    """Prior samples are real, codes fake, and the encoder wants them taken for real. Faults:
    labels_swapped, generator_wants_fake, labels_equal, encoder_not_fooling."""
    prior: list[tuple[float, int]] = []
    code: list[tuple[float, int]] = []
    fool: list[tuple[float, int]] = []
    for score in game.scores:
        for b, grad in score.grads.items():
            side = fool if game.fooling(b) else prior if score.kind == "prior" else code
            side.append((grad, score.line))
    if not fool:
        evidence = ("scores of codes that lead back to the encoder", "some", "none")
        subject.fault("encoder_not_fooling", code[-1][1] if code else 0, evidence)
        return False
    if not code or not prior:
        subject.fault("labels_equal", (prior or code)[0][1], ("sides that it learns", "2", "1"))
        return False
    real, fake, fooled = (wanted(side) for side in (prior, code, fool))
    evidence = (
        "wanted: D(prior), D(code), D(code) by the encoder", "higher, lower, higher",
        ", ".join("higher" if grad < 0 else "lower" for grad in (real, fake, fooled)),
    )  # fmt: skip
    if abs(real - fake) < 0.3 * max(abs(real), abs(fake)):
        subject.fault("labels_equal", code[0][1], evidence)
    elif real > fake and fooled > 0:
        subject.variants.append("sides_flipped")  # the same game by other names
    elif real > fake:
        subject.fault("labels_swapped", prior[0][1], evidence)
    elif fooled > 0:
        subject.fault("generator_wants_fake", fool[0][1], evidence)
    if not subject.found:
        subject.hold("sides", "")
    return not subject.found


def wanted(side: list[tuple[float, int]]) -> float:
    """The mean gradient at some scores; below 0: higher ones are wanted."""
    return sum(grad for grad, _ in side) / len(side)


def sampled(subject: Subject, game: Game) -> bool:
    """Noise is scaled by sigma = exp(logvar / 2). Faults: logvar_as_sigma, variance_as_sigma."""
    names = {id(p): n for n, p in game.parts["encoder"].named_parameters()}
    for sigma, line in game.noised:
        origin = game.origins.get(id(sigma))
        squared = origin is not None and origin.name == "exp"
        raw, where = (origin.ins[0], origin.line) if origin and squared else (sigma, line)
        if is_logvar(game, raw, line_at(subject.thing.file, where), names):
            code, found = (
                ("variance_as_sigma", "exp(logvar)") if squared else ("logvar_as_sigma", "logvar")
            )
            subject.fault(
                code, where, ("what the noise is multiplied by", "exp(logvar / 2)", found)
            )
            return False
    return True


AS_IT_CAME = ("linear", "addmm", "getitem", "chunk", "split", "unbind")
"""Calls out of which a log variance comes unchanged."""


def is_logvar(game: Game, raw: Tensor, line: str, names: Mapping[int, str]) -> bool:
    """Whether a tensor comes as it is out of a layer, and the name of the layer or the line that
    takes it calls it a log variance."""
    origin = game.origins.get(id(raw))
    if origin is None or origin.name not in AS_IT_CAME:
        return False
    said = " ".join((line, *(names.get(id(each), "") for each in origin.ins)))
    if re.search(r"log_?(std|sigma|scale|sd)", said, re.IGNORECASE):
        return False
    return re.search(r"log_?var|lv\b|ln_?var", said, re.IGNORECASE) is not None


def line_at(file: str, number: int) -> str:
    """A line of the user's file."""
    return linecache.getline(file, number) if number else ""


def no_divergence(subject: Subject, game: Game) -> bool:
    """The discriminator alone pulls codes to the prior. Fault: kl_added."""
    if not game.divergences:
        return True
    evidence = ("losses on mean and variance of the code", "none", "one in closed form")
    subject.fault("kl_added", game.divergences[0], evidence)
    return False


def prior_as_said(subject: Subject, game: Game) -> bool:
    """Any prior will do; but where the file says a normal one, it is not drawn from torch.rand.
    Fault: prior_uniform."""
    flat = [score for score in game.scores if score.kind == "prior" and score.uniform]
    if not flat:
        return True
    said = re.search(r"N\(\s*0|normal|gauss|정규|가우[스시]", game.said, re.IGNORECASE)
    if not said:
        subject.variants.append("uniform_prior")
        return True
    line = next((o.line for o in game.origins.values() if o.name in UNIFORM and o.line), 0)
    subject.fault(
        "prior_uniform", line or flat[0].line, ("samples of the prior", "normal", "uniform")
    )
    return False


def drawn_anew(subject: Subject, game: Game) -> bool:
    """Each turn has its own samples of the prior. Fault: prior_fixed."""
    seen: list[Score] = []
    for score in game.scores:
        if score.kind != "prior" or score.own is None:
            continue
        for old in seen:
            if old.turn != score.turn and torch.equal(old.own, score.own):  # type: ignore[arg-type]
                evidence = ("samples of the prior in two steps", "others", "the same")
                subject.fault("prior_fixed", score.line, evidence)
                return False
        seen.append(score)
    return True


CHECKS: tuple[Callable[[Subject, Game], bool], ...] = (
    on_codes, probabilities, all_move, reconstructs, own_gradients, sides, sampled, no_divergence,
    prior_as_said, drawn_anew,
)  # fmt: skip


def fits(thing: Thing) -> bool:
    """A file with a training step, a discriminator, an encoder and a decoder."""
    if not isinstance(thing.it, ModuleType):
        return False
    said = text_of(thing.file)
    words = (r"disc|critic|adversar|\bD\w*\(", r"enc|\baae\b|latent|\bcode|\bz\b")
    if not all(re.search(word, said, re.I) for word in words):
        return False
    return bool(steps_in(thing.it)) and len(re.findall(r"backward\(", said)) > 1


ROLE = Role(
    called=r"\w*(aae|adversarial_?auto_?encoder)\w*",
    sizes=Sizes({}),
    judge=judge,
    fits=fits,
    whole=True,
)
