"""The after-sales report: page, rows, file, and making an improvement of a finding."""

from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.exports import Column
from crm.insights.questions import Question, queues_of, today
from crm.insights.remedies import after_sales, findings
from crm.insights.remedies.after_sales import FRAME, MEASURES, PLATFORM, Finding, Line
from crm.insights.remedies.narrowing import Chosen, rows_query
from crm.insights.remedies.views import REPORTS, Field, exported, field_of, page_of
from crm.staff.person import person_of
from customers.models import Shop

IMPROVE = "insights.add_improvement"
_NARROWED = ("shop", "platform")


def _narrowed(chosen: Chosen) -> dict[str, str]:
    """The shop and platform of the report; the rest of an address narrows rows only."""
    return {name: chosen[name] for name in _NARROWED if chosen.get(name)}


def _row(line: Line, question: Question, chosen: Chosen, dimension: str) -> dict[str, Any]:
    """A line with the addresses of its rows."""
    place = {**chosen, dimension: line.key} if line.key else dict(chosen)

    def url(**more: str) -> str:
        return f"{reverse('after_sales_rows')}?{rows_query(question, **place, **more)}"

    cells = [
        {
            "measure": measure,
            "share": share,
            "url": url(seen=f"{measure.key}_n"),
            "hits_url": url(seen=f"{measure.key}_hits"),
        }
        for measure, share in line.cells
    ]
    return {"line": line, "url": url(), "cells": cells}


def _report(request: HttpRequest, *, fault: str = "") -> HttpResponse:
    person = person_of(request)
    question, chosen = Question.of(request.GET, person), _narrowed(FRAME.read(request.GET))
    every = _row(after_sales.total(person, question, chosen), question, chosen, "")
    shown = [
        {
            "key": table.key,
            "title": table.title,
            "rows": [*(_row(line, question, chosen, table.key) for line in table.lines), every],
        }
        for table in (after_sales.tables(person, question, chosen) if every["line"].n else [])
    ]
    shops = list(Shop.objects.order_by("name").values_list("key", "name"))
    context = {
        "question": question,
        "chosen": chosen,
        "labels": FRAME.labels({name: value for name, value in chosen.items() if name == "platform"}),
        "total": every,
        "tables": shown,
        "measures": MEASURES.values(),
        "items": findings.tracked(person),
        "fields": [
            Field("shop", _("店铺"), shops, chosen.get("shop", "")),
            field_of("platform", _("平台"), PLATFORM, chosen.get("platform", "")),
        ],
        "may_improve": person.has_perm(IMPROVE),
        "fault": fault,
        "today": today(),
        "queues": queues_of(person),
    }
    return render(request, "insights/remedies/after_sales.html", context, status=400 if fault else 200)


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def after_sales_report(request: HttpRequest) -> HttpResponse:
    """Reviews, surveys, complaints and lateness of after-sales, by outcome, reason and shop."""
    return _report(request)


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def after_sales_rows(request: HttpRequest) -> HttpResponse:
    """The requests behind a figure: as many as it says."""
    person = person_of(request)
    question, chosen = Question.of(request.GET, person), FRAME.read(request.GET)
    rows = after_sales.requests(person, question, chosen).select_related("ticket").defer("ticket__search")
    context = {
        "question": question,
        "labels": FRAME.labels(chosen),
        "page": page_of(rows, ("-requested_at", "-id"), request.GET.get("cursor")),
    }
    return render(request, "insights/remedies/after_sales_rows.html", context)


def _columns() -> list[Column]:
    shares = [
        column
        for measure in MEASURES.values()
        for column in (
            Column(_("{label}（%）").format(label=measure.label), _reader(measure.key, "value")),
            Column(_("{label} n").format(label=measure.label), _reader(measure.key, "n")),
        )
    ]
    head = [
        Column(_("维度"), lambda row: row[0]),
        Column(_("名称"), lambda row: row[1].label),
        Column(_("售后单"), lambda row: row[1].n),
    ]

    def days(row: Any) -> float | None:
        mean = row[1].days.value
        return None if mean is None else round(mean, 1)

    return [*head, *shares, Column(_("平均用时（天）"), days)]


def _reader(key: str, name: str) -> Any:
    def read(row: Any) -> float | int | None:
        share = row[1].shares[key]
        return share.n if name == "n" else None if share.value is None else round(share.value * 100, 1)

    return read


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def after_sales_export(request: HttpRequest) -> HttpResponseBase:
    """All tables in one file."""
    person = person_of(request)
    question, chosen = Question.of(request.GET, person), _narrowed(FRAME.read(request.GET))
    tables = after_sales.tables(person, question, chosen)
    rows = [(table.title, line) for table in tables for line in table.lines]
    rows.append((_("合计"), after_sales.total(person, question, chosen)))
    return exported(request, rows, _columns(), "report-after-sales", "after_sales_report")


@login_required
@permission_required(IMPROVE, raise_exception=True)
@require_POST
def after_sales_improve(request: HttpRequest) -> HttpResponse:
    """A finding becomes an improvement item."""
    person, given = person_of(request), request.POST
    finding = Finding(**{name: given.get(name, "")[:100] for name in Finding.names()})
    try:
        item = findings.improve(actor=person, finding=finding, question=Question.of(request.GET, person))
    except DomainError as error:
        return _report(request, fault=error.message)
    return redirect("improvement", pk=item.pk)
