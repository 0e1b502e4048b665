from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from core.admin_bases import ServiceAdmin
from core.calendars import services
from core.calendars.arithmetic import Windows
from core.calendars.models import (
    BusinessCalendar,
    CalendarDay,
    OpeningHours,
    PublicHoliday,
    PublicHolidayYear,
    minute_text,
)
from core.calendars.public_days import PublicDay
from core.calendars.services import DayInput, HoursInput
from core.errors import DomainError

_WORKS = {"班": True, "上班": True, "休": False, "休息": False}


class MinuteFormField(forms.CharField):
    """HH:MM on the page, minutes after midnight inside."""

    widget = UnfoldAdminTextInputWidget

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        try:
            return services.parse_minute(text.strip())
        except ValueError as error:
            raise ValidationError(_("请填写 00:00 到 24:00 的时间，例如 09:00。")) from error

    def prepare_value(self, value: Any) -> Any:
        return minute_text(value) if isinstance(value, int) else value


class WindowsFormField(forms.CharField):
    """ "09:00-12:00 13:00-18:00" on the page, windows inside; empty for the usual hours."""

    widget = UnfoldAdminTextInputWidget

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        try:
            pairs = [part.replace("–", "-").split("-") for part in text.split()]
            windows: Windows = tuple(
                (services.parse_minute(opens), services.parse_minute(closes)) for opens, closes in pairs
            )
        except ValueError as error:
            raise ValidationError(_("请按“09:00-12:00 13:00-18:00”的格式填写。")) from error
        return windows or None

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return " ".join(f"{item['opens']}-{item['closes']}" for item in value)
        return value


class HoursForm(forms.ModelForm):
    opens_minute = MinuteFormField(label=_("开始"))
    closes_minute = MinuteFormField(label=_("结束"))

    class Meta:
        model = OpeningHours
        fields = ["weekday", "opens_minute", "closes_minute"]


class DayForm(forms.ModelForm):
    hours = WindowsFormField(label=_("营业时间"), required=False, help_text=_("留空则用周一的时间。"))

    class Meta:
        model = CalendarDay
        fields = ["on", "kind", "hours"]


def _kept(formset: BaseInlineFormSet) -> list[dict[str, Any]]:
    return [
        form.cleaned_data
        for form in formset.forms
        if getattr(form, "cleaned_data", None) and not form.cleaned_data.get("DELETE")
    ]


class HoursFormSet(BaseInlineFormSet):
    def inputs(self) -> Sequence[HoursInput]:
        return [HoursInput(item["weekday"], item["opens_minute"], item["closes_minute"]) for item in _kept(self)]

    def clean(self) -> None:
        super().clean()
        if not any(self.errors):
            _refuse(services.check_hours, self.inputs())


class DayFormSet(BaseInlineFormSet):
    def inputs(self) -> Sequence[DayInput]:
        return [DayInput(item["on"], item["kind"], item["hours"]) for item in _kept(self)]

    def clean(self) -> None:
        super().clean()
        if not any(self.errors):
            _refuse(services.check_days, self.inputs())


def _refuse(check: Any, inputs: Any) -> None:
    """Show a service's sentence where Django shows form errors."""
    try:
        check(inputs)
    except DomainError as error:
        raise ValidationError(error.message) from error


class HoursInline(TabularInline):
    model = OpeningHours
    form = HoursForm
    formset = HoursFormSet
    extra = 0


class DayInline(TabularInline):
    model = CalendarDay
    form = DayForm
    formset = DayFormSet
    extra = 0


class CalendarForm(forms.ModelForm):
    class Meta:
        model = BusinessCalendar
        fields = ["name", "timezone", "holidays"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "timezone" in data:
            _refuse(services.check_timezone, data["timezone"])
        return data


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(ServiceAdmin):
    form = CalendarForm
    list_display = ["name", "timezone", "holidays", "version", "updated_at"]
    search_fields = ["name"]
    inlines = [HoursInline, DayInline]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: BusinessCalendar, form: Any, change: bool) -> None:
        """Nothing yet: the row and its lists are written together by the service in `save_related`."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        hours, days = formsets
        saved = services.save_calendar(
            actor=cast(AbstractBaseUser, request.user),
            calendar=form.instance if change else None,
            hours=hours.inputs(),
            days=days.inputs(),
            **form.cleaned_data,
        )
        form.instance.pk = saved.pk
        for formset in formsets:
            formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []


class PublicYearForm(forms.ModelForm):
    """A year as the State Council announced it, one day a line."""

    year = forms.IntegerField(label=_("年份"), min_value=2004, max_value=2100, widget=UnfoldAdminTextInputWidget)
    days = forms.CharField(
        label=_("节假日与调休"),
        widget=UnfoldAdminTextareaWidget,
        help_text=_("每行一天：日期 休或班 名称，例如“2026-10-01 休 国庆节”“2026-10-10 班 调休”。"),
    )

    class Meta:
        model = PublicHolidayYear
        fields = ["year"]

    def clean_days(self) -> list[PublicDay]:
        days = []
        for number, line in enumerate(self.cleaned_data["days"].splitlines(), start=1):
            if line.strip():
                days.append(self._day(number, line.split(maxsplit=2)))
        return days

    def _day(self, number: int, words: list[str]) -> PublicDay:
        try:
            return PublicDay(date.fromisoformat(words[0]), _WORKS[words[1]], "".join(words[2:])[:100])
        except (ValueError, KeyError, IndexError) as error:
            raise ValidationError(_("第 %(n)d 行无法识别。") % {"n": number}) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("days") is not None and data.get("year"):
            _refuse(lambda days: services.check_public_year(data["year"], days), data["days"])
        return data


@admin.register(PublicHolidayYear)
class PublicHolidayYearAdmin(ServiceAdmin):
    form = PublicYearForm
    list_display = ["year", "country", "source", "loaded_at"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: PublicHolidayYear, form: Any, change: bool) -> None:
        services.enter_public_year(
            year=form.cleaned_data["year"], days=form.cleaned_data["days"], actor=cast(AbstractBaseUser, request.user)
        )
        obj.pk = PublicHolidayYear.objects.get(country=obj.country, year=obj.year).pk


@admin.register(PublicHoliday)
class PublicHolidayAdmin(ServiceAdmin):
    list_display = ["on", "kind", "name", "country"]
    list_filter = ["kind"]
    date_hierarchy = "on"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
