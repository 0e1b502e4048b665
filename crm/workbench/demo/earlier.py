"""Complaints of the month before the story: settled in several ways, and looked at again while the story runs."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from core import clock
from crm.followups.choices import VisitOutcome
from crm.workbench.demo.lives import Case, World, visit
from crm.workbench.demo.stage import Life, Stage
from tickets.choices import TicketStatus
from tickets.services import compensations, transitions

COMPLAINTS = 12
BETWEEN = timedelta(hours=49)
#: The last of them was closed so long before the end that its thirty days are over.
LAST = timedelta(days=33)
_TOPICS = ("broken_parcel", "quality_problem", "not_as_described", "late_delivery_complaint")
_HANDS = ("agent", "agent2", "luoanqi")
#: Scores in turn; None did not answer.
_SCORES = (5, 4, None, 5, 3, 5)


def before_the_story(stage: Stage, world: World, case: Callable[..., Case]) -> None:
    """Put them on the stage, one every other day."""
    for number in range(COMPLAINTS):
        at = stage.end - LAST - BETWEEN * number
        told = case("earlier", number, topic=_TOPICS[number % len(_TOPICS)], at=at, channel="home")
        stage.enter(_settled(world, told, number), at)


def _settled(world: World, told: Case, number: int) -> Life:
    """Answered, compensated in two cases of three, closed by the customer's word, called three days later."""
    told.arrive()
    yield clock.now() + timedelta(minutes=20 + 7 * (number % 5))
    user = world.staff[_HANDS[number % len(_HANDS)]]
    if told.row.assignee is None:
        transitions.assign(ticket=told.row, actor=None, assignee=user)
    told.say(user, "非常抱歉给您带来不便，我马上核实，今天给您答复。")
    yield clock.now() + timedelta(hours=2 + 13 * (number % 6))
    if told.bought is not None and number % 3:
        _compensate(world, told)
    told.say(user, "已按约定处理完成，感谢您的谅解。", solved=True)
    yield clock.now() + timedelta(hours=5)
    score = _SCORES[number % len(_SCORES)]
    if score is not None:
        told.rate(score)
    yield clock.now() + timedelta(hours=9)
    if told.row.status == TicketStatus.SOLVED:
        transitions.close(ticket=told.row, actor=user)
        yield clock.now() + timedelta(seconds=2)
        yield from visit(told, outcome=VisitOutcome.SATISFIED)


def _compensate(world: World, told: Case) -> None:
    assert told.bought is not None
    price, supervisor = told.bought.total, world.staff["supervisor"]
    made = compensations.grant(
        ticket=told.row,
        actor=supervisor,
        case="C-22",
        inputs={"P": str(price), "severity": "0.1", "responsibility": "1"},
        amount=(price / 10).quantize(Decimal("0.01")),
        note="情况属实，按影响程度补偿",
    )
    compensations.pay(compensation=made, actor=supervisor, reference=f"P{told.number}")
