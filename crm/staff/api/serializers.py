"""Staff, teams and keys as JSON."""

from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.fields import CleanCharField, MomentField
from core.api.serializers import StrictModelSerializer, StrictSerializer
from crm.staff.choices import Availability, Role
from crm.staff.models import ApiToken, Team, User
from tickets.models import Queue

_LARGEST_ID = 2**63 - 1


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string", "maxLength": 100}]})
class RowField(serializers.Field):
    """Names a row by its id or by a unique word (`words` are the columns it may stand in)."""

    default_error_messages = {"unknown": _("“{value}”不存在。")}

    def __init__(self, *, rows: QuerySet[Any], words: tuple[str, ...], **kwargs: Any) -> None:
        self.rows = rows
        self.words = words
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Model:
        row = None
        if isinstance(data, int) and not isinstance(data, bool) and 0 < data <= _LARGEST_ID:
            row = self.rows.filter(pk=data).first()
        elif isinstance(data, str) and 0 < len(data) <= 100 and "\x00" not in data and data.isprintable():
            condition = Q()
            for word in self.words:
                condition |= Q(**{word: data})
            row = self.rows.filter(condition).order_by("pk").first()
        if row is None:
            self.fail("unknown", value=str(data)[:100])
        return row

    def to_representation(self, value: Any) -> Any:
        return value.pk


class TeamBriefSerializer(serializers.Serializer):
    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True)


class QueueBriefSerializer(TeamBriefSerializer):
    key = serializers.CharField(read_only=True)


class StaffSerializer(StrictModelSerializer):
    """A colleague as colleagues see them."""

    name = serializers.CharField(read_only=True)
    teams = TeamBriefSerializer(many=True, read_only=True)
    primary_team = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "id",
            "username",
            "name",
            "display_name",
            "email",
            "role",
            "teams",
            "primary_team",
            "availability",
            "concurrency_limit",
            "skills",
            "is_active",
            "last_seen_at",
            "joined_at",
        ]

    @extend_schema_field(TeamBriefSerializer(allow_null=True))
    def get_primary_team(self, person: User) -> dict[str, Any] | None:
        primary = next((membership.team for membership in person.memberships.all() if membership.is_primary), None)
        return {"id": primary.pk, "name": primary.name} if primary else None


def _team_field(**kwargs: Any) -> RowField:
    return RowField(rows=Team.objects.all(), words=("name",), **kwargs)


class StaffChangeSerializer(StrictSerializer):
    """What PATCH takes. One's own `availability` anybody may set, the rest is for managers."""

    display_name = CleanCharField(max_length=100, required=False, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    role = serializers.ChoiceField(choices=Role.choices, required=False)
    teams = serializers.ListField(child=_team_field(), required=False, max_length=50)
    primary_team = _team_field(required=False)
    availability = serializers.ChoiceField(choices=Availability.choices, required=False)
    concurrency_limit = serializers.IntegerField(min_value=0, max_value=200, required=False)
    skills = serializers.ListField(child=CleanCharField(max_length=100), required=False, max_length=50)
    is_active = serializers.BooleanField(required=False)


class StaffCreateSerializer(StrictSerializer):
    """What POST takes. Without a password nobody can sign in until one is set."""

    username = serializers.RegexField(r"^[\w.@+-]+$", max_length=100)
    role = serializers.ChoiceField(choices=Role.choices, default=Role.AGENT)
    password = serializers.CharField(max_length=128, required=False, write_only=True, trim_whitespace=False)
    display_name = CleanCharField(max_length=100, required=False, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    teams = serializers.ListField(child=_team_field(), required=False, max_length=50)
    primary_team = _team_field(required=False)
    concurrency_limit = serializers.IntegerField(min_value=0, max_value=200, required=False)
    skills = serializers.ListField(child=CleanCharField(max_length=100), required=False, max_length=50)


class LogoutSerializer(StrictSerializer):
    reason = CleanCharField(max_length=200)


class LoggedOutSerializer(serializers.Serializer):
    availability = serializers.CharField()
    returned = serializers.IntegerField(help_text=_("退回队列的会话数"))


class TeamSerializer(StrictSerializer):
    """A team: its place in the tree and the queues it serves."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True)
    parent = serializers.IntegerField(  # type: ignore[assignment]
        source="parent_id", read_only=True, allow_null=True
    )
    queues = QueueBriefSerializer(many=True, read_only=True)
    created_at = serializers.DateTimeField(read_only=True)


class TeamWriteSerializer(StrictSerializer):
    """`parent` and `queues` by id or by name; a list that is sent replaces the stored one."""

    name = CleanCharField(max_length=100)
    parent = _team_field(required=False, allow_null=True)  # type: ignore[assignment]
    queues = serializers.ListField(
        child=RowField(rows=Queue.objects.all(), words=("key", "name")), required=False, max_length=500
    )


class TokenSerializer(StrictModelSerializer):
    class Meta:
        model = ApiToken
        fields = ["id", "name", "prefix", "user", "created_at", "expires_at", "revoked_at", "last_used_at"]


class TokenCreateSerializer(StrictSerializer):
    name = CleanCharField(max_length=100, required=False, allow_blank=True)
    expires_at = MomentField(required=False, allow_null=True)


class IssuedTokenSerializer(TokenSerializer):
    """The only answer that holds the key itself."""

    token = serializers.CharField(read_only=True)

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]
