"""Recalls over HTTP: scope, plan, start, progress, orders."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField, MomentField
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet
from core.keyset import BadCursor, read_page
from customers.models import Recall, RecallDuty, RecallOrder
from customers.outreach_choices import OutreachChannel
from customers.recall_choices import OurRole, RecallRemedy
from customers.recalls import progress, running, scope
from customers.services.validation import field_error

PAGE = 100
STEPS = [(one.value, one.label) for one in progress.STEPS]
RECALL = {
    "title": "奶油暖手宝",
    "sku": "MHT-NS-02",
    "batches": ["2610A"],
    "reason": "充电时可能过热",
    "is_serious": False,
    "our_role": "seller",
    "remedy": "refund",
    "instructions": "停止使用，回复本消息安排上门取件",
    "channels": ["conversation", "email"],
}
CREATE_EXAMPLE = example("按批次召回", RECALL, request_only=True)
SCOPE_EXAMPLE = example("一个批次", {"sku": "MHT-NS-02", "batches": ["2610A"]}, request_only=True)
MARK_EXAMPLE = example("已退回", {"step": "returned", "note": "仓库已收"}, request_only=True)


class RecallScopeAskSerializer(StrictSerializer):
    sku = CleanCharField(max_length=100)
    batches = serializers.ListField(child=CleanCharField(max_length=100), allow_empty=False, max_length=50)


class RecallScopeSerializer(serializers.Serializer):
    """会影响谁。批次未登记的订单单独计数，不在其中。"""

    orders = serializers.IntegerField()
    customers = serializers.IntegerField()
    units = serializers.IntegerField()
    unknown = serializers.IntegerField(help_text=lazy("同一销售期间内批次未登记的订单"))
    first = serializers.DateTimeField(help_text=lazy("该批次最早的下单时间"))
    last = serializers.DateTimeField(help_text=lazy("该批次最晚的下单时间；之后下单的不受影响"))


class RecallCreateSerializer(RecallScopeAskSerializer):
    title = CleanCharField(max_length=100)
    includes_unknown = serializers.BooleanField(required=False)
    reason = CleanCharField(max_length=running.MAX_TEXT, multiline=True)
    is_serious = serializers.BooleanField(required=False, help_text=lazy("已致人身伤害或重大损失"))
    our_role = serializers.ChoiceField(OurRole.choices)
    remedy = serializers.ChoiceField(RecallRemedy.choices)
    instructions = CleanCharField(max_length=running.MAX_TEXT, multiline=True)
    channels = serializers.ListField(
        child=serializers.ChoiceField(OutreachChannel.choices), required=False, allow_empty=False, max_length=4
    )
    discovered_at = MomentField(required=False)
    is_drill = serializers.BooleanField(required=False, help_text=lazy("演练：只做记录，不通知客户"))


class RecallDutySerializer(serializers.ModelSerializer):
    class Meta:
        model = RecallDuty
        fields = (
            "id",
            "rule",
            "what",
            "basis",
            "clock",
            "due_at",
            "is_certain",
            "is_enabled",
            "done_at",
            "done_by",
        )


class RecallDutyChangeSerializer(StrictSerializer):
    duty = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    done = serializers.BooleanField(required=False)
    enabled = serializers.BooleanField(required=False)


class RecallProgressSerializer(serializers.Serializer):
    """各步的订单数；比例为占全部受影响订单的 0–1。"""

    total = serializers.IntegerField()
    asked = serializers.IntegerField(help_text=lazy("已交付通知的订单"))
    notified = serializers.IntegerField()
    undelivered = serializers.IntegerField(help_text=lazy("通知被退回或无法送达，且没有用其他方式通知到的订单"))
    reached = serializers.IntegerField()
    returned = serializers.IntegerField()
    remedied = serializers.IntegerField()
    shares = serializers.DictField(child=serializers.FloatField())


class RecallSerializer(serializers.ModelSerializer):
    """召回：方案、法定义务与进度。"""

    duties = RecallDutySerializer(many=True, read_only=True)

    class Meta:
        model = Recall
        fields = (
            "id",
            "title",
            "sku",
            "batches",
            "includes_unknown",
            "reason",
            "is_serious",
            "our_role",
            "remedy",
            "instructions",
            "channels",
            "discovered_at",
            "status",
            "is_drill",
            "owner",
            "duties",
            "started_at",
            "closed_at",
            "conclusion",
            "created_at",
        )


class RecallOrderSerializer(serializers.ModelSerializer):
    order_no = serializers.CharField(source="order.order_no")
    customer = serializers.IntegerField(source="order.customer_id")
    step = serializers.SerializerMethodField()

    class Meta:
        model = RecallOrder
        fields = (
            "id",
            "order",
            "order_no",
            "customer",
            "batches",
            "quantity",
            "is_unknown",
            "step",
            "asked_at",
            "reached_at",
            "returned_at",
            "remedied_at",
            "note",
        )

    def get_step(self, row: RecallOrder) -> str:
        return progress.step_of(row)


class RecallOrdersSerializer(serializers.Serializer):
    next = serializers.CharField(allow_null=True, help_text=lazy("下一页的 cursor"))
    previous = serializers.CharField(allow_null=True)
    results = RecallOrderSerializer(many=True)


class RecallMarkSerializer(StrictSerializer):
    step = serializers.ChoiceField(STEPS)
    note = CleanCharField(max_length=progress.MAX_NOTE, required=False, allow_blank=True)


class RecallCloseSerializer(StrictSerializer):
    conclusion = CleanCharField(max_length=running.MAX_TEXT, multiline=True)


class RecallViewSet(CreateMixin, ReadViewSet):
    """大规模召回：按商品与批次通知受影响的客户，每人每渠道一次，并跟踪到补救。"""

    queryset = Recall.objects.prefetch_related("duties")
    read_serializer_class = RecallSerializer
    serializer_class = RecallCreateSerializer
    serializer_classes = {
        "scope": RecallScopeAskSerializer,
        "mark": RecallMarkSerializer,
        "duty": RecallDutyChangeSerializer,
        "close": RecallCloseSerializer,
    }
    extra_query_parameters = {"orders": ("cursor",)}
    required_permissions = {
        "list": "customers.view_recall",
        "retrieve": "customers.view_recall",
        "progress": "customers.view_recall",
        "orders": "customers.view_recall",
        "scope": "customers.add_recall",
        "create": "customers.add_recall",
        "start": "customers.start_recall",
        "close": "customers.start_recall",
        "duty": "customers.handle_recall",
        "mark": "customers.handle_recall",
    }

    @extend_schema(examples=[CREATE_EXAMPLE], request=RecallCreateSerializer, responses={201: RecallSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> Recall:
        return running.create_recall(actor=self.request.user, values=serializer.validated_data)

    @extend_schema(examples=[SCOPE_EXAMPLE], request=RecallScopeAskSerializer, responses=RecallScopeSerializer)
    @action(detail=False, methods=["post"])
    def scope(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """先看会影响多少订单；找不到的批次会说明，不建空召回。"""
        return Response(RecallScopeSerializer(scope.scope_of(**self.validated())).data)

    @extend_schema(request=None, responses=RecallSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """启动：固定受影响的订单并开始通知。"""
        self.nothing_given()
        running.start_recall(recall=self.get_object(), actor=request.user)
        return self.shown(self.get_object())

    @extend_schema(request=RecallCloseSerializer, responses=RecallSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """结束，并写下结论。"""
        running.close_recall(recall=self.get_object(), actor=request.user, **self.validated())
        return self.shown(self.get_object())

    @extend_schema(responses=RecallProgressSerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def progress(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """已通知、已联系到、已退回、已补救的订单与比例。"""
        found = progress.progress_of(self.get_object())
        return Response(RecallProgressSerializer({**vars(found), "shares": found.shares()}).data)

    @extend_schema(request=RecallDutyChangeSerializer, responses=RecallSerializer)
    @action(detail=True, methods=["post"])
    def duty(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记一项法定义务已完成，或启用一项待确认的义务。"""
        recall, data = self.get_object(), dict(self.validated())
        row = recall.duties.filter(pk=data.pop("duty")).first()
        if row is None:
            raise field_error("duty", _("该召回没有这项义务。"))
        running.change_duty(duty=row, actor=request.user, **data)
        return self.shown(self.get_object())

    @extend_schema(
        parameters=[OpenApiParameter("cursor", str, description=lazy("上一页给出的 next"))],
        responses=RecallOrdersSerializer,
        filters=False,
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def orders(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """受影响的订单及其进展，每页 100 张。"""
        rows = self._orders(self.get_object()).select_related("order")
        try:
            page = read_page(rows, ordering=("id",), cursor=request.query_params.get("cursor") or None, size=PAGE)
        except BadCursor as error:
            raise field_error("cursor", _("cursor 无效。")) from error
        return Response(
            RecallOrdersSerializer({"next": page.next, "previous": page.previous, "results": page.rows}).data
        )

    @extend_schema(
        examples=[MARK_EXAMPLE],
        parameters=[OpenApiParameter("affected", int, OpenApiParameter.PATH)],
        request=RecallMarkSerializer,
        responses=RecallOrderSerializer,
    )
    @action(detail=True, methods=["post"], url_path=r"orders/(?P<affected>[0-9]{1,18})")
    def mark(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记一张受影响订单的进展。"""
        rows = self._orders(self.get_object())
        row = rows.filter(pk=int(kwargs["affected"])).first()
        if row is None:
            raise Http404
        progress.mark_order(recall_order=row, actor=request.user, **self.validated())
        return Response(RecallOrderSerializer(rows.select_related("order").get(pk=row.pk)).data)

    def _orders(self, recall: Recall) -> QuerySet[Any]:
        rows: QuerySet[Any] = RecallOrder.objects.visible_to(self.request.user).filter(recall=recall).with_notices()
        return rows
