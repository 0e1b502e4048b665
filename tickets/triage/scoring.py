"""Figures of a triage model on labelled messages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tickets.triage.judgement import Judgement
from tickets.triage.judging import judgement_of
from tickets.triage.model import CHOICE_HEADS, FLAG_HEADS, LinearTriage

if TYPE_CHECKING:
    from tickets.triage.training import Example


def figures(model: LinearTriage | None, examples: Sequence["Example"]) -> tuple[dict[str, float], float]:
    """(named figures, their one score) of a model, or of the rules when there is none.

    A choice is measured by its macro-F1 and accuracy, a flag by F1, precision and recall at 0.5. The score is the
    mean of all F1 of labels that the examples have, so two models are comparable on the same examples.
    """
    judged = [judgement_of(example.text, model) for example in examples]
    measured: dict[str, float] = {}
    for name in CHOICE_HEADS:
        measured |= _choice_figures(name, judged, examples)
    for name in FLAG_HEADS:
        measured |= _flag_figures(name, judged, examples)
    main = [value for key, value in measured.items() if key.endswith("_f1")]
    return measured, sum(main) / len(main) if main else 0.0


def macro_f1(gold: Sequence[str], predicted: Sequence[str]) -> float:
    """Mean F1 over the classes that occur in `gold`."""
    classes = set(gold)
    total = 0.0
    for name in classes:
        hits = sum(g == p == name for g, p in zip(gold, predicted, strict=True))
        total += 2 * hits / (gold.count(name) + predicted.count(name))
    return total / len(classes) if classes else 0.0


def _choice_figures(name: str, judged: Sequence[Judgement], examples: Sequence["Example"]) -> dict[str, float]:
    pairs = [
        (str(getattr(example, name)), str(getattr(judgement, name)))
        for judgement, example in zip(judged, examples, strict=True)
        if getattr(example, name)
    ]
    if not pairs:
        return {}
    gold, predicted = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    accuracy = sum(g == p for g, p in pairs) / len(pairs)
    return {f"{name}_macro_f1": macro_f1(gold, predicted), f"{name}_accuracy": accuracy}


def _flag_figures(name: str, judged: Sequence[Judgement], examples: Sequence["Example"]) -> dict[str, float]:
    pairs = [
        (bool(getattr(example, name)), getattr(judgement, name) >= 0.5)
        for judgement, example in zip(judged, examples, strict=True)
        if getattr(example, name) is not None
    ]
    hits = sum(gold and predicted for gold, predicted in pairs)
    positives, called = sum(gold for gold, _ in pairs), sum(predicted for _, predicted in pairs)
    if not positives:
        return {}
    return {
        f"{name}_f1": 2 * hits / (positives + called),
        f"{name}_precision": hits / called if called else 0.0,
        f"{name}_recall": hits / positives,
    }
