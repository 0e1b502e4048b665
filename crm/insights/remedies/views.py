"""Methods and remedies compared, and the closed complaints behind the figures: pages and files."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.exports import Column, export_response
from core.keyset import BadCursor, Page, read_page
from crm.insights.questions import Question, queues_of, today
from crm.insights.remedies import comparing
from crm.insights.remedies.cases import FRAME, METHOD, REMEDIED, SEEN, asked, cases
from crm.insights.remedies.comparing import Effect, Line, RemedyEffect
from crm.insights.remedies.narrowing import Choices, Chosen, rows_query
from crm.insights.remedies.shares import Mean, Share
from crm.staff.person import person_of
from knowledge.models import Article
from tickets.models import ComplaintLevel, ComplaintOutcome
from tickets.services import case_library
from tickets.services.outcomes import methods_text

REPORTS = "insights.view_report"
MAKE_CASE = "knowledge.add_articleversion"
PAGE_SIZE = 50
ORDERING = ("-closed_at", "-id")


@dataclass(frozen=True)
class Field:
    """One more choice of the form above a report."""

    name: str
    label: Any
    choices: list[tuple[str, Any]]
    chosen: str


def field_of(name: str, label: Any, choices: Choices, chosen: str) -> Field:
    return Field(name, label, [(key, choice.label) for key, choice in choices.items()], chosen)


@dataclass(frozen=True)
class Shown:
    """A line with the address of its rows."""

    line: Line
    url: str


def _shown(lines: Iterable[Line], question: Question, dimension: str, **more: str) -> list[Shown]:
    base = reverse("outcome_list")
    return [Shown(line, f"{base}?{rows_query(question, **more, **{dimension: line.key})}") for line in lines]


def page_of(rows: Any, ordering: tuple[str, ...], cursor: str | None) -> Page[Any]:
    """A page of rows; an old bookmark begins at the beginning."""
    try:
        return read_page(rows, ordering=ordering, cursor=cursor, size=PAGE_SIZE)
    except BadCursor:
        return read_page(rows, ordering=ordering, cursor=None, size=PAGE_SIZE)


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def remedy_report(request: HttpRequest) -> HttpResponse:
    """Methods side by side, remedies against none, how soon they came, and the strata they were compared in."""
    person = person_of(request)
    question = asked(request.GET, person)
    base = reverse("outcome_list")
    every = Shown(comparing.total(person, question), f"{base}?{rows_query(question)}")
    effect = RemedyEffect(person, question)
    context = {
        "question": question,
        "all": every,
        "methods": [*_shown(comparing.methods(person, question), question, "method"), every],
        "speeds": _shown(comparing.speeds(person, question), question, "speed", remedied="yes"),
        "effect": effect,
        "strata": [_stratum(twin, question, base) for twin in effect.strata],
        "today": today(),
        "queues": queues_of(person),
    }
    return render(request, "insights/remedies/report.html", context)


def _stratum(twin: comparing.Twin, question: Question, base: str) -> dict[str, Any]:
    place = {"category": twin.category, "level": twin.level, "band": twin.band}
    treated, plain = (f"{base}?{rows_query(question, **place, remedied=side)}" for side in REMEDIED)
    return {"twin": twin, "treated_url": treated, "plain_url": plain}


def _percent(share: Share) -> float | None:
    return None if share.value is None else round(share.value * 100, 1)


def _span(found: Share | Mean, factor: float = 1) -> str:
    interval = found.interval
    return "" if interval is None else f"{interval.low * factor:.1f} – {interval.high * factor:.1f}"


def _words_for(is_enough: bool) -> str:
    return "" if is_enough else _("样本不足")


def _share_columns(label: Any, name: str) -> list[Column]:
    """Share, interval and n of one measure of a line."""
    return [
        Column(lazy("{label}（%）").format(label=label), lambda line: _percent(getattr(line, name))),
        Column(lazy("{label}区间（%）").format(label=label), lambda line: _span(getattr(line, name), 100)),
        Column(lazy("{label} n").format(label=label), lambda line: getattr(line, name).n),
    ]


def method_columns() -> list[Column]:
    return [
        Column(_("处理方式"), "label"),
        Column(_("件数"), "n"),
        *_share_columns(_("满意"), "satisfied"),
        *_share_columns(_("复购"), "repurchased"),
        *_share_columns(_("再次投诉"), "repeated"),
        Column(_("平均成本（元）"), lambda line: None if line.cost.value is None else round(line.cost.value, 2)),
        Column(_("成本区间（元）"), lambda line: _span(line.cost)),
        Column(_("平均用时（时）"), lambda line: None if line.hours.value is None else round(line.hours.value, 1)),
        Column(_("用时区间（时）"), lambda line: _span(line.hours)),
        Column(_("样本"), lambda line: _words_for(line.is_enough)),
    ]


def effect_columns() -> list[Column]:
    def difference(effect: Effect) -> float | None:
        return None if effect.found.difference is None else round(effect.found.difference * 100, 1)

    def interval(effect: Effect) -> str:
        found = effect.found.interval
        return "" if found is None else f"{found.low * 100:.1f} – {found.high * 100:.1f}"

    return [
        Column(_("指标"), "label"),
        Column(_("有补救（%）"), lambda effect: _percent(effect.found.treated)),
        Column(_("有补救 n"), "found.treated.n"),
        Column(_("相似但无补救（%）"), lambda effect: _percent(effect.found.plain)),
        Column(_("相似但无补救 n"), "found.plain.n"),
        Column(_("差异（百分点）"), difference),
        Column(_("差异区间（百分点）"), interval),
        Column("p", lambda effect: effect.found.p_value),
        Column(_("结论"), "verdict_label"),
    ]


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def remedy_export(request: HttpRequest) -> HttpResponseBase:
    """One of the tables as a file."""
    person = person_of(request)
    question = asked(request.GET, person)
    table = request.GET.get("table", "methods")
    rows: list[Any]
    if table == "methods":
        rows, columns = [*comparing.methods(person, question), comparing.total(person, question)], method_columns()
    elif table == "effects":
        rows, columns = RemedyEffect(person, question).effects, effect_columns()
    else:
        raise Http404
    return exported(request, rows, columns, f"report-remedy-{table}", "remedy_report")


def exported(request: HttpRequest, rows: Any, columns: list[Column], kind: str, place: str) -> HttpResponseBase:
    """The rows as the file that was asked for, or back with the reason why not."""
    wanted = request.GET.get("format", "csv")
    try:
        return export_response(request, rows=rows, columns=columns, permission=REPORTS, kind=kind, file_format=wanted)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(place)


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def outcome_list(request: HttpRequest) -> HttpResponse:
    """The look backs of the period, narrowed as a figure was."""
    person = person_of(request)
    question, chosen = asked(request.GET, person), FRAME.read(request.GET)
    rows = cases(person, question, chosen).for_list()
    page = page_of(rows, ORDERING, request.GET.get("cursor"))
    may_make = person.has_perm(MAKE_CASE)
    keys = [case_library.key_of(row.ticket) for row in page.rows] if may_make else []
    known = set(Article.objects.filter(collection=case_library.COLLECTION, key__in=keys).values_list("key", flat=True))
    for row in page.rows:
        row.seconds = row.handling_minutes * 60
        row.case = case_library.key_of(row.ticket) in known
    context = {
        "question": question,
        "page": page,
        "labels": _labels(chosen),
        "fields": [
            field_of("method", _("处理方式"), METHOD, chosen.get("method", "")),
            field_of("seen", _("结果"), SEEN, chosen.get("seen", "")),
        ],
        "may_make": may_make,
        "today": today(),
        "queues": queues_of(person),
    }
    return render(request, "insights/remedies/outcomes.html", context)


def _labels(chosen: Chosen) -> list[str]:
    """What narrows the list and stands in no field of its form; a level by its name."""
    named = {name: value for name, value in chosen.items() if name not in ("method", "seen", "level")}
    level = ComplaintLevel.objects.filter(key=chosen["level"]).first() if chosen.get("level") else None
    return [*FRAME.labels(named), *([level.name] if level is not None else [])]


OUTCOME_COLUMNS = [
    Column(lazy("工单"), "ticket.number"),
    Column(lazy("结案时间"), "closed_at"),
    Column(lazy("分类"), "category"),
    Column(lazy("级别"), lambda row: row.level.name if row.level else ""),
    Column(lazy("处理方式"), lambda row: methods_text(row.methods)),
    Column(lazy("成本（元）"), "cost"),
    Column(lazy("用时（分钟）"), "handling_minutes"),
    Column(lazy("客户评分"), "satisfaction"),
    Column(lazy("再次投诉次数"), "repeat_count"),
    Column(lazy("复购订单数"), "repurchase_count"),
    Column(lazy("复购金额（元）"), "repurchase_amount"),
]


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def outcome_export(request: HttpRequest) -> HttpResponseBase:
    """The same rows as a file."""
    person = person_of(request)
    rows = cases(person, asked(request.GET, person), FRAME.read(request.GET)).for_list().order_by(*ORDERING)
    return exported(request, rows.iterator(chunk_size=500), OUTCOME_COLUMNS, "complaint-outcomes", "outcome_list")


@login_required
@permission_required(MAKE_CASE, raise_exception=True)
@require_POST
def outcome_case(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a draft of the case library of a complaint, or open the one that was made."""
    person = person_of(request)
    outcome = get_object_or_404(ComplaintOutcome.objects.visible_to(person), pk=pk)
    article, is_new = case_library.make_case(outcome=outcome, actor=person)
    if is_new:
        messages.success(request, _("已存为案例草稿，个人信息已隐去；发布前须他人审核。"))
    return redirect("article_detail", pk=article.pk)
