"""/api/v1/procedure-runs/ and /api/v1/tasks/"""

from typing import Any

import django_filters
from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core import clock
from core.api.schema import example
from core.api.viewsets import CreateMixin, ReadViewSet
from core.procedures import registry
from core.procedures.api import serializers as shapes
from core.procedures.choices import RunState, TaskState
from core.procedures.models import ProcedureRun, ProcedureTask
from core.procedures.services import running, tasks

START = example("对工单启动退款流程", {"procedure": "refund", "subject": "26112100012345"}, request_only=True)
TICK = example("勾选", {"items": {"c1": True}}, request_only=True)
WORK = example("提交凭证", {"proof": {"payment_no": "TK20261122001", "paid": "59.00"}}, request_only=True)
REASON = example("退回", {"reason": "缺少照片，请补充"}, request_only=True)
BACK = example("退回方案", {"step": "propose", "reason": "客户不接受"}, request_only=True)
PASS = example("转给物流", {"department": "logistics", "reason": "由物流核实签收"}, request_only=True)


def _of_subject(rows: Any, user: Any, value: str, prefix: str = "") -> Any:
    """Rows about the subjects that go by this name among those the person sees."""
    condition = Q(pk__in=[])
    for kind in registry.kinds.values():
        found = kind.find(user, value)
        if found is not None:
            condition |= Q((f"{prefix}subject_type", kind.key), (f"{prefix}subject_id", found))
    return rows.filter(condition)


class RunFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=RunState.choices)
    procedure = django_filters.CharFilter(field_name="procedure__key", max_length=100)
    subject = django_filters.CharFilter(method="of_subject", max_length=40)
    overdue = django_filters.BooleanFilter(method="is_overdue")
    ping_pong = django_filters.BooleanFilter(method="is_ping_pong")

    class Meta:
        model = ProcedureRun
        fields: list[str] = []

    def of_subject(self, rows: Any, name: str, value: str) -> Any:
        return _of_subject(rows, self.request.user, value)  # type: ignore[union-attr]

    def is_overdue(self, rows: Any, name: str, value: bool) -> Any:
        condition = Q(state=RunState.RUNNING, next_due_at__lt=clock.now())
        return rows.filter(condition) if value else rows.exclude(condition)

    def is_ping_pong(self, rows: Any, name: str, value: bool) -> Any:
        condition = Q(return_count__gte=tasks.PING_PONG)
        return rows.filter(condition) if value else rows.exclude(condition)


def cards_of(runs: list[ProcedureRun]) -> dict[tuple[str, int], registry.Card]:
    """The subjects of a page, one statement a kind."""
    found = {}
    for kind in registry.kinds.values():
        ids = sorted({run.subject_id for run in runs if run.subject_type == kind.key})
        found.update({(kind.key, pk): card for pk, card in kind.cards(ids).items()} if ids else {})
    return found


class RunViewSet(CreateMixin, ReadViewSet):
    """流程实例：启动、勾选、完成当前步骤、退回、终止。"""

    queryset = ProcedureRun.objects.for_list()  # type: ignore[attr-defined]
    read_serializer_class = shapes.RunDetailSerializer
    serializer_classes = {
        "list": shapes.RunSerializer,
        "create": shapes.RunCreateSerializer,
        "tick": shapes.TickSerializer,
        "advance": shapes.WorkSerializer,
        "send_back": shapes.SendBackSerializer,
        "cancel": shapes.TaskReasonSerializer,
    }
    required_permissions = {
        "list": "core.view_procedurerun",
        "retrieve": "core.view_procedurerun",
        "create": "core.add_procedurerun",
        "tick": "core.complete_proceduretask",
        "advance": "core.complete_proceduretask",
        "send_back": "core.change_procedurerun",
        "cancel": "core.change_procedurerun",
    }
    filterset_class = RunFilter

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page: Any = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        context = {**self.get_serializer_context(), "cards": cards_of(page)}
        return self.get_paginated_response(shapes.RunSerializer(page, many=True, context=context).data)

    @extend_schema(request=shapes.RunCreateSerializer, responses={201: shapes.RunDetailSerializer}, examples=[START])
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """对一个对象启动已发布的流程；同一流程在一个对象上同时只有一个实例（409）。"""
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> ProcedureRun:
        made = running.start(actor=self.request.user, **serializer.validated_data)
        return self._fresh(made)

    def _fresh(self, run: ProcedureRun) -> ProcedureRun:
        found: ProcedureRun = self._all_rows().get(pk=run.pk)
        return found

    @extend_schema(request=shapes.TickSerializer, responses=shapes.RunDetailSerializer, examples=[TICK])
    @action(detail=True, methods=["post"])
    def tick(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """勾选或取消当前步骤的检查项。"""
        run = self.get_object()
        running.tick(run=run, actor=request.user, items=self.validated()["items"])
        return self.shown(self._fresh(run))

    @extend_schema(request=shapes.WorkSerializer, responses=shapes.RunDetailSerializer, examples=[WORK])
    @action(detail=True, methods=["post"])
    def advance(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """完成当前步骤。必选检查项、其他部门的任务、凭证和离开条件未满足时拒绝（409 或 400）并说明缺什么。"""
        run = self.get_object()
        data = self.validated()
        if data.get("items"):
            running.tick(run=run, actor=request.user, items=data["items"])
        running.complete_step(run=run, actor=request.user, proof=data.get("proof", {}))
        return self.shown(self._fresh(run))

    @extend_schema(request=shapes.SendBackSerializer, responses=shapes.RunDetailSerializer, examples=[BACK])
    @action(detail=True, methods=["post"], url_path="send-back")
    def send_back(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """退回到已完成的前序步骤。"""
        run = self.get_object()
        running.send_back(run=run, actor=request.user, **self.validated())
        return self.shown(self._fresh(run))

    @extend_schema(request=shapes.TaskReasonSerializer, responses=shapes.RunDetailSerializer, examples=[REASON])
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """终止流程，未完成的任务一并取消。"""
        run = self.get_object()
        running.cancel_run(run=run, actor=request.user, **self.validated())
        return self.shown(self._fresh(run))


class TaskFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=TaskState.choices)
    department = django_filters.CharFilter(field_name="department__key", max_length=40)
    run = django_filters.NumberFilter(field_name="run_id", min_value=1, max_value=2**63 - 1, decimal_places=0)
    subject = django_filters.CharFilter(method="of_subject", max_length=40)
    mine = django_filters.BooleanFilter(method="is_mine")
    overdue = django_filters.BooleanFilter(method="is_overdue")
    unstaffed = django_filters.BooleanFilter(field_name="unstaffed_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = ProcedureTask
        fields: list[str] = []

    def of_subject(self, rows: Any, name: str, value: str) -> Any:
        return _of_subject(rows, self.request.user, value, "run__")  # type: ignore[union-attr]

    def is_mine(self, rows: Any, name: str, value: bool) -> Any:
        return rows.of_departments(self.request.user) if value else rows  # type: ignore[union-attr]

    def is_overdue(self, rows: Any, name: str, value: bool) -> Any:
        condition = Q(state=TaskState.OPEN, due_at__lt=clock.now())
        return rows.filter(condition) if value else rows.exclude(condition)


class TaskViewSet(ReadViewSet):
    """部门任务：领取、完成、退回、转给其他部门。"""

    queryset = ProcedureTask.objects.for_list()  # type: ignore[attr-defined]
    read_serializer_class = shapes.TaskSerializer
    serializer_classes = {
        "complete": shapes.WorkSerializer,
        "give_back": shapes.TaskReasonSerializer,
        "pass_on": shapes.PassSerializer,
    }
    required_permissions = {
        "list": "core.view_proceduretask",
        "retrieve": "core.view_proceduretask",
        "take": "core.complete_proceduretask",
        "complete": "core.complete_proceduretask",
        "give_back": "core.complete_proceduretask",
        "pass_on": "core.change_procedurerun",
    }
    filterset_class = TaskFilter
    ordering = ("due_at", "id")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page: Any = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        context = {**self.get_serializer_context(), "cards": cards_of([task.run for task in page])}
        return self.get_paginated_response(shapes.TaskSerializer(page, many=True, context=context).data)

    def _fresh(self, task: ProcedureTask) -> ProcedureTask:
        found: ProcedureTask = self._all_rows().get(pk=task.pk)
        return found

    @extend_schema(request=None, responses=shapes.TaskSerializer)
    @action(detail=True, methods=["post"])
    def take(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """领取：由自己处理。"""
        self.nothing_given()
        return self.shown(self._fresh(tasks.take(task=self.get_object(), actor=request.user)))

    @extend_schema(request=shapes.WorkSerializer, responses=shapes.TaskSerializer, examples=[WORK])
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """完成任务并提交凭证；缺少必填凭证时拒绝。"""
        found = self.get_object()
        data = self.validated()
        done = tasks.complete(task=found, actor=request.user, proof=data.get("proof", {}), items=data.get("items"))
        return self.shown(self._fresh(done))

    @extend_schema(request=shapes.TaskReasonSerializer, responses=shapes.TaskSerializer, examples=[REASON])
    @action(detail=True, methods=["post"], url_path="return")
    def give_back(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """退回来源部门；同一流程退回两次起列为来回退回。"""
        found = self.get_object()
        return self.shown(self._fresh(tasks.give_back(task=found, actor=request.user, **self.validated())))

    @extend_schema(request=shapes.PassSerializer, responses=shapes.TaskSerializer, examples=[PASS])
    @action(detail=True, methods=["post"], url_path="pass")
    def pass_on(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """转给其他部门。"""
        found = self.get_object()
        return self.shown(self._fresh(tasks.pass_on(task=found, actor=request.user, **self.validated())))
