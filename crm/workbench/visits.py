"""Follow-up visits (回访): what is due, and noting how the call went."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods

from core import clock
from core.errors import DomainError
from core.keyset import BadCursor, Page, read_page
from core.language import mask_text
from crm.followups.choices import VisitOutcome, VisitStatus
from crm.followups.models import FollowUpPlan, FollowUpVisit
from crm.followups.services import complete_visit
from crm.staff.models import User
from crm.workbench.chips import Chip, chip, values_of
from customers.forms import DressedForm

PAGE_SIZE = 50
SKIPPED_OF_LATE = timedelta(days=90)
NOTE_LENGTH = 2000
OUTCOME_TONES = {VisitOutcome.SATISFIED: "good", VisitOutcome.UNSATISFIED: "bad", VisitOutcome.UNREACHABLE: "warn"}


@dataclass(frozen=True)
class Tab:
    """A part of the list; `empty` says what an empty one means."""

    key: str
    label: str | Promise
    empty: str | Promise
    ordering: tuple[str, ...] = ("due_at", "id")


TABS = {
    tab.key: tab
    for tab in (
        Tab("today", lazy("今天"), lazy("今天没有要打的回访电话。看看“全部待回访”。")),
        Tab("overdue", lazy("已逾期"), lazy("没有逾期的回访。")),
        Tab("planned", lazy("全部待回访"), lazy("工单关闭后会按回访计划自动安排。")),
        Tab("done", lazy("已完成"), lazy("完成的回访会留在这里。"), ("-done_at", "-id")),
        Tab("skipped", lazy("已跳过"), lazy("客户要求免打扰时自动跳过，这里计近 90 天的数。"), ("-due_at", "-id")),
    )
}


@dataclass(frozen=True)
class Day:
    """The office's day around a moment."""

    now: datetime
    end: datetime

    @classmethod
    def of(cls, now: datetime) -> "Day":
        morning = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
        return cls(now, morning + timedelta(days=1))

    def condition(self, tab: str) -> Q:
        planned = Q(status=VisitStatus.PLANNED)
        match tab:
            case "overdue":
                return planned & Q(due_at__lt=self.now)
            case "today":
                return planned & Q(due_at__lt=self.end)
            case "done":
                return Q(status=VisitStatus.DONE)
            case "skipped":
                return Q(status__in=[VisitStatus.SKIPPED, VisitStatus.CANCELLED])
        return planned


class CompleteForm(DressedForm):
    outcome = forms.ChoiceField(
        label=lazy("回访结果"),
        choices=VisitOutcome.choices,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        error_messages={"required": lazy("请选择回访结果。")},
    )
    note = forms.CharField(
        label=lazy("备注"), max_length=NOTE_LENGTH, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )


def _chips(request: HttpRequest, tab: str) -> list[Chip]:
    plans = FollowUpPlan.objects.order_by("name").values_list("key", "name")
    found = [
        chip(
            request.GET,
            "assignee",
            [("", _("任何人")), ("me", _("我")), ("none", _("无人"))],
            before=_("由"),
            after=_("负责，来自"),
        ),
        chip(request.GET, "plan", [("", _("全部计划")), ("none", _("手工安排")), *plans]),
    ]
    if tab == "done":
        options = [("", _("不限")), *VisitOutcome.choices]
        found.append(chip(request.GET, "outcome", options, before=_("，结果")))
    return found


def _narrowed(user: User, values: dict[str, str]) -> Any:
    rows: Any = FollowUpVisit.objects.visible_to(user)
    if values["assignee"]:
        rows = rows.filter(assignee=user if values["assignee"] == "me" else None)
    if values["plan"]:
        rows = rows.filter(plan=None) if values["plan"] == "none" else rows.filter(plan__key=values["plan"])
    if values.get("outcome"):
        rows = rows.filter(outcome=values["outcome"])
    return rows


def _counts(rows: Any, day: Day) -> dict[str, int]:
    """How many wait, are late and were skipped of late; what is done is not counted, it only grows."""
    planned = rows.filter(status=VisitStatus.PLANNED).aggregate(
        planned=Count("pk"),
        overdue=Count("pk", filter=day.condition("overdue")),
        today=Count("pk", filter=day.condition("today")),
    )
    return {
        **planned,
        "skipped": rows.filter(status=VisitStatus.SKIPPED, due_at__gte=day.now - SKIPPED_OF_LATE).count(),
    }


def _page(rows: Any, tab: Tab, cursor: str | None) -> Page[FollowUpVisit]:
    shown = rows.select_related("customer", "ticket", "plan", "assignee", "follow_up_ticket", "completed_by")
    try:
        return read_page(shown, ordering=tab.ordering, cursor=cursor, size=PAGE_SIZE)
    except BadCursor:
        return read_page(shown, ordering=tab.ordering, cursor=None, size=PAGE_SIZE)


@login_required
@permission_required("followups.view_followupvisit", raise_exception=True)
@require_GET
def visit_list(request: HttpRequest) -> HttpResponse:
    """Visits of one tab, the most urgent first."""
    user: User = request.user  # type: ignore[assignment]
    tab = TABS.get(request.GET.get("tab", ""), TABS["today"])
    chips = _chips(request, tab.key)
    day = Day.of(clock.now())
    rows = _narrowed(user, values_of(chips))
    page = _page(rows.filter(day.condition(tab.key)), tab, request.GET.get("cursor"))
    for visit in page.rows:
        _dress(visit, user)
    counts = _counts(rows, day)
    context = {
        "page": page,
        "tab": tab,
        "tabs": [(item, counts.get(item.key)) for item in TABS.values()],
        "chips": chips,
        "is_filtered": any(item.is_set for item in chips),
        "can_complete": user.has_perm("followups.complete_followupvisit"),
    }
    return render(request, "workbench/visits/list.html", context)


def _dress(visit: Any, user: User) -> None:
    visit.outcome_tone = OUTCOME_TONES.get(visit.outcome, "")
    visit.shown_note = mask_text(visit.note) if user.is_auditor and visit.note else visit.note


@login_required
@permission_required("followups.complete_followupvisit", raise_exception=True)
@require_http_methods(["GET", "POST"])
def visit_complete(request: HttpRequest, pk: int) -> HttpResponse:
    """Note the result of a call. In a dialog for htmx, else a page; a fault keeps what was typed."""
    rows: Any = FollowUpVisit.objects.visible_to(request.user)  # type: ignore[arg-type]
    visit = rows.select_related("customer", "ticket", "plan").filter(pk=pk).first()
    if visit is None:
        raise Http404
    form = CompleteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            visit = complete_visit(visit=visit, actor=request.user, **form.cleaned_data)  # type: ignore[arg-type]
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _told(visit))
            return _back(request)
    is_dialog = bool(getattr(request, "htmx", False))
    template = "workbench/visits/form.html" if is_dialog else "workbench/visits/complete.html"
    # htmx swaps in only what succeeded, so a dialog with faults is a success to it.
    return render(
        request, template, {"visit": visit, "form": form}, status=422 if form.errors and not is_dialog else 200
    )


def _told(visit: FollowUpVisit) -> str:
    """What followed from the result, in a sentence."""
    if visit.status == VisitStatus.PLANNED:
        at = timezone.localtime(visit.due_at)
        return _("已记录未接通，将于 %(at)s 再次回访。") % {"at": f"{at:%Y-%m-%d %H:%M}"}
    if visit.outcome != VisitOutcome.UNSATISFIED:
        return _("回访已完成。")
    if visit.follow_up_ticket is not None:
        return _("已记录不满意，并新建工单 %(number)s。") % {"number": visit.follow_up_ticket.number}
    number = visit.ticket.number if visit.ticket is not None else ""
    return _("已记录不满意，工单 %(number)s 继续处理。") % {"number": number}


def _back(request: HttpRequest) -> HttpResponse:
    if getattr(request, "htmx", False):
        # The page behind the dialog keeps its tab, filters and place.
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return redirect("visit_list")
