"""From a text to a judgement: the live model where it has an opinion, the rules for the rest."""

from collections.abc import Iterable

from tickets.triage import rules, store
from tickets.triage.judgement import Judgement
from tickets.triage.model import LinearTriage

# Below this a category is a guess among many; a person should look.
CONFIDENT_ENOUGH = 0.2
TERM_LIMIT = 8


def judge(text: str) -> Judgement:
    """What the message is about. Never raises for any string."""
    live = store.live_model()
    return judgement_of(text, live.model, live.id)


def judge_many(texts: Iterable[str]) -> list[Judgement]:
    """One judgement per text, in order, all by the same model."""
    live = store.live_model()
    return [judgement_of(text, live.model, live.id) for text in texts]


def judgement_of(text: str, model: LinearTriage | None, model_id: int | None = None) -> Judgement:
    """The judgement of a given model; of the rules alone when it is None."""
    if model is None:
        return rules.judge_by_rules(text)
    reading = rules.read(text)
    if not rules.has_chinese(reading.text):
        return Judgement(needs_human=True, model_id=model_id)
    said = model.scores(text)
    category, confidence = said.choices.get("category", (reading.category, reading.confidence))
    queue, queue_confidence = said.choices.get("queue", (reading.queue, reading.confidence))
    complaint = said.flags.get("complaint", reading.complaint)
    urgent = said.flags.get("urgent", reading.urgent)
    negative = said.flags.get("negative", max(reading.negative, complaint if reading.negative else 0.0))
    return Judgement(
        category=category,
        category_confidence=round(confidence, 4),
        queue=queue,
        complaint=round(complaint, 4),
        urgent=round(urgent, 4),
        negative=round(negative, 4),
        severity=rules.severity_of(reading, complaint, urgent, negative),
        type=rules.type_of(reading, complaint, negative, queue),
        terms=list(dict.fromkeys([*reading.terms, *said.terms]))[:TERM_LIMIT],
        model_id=model_id,
        needs_human=not said.known or not category or max(confidence, queue_confidence) < CONFIDENT_ENOUGH,
    )
