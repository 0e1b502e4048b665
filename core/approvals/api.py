"""/api/v1/approvals/"""

from typing import Any

import django_filters
from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core import clock
from core.api.fields import CleanCharField, MomentField
from core.api.people import PersonSerializer
from core.api.permissions import SIGNED_IN
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet
from core.approvals import registry, services
from core.approvals.models import ApprovalRequest, ApprovalState, Substitution
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


SUBSTITUTION_EXAMPLE = {
    "substitute": 12,
    "starts_at": "2026-12-01T09:00:00+08:00",
    "ends_at": "2026-12-08T18:00:00+08:00",
}


class SubstitutionSerializer(serializers.ModelSerializer):
    """谁在何时代谁审批。"""

    person = PersonSerializer()
    substitute = PersonSerializer()

    class Meta:
        model = Substitution
        fields = ("id", "person", "substitute", "starts_at", "ends_at", "created_at")


class SubstitutionCreateSerializer(StrictSerializer):
    substitute = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    starts_at = MomentField(required=False, help_text=gettext_lazy("不填则从现在起。"))
    ends_at = MomentField()
    person = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text=gettext_lazy("不在的人，默认本人；只有管理员能为他人指定。"),
    )

    def validate_substitute(self, value: int) -> Any:
        people: Any = get_user_model().objects
        return _named(people.possible_substitutes(self.context["request"].user), value)

    def validate_person(self, value: int) -> Any:
        people: Any = get_user_model().objects
        return _named(people.visible_to(self.context["request"].user).active(), value)


def _named(people: Any, pk: int) -> Any:
    found = people.filter(pk=pk).first()
    if found is None:
        raise serializers.ValidationError(_("没有这位员工。"))
    return found


class SubstitutionViewSet(CreateMixin, ReadViewSet):
    """审批代理：本人不在时由谁代为审批；代理人永不审批自己的申请。"""

    queryset = Substitution.objects.select_related("person", "substitute")
    read_serializer_class = SubstitutionSerializer
    serializer_class = SubstitutionCreateSerializer
    required_permissions = {
        "list": SIGNED_IN,
        "retrieve": SIGNED_IN,
        "create": "core.add_substitution",
        "destroy": "core.delete_substitution",
    }

    @extend_schema(
        request=SubstitutionCreateSerializer,
        responses={201: SubstitutionSerializer},
        examples=[example("出差一周", SUBSTITUTION_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> Substitution:
        values = {"starts_at": clock.now(), "person": self.request.user, **serializer.validated_data}
        return services.name_substitute(actor=self.request.user, **values)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """结束代理：已开始的到此为止，未开始的取消。"""
        services.end_substitution(substitution=self.get_object(), actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
