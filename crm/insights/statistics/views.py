"""The statistics as pages and files. A view reads the address, asks its module, and renders."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import DomainError
from core.exports import Column, export_response
from core.keyset import BadCursor, Page, read_page
from crm.insights.questions import today
from crm.insights.statistics import causes, costs, handling, returns
from crm.insights.statistics.asked import Asked
from crm.insights.statistics.budgets import RIGHT, set_budget, uses
from crm.insights.statistics.causes import cause_report
from crm.insights.statistics.costs import GROUPS, CostsAsked, cost_facts, cost_table, month_lines, sum_of, total_of
from crm.insights.statistics.forms import BudgetForm
from crm.insights.statistics.handling import DIMENSIONS, Dimension, handling_table
from crm.insights.statistics.returns import ReturnsAsked, returns_table
from crm.insights.statistics.tickets import TicketsAsked, label_of
from crm.staff.person import person_of
from customers.choices import ShopPlatform
from customers.models import Shop
from tickets.aftersales_choices import AfterSalesKind
from tickets.choices import TicketType
from tickets.models import Compensation

REPORTS = "insights.view_report"
PAGE_SIZE = 50
#: Lines shown of a table; the file has all.
MOST = 30


def _asked_context(asked: Asked) -> dict[str, Any]:
    """What the form of every statistic offers."""
    return {
        "asked": asked,
        "today": today(),
        "shops": Shop.objects.order_by("name").values_list("key", "name"),
        "platforms": ShopPlatform.choices,
    }


def _file(request: HttpRequest, kind: str, rows: Iterable[Any], columns: Sequence[Column], page: str) -> Any:
    """The rows as a file; a refusal is told on the page."""
    try:
        return export_response(
            request,
            rows=rows,
            columns=columns,
            permission=REPORTS,
            kind=f"report-{kind}",
            file_format=request.GET.get("format", "csv"),
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(page)


def _handling(request: HttpRequest) -> tuple[TicketsAsked, Dimension]:
    """Complaints by category, unless the address says otherwise; every type when the lines are types."""
    dimension = DIMENSIONS.get(request.GET.get("by", ""), DIMENSIONS["category"])
    usual = "" if dimension.key == "type" else TicketType.COMPLAINT.value
    return TicketsAsked.of(request.GET, type=usual), dimension


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def handling_report(request: HttpRequest) -> HttpResponse:
    """Type by handling time: each number leads to its tickets."""
    asked, dimension = _handling(request)
    context = {
        **_asked_context(asked),
        "table": handling_table(person_of(request), asked, dimension),
        "dimension": dimension,
        "heads": handling.HEADS,
        "dimensions": list(DIMENSIONS.values()),
        "types": TicketType.choices,
    }
    return render(request, "insights/statistics/handling.html", context)


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def handling_export(request: HttpRequest) -> HttpResponseBase:
    """The same numbers as a file."""
    asked, dimension = _handling(request)
    table = handling_table(person_of(request), asked, dimension)
    return _file(request, "handling", table.rows, handling.COLUMNS, "handling_report")  # type: ignore[no-any-return]


def _complaints(request: HttpRequest) -> TicketsAsked:
    return TicketsAsked.of(request.GET).narrowed(type=TicketType.COMPLAINT.value)


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def cause_page(request: HttpRequest) -> HttpResponse:
    """Causes of complaints, several at once, with both shares."""
    asked = _complaints(request)
    found = cause_report(person_of(request), asked)
    return render(request, "insights/statistics/causes.html", {**_asked_context(asked), "found": found})


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def cause_export(request: HttpRequest) -> HttpResponseBase:
    found = cause_report(person_of(request), _complaints(request))
    return _file(request, "causes", found.lines, causes.COLUMNS, "cause_report")  # type: ignore[no-any-return]


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_http_methods(["GET", "POST"])
def cost_report(request: HttpRequest) -> HttpResponse:
    """What compensation cost, against the budgets; a POST sets the budget of a month."""
    person = person_of(request)
    may_set = person.has_perm(RIGHT)
    form = BudgetForm(request.POST or None, initial={"month": f"{today():%Y-%m}"}) if may_set else None
    if request.method == "POST":
        if form is None:
            return HttpResponse(status=403)
        if form.is_valid() and _set(request, form):
            return redirect(f"{reverse('cost_report')}?{request.GET.urlencode()}#budgets")
    asked = CostsAsked.of(request.GET)
    facts = cost_facts(person, asked)
    context = {
        **_asked_context(asked),
        "tables": [cost_table(facts, asked, group) for group in GROUPS.values()],
        "months": month_lines(facts, asked),
        "total": sum_of(facts),
        "all_url": asked.rows_url(),
        "uses": uses(asked.period.first, asked.period.last),
        "form": form,
        "most": MOST,
    }
    return render(request, "insights/statistics/costs.html", context, status=422 if form and form.errors else 200)


def _set(request: HttpRequest, form: BudgetForm) -> bool:
    try:
        set_budget(actor=person_of(request), **form.cleaned_data)
    except DomainError as error:
        form.add_domain_error(error)
        return False
    messages.success(request, _("预算已保存。"))
    return True


def _compensations(rows: Any, cursor: str | None) -> Page[Compensation]:
    ordering = ("-decided_at", "-id")
    shown = rows.select_related("ticket", "granted_by", "disruption_order__disruption").defer("ticket__search")
    try:
        return read_page(shown, ordering=ordering, cursor=cursor, size=PAGE_SIZE)
    except BadCursor:
        return read_page(shown, ordering=ordering, cursor=None, size=PAGE_SIZE)


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def cost_rows(request: HttpRequest) -> HttpResponse:
    """The compensations behind a number, with their sum."""
    asked = CostsAsked.of(request.GET)
    rows = asked.compensations(person_of(request))
    page = _compensations(rows, request.GET.get("cursor"))
    for row in page.rows:
        row.title = costs.case_title(row.case)  # type: ignore[attr-defined]
    words = [_word(name, word) for name, word in asked.parts.items()]
    context = {"asked": asked, "page": page, "total": total_of(rows), "words": words}
    return render(request, "insights/statistics/cost_rows.html", context)


def _word(name: str, word: str) -> str:
    group = GROUPS.get(name)
    return group.word(word) if group else label_of(name, word)


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def cost_export(request: HttpRequest) -> HttpResponseBase:
    """Every table and the months in one file."""
    person, asked = person_of(request), CostsAsked.of(request.GET)
    facts = cost_facts(person, asked)
    rows = [(str(_("月份")), line) for line in month_lines(facts, asked)]
    for group in GROUPS.values():
        rows += [(str(group.label), line) for line in cost_table(facts, asked, group).lines]
    return _file(request, "costs", rows, costs.COLUMNS, "cost_report")  # type: ignore[no-any-return]


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def returns_report(request: HttpRequest) -> HttpResponse:
    """Returns by reason, by who advised and by script."""
    person, asked = person_of(request), ReturnsAsked.of(request.GET, **returns.USUAL)
    context = {
        **_asked_context(asked),
        "tables": [returns_table(person, asked, group) for group in returns.GROUPS.values()],
        "kinds": AfterSalesKind.choices,
        "most": MOST,
    }
    return render(request, "insights/statistics/returns.html", context)


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def returns_export(request: HttpRequest) -> HttpResponseBase:
    person, asked = person_of(request), ReturnsAsked.of(request.GET, **returns.USUAL)
    rows: list[Any] = []
    for group in returns.GROUPS.values():
        rows += [(group.label, line) for line in returns_table(person, asked, group).lines]
    return _file(request, "returns", rows, returns.COLUMNS, "returns_report")  # type: ignore[no-any-return]
