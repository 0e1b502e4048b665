"""Home and reports. A view reads the address, asks `home` or `reports`, and renders."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.calendars.services import missing_year
from core.errors import DomainError
from core.exports import Column, export_response
from crm.insights import reports
from crm.insights.days import Period
from crm.insights.home import VISITS, Board, OwnWork
from crm.insights.metrics import METRICS
from crm.insights.norms import file_columns, file_rows, norm_report
from crm.insights.platforms import COLUMNS as PLATFORM_COLUMNS
from crm.insights.platforms import by_platform
from crm.insights.questions import Question, queues_of, today
from crm.insights.rows import rows_behind
from crm.insights.service_times import measure
from crm.insights.stories import LONGEST_DAYS, MOST, stories
from crm.staff.choices import Role
from tickets.models import Channel
from tickets.services.channel_health import troubles

REPORTS = "insights.view_report"
#: The table of the file that is not made of metrics.
NORMS = "norms"


def _home_context(request: HttpRequest) -> dict[str, Any]:
    """Who leads sees the board; a lead, who answers too, sees their own work above it."""
    user = request.user
    leads = user.has_perm(REPORTS)
    return {
        "board": Board(user) if leads else None,
        "own": OwnWork(user) if not leads or user.role == Role.LEAD else None,
        "today": today(),
        "visits_shown": VISITS,
        "troubles": troubles() if user.has_perm("tickets.supervise_ticket") else [],
    }


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Where people land."""
    context = _home_context(request)
    if context["board"] is not None:
        context["chart"] = context["board"].chart_data
    if request.user.has_perm("core.add_publicholidayyear"):
        context["missing_year"] = missing_year(context["today"])
    return render(request, "insights/home.html", context)


@login_required
@require_GET
def home_now(request: HttpRequest) -> HttpResponse:
    """The part of the home page that is about this minute, for refreshing."""
    return render(request, "insights/parts/now.html", _home_context(request))


def _question(request: HttpRequest) -> Question:
    return Question.of(request.GET, request.user)


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def report_list(request: HttpRequest) -> HttpResponse:
    """The figures of a period: all of it, by day or week, by queue, by channel."""
    question = _question(request)
    tables = [make(request.user, question) for make in reports.TABLES.values()]
    context = {
        "question": question,
        "summary": reports.summary(request.user, question),
        "tables": tables,
        "norms": norm_report(request.user, question),
        "chart": reports.chart_of(tables[0]),
        "metrics": reports.chosen(dict.fromkeys((*reports.SUMMARY, *reports.COLUMNS))),
        "today": today(),
        "queues": queues_of(request.user),
        "channels": Channel.objects.order_by("name"),
        "quick": _quick(question),
    }
    return render(request, "insights/reports.html", context)


def _quick(question: Question) -> list[tuple[str, str, bool]]:
    """Periods people ask for: label, address, chosen."""
    wanted = (
        (_("今天"), Period(today(), today())),
        (_("近7天"), Period.ending(today(), days=7)),
        (_("近30天"), Period.ending(today(), days=30)),
        (_("本月"), Period(today().replace(day=1), today())),
        (_("上月"), Period.month_of(today().replace(day=1) - timedelta(days=1))),
    )
    return [
        (
            label,
            "?" + question.query(**{"from": f"{period.first}", "to": f"{period.last}", "step": question.step}),
            period == question.period,
        )
        for label, period in wanted
    ]


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def report_times(request: HttpRequest) -> HttpResponse:
    """Median, P90 and the like, reckoned over single tickets; loaded after the page."""
    question = _question(request)
    found = stories(request.user, question)
    context = {
        "times": measure(found) if found is not None else None,
        "most": MOST,
        "longest": LONGEST_DAYS,
    }
    return render(request, "insights/parts/times.html", context)


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def report_platforms(request: HttpRequest) -> HttpResponse:
    """Platforms side by side; loaded after the page."""
    context = {
        "rows": by_platform(request.user, _question(request)),
        "metrics": reports.chosen(PLATFORM_COLUMNS),
    }
    return render(request, "insights/parts/platforms.html", context)


def _table(request: HttpRequest, key: str) -> tuple[list[Any], list[Column]]:
    """Rows and columns of the table that the file is made of."""
    question = _question(request)
    if key == NORMS:
        return file_rows(norm_report(request.user, question)), file_columns()
    table = reports.TABLES[key](request.user, question)
    return table.rows, table.columns()


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def report_export(request: HttpRequest) -> HttpResponseBase:
    """One table of the report as a file."""
    key = request.GET.get("table", "days")
    if key != NORMS and key not in reports.TABLES:
        raise Http404
    rows, columns = _table(request, key)
    try:
        return export_response(
            request,
            rows=rows,
            columns=columns,
            permission=REPORTS,
            kind=f"report-{key}",
            file_format=request.GET.get("format", "csv"),
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("report_list")


@login_required
@require_GET
def report_rows(request: HttpRequest, metric: str) -> HttpResponse:
    """What stands behind a figure. Without the right to reports, one's own figures only."""
    chosen = METRICS.get(metric)
    if chosen is None:
        raise Http404
    person = _person(request)
    question = _question(request)
    context = {
        "metric": chosen,
        "question": question,
        "is_own": person == request.user.pk,
        "page": rows_behind(chosen, request.user, question, cursor=request.GET.get("cursor"), person=person),
    }
    return render(request, "insights/rows.html", context)


def _person(request: HttpRequest) -> int | None:
    """Whose rows: one's own, or everybody's for who may see reports."""
    asked = request.GET.get("person", "")
    if asked == str(request.user.pk):
        return request.user.pk
    if asked or not request.user.has_perm(REPORTS):
        raise PermissionDenied
    return None
