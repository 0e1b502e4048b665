"""Complaints of the story on their way through the departments: each a little further than the one before.

All of it happens at the end of the story: history is told in the order of time.
"""

from datetime import datetime, timedelta
from typing import Any

from core.errors import Conflict
from core.procedures import registry
from core.procedures.models import ProcedureRun
from core.procedures.services import departments, running, tasks
from crm.staff.models import User
from tickets.choices import TicketType
from tickets.grading import levels
from tickets.models import ComplaintLevel, Queue, Ticket
from tickets.procedures import following

#: Who does the steps of the departments beside the desk.
HANDS = {
    "product": "xuyan",
    "merchant": "jiangwei",
    "logistics": "tangxiaobei",
    "warehouse": "luzhou",
    "finance": "baiyu",
}
MOST_STEPS = 7
PROOFS: dict[str, dict[str, Any]] = {
    "investigate": {"cause": "批次染色固色不足，与运输无关", "liability": "seller"},
    "propose": {"solution": ["refund", "compensation"], "amount": "68.00"},
    "agree": {"agreed": "agreed"},
}


def settle(*, staff: dict[str, User], end: datetime) -> None:
    """People for the departments, grave complaints to their queue, the open ones spread over the first steps."""
    rows = departments.ensure_departments()
    for key, username in HANDS.items():
        rows[key].members.add(staff[username])
    special = Queue.objects.filter(key="emotion").first()
    levels.ensure_levels()
    for level in ComplaintLevel.objects.filter(is_for_specialists=True):
        levels.save_level(level=level, actor=staff["supervisor"], values={"queue": special})
    procedure = following.complaint_procedure()
    open_ones: Any = Ticket.objects.open().filter(type=TicketType.COMPLAINT, merged_into=None)
    for number, ticket in enumerate(open_ones.select_related("assignee").defer("search").order_by("pk")):
        run = following.begin(procedure, ticket)
        if run is not None:
            _walk(run, ticket, staff, wanted=number % MOST_STEPS, end=end)
            if number % 11 == 4:
                _back_and_forth(run, ticket, staff)


def _walk(run: ProcedureRun, ticket: Ticket, staff: dict[str, User], *, wanted: int, end: datetime) -> None:
    """As many steps as wanted, or until somebody else must act first."""
    for _number in range(wanted):
        run.refresh_from_db()
        main = running.open_main(run)
        if main is None:
            return
        key = main.department.key
        actor = ticket.assignee if key == registry.HOME else staff.get(HANDS.get(key, ""))
        if actor is None or not _step(run, actor, end):
            return


def _step(run: ProcedureRun, actor: User, end: datetime) -> bool:
    step = running.plan_of(run, run.step)
    proof = dict(PROOFS.get(step.key, {}))
    if step.key == "propose":
        proof["promised_on"] = (end + timedelta(days=3)).date().isoformat()
    if step.auto or step.tasks:
        return False
    try:
        running.tick(run=run, actor=actor, items={item.key: True for item in step.checklist})
        running.complete_step(run=run, actor=actor, proof=proof)
    except Conflict:
        return False
    return True


def _back_and_forth(run: ProcedureRun, ticket: Ticket, staff: dict[str, User]) -> None:
    """A task that two departments send to each other."""
    run.refresh_from_db()
    main = running.open_main(run)
    if main is None or main.department.key not in HANDS or ticket.assignee is None:
        return
    main.run = run
    hand, sender = staff[HANDS[main.department.key]], main.department
    back = tasks.give_back(task=main, actor=hand, reason="没有商品照片，无法判断")
    tasks.pass_on(task=back, actor=ticket.assignee, department=sender, reason="照片已补充")
