"""States of a version and the one table of moves between them."""

from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class VersionStatus(models.TextChoices):
    DRAFT = "draft", _("草稿")
    IN_REVIEW = "in_review", _("待审核")
    APPROVED = "approved", _("已通过")
    PUBLISHED = "published", _("已发布")
    REJECTED = "rejected", _("已驳回")
    RETIRED = "retired", _("已下线")


class Origin(models.TextChoices):
    WRITTEN = "written", _("撰写")
    IMPORTED = "imported", _("导入")


@dataclass(frozen=True)
class Move:
    """One verb: where it may start, where it ends, the right it needs and the columns it stamps."""

    verb: str
    label: str | Promise
    sources: frozenset[str]
    target: str
    right: str
    moment: str
    person: str


_S = VersionStatus
_IN_USE = frozenset({_S.APPROVED, _S.PUBLISHED})
MOVES: dict[str, Move] = {
    move.verb: move
    for move in (
        Move("submit", _("提交审核"), frozenset({_S.DRAFT}), _S.IN_REVIEW, "add", "submitted_at", "submitter"),
        Move("approve", _("通过"), frozenset({_S.IN_REVIEW}), _S.APPROVED, "review", "reviewed_at", "reviewer"),
        Move("reject", _("驳回"), frozenset({_S.IN_REVIEW}), _S.REJECTED, "review", "reviewed_at", "reviewer"),
        Move("publish", _("发布"), frozenset({_S.APPROVED}), _S.PUBLISHED, "publish", "published_at", "publisher"),
        Move("retire", _("下线"), _IN_USE, _S.RETIRED, "publish", "retired_at", "retirer"),
    )
}


def allowed_moves(status: str) -> list[str]:
    """The verbs that may start from `status`, in the order of the table."""
    return [move.verb for move in MOVES.values() if status in move.sources]
