"""What a reply promises about safety: held back until it was confirmed against the sheet of the product.

A script that is sent as it was reviewed is its own confirmation. Without a sheet nothing may be promised, but by
who has the right to, for a reason that stays with the message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_events
from core.text import has_forbidden_characters
from core.wording import listed
from customers.models import OrderItem
from knowledge.models import SafetySheetVersion
from knowledge.safety import words
from knowledge.safety.claims import claims_in, mentions_in
from knowledge.safety.sheets import sheets_of
from scripts_library.placeholders import is_edited
from tickets import events
from tickets.models import SafetyClaim, Ticket, TicketMessage

if TYPE_CHECKING:
    from crm.staff.models import User
    from scripts_library.models import ScriptVersion

CONFIRMED = "safety.claim_confirmed"
OVERRIDE_RIGHT = "tickets.promise_without_sheet"
REASON_LENGTH = 300
UNCONFIRMED, CHANGED, NO_SHEET = "safety_unconfirmed", "safety_sheet_changed", "no_safety_sheet"
#: Faults beside which the desk shows the sheets.
FAULTS = (UNCONFIRMED, CHANGED, NO_SHEET)


@dataclass(frozen=True)
class Confirmation:
    """What the writer says of the promises in a reply: which version of a sheet they looked at, or why without."""

    version: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Confirmed:
    """Promises that may go out."""

    claims: tuple[str, ...]
    version_id: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Product:
    """A product of the ticket with its sheet; None: nothing is known of it."""

    sku: str
    name: str
    version: SafetySheetVersion | None


@dataclass(frozen=True)
class Shown:
    """What the desk shows above the composer. `claims`: what the reply being written promises."""

    products: Sequence[Product]
    mentions: Sequence[str] = ()
    claims: Sequence[str] = ()
    may_override: bool = False

    @property
    def has_sheet(self) -> bool:
        return any(one.version is not None for one in self.products)


def products_of(ticket: Ticket) -> list[Product]:
    """What the ticket is about: its product, then what its order holds, each with the sheet in use."""
    names = {ticket.product: ""} if ticket.product else {}
    if ticket.order_no:
        items = OrderItem.objects.filter(order__customer=ticket.customer_id, order__order_no=ticket.order_no)
        for sku, name in items.order_by("pk").values_list("sku", "name"):
            names[sku] = names.get(sku) or name
    sheets = sheets_of(names)
    return [
        Product(sku, name or (sheets[sku].title if sku in sheets else sku), sheets.get(sku))
        for sku, name in names.items()
    ]


def shown_for(ticket: Ticket, user: "User", *, said: Sequence[str], typed: str = "") -> Shown | None:
    """What to show for a conversation; None, and no statement, when nobody speaks of safety."""
    known = words.in_force()
    mentions, claims = mentions_in(said, known), claims_in(typed, known)
    if not mentions and not claims:
        return None
    return Shown(products_of(ticket), mentions, claims, user.has_perm(OVERRIDE_RIGHT))


def check(
    *,
    ticket: Ticket,
    actor: "User",
    body: str,
    script_version: "ScriptVersion | None" = None,
    given: Confirmation | None = None,
) -> Confirmed | None:
    """Refuse promises that were not confirmed; None when the text promises nothing.

    Raises Conflict "safety_unconfirmed" or "safety_sheet_changed" on `safety_version`, "no_safety_sheet" on `body`.
    """
    claims = claims_in(body, words.in_force())
    if not claims or _is_reviewed(claims, body, script_version):
        return None
    given = given or Confirmation()
    known = {one.version.pk: one.version for one in products_of(ticket) if one.version is not None}
    if not known:
        return _without_sheet(actor, claims, given.reason)
    if given.version in known:
        return Confirmed(tuple(claims), given.version)
    told = {"claims": claims, "sheets": [_told(version) for version in known.values()]}
    if given.version is not None:
        sentence = _("安全资料已更新，请对照当前版本重新确认。")
        raise Conflict(sentence, code=CHANGED, fields={"safety_version": [sentence]}, **told)
    sentence = _("回复对安全作了承诺（%(claims)s），请对照安全资料确认后再发送。") % {"claims": listed(claims)}
    raise Conflict(sentence, code=UNCONFIRMED, fields={"safety_version": [sentence]}, **told)


def _is_reviewed(claims: Sequence[str], body: str, script_version: "ScriptVersion | None") -> bool:
    """Whether the promises are those of a reviewed script, sent as it is: none slipped in through a placeholder."""
    if script_version is None or is_edited(script_version.body, body):
        return False
    return set(claims) <= set(claims_in(script_version.body, words.in_force()))


def _without_sheet(actor: "User", claims: list[str], reason: str) -> Confirmed:
    sentence = _("无资料，禁止口头承诺：%(claims)s。") % {"claims": listed(claims)}
    if not actor.has_perm(OVERRIDE_RIGHT):
        if reason.strip():
            raise NotAllowed(_("没有安全资料时，只有主管可以承诺。"), fields={"safety_reason": [sentence]})
        raise Conflict(sentence, code=NO_SHEET, fields={"body": [sentence]}, claims=claims, sheets=[])
    reason = " ".join(reason.split())
    if not reason:
        needed = _("没有安全资料，承诺须写明理由。")
        raise Conflict(sentence, code=NO_SHEET, fields={"safety_reason": [needed]}, claims=claims, sheets=[])
    if len(reason) > REASON_LENGTH or has_forbidden_characters(reason, multiline=False):
        wrong = _("理由最多 %(n)d 个字，不能含控制字符。") % {"n": REASON_LENGTH}
        raise InvalidInput(wrong, fields={"safety_reason": [wrong]})
    return Confirmed(tuple(claims), None, reason)


def _told(version: SafetySheetVersion) -> dict[str, Any]:
    return {"safety_version": version.pk, "sku": version.item.key, "title": version.title, "number": version.number}


def record(confirmed: Confirmed | None, *, message: TicketMessage, ticket: Ticket, actor: "User") -> SafetyClaim | None:
    """Keep with the message on what its promises rest. In the transaction of the reply."""
    if confirmed is None:
        return None
    made: SafetyClaim = SafetyClaim.objects.create(
        message=message,
        claims=list(confirmed.claims),
        version_id=confirmed.version_id,
        reason=confirmed.reason,
        actor=actor,
    )
    data = {"message": message.pk, "sheet_version": confirmed.version_id, "without_sheet": confirmed.version_id is None}
    record_events([events.ticket_event(CONFIRMED, ticket, actor, **data)])
    return made
