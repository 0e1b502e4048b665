"""Incidents with products (D22): one report does at once what must not be forgotten.

It makes the ticket a complaint of the highest level, raises it, begins the deadlines of the law, freezes the
evidence, and tells who may start a recall: in one transaction, once a ticket.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_events
from core.text import has_forbidden_characters
from customers.recall_choices import OurRole
from tickets import events
from tickets.choices import ChannelKind, NoticeKind, TicketType
from tickets.grading import escalation, levels
from tickets.grading.choices import TriggerKind
from tickets.legal_choices import EvidenceKind
from tickets.models import Attachment, ComplaintGrade, Escalation, LegalClock, SafetyIncident, Ticket
from tickets.safety_choices import HarmKind
from tickets.services import conversation, editing, intake, notices, routing, transitions
from tickets.services.legal import clocks, evidence

if TYPE_CHECKING:
    from crm.staff.models import User

REPORTED = "safety.incident_reported"
#: What must be reported at once (S-01), and, when it is serious, within two working days (S-04).
AT_ONCE, SERIOUS = "safety.report", "recall.serious"
TEXT_LENGTH, LINE_LENGTH, NAME_LENGTH = 2000, 100, 200
MOST_PHOTOS, MOST_INJURED = 9, 10_000
_TEXTS = ("injury", "circumstances", "storage")


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the form asks; the names are those of the API. `batch` may be unknown."""

    sku: str
    harm: str
    circumstances: str
    storage: str
    occurred_at: datetime
    our_role: str
    batch: str = ""
    product_name: str = ""
    injured_count: int = 0
    is_large_loss: bool = False
    injury: str = ""
    photos: Sequence[Attachment] = ()


def check(report: Report) -> dict[str, Any]:
    """The columns of the report. Raises InvalidInput naming every field at fault."""
    faults: dict[str, list[str]] = {}
    columns: dict[str, Any] = {"is_large_loss": report.is_large_loss}
    for name, most in (("sku", LINE_LENGTH), ("batch", LINE_LENGTH), ("product_name", NAME_LENGTH)):
        columns[name] = getattr(report, name).strip()
        if len(columns[name]) > most or has_forbidden_characters(columns[name], multiline=False):
            faults[name] = [_("最多 %(n)d 个字，不能含控制字符。") % {"n": most}]
    for name in _TEXTS:
        columns[name] = getattr(report, name).strip()
        if len(columns[name]) > TEXT_LENGTH or has_forbidden_characters(columns[name], multiline=True):
            faults[name] = [_("最多 %(n)d 个字，不能含控制字符。") % {"n": TEXT_LENGTH}]
    needed = {
        "sku": _("请填写商品编码。"),
        "circumstances": _("请写明经过。"),
        "storage": _("请写明储存与使用情况；不清楚请写“不清楚”。"),
    }
    faults |= {name: [sentence] for name, sentence in needed.items() if not columns[name]}
    for name, choices in (("harm", HarmKind), ("our_role", OurRole)):
        columns[name] = getattr(report, name)
        if columns[name] not in choices.values:
            faults[name] = [_("请选择。")]
    faults |= _harm_faults(report, columns) | _photo_faults(report.photos)
    if faults:
        raise InvalidInput(next(iter(faults.values()))[0], fields=faults)
    clocks.check_past("occurred_at", report.occurred_at)
    return columns | {"injured_count": report.injured_count, "occurred_at": report.occurred_at}


def _harm_faults(report: Report, columns: dict[str, Any]) -> dict[str, list[str]]:
    hurt = report.harm != HarmKind.NONE
    if not 0 <= report.injured_count <= MOST_INJURED:
        return {"injured_count": [_("受伤人数须在 0 到 %(n)d 之间。") % {"n": MOST_INJURED}]}
    if hurt != bool(report.injured_count):
        return {"injured_count": [_("有人受伤时请填写人数；无人受伤时填 0。")]}
    if (hurt or report.is_large_loss) and not columns["injury"]:
        return {"injury": [_("请写明伤情与损失。")]}
    return {}


def _photo_faults(photos: Sequence[Attachment]) -> dict[str, list[str]]:
    if len(photos) > MOST_PHOTOS:
        return {"photos": [_("最多 %(n)d 张照片。") % {"n": MOST_PHOTOS}]}
    if any(not photo.content_type.startswith("image/") for photo in photos):
        return {"photos": [_("照片须为图片。")]}
    return {}


def report_new(*, actor: "User", report: Report, customer: intake.CustomerGiven, order_no: str = "") -> SafetyIncident:
    """An incident told of by telephone: the complaint is opened first. Raises InvalidInput naming `customer_name`."""
    _may(actor)
    columns = check(report)
    if not customer.name.strip() and not customer.phone.strip():
        sentence = _("请填写客户姓名或电话，或填写工单号。")
        raise InvalidInput(sentence, fields={"customer_name": [sentence]})
    asked = intake.Request(
        channel=ChannelKind.PHONE,
        type=TicketType.COMPLAINT,
        subject=_("安全事故：%(product)s") % {"product": columns["product_name"] or columns["sku"]},
        body=columns["circumstances"],
        product=columns["sku"],
        batch=columns["batch"],
        order_no=order_no,
        customer=customer,
    )
    found = intake.receive(request=asked, actor=actor)
    return report_incident(ticket=found.ticket, actor=actor, report=report)


@transaction.atomic
def report_incident(*, ticket: Ticket, actor: "User", report: Report) -> SafetyIncident:
    """Write an incident down on its ticket and begin everything that follows from it.

    Raises Conflict "already_reported" the second time, InvalidInput naming the field.
    """
    _may(actor)
    columns = check(report)
    ticket = transitions.lock(ticket)
    routing.refuse_merged(ticket)
    if SafetyIncident.objects.filter(ticket=ticket).exists():
        raise Conflict(_("这张工单已登记安全事故。"), code="already_reported")
    if not ticket.is_open:
        transitions.reopen(ticket=ticket, actor=actor, reason=_("安全事故"))
    incident = SafetyIncident(ticket=ticket, reporter=actor, reported_at=clock.now(), **columns)
    incident.photos = _note(incident, report.photos, actor)
    _make_complaint(incident, actor)
    incident.escalation = _raise(incident, actor)
    incident.save(force_insert=True)
    _begin_clocks(incident, actor)
    _freeze(incident, report.photos, actor)
    _tell(incident, actor)
    data = {"incident": incident.pk, "harm": incident.harm, "sku": incident.sku, "serious": incident.is_serious}
    record_events([events.ticket_event(REPORTED, ticket, actor, **data)])
    return incident


def _may(actor: "User") -> None:
    if not actor.has_perm("tickets.add_safetyincident"):
        raise NotAllowed(_("您没有登记安全事故的权限。"))


def _note(incident: SafetyIncident, photos: Sequence[Attachment], actor: "User") -> Any:
    """A note in the conversation, with the photos, for those who see the ticket."""
    body = _("安全事故：%(product)s，%(harm)s。") % {
        "product": incident.product_name or incident.sku,
        "harm": incident.get_harm_display(),
    }
    return conversation.add_note(ticket=incident.ticket, actor=actor, body=body, attachments=photos)


def _make_complaint(incident: SafetyIncident, actor: "User") -> None:
    ticket = incident.ticket
    known = {"product": incident.sku, "batch": incident.batch}
    changes = {name: value for name, value in known.items() if value and not getattr(ticket, name)}
    incident.ticket = editing.edit(ticket=ticket, actor=actor, changes={"type": TicketType.COMPLAINT, **changes})


def _raise(incident: SafetyIncident, actor: "User") -> Escalation | None:
    """Raised by the safety trigger, if it was not already, and graded as the gravest level there is."""
    ticket = incident.ticket
    detail = _("安全事故登记：%(harm)s") % {"harm": incident.get_harm_display()}
    made = escalation.raise_ticket(ticket=ticket, kind=TriggerKind.SAFETY, detail=detail, actor=actor)
    top = next((level for level in levels.ensure_levels() if level.is_active), None)
    if top is not None:
        incident.ticket = ticket = transitions.lock(ticket)
        levels.grade(ticket=ticket, at_least=top)
    if made is not None:
        return made
    standing: Escalation | None = ticket.escalations.filter(trigger__kind=TriggerKind.SAFETY, ended_at=None).first()
    return standing


def _begin_clocks(incident: SafetyIncident, actor: "User") -> None:
    """The deadlines of the law, once each. A rule that the house has switched off begins nothing."""
    for rule in (AT_ONCE, SERIOUS) if incident.is_serious else (AT_ONCE,):
        try:
            clocks.start_clock(
                rule=rule,
                key=incident.clock_key,
                started_at=incident.reported_at,
                actor=actor,
                ticket=incident.ticket,
                owner=incident.ticket.assignee,
            )
        except InvalidInput as error:
            if error.code != "rule_inactive":
                raise


def _freeze(incident: SafetyIncident, photos: Sequence[Attachment], actor: "User") -> None:
    ticket = incident.ticket
    evidence.freeze(ticket=ticket, actor=actor, kind=EvidenceKind.CONVERSATION)
    if ticket.order_no:
        try:
            evidence.freeze(ticket=ticket, actor=actor, kind=EvidenceKind.ORDER)
        except Conflict as error:
            # An order number nobody knows is no reason to refuse the report.
            if error.code != "nothing":
                raise
    for photo in photos:
        evidence.freeze_file(attachment=photo, actor=actor, ticket=ticket)


def _tell(incident: SafetyIncident, actor: "User") -> None:
    """Those who may start a recall; the escalation has told its own."""
    people: Any = get_user_model().objects
    seeing = people.who_see_queue(incident.ticket.queue_id).filter(is_active=True)
    told = {person.pk for person in seeing if person.has_perm("customers.start_recall") and not person.is_auditor}
    notices.notify(users=told, kind=NoticeKind.SAFETY_INCIDENT, ticket=incident.ticket, actor=actor)


def clocks_of(incident: SafetyIncident) -> list[LegalClock]:
    """Its statutory deadlines, the nearest first."""
    keys = [f"{incident.clock_key}:{rule}" for rule in (AT_ONCE, SERIOUS)]
    return list(LegalClock.objects.filter(key__in=keys).select_related("rule").order_by("due_at", "id"))


def level_of(incident: SafetyIncident) -> str:
    """The name of the complaint's level now; "" when it has none."""
    grade = ComplaintGrade.objects.filter(ticket=incident.ticket_id).select_related("level").first()
    return grade.level.name if grade is not None else ""
