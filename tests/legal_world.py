"""Legal work of the main ticket, for the tests of the whole product."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from core import clock
from tickets.models import LegalClock, LegalRule, Ticket
from tickets.services import attachments
from tickets.services.legal import cases, evidence, investigations, reviews, start_clock


def build_legal(main: Ticket, agent: Any, picture: bytes) -> dict[str, int]:
    """One of everything: a case with its deadlines, evidence, an investigation, a review."""
    now = clock.now()
    case = cases.open_case(actor=agent, authority="12315", external_number="310104-1", received_at=now, ticket=main)
    own = start_clock(rule="refund.redline", key=f"world:{main.pk}", ticket=main, started_at=now, actor=agent)
    stored = attachments.store_attachment(upload=SimpleUploadedFile("证据.png", picture), actor=agent)
    kept = evidence.freeze_file(attachment=stored, actor=agent, ticket=main)
    inquiry = investigations.open_investigation(ticket=main, actor=agent, questions=["何时破损？"])
    investigations.state(
        investigation=inquiry, actor=agent, speaker="customer", text="收到时已碎", answers=inquiry.entries.get()
    )
    return {
        "legal_case": case.pk,
        "legal_clock": own.pk,
        "case_clock": LegalClock.objects.filter(case=case, is_ours=True).values_list("pk", flat=True)[0],
        "legal_rule": LegalRule.objects.get(code="authority.reply").pk,
        "evidence": kept.pk,
        "investigation": inquiry.pk,
        "legal_review": reviews.ask_review(ticket=main, actor=agent, question="同一商品多次索赔").pk,
    }
