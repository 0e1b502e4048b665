"""/api/v1/business-calendars/"""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from core.api.fields import CleanCharField
from core.api.schema import example
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.api.viewsets import WriteViewSet
from core.calendars import services
from core.calendars.models import BusinessCalendar, CalendarDay, DayKind, HolidaySource
from core.calendars.services import DayInput, HoursInput, parse_minute

_MAX_WINDOWS = 7 * 24
_MAX_DAYS = 3660


@extend_schema_field({"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"})
class MinuteField(serializers.Field):
    """A wall clock reading "HH:MM" up to "24:00"; minutes after midnight inside."""

    default_error_messages = {"invalid": _("请填写 00:00 到 24:00 的时间，例如 09:00。")}

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return parse_minute(data)
        except ValueError:
            self.fail("invalid")
        raise AssertionError("unreachable")

    def to_representation(self, value: int) -> str:
        return services.minute_text(value)


class WindowSerializer(StrictSerializer):
    opens = MinuteField()
    closes = MinuteField()


class HoursSerializer(StrictSerializer):
    """One opening window of a weekday; 0 is Monday."""

    weekday = serializers.IntegerField(min_value=0, max_value=6)
    opens = MinuteField(source="opens_minute")
    closes = MinuteField(source="closes_minute")


class DaySerializer(StrictSerializer):
    """An exception for one day. A working day without hours has Monday's (else the first open weekday's)."""

    on = serializers.DateField()
    kind = serializers.ChoiceField(choices=DayKind.choices)
    hours = WindowSerializer(many=True, required=False, allow_null=True, max_length=24)  # type: ignore[call-arg]

    def to_representation(self, instance: CalendarDay) -> dict[str, Any]:
        return {"on": instance.on.isoformat(), "kind": instance.kind, "hours": instance.hours}


class BusinessCalendarSerializer(StrictModelSerializer):
    """A working calendar. A list that is sent replaces the stored one."""

    name = CleanCharField(max_length=100)
    timezone = CleanCharField(max_length=64, default="Asia/Shanghai")
    holidays = serializers.ChoiceField(choices=HolidaySource.choices, allow_null=True, default=HolidaySource.CN)
    hours = HoursSerializer(many=True, max_length=_MAX_WINDOWS)  # type: ignore[call-arg]
    days = DaySerializer(many=True, required=False, max_length=_MAX_DAYS)  # type: ignore[call-arg]

    class Meta:
        model = BusinessCalendar
        fields = ["id", "name", "timezone", "holidays", "hours", "days", "version", "created_at", "updated_at"]
        read_only_fields = ["id", "version", "created_at", "updated_at"]

    def validate_hours(self, value: list[dict[str, int]]) -> list[HoursInput]:
        return [HoursInput(**item) for item in value]

    def validate_days(self, value: list[dict[str, Any]]) -> list[DayInput]:
        return [
            DayInput(
                on=item["on"],
                kind=item["kind"],
                windows=tuple((window["opens"], window["closes"]) for window in item.get("hours") or ()) or None,
            )
            for item in value
        ]

    def save(self, **kwargs: Any) -> BusinessCalendar:
        calendar = services.save_calendar(
            actor=self.context["request"].user, calendar=self.instance, **self.validated_data
        )
        return BusinessCalendar.objects.with_lists().get(pk=calendar.pk)


EXAMPLE = example(
    "工作日上午与下午",
    {
        "name": "客服时间",
        "hours": [
            {"weekday": day, "opens": opens, "closes": closes}
            for day in range(5)
            for opens, closes in (("09:00", "12:00"), ("13:30", "18:00"))
        ],
        "days": [{"on": "2026-11-11", "kind": "working", "hours": [{"opens": "08:00", "closes": "24:00"}]}],
    },
    request_only=True,
)


@extend_schema_view(create=extend_schema(examples=[EXAMPLE]))
class BusinessCalendarViewSet(WriteViewSet):
    """营业日历：每周营业时间、法定节假日与调休、特别日期。"""

    queryset = BusinessCalendar.objects.with_lists()
    serializer_class = BusinessCalendarSerializer
    required_permissions = {
        "list": "core.view_businesscalendar",
        "retrieve": "core.view_businesscalendar",
        "create": "core.add_businesscalendar",
        "partial_update": "core.change_businesscalendar",
    }
