"""Customers over HTTP: thin views over the services."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.schema import example
from core.api.viewsets import WriteViewSet
from core.errors import NotFound
from core.language import mask_text
from core.text import row_id
from customers import services
from customers.api import care, standing
from customers.api import serializers as shapes
from customers.api.filters import CustomerFilter
from customers.models import CareNote, Customer, CustomerMerge, CustomerTag, Tag
from customers.services.care import care_notes_of
from customers.services.consents import consents_of
from customers.services.validation import field_error

CREATE_EXAMPLE = example(
    "新客户",
    {
        "name": "陈静",
        "phone": "+86 138 0013 8000",
        "external_ids": {"taobao": "tb_88"},
        "important": True,
        "important_until": "2027-01-01T00:00:00+08:00",
        "preferences": {"称呼": "陈女士", "联系时间": "工作日晚上"},
    },
    request_only=True,
)
TAG_EXAMPLE = example(
    "带到期时间的标签",
    {"tag": "大促敏感", "reason": "双十一投诉过物流", "expires_at": "2026-12-31T00:00:00+08:00"},
    request_only=True,
)
CONSENT_EXAMPLE = example(
    "电话里同意营销短信",
    {
        "purpose": "marketing_sms",
        "decision": "granted",
        "channel": "phone",
        "is_asked": True,
        "wording": "是否同意我们每月最多两次向您发送优惠短信？可随时回复 R 退订。",
        "wording_version": "2026-10",
        "evidence": "录音 20261118-0042",
    },
    request_only=True,
)
CARE_EXAMPLE = example("不要说的话", {"kind": "avoid", "text": "不要提上次的退款"}, request_only=True)
REVEAL_EXAMPLE = example("核对收件电话", {"field": "phone", "reason": "核对收件人电话"}, request_only=True)
INTO = OpenApiParameter("into", int, required=True, description=lazy("保留的客户"))


class CustomerViewSet(WriteViewSet):
    """客户：查找、新建、修改、合并、打标签。"""

    model = Customer
    serializer_class = shapes.CustomerUpdateSerializer
    read_serializer_class = shapes.CustomerSerializer
    serializer_classes = {
        "create": shapes.CustomerCreateSerializer,
        "merge": shapes.CustomerMergeSerializer,
        "unmerge": shapes.CustomerUnmergeSerializer,
        "reveal": shapes.RevealSerializer,
        "verify": shapes.VerifySerializer,
        "tags": shapes.CustomerTagCreateSerializer,
        "consents": standing.ConsentCreateSerializer,
        "care_notes": care.CareNoteCreateSerializer,
    }
    required_permissions = {
        "list": "customers.view_customer",
        "retrieve": "customers.view_customer",
        "create": "customers.add_customer",
        "partial_update": "customers.change_customer",
        "merge": "customers.merge_customer",
        "unmerge": "customers.merge_customer",
        "reveal": "customers.reveal_customer",
        "verify": "customers.change_customer",
        "tags": "customers.tag_customer",
        "list_tags": "customers.view_customer",
        "remove_tag": "customers.tag_customer",
        "preview_merge": "customers.merge_customer",
        "consents": "customers.add_consentrecord",
        "list_consents": "customers.view_consentrecord",
        "care_notes": "customers.change_customer",
        "list_care_notes": "customers.view_customer",
        "end_care_note": "customers.change_customer",
    }
    extra_query_parameters = {"preview_merge": ("into",)}
    filterset_class = CustomerFilter
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Any]:
        if self.action in ("retrieve", "unmerge") and not getattr(self, "swagger_fake_view", False):
            return Customer.objects.reachable_by(self.request.user).for_list()
        return super().get_queryset().for_list()  # type: ignore[attr-defined,no-any-return]

    @extend_schema(examples=[CREATE_EXAMPLE])
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> Customer:
        data = dict(serializer.validated_data)
        return services.create_customer(
            actor=self.request.user,
            external_ids=data.pop("external_ids", None),
            allow_duplicate=data.pop("allow_duplicate", False),
            changes=data,  # type: ignore[arg-type]
        )

    def update_instance(self, instance: Customer, serializer: Any) -> Customer:
        data = dict(serializer.validated_data)
        services.update_customer(
            customer=instance,
            actor=self.request.user,
            revision=data.pop("revision", None),
            allow_duplicate=data.pop("allow_duplicate", False),
            changes=data,  # type: ignore[arg-type]
        )
        return self.get_object()  # type: ignore[no-any-return]

    @extend_schema(request=shapes.RevealSerializer, responses=shapes.RevealedSerializer, examples=[REVEAL_EXAMPLE])
    @action(detail=True, methods=["post"])
    def reveal(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        customer, data = self.get_object(), self.validated()
        value = services.reveal_customer(customer=customer, actor=request.user, **data)
        return Response({"field": data["field"], "value": value})

    @extend_schema(request=shapes.VerifySerializer, responses=shapes.CustomerSerializer)
    @action(detail=True, methods=["post"])
    def verify(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        customer, field = self.get_object(), self.validated()["field"]
        verify = services.verify_phone if field == "phone" else services.verify_email
        verify(customer=customer, actor=request.user)
        return self.shown(self.get_object())

    # Merging ------------------------------------------------------------------------------

    @extend_schema(
        request=shapes.CustomerMergeSerializer,
        responses=shapes.CustomerMergeShownSerializer,
        examples=[example("合并到 12 号客户", {"into": 12, "choices": {"name": "source"}}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        source, data = self.get_object(), self.validated()
        merge = services.merge_customers(
            source=source, target=self._target(data["into"]), actor=request.user, choices=data.get("choices")
        )
        return Response({"merge": merge.pk})

    @extend_schema(parameters=[INTO], responses=shapes.FieldPreviewSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], url_path="merge-preview", pagination_class=None, filterset_class=None)
    def preview_merge(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        raw = request.query_params.get("into", "")
        lines = services.preview_merge(source=self.get_object(), target=self._target(row_id(raw) or 0))
        return Response(shapes.FieldPreviewSerializer(lines, many=True).data)

    def _target(self, pk: int) -> Customer:
        target: Customer | None = Customer.objects.visible_to(self.request.user).filter(pk=pk).first()
        if target is None:
            raise field_error("into", _("没有这位客户。"))
        return target

    @extend_schema(request=shapes.CustomerUnmergeSerializer, responses=shapes.CustomerSerializer)
    @action(detail=True, methods=["post"])
    def unmerge(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        source, data = self.get_object(), self.validated()
        merge = CustomerMerge.objects.filter(pk=data["merge"], source=source).first()
        if merge is None:
            raise field_error("merge", _("该客户没有这次合并。"))
        services.unmerge_customers(merge=merge, actor=request.user)
        return self.shown(self.get_object())

    # Labels -------------------------------------------------------------------------------

    @extend_schema(
        request=shapes.CustomerTagCreateSerializer,
        responses={201: shapes.CustomerTagSerializer},
        examples=[TAG_EXAMPLE],
    )
    @action(detail=True, methods=["post"], pagination_class=None)
    def tags(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        customer, data = self.get_object(), dict(self.validated())
        tag = Tag.objects.filter(name=data.pop("tag")).first()
        if tag is None:
            raise field_error("tag", _("没有这个标签。"))
        spell = services.add_tag(customer=customer, tag=tag, actor=request.user, **data)
        return Response(shapes.CustomerTagSerializer(spell).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=shapes.CustomerTagSerializer(many=True), filters=False)
    @tags.mapping.get
    def list_tags(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        spells = CustomerTag.objects.active().filter(customer=self.get_object()).select_related("tag__group")
        return Response(shapes.CustomerTagSerializer(spells, many=True).data)

    @extend_schema(parameters=[OpenApiParameter("tag", str, "path", description=lazy("标签名"))], responses={204: None})
    @action(detail=True, methods=["delete"], url_path=r"tags/(?P<tag>[^/]+)")
    def remove_tag(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        customer = self.get_object()
        tag = Tag.objects.filter(name=kwargs["tag"]).first()
        if tag is None:
            raise NotFound(_("没有这个标签。"))
        services.remove_tag(customer=customer, tag=tag, actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    # Consents -----------------------------------------------------------------------------

    @extend_schema(
        request=standing.ConsentCreateSerializer,
        responses={201: standing.ConsentSerializer},
        examples=[CONSENT_EXAMPLE],
    )
    @action(detail=True, methods=["post"], pagination_class=None)
    def consents(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Note what the customer said about one purpose; nothing noted is ever changed."""
        customer, data = self.get_object(), self.validated()
        record = services.record_consent(customer=customer, actor=request.user, **data)
        return Response(standing.ConsentSerializer(record).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=standing.ConsentsSerializer, filters=False)
    @consents.mapping.get
    def list_consents(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(standing.ConsentsSerializer(consents_of(self.get_object())).data)

    # Preferences, and what not to say ---------------------------------------------------------

    @extend_schema(
        request=care.CareNoteCreateSerializer, responses={201: care.CareNoteSerializer}, examples=[CARE_EXAMPLE]
    )
    @action(detail=True, methods=["post"], url_path="care-notes", pagination_class=None)
    def care_notes(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        note = services.add_care_note(customer=self.get_object(), actor=request.user, **self.validated())
        return Response(care.CareNoteSerializer(note).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=care.CareNotesSerializer, filters=False)
    @care_notes.mapping.get
    def list_care_notes(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        notes = care_notes_of(self.get_object())
        if request.user.is_auditor:
            for note in notes:
                note.text = mask_text(note.text)
        return Response(care.CareNotesSerializer({"results": notes}).data)

    @extend_schema(parameters=[OpenApiParameter("note", int, OpenApiParameter.PATH)], responses={204: None})
    @action(detail=True, methods=["delete"], url_path=r"care-notes/(?P<note>[0-9]{1,18})", pagination_class=None)
    def end_care_note(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        note = CareNote.objects.filter(pk=int(kwargs["note"]), customer=self.get_object(), ended_at=None).first()
        if note is None:
            raise NotFound(_("没有这条服务提示。"))
        services.end_care_note(note=note, actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
