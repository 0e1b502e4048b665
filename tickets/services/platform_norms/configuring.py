"""Making and changing norms of platforms."""

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.errors import Conflict, InvalidInput
from core.events import record_event
from tickets import norm_presets
from tickets.configuration import forget
from tickets.models import PlatformNorm
from tickets.models.platform import DAY_MINUTES

if TYPE_CHECKING:
    from crm.staff.models import User

SAVED = "platform_norm.saved"


@transaction.atomic
def save_norm(*, norm: PlatformNorm | None, actor: "User | None", values: dict[str, Any]) -> PlatformNorm:
    """Make or change a norm. It applies to messages from now on; what was counted stays. Raises InvalidInput."""
    norm = norm or PlatformNorm()
    for name, value in values.items():
        setattr(norm, name, value)
    if not norm.opens_minute < norm.closes_minute <= DAY_MINUTES:
        sentence = _("考核结束须晚于考核开始，且不晚于 24:00。")
        raise InvalidInput(sentence, fields={"closes": [sentence]})
    try:
        with transaction.atomic():
            norm.save()
    except IntegrityError as error:
        sentence = _("该平台已有同名规则。")
        raise Conflict(sentence, code="duplicate", fields={"name": [sentence]}) from error
    _record(norm, actor)
    return norm


@transaction.atomic
def load_presets(*, platform: str, actor: "User | None") -> list[PlatformNorm]:
    """Add the platform's norms that are not there yet; returns them. Rows that people changed stay as they are."""
    known = set(PlatformNorm.objects.filter(platform=platform).values_list("name", flat=True))
    made = []
    for preset in norm_presets.of_platform(platform):
        if preset.name in known:
            continue
        norm = PlatformNorm.objects.create(platform=platform, name=preset.name, **preset.row())
        _record(norm, actor)
        made.append(norm)
    return made


def _record(norm: PlatformNorm, actor: "User | None") -> None:
    record_event(
        kind=SAVED,
        subject_type="platformnorm",
        subject_id=norm.pk,
        actor=actor,
        payload={"platform": norm.platform, "code": norm.code, "active": norm.is_active, "seconds": norm.seconds},
    )
    transaction.on_commit(forget, robust=True)
