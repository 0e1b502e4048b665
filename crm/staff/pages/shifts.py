"""/team/shifts/: the week as a grid, planning, copying, files."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from core import clock
from core.calendars.models import BusinessCalendar
from core.errors import DomainError
from core.exports import export_response
from crm.staff.choices import Role
from crm.staff.models import ShiftPlan, ShiftTemplate, User
from crm.staff.person import person_of
from crm.staff.services import coverage, shifts
from crm.staff.services.guards import managed_ids
from crm.staff.shift_files import COLUMNS, import_shifts
from tickets.models import Queue

PEOPLE = 200
WEEK = timedelta(days=7)


class ShiftForm(forms.Form):
    user = forms.ModelChoiceField(label=lazy("员工"), queryset=User.objects.none())
    on = forms.DateField(label=lazy("日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    opens = forms.TimeField(label=lazy("开始"), widget=forms.TimeInput(attrs={"type": "time"}))
    closes = forms.TimeField(label=lazy("结束"), widget=forms.TimeInput(attrs={"type": "time"}))
    queue = forms.ModelChoiceField(label=lazy("队列"), queryset=Queue.objects.none(), required=False)

    def __init__(self, *args: Any, planner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.visible_to(planner).active().filter(role__in=[Role.AGENT, Role.LEAD])
        self.fields["user"].queryset = people.order_by("username")  # type: ignore[attr-defined]
        self.fields["queue"].queryset = Queue.objects.filter(pk__in=planner.queue_ids)  # type: ignore[attr-defined]
        self.fields["queue"].empty_label = _("负责的全部队列")  # type: ignore[attr-defined]
        for field in self.fields.values():
            is_select = isinstance(field.widget, forms.Select)
            field.widget.attrs["class"] = "form-select" if is_select else "form-control"

    def span(self) -> tuple[datetime, datetime]:
        """The moments; an end that is not after the beginning is on the next day."""
        data = self.cleaned_data
        return shifts.span_of(data["on"], _minutes(data["opens"]), _minutes(data["closes"]))


class CopyForm(forms.Form):
    template = forms.ModelChoiceField(label=lazy("班次模板"), queryset=ShiftTemplate.objects.all())
    first = forms.DateField(label=lazy("从"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last = forms.DateField(label=lazy("到"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    calendar = forms.ModelChoiceField(
        label=lazy("营业日历"),
        queryset=BusinessCalendar.objects.all(),
        required=False,
        help_text=lazy("日历的休息日不排班，调休上班日照排；不选则每天都排。"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            is_select = isinstance(field.widget, forms.Select)
            field.widget.attrs["class"] = "form-select" if is_select else "form-control"


class Grid:
    """A week of those in sight: rows of people, columns of days; in a fixed number of queries."""

    def __init__(self, user: User, monday: date) -> None:
        self.monday = monday
        self.days = [monday + timedelta(days=n) for n in range(7)]
        self.today = timezone.localdate(clock.now())
        self.previous, self.next = monday - WEEK, monday + WEEK
        start, end = _midnight(monday), _midnight(self.next)
        found = ShiftPlan.objects.visible_to(user).filter(starts_at__gte=start, starts_at__lt=end)
        by_cell: dict[tuple[int, date], list[ShiftPlan]] = defaultdict(list)
        for shift in found.select_related("queue", "peak").order_by("starts_at", "pk"):
            # A night shift stands on the day it begins.
            by_cell[shift.user_id, timezone.localdate(shift.starts_at)].append(shift)
        people = User.objects.visible_to(user).active().filter(role__in=[Role.AGENT, Role.LEAD])
        self.people = list(people.order_by("username")[:PEOPLE])
        self.rows = [(person, [(day, by_cell[person.pk, day]) for day in self.days]) for person in self.people]
        shown = {person.pk: person for person in self.people}
        self.list = [
            (day, [(shown[pk], cell) for (pk, on), cell in by_cell.items() if on == day and cell and pk in shown])
            for day in self.days
        ]
        self.gaps = (
            coverage.gaps(start=max(start, clock.now()), end=end, queue_ids=user.queue_ids) if end > clock.now() else []
        )


@login_required
@permission_required("staff.view_shiftplan", raise_exception=True)
@require_GET
def week(request: HttpRequest) -> HttpResponse:
    """The week of the address (`?week=2026-11-16`), this one without."""
    return _shown(request)


@login_required
@permission_required("staff.add_shiftplan", raise_exception=True)
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    form = ShiftForm(request.POST, planner=person)
    if not form.is_valid():
        return _shown(request, form=form, status=400)
    data = form.cleaned_data
    start, end = form.span()

    def plan() -> str:
        shifts.create_shift(user=data["user"], starts_at=start, ends_at=end, queue=data["queue"], actor=person)
        return _("已排班。")

    return _done(request, plan, form, {"starts_at": "on", "ends_at": "closes"})


@login_required
@permission_required("staff.delete_shiftplan", raise_exception=True)
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    shift = get_object_or_404(ShiftPlan.objects.visible_to(person_of(request)).select_related("user"), pk=pk)

    def take_back() -> str:
        shifts.cancel_shift(shift=shift, actor=person_of(request))
        return _("班次已取消。")

    return _done(request, take_back)


@login_required
@permission_required("staff.add_shiftplan", raise_exception=True)
@require_POST
def copy(request: HttpRequest) -> HttpResponse:
    form = CopyForm(request.POST)
    if not form.is_valid():
        return _shown(request, copy_form=form, status=400)

    def plan() -> str:
        done = shifts.copy_template(actor=person_of(request), **form.cleaned_data)
        for sentence in done.skipped[:5]:
            messages.warning(request, sentence)
        told: str = _("排了 %(made)s 个班次，跳过 %(skipped)s 个，休息 %(days)s 天。") % {
            "made": len(done.made),
            "skipped": len(done.skipped),
            "days": len(done.holidays),
        }
        return told

    return _done(request, plan, form)


@login_required
@permission_required("staff.add_shiftplan", raise_exception=True)
@require_POST
def import_file(request: HttpRequest) -> HttpResponse:
    upload = request.FILES.get("file")
    if upload is None:
        messages.error(request, _("请选择文件。"))
        return redirect(_address(request))

    def take() -> str:
        done = import_shifts(upload=upload, actor=person_of(request))
        for fault in done.errors[:10]:
            messages.error(request, _("第 %(line)s 行：%(reason)s") % fault)
        told: str = _("导入 %(created)s 行，已有 %(existing)s 行，有错 %(failed)s 行。") % {
            "created": done.created,
            "existing": done.existing,
            "failed": len(done.errors),
        }
        return told

    return _done(request, take)


@login_required
@permission_required("staff.add_shiftplan", raise_exception=True)
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    rows = ShiftPlan.objects.visible_to(person_of(request)).filter(ends_at__gt=clock.now(), peak=None)
    try:
        return export_response(
            request,
            rows=rows.select_related("user", "queue").order_by("starts_at", "id"),
            columns=COLUMNS,
            permission="staff.add_shiftplan",
            kind="shift",
            file_format="csv",
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("shift_week")


def _done(
    request: HttpRequest, act: Callable[[], str], form: Any = None, names: dict[str, str] | None = None
) -> HttpResponse:
    """Act and go back to the week; what is refused stands beside its field, or is told above."""
    try:
        messages.success(request, act())
    except DomainError as error:
        if error.status == 403:
            raise
        if form is None:
            messages.error(request, error.message)
            return redirect(_address(request))
        for name in error.fields or {"": []}:
            field = (names or {}).get(name, name)
            form.add_error(field if field in form.fields else None, error.message)
        kind = "form" if isinstance(form, ShiftForm) else "copy_form"
        return _shown(request, status=400, **{kind: form})
    return redirect(_address(request))


def _shown(request: HttpRequest, *, status: int = 200, **forms_given: Any) -> HttpResponse:
    person = person_of(request)
    monday = _monday(request)
    may_plan = person.has_perm("staff.add_shiftplan")
    context: dict[str, Any] = {"grid": Grid(person, monday), "may_plan": may_plan, "now": clock.now()}
    if may_plan:
        context["form"] = ShiftForm(planner=person, initial={"on": monday, "opens": "09:00", "closes": "18:00"})
        context["copy_form"] = CopyForm(initial={"first": monday + WEEK, "last": monday + WEEK + timedelta(days=6)})
        context["managed"] = managed_ids(person)
    return render(request, "crm/shifts/week.html", {**context, **forms_given}, status=status)


def _monday(request: HttpRequest) -> date:
    given = request.POST.get("week") or request.GET.get("week", "")
    try:
        day = date.fromisoformat(given) if given else timezone.localdate(clock.now())
    except ValueError as error:
        raise Http404 from error
    if not 2000 <= day.year < 2100:
        raise Http404
    return day - timedelta(days=day.weekday())


def _address(request: HttpRequest) -> str:
    return f"{reverse('shift_week')}?week={_monday(request)}"


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(0)))


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute
