"""Safety sheets, trees of diagnosis, a diagnosis and an incident of the world the tables walk over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core import clock
from knowledge.safety.terms import save_term
from tests.products import make_sheet, make_tree
from tickets.models import Ticket
from tickets.services import conversation, diagnosis, intake
from tickets.services.safety import incidents
from tickets.services.safety.claims import Confirmation

if TYPE_CHECKING:
    from tests.world import World


def build_products(world: World) -> None:
    """One of everything, on a ticket of the team's own."""
    agent, lead, head = (world.people[role] for role in ("agent", "lead", "supervisor"))
    sheet = make_sheet(author=lead, reviewer=head)
    tree = make_tree(author=lead, reviewer=head)
    hurt = intake.receive(
        request=intake.Request(
            channel="taobao",
            external_id="hurt-1",
            body="玻璃杯炸裂，手划伤了",
            product="SNACK-1",
            customer=intake.CustomerGiven(external_ids={"taobao": "tb_88"}, verified=True),
        ),
        actor=None,
    ).ticket
    sent = conversation.reply(ticket=hurt, actor=agent, body="这款不含花生", safety=Confirmation(sheet.pk))
    ticket = Ticket.objects.get(pk=world.ids["ticket"])
    run, ended = (diagnosis.start(ticket=one, actor=agent, tree=tree.item) for one in (hurt, ticket))
    for step, choice in (("1", "不能"), ("3", "有")):
        diagnosis.answer(run=ended, actor=agent, step=step, choice=choice)
    report: dict[str, Any] = {
        "sku": "CUP-9",
        "batch": "C1",
        "harm": "minor",
        "injured_count": 1,
        "injury": "手指划伤，电话 13800138000",
        "circumstances": "倒热水时炸裂",
        "storage": "常温",
        "occurred_at": clock.now() - timedelta(hours=1),
        "our_role": "seller",
    }
    incident = incidents.report_incident(ticket=hurt, actor=agent, report=incidents.Report(**report))
    world.ids |= {
        "safety_sheet": sheet.item.pk,
        "safety_term": save_term(term=None, actor=lead, values={"kind": "claim", "text": "敏宝友好"}).pk,
        "safety_claim": sent.safety_claim.pk,
        "tree": tree.item.pk,
        "diagnosis_run": run.pk,
        "ended_diagnosis": ended.pk,
        "incident": incident.pk,
    }
