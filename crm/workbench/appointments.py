"""On-site and door service (B20): the day or week of a technician, booking, moving, and the signature at the door."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import clock
from core.errors import DomainError
from core.events import Event
from core.language import mask_text
from crm.staff.models import User
from crm.staff.person import person_of
from crm.workbench.access import require
from crm.workbench.chips import Chip, chip, values_of
from customers.forms import MOMENT_FORMAT, DressedForm, RevealForm
from tickets.api.views import attachment_response
from tickets.appointment_choices import AppointmentState, ServiceResult
from tickets.models import Appointment, Ticket
from tickets.services import appointments
from tickets.services.appointments import booking, serving

#: More than a team serves in a week; the list is bounded by its days, not by this.
MOST = 500
PEOPLE = 200
TONES = {AppointmentState.PLANNED: "info", AppointmentState.DONE: "good", AppointmentState.CANCELLED: ""}
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 1, 1)


class _Technicians(forms.ModelChoiceField):
    def label_from_instance(self, person: Any) -> str:
        return str(person.name)


def _technicians(user: User) -> Any:
    return User.objects.visible_to(user).active().exclude(role="auditor").order_by("username")


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(format=MOMENT_FORMAT, attrs={"type": "datetime-local"})
    return forms.DateTimeField(label=label, input_formats=[MOMENT_FORMAT], widget=widget)


class WindowForm(DressedForm):
    """When, and by whom."""

    technician = _Technicians(label=lazy("服务人员"), queryset=User.objects.none(), empty_label=lazy("请选择"))
    starts_at = _moment(lazy("上门时间"))
    ends_at = _moment(lazy("结束时间"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def arrange(self) -> None:
        field: Any = self.fields["technician"]
        field.queryset = _technicians(self.user)


class BookForm(WindowForm):
    ticket = forms.CharField(label=lazy("工单号"), max_length=20)
    address = forms.CharField(label=lazy("上门地址"), max_length=booking.ADDRESS_LENGTH)
    phone = forms.CharField(
        label=lazy("联系电话"),
        max_length=booking.PHONE_LENGTH,
        required=False,
        help_text=lazy("留空时用客户的手机号。"),
    )
    task = forms.CharField(
        label=lazy("服务内容"),
        max_length=booking.TASK_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    field_order = ("ticket", "technician", "starts_at", "ends_at", "address", "phone", "task")


class MoveForm(WindowForm):
    reason = forms.CharField(label=lazy("改约原因"), max_length=booking.REASON_LENGTH)


class CancelForm(DressedForm):
    reason = forms.CharField(label=lazy("取消原因"), max_length=booking.REASON_LENGTH)


class ServeForm(DressedForm):
    result = forms.ChoiceField(
        label=lazy("服务结果"),
        choices=ServiceResult.choices,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        error_messages={"required": lazy("请选择服务结果。")},
    )
    note = forms.CharField(
        label=lazy("服务记录"), max_length=serving.NOTE_LENGTH, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    signature = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"data-signature-value": ""}))
    unsigned_reason = forms.CharField(
        label=lazy("未签名原因"),
        max_length=serving.UNSIGNED_LENGTH,
        required=False,
        help_text=lazy("客户不愿或不能签名时填写。"),
    )


# The list


@dataclass(frozen=True)
class Days:
    """The days a list covers, and the days before and after it."""

    first: date
    count: int

    @classmethod
    def of(cls, query: Any) -> "Days":
        """`?day=2026-11-25&span=week`; a week begins on its Monday, and what cannot be read is today."""
        try:
            day = date.fromisoformat(query.get("day", ""))
        except ValueError:
            day = timezone.localdate(clock.now())
        day = min(max(day, FIRST_DAY), LAST_DAY)
        if query.get("span") == "week":
            return cls(day - timedelta(days=day.weekday()), 7)
        return cls(day, 1)

    @property
    def last(self) -> date:
        return self.first + timedelta(days=self.count - 1)

    @property
    def before(self) -> date:
        return self.first - timedelta(days=self.count)

    @property
    def after(self) -> date:
        return self.first + timedelta(days=self.count)

    @property
    def span(self) -> tuple[datetime, datetime]:
        zone = timezone.get_current_timezone()
        starts, ends = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in (self.first, self.after))
        return starts, ends


def _chips(request: HttpRequest, user: User) -> list[Chip]:
    people = [(str(person.pk), person.name) for person in _technicians(user)[:PEOPLE] if person.pk != user.pk]
    states = [("", _("全部")), *AppointmentState.choices]
    return [
        chip(request.GET, "span", [("", _("一天")), ("week", _("一周"))], before=_("显示")),
        chip(
            request.GET, "technician", [("", _("任何人")), ("me", _("我")), *people], before=_("由"), after=_("上门，")
        ),
        chip(request.GET, "state", states, before=_("状态")),
    ]


@login_required
@permission_required("tickets.view_appointment", raise_exception=True)
@require_GET
def appointment_list(request: HttpRequest) -> HttpResponse:
    """The visits of one day or one week, in the order of time."""
    user = person_of(request)
    chips, days = _chips(request, user), Days.of(request.GET)
    values = values_of(chips)
    rows = Appointment.objects.visible_to(user).between(*days.span)
    if values["technician"]:
        rows = rows.filter(technician=user.pk if values["technician"] == "me" else int(values["technician"]))
    if values["state"]:
        rows = rows.filter(state=values["state"])
    shown = list(rows.for_list().order_by("starts_at", "id")[:MOST])
    for row in shown:
        _dress(row, user)
    groups = [(day, list(of_day)) for day, of_day in groupby(shown, key=_local_day)]
    context = {
        "groups": groups,
        "days": days,
        "today": timezone.localdate(clock.now()),
        "chips": chips,
        "is_filtered": bool(values["technician"] or values["state"]),
        "can_book": user.has_perm("tickets.add_appointment"),
    }
    return render(request, "workbench/appointments/list.html", context)


def _local_day(row: Appointment) -> date:
    return timezone.localtime(row.starts_at).date()


def _dress(row: Any, user: User) -> None:
    row.tone = "bad" if row.is_waiting_for_result else TONES.get(row.state, "")
    row.shown_task = mask_text(row.task or "") if user.is_auditor else row.task
    row.shown_note = mask_text(row.result_note or "") if user.is_auditor else row.result_note


# One visit


def _found(request: HttpRequest, pk: int) -> Appointment:
    found: Appointment | None = Appointment.objects.visible_to(person_of(request)).for_list().filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这次预约，或您无权查看。"))
    return found


def _shown(request: HttpRequest, row: Appointment, status: int = 200, **forms_given: Any) -> HttpResponse:
    user = person_of(request)
    _dress(row, user)
    history = Event.objects.filter(
        subject_type="ticket", subject_id=row.ticket_id, kind__startswith="appointment.", payload__appointment=row.pk
    )
    open_ = row.is_planned
    window = {"technician": row.technician_id, "starts_at": row.starts_at, "ends_at": row.ends_at}
    context = {
        "row": row,
        "history": list(history.select_related("actor").order_by("id")[:50]),
        "sees_ticket": Ticket.objects.visible_to(user).filter(pk=row.ticket_id).exists(),
        "can_change": open_ and user.has_perm("tickets.change_appointment"),
        "can_serve": open_ and user.has_perm("tickets.serve_appointment"),
        "move_form": MoveForm(user=user, initial=window),
        "cancel_form": CancelForm(),
        "serve_form": ServeForm(),
        **forms_given,
    }
    return render(request, "workbench/appointments/detail.html", context, status=status)


@login_required
@permission_required("tickets.view_appointment", raise_exception=True)
@require_GET
def appointment_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Where, when and by whom; at the door, the form for result and signature."""
    return _shown(request, _found(request, pk))


def _initial(request: HttpRequest, user: User) -> dict[str, Any]:
    """What is known of the ticket the form was opened from: its number, and where its order was sent."""
    number = request.GET.get("ticket", "")[:20]
    ticket = Ticket.objects.visible_to(user).named(number).select_related("customer").first()
    now = timezone.localtime(clock.now()).replace(minute=0, second=0, microsecond=0)
    starts = now.replace(hour=9) + timedelta(days=1)
    found = {"ticket": number, "starts_at": starts, "ends_at": starts + timedelta(hours=2)}
    if ticket is not None and ticket.assignee_id:
        found["technician"] = ticket.assignee_id
    return found


@login_required
@permission_required("tickets.add_appointment", raise_exception=True)
@require_http_methods(["GET", "POST"])
def appointment_new(request: HttpRequest) -> HttpResponse:
    """Book a visit for a ticket."""
    user = person_of(request)
    form = BookForm(request.POST or None, user=user, initial=_initial(request, user))
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        ticket = Ticket.objects.visible_to(user).filter(number=data.pop("ticket").strip()).first()
        if ticket is None:
            form.add_error("ticket", _("没有这张工单。"))
        else:
            try:
                made = appointments.book(ticket=ticket, actor=user, **data)
            except DomainError as error:
                form.add_domain_error(error)
            else:
                messages.success(request, _("已预约 %(span)s 上门。") % {"span": made.span})
                return redirect("appointment_page", pk=made.pk)
    return render(request, "workbench/appointments/new.html", {"form": form}, status=422 if form.errors else 200)


def _verb(request: HttpRequest, pk: int, name: str, form: DressedForm, run: Any, told: str) -> HttpResponse:
    """Run a verb with the form's values; a refusal shows beside the field, and what was typed stays."""
    row = _found(request, pk)
    status = 422
    if form.is_valid():
        try:
            run(row, dict(form.cleaned_data))
        except DomainError as error:
            form.add_domain_error(error)
            status, row = error.status if error.status != 400 else 422, _found(request, pk)
        else:
            messages.success(request, told)
            return redirect("appointment_page", pk=pk)
    return _shown(request, row, status, **{name: form})


@login_required
@require_POST
def appointment_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Another time or another person."""
    require(request, "tickets.change_appointment", _("您没有改约或取消的权限。"))
    user = person_of(request)

    def run(row: Appointment, data: dict[str, Any]) -> None:
        appointments.move(appointment=row, actor=user, **data)

    return _verb(request, pk, "move_form", MoveForm(request.POST, user=user), run, _("已改约。"))


@login_required
@require_POST
def appointment_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """No visit."""
    require(request, "tickets.change_appointment", _("您没有改约或取消的权限。"))

    def run(row: Appointment, data: dict[str, Any]) -> None:
        appointments.cancel(appointment=row, actor=person_of(request), **data)

    return _verb(request, pk, "cancel_form", CancelForm(request.POST), run, _("已取消预约。"))


@login_required
@require_POST
def appointment_serve(request: HttpRequest, pk: int) -> HttpResponse:
    """How the visit went, with the signature drawn on the page."""
    require(request, "tickets.serve_appointment", _("您没有登记服务结果的权限。"))
    user = person_of(request)

    def run(row: Appointment, data: dict[str, Any]) -> None:
        picture = data.pop("signature")
        stored = serving.drawn(picture, actor=user) if picture else None
        appointments.serve(appointment=row, actor=user, signature=stored, **data)

    return _verb(request, pk, "serve_form", ServeForm(request.POST), run, _("服务结果已登记。"))


@login_required
@require_http_methods(["GET", "POST"])
def appointment_reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """Address or phone number in full, after giving a reason. Fragment."""
    require(request, "customers.reveal_customer", _("没有权限查看完整的个人信息。"))
    row = _found(request, pk)
    field = request.POST.get("field") or request.GET.get("field", "")
    if field not in serving.REVEALABLE:
        raise Http404
    form = RevealForm(request.POST or None, initial={"field": field})
    context: dict[str, Any] = {"row": row, "form": form, "field": field}
    if request.method == "POST" and form.is_valid():
        try:
            context["value"] = appointments.reveal_address(
                appointment=row, actor=person_of(request), reason=form.cleaned_data["reason"], field=field
            )
        except DomainError as error:
            form.add_domain_error(error)
    response = render(request, "workbench/appointments/reveal.html", context)
    response["Cache-Control"] = "no-store"
    return response


@login_required
@permission_required("tickets.view_appointment", raise_exception=True)
@require_GET
def appointment_signature(request: HttpRequest, pk: int) -> FileResponse:
    """The picture of the signature as a download, if it is still the one that was registered."""
    row = _found(request, pk)
    if appointments.signature_of(row) is None or row.signature is None:
        raise Http404
    return attachment_response(row.signature)
