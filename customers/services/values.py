"""Working out what customers are worth: everybody each night, one at once when their orders change."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from functools import partial

from django.db import transaction

from core.clock import now
from core.timers import TimerSpec, arm
from customers import concerns, value
from customers.measuring import measure, measure_base, next_customers
from customers.models import Customer, CustomerSettings, CustomerValue, ValueBase

CHUNK = 2000
CHUNK_TIMER = "customers.values"
_COMPUTED = [field.name for field in CustomerValue._meta.concrete_fields if field.name not in ("id", "customer")]


@transaction.atomic
def take_base() -> ValueBase:
    """Look at all orders and keep what the base looks like now."""
    moment = now()
    found = asdict(measure_base(at=moment))
    found["segment_gaps"] = {segment: str(gap) for segment, gap in found["segment_gaps"].items()}
    return ValueBase.objects.create(computed_at=moment, **found)


def begin_values() -> None:
    """Take the base and let the customers be scored against it, a chunk a timer."""
    with transaction.atomic():
        _arm_chunk(take_base().pk, after=0)


def continue_values(*, base_id: int, after: int) -> None:
    """Score the next chunk of a run and arm the one behind it; a run overtaken by a newer one ends."""
    base = ValueBase.objects.order_by("-pk").first()
    if base is None or base.pk != base_id:
        return
    with transaction.atomic():
        reached = _score_chunk(base, after)
        if reached is not None:
            _arm_chunk(base_id, after=reached)


def compute_values() -> ValueBase:
    """Take the base and score everybody here and now, a transaction a chunk."""
    base = take_base()
    reached: int | None = 0
    while reached is not None:
        reached = _score_chunk(base, reached)
    return base


def refresh_values_on_commit(customer_ids: Collection[int]) -> None:
    """Score these customers anew when the running transaction is through. A failure is logged; the night repairs it.

    Before the first night there is nothing to compare with, and nothing is done.
    """
    if not ValueBase.objects.exists():
        return
    transaction.on_commit(partial(refresh_values, customer_ids=tuple(customer_ids)), robust=True)


@transaction.atomic
def refresh_values(*, customer_ids: Collection[int]) -> None:
    """Score some customers against the newest base, if there is one."""
    base = ValueBase.objects.order_by("-pk").first()
    if base is None:
        return
    # Two orders of one customer at once: the one that scores last has seen both.
    locked = Customer.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=customer_ids)
    list(locked.order_by("pk").values_list("pk", flat=True))
    _score(base, list(customer_ids))


def _arm_chunk(base_id: int, *, after: int) -> None:
    arm(
        TimerSpec(
            key=f"values:{base_id}:{after}",
            kind=CHUNK_TIMER,
            due_at=now(),
            subject_type="value_base",
            subject_id=base_id,
            payload={"after": after},
        )
    )


@transaction.atomic
def _score_chunk(base: ValueBase, after: int) -> int | None:
    """Score the customers behind `after`; returns the last of them, or None when that was the end."""
    customer_ids = next_customers(after=after, limit=CHUNK)
    last = customer_ids[-1] if len(customer_ids) == CHUNK else None
    gone = CustomerValue.objects.filter(customer__gt=after).exclude(customer__in=customer_ids)
    (gone if last is None else gone.filter(customer__lte=last)).delete()
    _score(base, customer_ids)
    return last


def _score(base: ValueBase, customer_ids: Collection[int]) -> None:
    """Write the rows of those with paid orders, remove those of the others."""
    moment = now()
    measured = measure(customer_ids, at=moment)
    complaints = concerns.aggrieved(concerns.OPEN_COMPLAINT, measured.keys())
    low_scores = concerns.aggrieved(concerns.LOW_SCORE, measured.keys())
    plain, limits = base.plain(), CustomerSettings.current().limits
    rows = [
        _row(customer, measures, base, plain, limits, moment, customer in complaints, customer in low_scores)
        for customer, measures in sorted(measured.items())
    ]
    CustomerValue.objects.filter(customer__in=set(customer_ids) - measured.keys()).delete()
    CustomerValue.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["customer"], update_fields=_COMPUTED, batch_size=1000
    )


def _row(
    customer_id: int,
    measures: value.Measures,
    base: ValueBase,
    plain: value.Base,
    limits: value.Limits,
    moment: datetime,
    complaint: bool,
    low_score: bool,
) -> CustomerValue:
    segment = value.segment_of(measures, plain)
    r_score, f_score, m_score = value.scores_of(measures, plain)
    churn = value.churn_of(
        measures, segment=segment, base=plain, limits=limits, complaint=complaint, low_score=low_score
    )
    return CustomerValue(
        customer_id=customer_id,
        base=base,
        recency=measures.recency,
        frequency=measures.frequency,
        monetary=measures.monetary,
        segment=segment,
        r_score=r_score,
        f_score=f_score,
        m_score=m_score,
        orders=measures.orders,
        gaps=measures.gaps,
        churn_ratio=churn.ratio if churn else None,
        churn_band=churn.band if churn else "",
        churn_basis=churn.basis if churn else "",
        churn_gap=churn.gap if churn else None,
        has_open_complaint=complaint,
        has_low_score=low_score,
        computed_at=moment,
    )
