"""Approvals (审批): what waits for whom, and deciding it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from core.approvals import registry
from core.approvals.models import ApprovalRequest, ApprovalState
from core.approvals.services import NOTE_LENGTH, Decider, decide
from core.errors import DomainError, NotAllowed
from core.keyset import BadCursor, Page, read_page
from core.language import mask_text
from crm.staff.models import User

PAGE_SIZE = 30
TONES = {
    ApprovalState.PENDING: "warn",
    ApprovalState.APPROVED: "good",
    ApprovalState.REJECTED: "bad",
}


@dataclass(frozen=True)
class Tab:
    """A part of the list; `empty` says what an empty one means."""

    key: str
    label: str | Promise
    empty: str | Promise
    ordering: tuple[str, ...] = ("-id",)


TABS = {
    tab.key: tab
    for tab in (
        Tab("waiting", lazy("待我审批"), lazy("没有等您审批的申请。"), ("expires_at", "id")),
        Tab("mine", lazy("我提交的"), lazy("超出授权额度的补偿会自动提交到这里。")),
        Tab("all", lazy("全部审批"), lazy("还没有审批记录。")),
    )
}


def _rows(user: User, tab: str) -> Any:
    rows: Any = ApprovalRequest.objects.visible_to(user)
    if tab == "waiting":
        return rows.decidable_by(user)
    return rows.filter(requester=user) if tab == "mine" else rows


def _page(rows: Any, tab: Tab, cursor: str | None) -> Page[ApprovalRequest]:
    shown = rows.select_related(
        "requester", "decider", "decided_for", "compensation__ticket", "transfer__ticket", "escalation__ticket"
    )
    try:
        return read_page(shown, ordering=tab.ordering, cursor=cursor, size=PAGE_SIZE)
    except BadCursor:
        return read_page(shown, ordering=tab.ordering, cursor=None, size=PAGE_SIZE)


@login_required
@permission_required("core.view_approvalrequest", raise_exception=True)
@require_GET
def approval_list(request: HttpRequest) -> HttpResponse:
    """Requests of one tab; what waits for the person stands first, the nearest end before the others."""
    user: User = request.user  # type: ignore[assignment]
    tab = TABS.get(request.GET.get("tab", ""), TABS["waiting"])
    page = _page(_rows(user, tab.key), tab, request.GET.get("cursor"))
    decider = Decider(user)
    for row in page.rows:
        _dress(row, user, decider)
    context = {"page": page, "tab": tab, "tabs": list(TABS.values()), "note_length": NOTE_LENGTH}
    return render(request, "workbench/approvals/list.html", context)


def _dress(row: Any, user: User, decider: Decider) -> None:
    kind = registry.kinds[row.kind]
    row.kind_label, row.link = kind.label, kind.link(row)
    row.tone = TONES.get(row.state, "")
    row.may_decide = decider.may_decide(row)
    row.shown_note = mask_text(row.note) if user.is_auditor and row.note else row.note


@login_required
@permission_required("core.view_approvalrequest", raise_exception=True)
@require_POST
def approval_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve or reject; what the service refuses is said on the list."""
    user: User = request.user  # type: ignore[assignment]
    found = ApprovalRequest.objects.visible_to(user).filter(pk=pk).first()
    if found is None:
        raise Http404
    approve = request.POST.get("decision") == "approve"
    try:
        decide(request=found, actor=user, approve=approve, note=request.POST.get("note", "").strip())
    except DomainError as error:
        if isinstance(error, NotAllowed):
            raise
        messages.error(request, error.message)
    else:
        messages.success(request, _("已批准。") if approve else _("已驳回。"))
    return redirect("approval_list")
