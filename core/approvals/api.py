"""/api/v1/approvals/"""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import ReadViewSet
from core.approvals import registry, services
from core.approvals.models import ApprovalRequest, ApprovalState
from core.language import mask_text

APPROVE_EXAMPLE = example("批准", {"note": "同意，责任在我方"}, request_only=True)
REJECT_EXAMPLE = example("驳回", {"note": "请先补充照片"}, request_only=True)


class ApprovalSerializer(serializers.ModelSerializer):
    """一项待决定的申请。`may_decide`：您能否审批。"""

    subject = serializers.SerializerMethodField()
    requester = PersonSerializer()
    decider = PersonSerializer(allow_null=True)
    decided_for = PersonSerializer(allow_null=True)
    note = serializers.SerializerMethodField()
    may_decide = serializers.SerializerMethodField()

    class Meta:
        model = ApprovalRequest
        fields = (
            "id", "kind", "subject", "title", "amount", "reason", "state", "requester", "created_at", "expires_at",
            "decider", "decided_for", "decided_at", "note", "may_decide",
        )  # fmt: skip

    def get_subject(self, request: ApprovalRequest) -> dict[str, Any]:
        return {"type": request.subject_type, "id": request.subject_id}

    def get_note(self, request: ApprovalRequest) -> str:
        return mask_text(request.note) if self.context["request"].user.is_auditor else request.note

    def get_may_decide(self, request: ApprovalRequest) -> bool:
        decider: services.Decider = self.context.setdefault("decider", services.Decider(self.context["request"].user))
        return decider.may_decide(request)


class DecisionSerializer(StrictSerializer):
    """审批意见，可留空。"""

    note = CleanCharField(max_length=services.NOTE_LENGTH, multiline=True, required=False, allow_blank=True)


class ApprovalFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=ApprovalState.choices)
    kind = django_filters.ChoiceFilter(choices=lambda: [(kind.key, kind.label) for kind in registry.kinds.values()])

    class Meta:
        model = ApprovalRequest
        fields: list[str] = []


class ApprovalViewSet(ReadViewSet):
    """审批：查看、批准、驳回。申请人不能审批自己的申请。"""

    queryset = ApprovalRequest.objects.select_related("requester", "decider", "decided_for")
    read_serializer_class = ApprovalSerializer
    serializer_classes = {"approve": DecisionSerializer, "reject": DecisionSerializer}
    required_permissions = {
        "list": "core.view_approvalrequest",
        "retrieve": "core.view_approvalrequest",
        "approve": "core.view_approvalrequest",
        "reject": "core.view_approvalrequest",
    }
    filterset_class = ApprovalFilter

    @extend_schema(request=DecisionSerializer, responses=ApprovalSerializer, examples=[APPROVE_EXAMPLE])
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """批准。"""
        return self._decide(approve=True)

    @extend_schema(request=DecisionSerializer, responses=ApprovalSerializer, examples=[REJECT_EXAMPLE])
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """驳回。"""
        return self._decide(approve=False)

    def _decide(self, *, approve: bool) -> Response:
        found = self.get_object()
        note = self.validated().get("note", "")
        return self.shown(services.decide(request=found, actor=self.request.user, approve=approve, note=note))
