"""The board of statutory deadlines (C33): what runs out first stands first; what was missed waits to be explained."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import DomainError
from core.keyset import BadCursor, Page, read_page
from core.language import mask_text
from crm.staff.models import User
from crm.staff.person import person_of
from crm.workbench.access import require
from crm.workbench.chips import Chip, chip, values_of
from crm.workbench.legal.forms import DropForm, ExplainForm, MeetForm
from customers.forms import DressedForm
from tickets.legal_choices import Authority, CaseState
from tickets.models import LegalCase, LegalClock, LegalReview, Ticket
from tickets.services.legal import clocks

PAGE_SIZE = 50


@dataclass(frozen=True)
class Tab:
    """A part of the board; `empty` says what an empty one means."""

    key: str
    label: str | Promise
    empty: str | Promise


TABS = {
    tab.key: tab
    for tab in (
        Tab("running", lazy("进行中"), lazy("没有正在计时的法定时限。登记监管或平台争议后自动出现。")),
        Tab("unexplained", lazy("错过待说明"), lazy("没有错过而未说明的法定时限。")),
        Tab("done", lazy("已完成"), lazy("完成的法定时限会留在这里。")),
        Tab("cases", lazy("案件"), lazy("还没有登记监管、平台、消协或诉讼争议。")),
        Tab("reviews", lazy("法务复核"), lazy("没有提请法务复核的工单。")),
    )
}


def _chips(request: HttpRequest, tab: str) -> list[Chip]:
    if tab == "cases":
        return [
            chip(request.GET, "authority", [("", _("全部机关")), *Authority.choices], before=_("来自"), after=_("，")),
            chip(request.GET, "state", [("", _("全部")), *CaseState.choices], before=_("状态")),
        ]
    if tab == "reviews":
        return []
    sides = [("", _("全部时限")), ("ours", _("只看我方")), ("mine", _("由我负责"))]
    return [chip(request.GET, "side", sides, before=_("显示"))]


def _clock_rows(user: User, tab: str, side: str) -> tuple[Any, tuple[str, ...]]:
    rows = LegalClock.objects.visible_to(user)
    if side == "ours":
        rows = rows.filter(is_ours=True)
    elif side == "mine":
        rows = rows.filter(owner=user)
    if tab == "unexplained":
        return rows.to_explain(), ("missed_at", "id")
    if tab == "done":
        return rows.filter(met_at__isnull=False), ("-met_at", "-id")
    return rows.running(), ("due_at", "id")


def _rows(user: User, tab: str, values: dict[str, str]) -> tuple[Any, tuple[str, ...]]:
    if tab == "cases":
        rows = LegalCase.objects.visible_to(user)
        for name in ("authority", "state"):
            if values[name]:
                rows = rows.filter(**{name: values[name]})
        return rows.for_list(), ("-id",)
    if tab == "reviews":
        rows = LegalReview.objects.visible_to(user).select_related("ticket", "asked_by", "answered_by")
        return rows.defer("ticket__search"), ("-id",)
    rows, ordering = _clock_rows(user, tab, values["side"])
    return rows.for_list(), ordering


def _page(rows: Any, ordering: tuple[str, ...], cursor: str | None) -> Page[Any]:
    try:
        return read_page(rows, ordering=ordering, cursor=cursor, size=PAGE_SIZE)
    except BadCursor:
        return read_page(rows, ordering=ordering, cursor=None, size=PAGE_SIZE)


@login_required
@permission_required("tickets.view_legalclock", raise_exception=True)
@require_GET
def legal_board(request: HttpRequest) -> HttpResponse:
    """Deadlines by what is left of them; beside them the cases and the reviews."""
    user = person_of(request)
    tab = TABS.get(request.GET.get("tab", ""), TABS["running"])
    chips = _chips(request, tab.key)
    values = values_of(chips)
    rows, ordering = _rows(user, tab.key, values)
    context = {
        "tab": tab,
        "tabs": TABS.values(),
        "chips": chips,
        "is_filtered": any(item.is_set for item in chips),
        "page": _page(rows, ordering, request.GET.get("cursor")),
        # Few by their nature: each is there because somebody failed, and goes when it is explained.
        "waiting": LegalClock.objects.visible_to(user).to_explain().count(),
        "can_add": user.has_perm("tickets.add_legalcase"),
    }
    return render(request, "workbench/legal/board.html", context)


def clock_or_404(request: HttpRequest, pk: int) -> LegalClock:
    found: LegalClock | None = LegalClock.objects.visible_to(person_of(request)).for_list().filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这个法定时限，或您无权查看。"))
    return found


#: The verb → its form, its right, what it does, what is said.
_VERBS: dict[str, tuple[type[DressedForm], str, Any, str | Promise]] = {
    "meet": (MeetForm, "tickets.change_legalclock", clocks.meet, lazy("已登记完成。")),
    "explain": (ExplainForm, "tickets.explain_legalclock", clocks.explain, lazy("原因和补救已写明。")),
    "drop": (DropForm, "tickets.explain_legalclock", clocks.drop, lazy("已标为不适用。")),
}


@login_required
@permission_required("tickets.view_legalclock", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def clock_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One deadline: its rule and source, what it is about, and what can be done."""
    row, faulty, status = clock_or_404(request, pk), {}, 200
    if request.method == "POST":
        verb = request.POST.get("step", "")
        if verb not in _VERBS:
            raise Http404
        form_class, right, run, told = _VERBS[verb]
        require(request, right, _("您没有处理法定时限的权限。"))
        form = form_class(request.POST)
        fault = _run(run, row, person_of(request), form)
        if not form.errors:
            messages.success(request, str(told))
            return redirect("legal_clock", pk=pk)
        faulty, status, row = {f"{verb}_form": form}, fault, clock_or_404(request, pk)
    return render(request, "workbench/legal/clock.html", _clock_context(request, row) | faulty, status=status)


def _run(run: Any, row: LegalClock, user: User, form: DressedForm) -> int:
    """Runs the verb; what it refuses stands in the form. Returns the status of a refusal."""
    if not form.is_valid():
        return 422
    try:
        run(clock=row, actor=user, **form.cleaned_data)
    except DomainError as error:
        form.add_domain_error(error)
        return error.status if error.status != 400 else 422
    return 200


def _clock_context(request: HttpRequest, row: LegalClock) -> dict[str, Any]:
    user = person_of(request)
    masked = user.is_auditor
    return {
        "row": row,
        "cause": mask_text(row.cause or "") if masked else row.cause,
        "remedy": mask_text(row.remedy or "") if masked else row.remedy,
        "sees_ticket": row.ticket_id and Ticket.objects.visible_to(user).filter(pk=row.ticket_id).exists(),
        "can_meet": user.has_perm("tickets.change_legalclock") and row.met_at is None and row.dropped_at is None,
        "can_explain": user.has_perm("tickets.explain_legalclock") and row.wants_explanation,
        "can_drop": user.has_perm("tickets.explain_legalclock") and row.is_running,
        "meet_form": MeetForm(),
        "explain_form": ExplainForm(),
        "drop_form": DropForm(),
    }
