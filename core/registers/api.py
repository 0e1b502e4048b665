"""What every register answers over the API: list, detail, POST, PATCH, transitions, evidence and links."""

from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField
from core.api.people import PersonSerializer
from core.api.serializers import StrictSerializer
from core.api.viewsets import WriteViewSet
from core.registers import services
from core.registers.services import EVIDENCE_LENGTH, REASON_LENGTH, evidence_of, links_of

RECORD_FIELDS = (
    "id", "title", "details", "owner", "state", "review_on", "created_by", "created_at", "updated_at", "closed_at",
)  # fmt: skip


class EvidenceSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    text = serializers.CharField()
    url = serializers.CharField()
    added_by = PersonSerializer(allow_null=True)
    added_at = serializers.DateTimeField()


class LinkSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    target = serializers.CharField(source="target_type")
    target_id = serializers.IntegerField()
    label = serializers.CharField()


class EvidenceInputSerializer(StrictSerializer):
    text = CleanCharField(max_length=EVIDENCE_LENGTH, multiline=True)
    url = serializers.URLField(max_length=500, required=False, allow_blank=True, default="")


class LinkInputSerializer(StrictSerializer):
    """关联：target 为 ticket、script、article；word 为工单号或编号。"""

    target = CleanCharField(max_length=40)
    word = CleanCharField(max_length=100)


class RecordMoveSerializer(StrictSerializer):
    """变更状态；reason 记入依据。不允许的变更答 409 并列出 allowed。"""

    state = CleanCharField(max_length=12)
    reason = CleanCharField(max_length=REASON_LENGTH, required=False, allow_blank=True, default="")


class RecordSerializer(serializers.ModelSerializer):
    """The columns of every register; subclasses name their model and add their own."""

    owner = PersonSerializer(allow_null=True)
    created_by = PersonSerializer(allow_null=True)


class RecordInputSerializer(StrictSerializer):
    """The columns of every register that can be written."""

    title = CleanCharField(max_length=200)
    details = CleanCharField(max_length=4000, multiline=True, required=False, allow_blank=True)
    owner = serializers.PrimaryKeyRelatedField(
        queryset=get_user_model()._default_manager.all(), required=False, allow_null=True
    )
    review_on = serializers.DateField(required=False, allow_null=True)

    def validate_owner(self, value: Any) -> Any:
        """Only somebody whom the caller sees."""
        user = self.context["request"].user
        if value is not None and not type(value)._default_manager.visible_to(user).filter(pk=value.pk).exists():
            raise serializers.ValidationError(_("没有这位员工。"))
        return value


class RegisterViewSet(WriteViewSet):
    """A subclass names `model`, serializers, rights and the verbs that write its records."""

    keeper: services.Keeper

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("owner", "created_by")

    def create_instance(self, serializer: Any) -> Any:
        return self.keeper.create(actor=self.request.user, values=serializer.validated_data)

    def update_instance(self, instance: Any, serializer: Any) -> Any:
        return self.keeper.change(record=instance, actor=self.request.user, changes=serializer.validated_data)

    @extend_schema(request=RecordMoveSerializer)
    @action(detail=True, methods=["post"])
    def transitions(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """变更状态。"""
        self.keeper.move(record=self.get_object(), actor=request.user, **self._read(RecordMoveSerializer))
        return self.shown(self.get_object())

    @extend_schema(methods=["GET"], responses=EvidenceSerializer(many=True), filters=False)
    @extend_schema(methods=["POST"], request=EvidenceInputSerializer, responses={201: EvidenceSerializer})
    @action(detail=True, methods=["get", "post"], pagination_class=None, filterset_class=None)
    def evidence(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """依据：查看与添加。"""
        record = self.get_object()
        if request.method == "POST":
            kept = services.add_evidence(record=record, actor=request.user, **self._read(EvidenceInputSerializer))
            return Response(EvidenceSerializer(kept).data, status=status.HTTP_201_CREATED)
        return Response(EvidenceSerializer(evidence_of(record), many=True).data)

    @extend_schema(methods=["GET"], responses=LinkSerializer(many=True), filters=False)
    @extend_schema(methods=["POST"], request=LinkInputSerializer, responses={201: LinkSerializer})
    @action(detail=True, methods=["get", "post"], pagination_class=None, filterset_class=None)
    def links(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """关联：查看与添加。"""
        record = self.get_object()
        if request.method == "POST":
            given = self._read(LinkInputSerializer)
            kept = services.add_link(record=record, actor=request.user, target_type=given["target"], word=given["word"])
            return Response(LinkSerializer(kept).data, status=status.HTTP_201_CREATED)
        return Response(LinkSerializer(links_of(record, request.user), many=True).data)

    def _read(self, shape: type[StrictSerializer]) -> Any:
        serializer = shape(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


def register_rights(app_label: str, model_name: str) -> dict[str, str | tuple[str, ...]]:
    """The rights of a register's actions. Reading evidence and links is looking; writing them is asked below."""
    look, change = f"{app_label}.view_{model_name}", f"{app_label}.change_{model_name}"
    return {
        "list": look,
        "retrieve": look,
        "create": f"{app_label}.add_{model_name}",
        "partial_update": change,
        "transitions": change,
        "evidence": look,
        "links": look,
    }
