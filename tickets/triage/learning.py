"""Training as a service: learn, compare with the model in force, store, and put into force."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from core.events import record_event
from tickets.services.catalogue import ensure_queues
from tickets.triage import store
from tickets.triage.scoring import figures
from tickets.triage.training import Example, Trained, train


@dataclass(frozen=True, slots=True)
class Lesson:
    """What came of a training run."""

    model_id: int
    trained: Trained
    live_figures: dict[str, float]
    live_score: float
    went_live: bool
    queues_made: list[str]


def learn(*, examples: Sequence[Example], force: bool, actor: AbstractBaseUser | None) -> Lesson:
    """Train on the examples and measure on the part kept aside.

    The new model goes live when its score beats that of what judges now (a model, or the rules) on the same
    part, or always with `force`. Queues that it speaks of and nobody made yet are made then. Raises InvalidInput
    when the examples cannot teach anything.
    """
    trained = train(examples)
    live_figures, live_score = figures(store.live_model().model, trained.kept_aside)
    better = force or trained.score > live_score
    with transaction.atomic():
        row = store.save_model(trained=trained, go_live=better, actor=actor)
        made = ensure_queues(trained.labels.get("queue", [])) if better else []
        record_event(
            kind="triage.model_trained",
            subject_type="triage_model",
            subject_id=row.pk,
            actor=actor,
            payload={"rows": trained.row_count, "score": round(trained.score, 4), "went_live": better},
        )
    return Lesson(row.pk, trained, live_figures, live_score, better, [queue.name for queue in made])
