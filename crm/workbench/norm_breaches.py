"""Where service norms were not met: one's own list, the team's, marking by hand, objecting, withdrawing."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.keyset import BadCursor, Page, read_page
from crm.insights.days import Period
from crm.insights.questions import Question, queues_of, today
from crm.staff.models import User
from crm.workbench.chips import Chip, chip, values_of
from customers.forms import DressedForm
from tickets.choices import BreachKind, NormStage
from tickets.models import Channel, NormBreach, StageNorm, Ticket
from tickets.services.norms import breaches
from tickets.services.norms.breaches import REASON_LENGTH

PAGE_SIZE = 50
PEOPLE = 200
MONTHS = 12
JUDGE = "tickets.judge_normbreach"
COUNTED, OBJECTED, WITHDRAWN = "", "objected", "withdrawn"


class MarkForm(DressedForm):
    """A quality item that was not met on a ticket, as somebody saw it."""

    ticket = forms.CharField(label=lazy("工单号"), max_length=20)
    norm = forms.ModelChoiceField(
        label=lazy("质量项"), queryset=StageNorm.objects.filter(is_active=True), empty_label=lazy("请选择")
    )
    reason = forms.CharField(label=lazy("原因"), max_length=REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 3}))


class NoteForm(DressedForm):
    """Why it should not count, or why it does not count any more."""

    note = forms.CharField(label=lazy("说明"), max_length=REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 3}))


def _months() -> list[tuple[str, str]]:
    """This month and those before it, the newest first."""
    found, first = [], today().replace(day=1)
    for _number in range(MONTHS):
        found.append((f"{first:%Y-%m}", f"{first:%Y-%m}"))
        first = (first - timedelta(days=1)).replace(day=1)
    return found


def _asked_days(request: HttpRequest) -> Period | None:
    """The days a report sent the person here with."""
    if not (request.GET.get("from") or request.GET.get("to")):
        return None
    return Question.of(request.GET, request.user).period


def _chips(request: HttpRequest, user: User) -> list[Chip]:
    query = request.GET
    people: list[tuple[str, Any]] = [("me", _("我"))]
    if user.has_perm(JUDGE) or user.sees_everything:
        seen = User.objects.visible_to(user).active().exclude(role="auditor").order_by("username")[:PEOPLE]
        people = [("", _("任何人")), ("me", _("我")), ("none", _("无人")), *((str(p.pk), p.name) for p in seen)]
    queues = queues_of(user).values_list("key", "name")
    states = [(COUNTED, _("计入的")), (OBJECTED, _("有异议的")), (WITHDRAWN, _("已撤销的"))]
    found = [
        chip(query, "assignee", people, before=_("由"), after=_("负责的")),
        chip(query, "stage", [("", _("全部阶段")), *NormStage.choices]),
        chip(query, "kind", [("", _("全部类型")), *BreachKind.choices], after=_("未达标，")),
        chip(query, "queue", [("", _("全部")), *queues], before=pgettext("sentence", "队列"), after=_("，")),
        chip(
            query,
            "channel",
            [("", _("全部渠道")), *Channel.objects.order_by("name").values_list("key", "name")],
            before=_("来自"),
            after=_("，"),
        ),
        chip(query, "state", states, before=_("只看")),
    ]
    return found if _asked_days(request) else [chip(query, "month", _months()), *found]


def _chosen(request: HttpRequest, user: User, values: dict[str, str]) -> tuple[Any, Period]:
    """The rows the sentence describes, and the days it covers."""
    period = _asked_days(request) or Period.month_of(date.fromisoformat(f"{values['month']}-01"))
    rows: Any = NormBreach.objects.visible_to(user).within(period.start, period.end)
    rows = rows.exclude(withdrawn_at=None) if values["state"] == WITHDRAWN else rows.standing()
    if values["state"] == OBJECTED:
        rows = rows.exclude(objected_at=None)
    for name, lookup in (
        ("stage", "stage"),
        ("kind", "kind"),
        ("queue", "queue__key"),
        ("channel", "ticket__channel__key"),
    ):
        if values[name]:
            rows = rows.filter(**{lookup: values[name]})
    match values["assignee"]:
        case "":
            return rows, period
        case "me":
            return rows.filter(assignee=user), period
        case "none":
            return rows.filter(assignee=None), period
    return rows.filter(assignee_id=int(values["assignee"])), period


def _page(rows: Any, cursor: str | None) -> Page[NormBreach]:
    shown = rows.for_list()
    try:
        return read_page(shown, ordering=("-at", "-id"), cursor=cursor, size=PAGE_SIZE)
    except BadCursor:
        return read_page(shown, ordering=("-at", "-id"), cursor=None, size=PAGE_SIZE)


@login_required
@permission_required("tickets.view_normbreach", raise_exception=True)
@require_GET
def breach_list(request: HttpRequest) -> HttpResponse:
    """What was not met in a month, time and quality in one list, with its count."""
    user: User = request.user  # type: ignore[assignment]
    chips = _chips(request, user)
    values = values_of(chips)
    rows, period = _chosen(request, user, values)
    page = _page(rows, request.GET.get("cursor"))
    seen = Ticket.objects.visible_to(user).filter(pk__in=[row.ticket_id for row in page.rows]).defer("search")
    tickets = {ticket.pk: ticket for ticket in seen}
    for row in page.rows:
        row.shown_ticket = tickets.get(row.ticket_id)  # type: ignore[attr-defined]
    context = {
        "page": page,
        "period": period,
        # Of one period: the number of rows does not grow with the age of the system.
        "count": rows.count(),
        "chips": chips,
        "is_own": values["assignee"] == "me",
        "is_filtered": any(item.is_set for item in chips) or "month" not in values,
    }
    return render(request, "workbench/breaches/list.html", context)


def _breach_or_404(request: HttpRequest, pk: int) -> NormBreach:
    rows: Any = NormBreach.objects.visible_to(request.user)  # type: ignore[arg-type]
    breach = rows.for_list().filter(pk=pk).first()
    if breach is None:
        raise Http404
    return breach  # type: ignore[no-any-return]


def _shown(request: HttpRequest, breach: NormBreach, **extra: Any) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    is_own = breach.assignee_id == user.pk
    context = {
        "breach": breach,
        "ticket": Ticket.objects.visible_to(user).filter(pk=breach.ticket_id).defer("search").first(),
        "can_object": is_own and not breach.is_withdrawn and user.has_perm("tickets.object_normbreach"),
        "can_withdraw": not is_own and not breach.is_withdrawn and user.has_perm(JUDGE),
        "form": NoteForm(),
        **extra,
    }
    return render(request, "workbench/breaches/detail.html", context, status=extra.get("status", 200))


@login_required
@permission_required("tickets.view_normbreach", raise_exception=True)
@require_GET
def breach_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One finding: what was asked, what was found, what was said about it."""
    return _shown(request, _breach_or_404(request, pk))


@login_required
@permission_required("tickets.object_normbreach", raise_exception=True)
@require_POST
def breach_object(request: HttpRequest, pk: int) -> HttpResponse:
    """The person concerned objects."""
    return _noted(request, pk, breaches.object_to, "note", _("异议已提交。"))


@login_required
@permission_required(JUDGE, raise_exception=True)
@require_POST
def breach_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Who judges withdraws it."""
    return _noted(request, pk, breaches.withdraw, "reason", _("已撤销，不再计入。"))


def _noted(request: HttpRequest, pk: int, verb: Any, name: str, told: str) -> HttpResponse:
    breach = _breach_or_404(request, pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _shown(request, breach, form=form, status=422)
    try:
        verb(breach=breach, actor=request.user, **{name: form.cleaned_data["note"]})
    except DomainError as error:
        if error.status == 403:
            raise PermissionDenied(str(error)) from error
        form.add_error("note", str(error))
        return _shown(request, _breach_or_404(request, pk), form=form, status=error.status)
    messages.success(request, told)
    return redirect("breach_page", pk=pk)


@login_required
@permission_required(JUDGE, raise_exception=True)
@require_http_methods(["GET", "POST"])
def breach_new(request: HttpRequest) -> HttpResponse:
    """Mark a quality item as not met on a ticket."""
    form = MarkForm(request.POST or None, initial={"ticket": request.GET.get("ticket", "")[:20]})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        rows = Ticket.objects.visible_to(request.user)  # type: ignore[arg-type]
        ticket = rows.filter(number=data["ticket"].strip()).first()
        if ticket is None:
            form.add_error("ticket", _("没有这张工单。"))
        else:
            try:
                made = breaches.mark(ticket=ticket, norm=data["norm"], actor=request.user, reason=data["reason"])  # type: ignore[arg-type]
            except DomainError as error:
                form.add_domain_error(error)
            else:
                messages.success(request, _("已标记未达标。"))
                return redirect("breach_page", pk=made.pk)
    return render(request, "workbench/breaches/new.html", {"form": form}, status=422 if form.errors else 200)
