"""Writing the shop's own safety phrases."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.events import record_event
from core.language.segmentation import fold
from knowledge.models import SafetyTerm

SHORTEST = 2


@transaction.atomic
def save_term(*, term: SafetyTerm | None, actor: Any, values: Mapping[str, Any]) -> SafetyTerm:
    """Add a phrase or change one. Phrases are kept folded, as texts are read."""
    term = term or SafetyTerm()
    for name, value in values.items():
        setattr(term, name, value)
    term.text = fold(term.text).strip()
    if len(term.text) < SHORTEST:
        sentence = _("至少 %(n)d 个字。") % {"n": SHORTEST}
        raise InvalidInput(sentence, fields={"text": [sentence]})
    if SafetyTerm.objects.exclude(pk=term.pk).filter(kind=term.kind, text=term.text).exists():
        sentence = _("已有这个用语。")
        raise InvalidInput(sentence, code="duplicate", fields={"text": [sentence]})
    term.save()
    record_event(
        kind="safety_term.saved",
        subject_type="safety_term",
        subject_id=term.pk,
        actor=actor,
        payload={"kind": term.kind, "text": term.text, "active": term.is_active},
    )
    return term
