"""Reconciliation (对账): payouts of a period by state, what does not agree, with a statement to compare and CSV."""

import tempfile
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods

from core import clock
from core.errors import DomainError, InvalidInput
from core.exports import Column, export_response
from core.rowfiles import read_rows
from crm.staff.person import person_of
from tickets.compensation import money_of
from tickets.services.reconciliation import KINDS, Difference, Report, report

VIEW = "tickets.view_reconciliation"
SHOWN = 200
MOST_BYTES = 2 * 1024 * 1024
REFERENCES, AMOUNTS = ("流水号", "打款流水号", "reference"), ("金额", "amount")
COLUMNS = (
    Column(lazy("问题"), "what"),
    Column(lazy("种类"), lambda row: KINDS[row.line.kind] if row.line else ""),
    Column(lazy("编号"), lambda row: row.line.id if row.line else ""),
    Column(lazy("工单"), lambda row: row.line.ticket_number if row.line else ""),
    Column(lazy("流水号"), "reference"),
    Column(lazy("系统金额"), "expected"),
    Column(lazy("对账单金额"), "found"),
    Column(lazy("状态"), lambda row: row.line.status_label if row.line else ""),
    Column(lazy("提出时间"), lambda row: row.line.asked_at if row.line else None),
    Column(lazy("打款时间"), lambda row: row.line.paid_at if row.line else None),
)


def _day(text: str, fallback: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return fallback


def period_of(request: HttpRequest) -> tuple[date, date]:
    """The days asked for, both included; the last 30 when nothing sensible is."""
    last = _day(request.GET.get("to", ""), timezone.localtime(clock.now()).date())
    return _day(request.GET.get("from", ""), last - timedelta(days=29)), last


def _asked(request: HttpRequest, statement: dict[str, Decimal] | None = None) -> Report:
    first, last = period_of(request)
    start, end = (timezone.make_aware(datetime.combine(day, time.min)) for day in (first, last + timedelta(days=1)))
    return report(user=person_of(request), start=start, end=end, statement=statement)


def read_statement(upload: UploadedFile) -> dict[str, Decimal]:
    """Sums by reference from a CSV or XLSX with the columns 流水号 and 金额."""
    suffix = Path(upload.name or "").suffix.lower()
    if suffix not in (".csv", ".xlsx") or (upload.size or 0) > MOST_BYTES:
        raise InvalidInput(_("请上传不超过 2 MB 的 CSV 或 XLSX 文件。"))
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        for chunk in upload.chunks():
            file.write(chunk)
        file.flush()
        return _sums(Path(file.name))


def _sums(path: Path) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in read_rows(path):
        if row.error:
            raise InvalidInput(_("第 %(line)d 行：%(error)s") % {"line": row.line, "error": row.error})
        values = {str(name).strip(): value for name, value in row.values.items()}
        reference = next((str(values[name]).strip() for name in REFERENCES if values.get(name)), "")
        amount = next((money_of(str(values[name]).strip()) for name in AMOUNTS if values.get(name)), None)
        if not reference or amount is None:
            raise InvalidInput(_("第 %(line)d 行：须有“流水号”和“金额”两列。") % {"line": row.line})
        found[reference] += amount
    return dict(found)


@login_required
@permission_required(VIEW, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def reconciliation(request: HttpRequest) -> HttpResponse:
    """The report; with a file posted, compared with it. The file is not kept."""
    fault, statement = "", None
    upload = request.FILES.get("statement")
    if request.method == "POST":
        try:
            if not isinstance(upload, UploadedFile):
                raise InvalidInput(_("请选择对账单文件。"))
            statement = read_statement(upload)
        except DomainError as error:
            fault = error.message
    found: Report | None = None
    try:
        found = _asked(request, statement)
    except DomainError as error:
        fault = fault or error.message
    first, last = period_of(request)
    context: dict[str, Any] = {
        "found": found,
        "totals": [(KINDS[total.kind], total) for total in found.totals] if found else [],
        "differences": _named(found.differences[:SHOWN]) if found else [],
        "more": max(0, len(found.differences) - SHOWN) if found else 0,
        "first": first,
        "last": last,
        "fault": fault,
        "compared": statement is not None,
    }
    return render(request, "workbench/aftersales/reconciliation.html", context, status=422 if fault else 200)


def _named(rows: list[Difference]) -> list[tuple[Any, Difference]]:
    return [(KINDS[row.line.kind] if row.line else "", row) for row in rows]


@login_required
@permission_required(VIEW, raise_exception=True)
@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse | HttpResponse:
    """The differences of the period as CSV or XLSX."""
    try:
        found = _asked(request)
        return export_response(
            request,
            rows=found.differences,
            columns=COLUMNS,
            permission=VIEW,
            kind="reconciliation",
            file_format=request.GET.get("format", "csv"),
        )
    except InvalidInput as error:
        return HttpResponse(error.message, status=400, content_type="text/plain; charset=utf-8")
