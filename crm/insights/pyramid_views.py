"""The complaint pyramid as a page, its rows, a file, and over the API."""

from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import DomainError, InvalidInput
from core.exports import Column, export_response
from core.keyset import BadCursor, Page, read_page
from crm.insights.pyramid import Layer, graded, pyramid
from crm.insights.questions import Question, queues_of, today
from crm.staff.models import User
from crm.staff.person import person_of
from tickets.models import ComplaintGrade, ComplaintLevel

REPORTS = "insights.view_report"
PAGE_SIZE = 50
WIDTH, HEIGHT, GAP, LEAST = 320, 44, 4, 6
COLUMNS = [
    Column(_("级别"), lambda layer: layer.level.name),
    Column(_("件数"), lambda layer: layer.count),
    Column(_("占比（%）"), lambda layer: f"{layer.share * 100:.1f}"),
    Column(_("上期件数"), lambda layer: layer.before),
    Column(_("上期占比（%）"), lambda layer: f"{layer.share_before * 100:.1f}"),
]


@dataclass(frozen=True)
class Bar:
    """A layer as the drawing shows it: a bar in the middle, as wide as its share of the widest."""

    layer: Layer
    x: float
    y: int
    width: float

    @property
    def left(self) -> str:
        """As SVG reads numbers, whatever the language."""
        return f"{self.x:.1f}"

    @property
    def wide(self) -> str:
        return f"{self.width:.1f}"

    @property
    def percent(self) -> str:
        return f"{self.layer.share * 100:.1f}%"

    @property
    def percent_before(self) -> str:
        return f"{self.layer.share_before * 100:.1f}%"


def bars_of(layers: list[Layer]) -> list[Bar]:
    most = max((layer.count for layer in layers), default=0)
    found = []
    for number, layer in enumerate(layers):
        width = max(WIDTH * layer.count / most, LEAST) if most and layer.count else LEAST
        found.append(Bar(layer, round((WIDTH - width) / 2, 1), number * (HEIGHT + GAP), round(width, 1)))
    return found


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def pyramid_report(request: HttpRequest) -> HttpResponse:
    """Counts and shares of the levels, the gravest on top, each leading to its complaints."""
    person = person_of(request)
    question = Question.of(request.GET, person)
    found = pyramid(person, question)
    context = {
        "question": question,
        "found": found,
        "bars": bars_of(found.layers),
        "width": WIDTH,
        "bar_height": HEIGHT,
        "height": len(found.layers) * (HEIGHT + GAP),
        "today": today(),
        "queues": queues_of(person),
        "may_edit": person.has_perm("tickets.change_complaintlevel"),
    }
    return render(request, "insights/pyramid.html", context)


def _page(rows: Any, cursor: str | None) -> Page[ComplaintGrade]:
    ordering = ("-received_at", "-id")
    try:
        return read_page(rows, ordering=ordering, cursor=cursor, size=PAGE_SIZE)
    except BadCursor:
        return read_page(rows, ordering=ordering, cursor=None, size=PAGE_SIZE)


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def pyramid_rows(request: HttpRequest, key: str) -> HttpResponse:
    """The complaints of one level: as many as the pyramid says."""
    person = person_of(request)
    level = ComplaintLevel.objects.filter(key=key).first()
    if level is None:
        raise Http404
    question = Question.of(request.GET, person)
    rows = graded(person, question).filter(level=level)
    shown = rows.select_related("ticket__queue", "ticket__assignee").defer("ticket__search")
    context = {"level": level, "question": question, "page": _page(shown, request.GET.get("cursor"))}
    return render(request, "insights/pyramid_rows.html", context)


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def pyramid_export(request: HttpRequest) -> HttpResponseBase:
    """The same numbers as a file."""
    person = person_of(request)
    found = pyramid(person, Question.of(request.GET, person))
    try:
        return export_response(
            request,
            rows=found.layers,
            columns=COLUMNS,
            permission=REPORTS,
            kind="report-pyramid",
            file_format=request.GET.get("format", "csv"),
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("pyramid_report")


class LayerSerializer(serializers.Serializer):
    level = serializers.CharField(source="level.key")
    name = serializers.CharField(source="level.name")
    rank = serializers.IntegerField(source="level.rank")
    count = serializers.IntegerField()
    share = serializers.FloatField()
    before = serializers.IntegerField()
    share_before = serializers.FloatField()


class PyramidSerializer(serializers.Serializer):
    """投诉金字塔：各级别件数与占比（合计为 1），与上一个同长时段对比。"""

    total = serializers.IntegerField()
    total_before = serializers.IntegerField()
    layers = LayerSerializer(many=True)


class PyramidView(APIView):
    """投诉金字塔：按级别统计一段时间内的投诉。"""

    required_permissions = {"get": REPORTS}

    @extend_schema(
        parameters=[
            OpenApiParameter("from", str, description="YYYY-MM-DD"),
            OpenApiParameter("to", str, description="YYYY-MM-DD"),
            OpenApiParameter("queue", str),
            OpenApiParameter("channel", str),
        ],
        responses=PyramidSerializer,
    )
    def get(self, request: Request) -> Response:
        person = cast(User, request.user)
        question = Question.of(request.query_params, person)
        faults = {"from": [question.fault]} if question.fault else {}
        if request.query_params.get("queue") and question.queue is None:
            faults["queue"] = [str(_("没有这个队列。"))]
        if request.query_params.get("channel") and question.channel is None:
            faults["channel"] = [str(_("没有这个渠道。"))]
        if faults:
            raise InvalidInput(next(iter(faults.values()))[0], fields=faults)
        return Response(PyramidSerializer(pyramid(person, question)).data)
