"""会商: the rooms a person is in, one room, and what may be done in it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import DomainError
from core.keyset import Page
from core.language import mask_text
from crm.staff.models import User
from crm.staff.person import person_of
from crm.workbench.access import require, ticket_or_404
from crm.workbench.legal.forms import OwnIds, moment_field, words_field
from crm.workbench.logistics.common import Tab, page_of
from tickets.forms import CleanTextField
from tickets.models import Room
from tickets.rooms import guests, rooms
from tickets.rooms.choices import GuestKind

MOST_PEOPLE, SHOWN = 500, 200
TABS = (
    Tab("mine", lazy("我参加的"), lazy("您参加的会商会出现在这里。")),
    Tab("open", lazy("进行中"), lazy("对投诉发起的会商会出现在这里。")),
    Tab("closed", lazy("已结束"), lazy("还没有结束的会商。")),
)


def _people() -> list[tuple[str, list[tuple[int, str]]]]:
    """Colleagues by department, everybody once; who belongs to none comes last."""
    everybody: Any = get_user_model().objects
    rows = everybody.active().exclude(role="auditor").prefetch_related("departments").order_by("username")
    grouped: dict[str, list[tuple[int, str]]] = {}
    for person in rows[:MOST_PEOPLE]:
        own = next(iter(person.departments.all()), None)
        grouped.setdefault(own.name if own else "", []).append((person.pk, person.name))
    loose = grouped.pop("", [])
    return [*sorted(grouped.items()), (_("未分部门"), loose)] if loose else sorted(grouped.items())


class _People(OwnIds):
    """A form that names colleagues, by department."""

    members = forms.TypedMultipleChoiceField(
        label=lazy("成员"), coerce=int, widget=forms.SelectMultiple(attrs={"class": "form-select", "size": 8})
    )

    def arrange(self) -> None:
        field: Any = self.fields["members"]
        field.choices = _people()


class RoomForm(_People):
    summary = words_field(
        lazy("摘要"), rooms.SUMMARY_LENGTH, help_text=lazy("成员只看到工单号、分类和这段话；个人信息会被遮盖。")
    )
    due_at = moment_field(lazy("期限"), required=False)
    field_order = ["summary", "members", "due_at"]

    def arrange(self) -> None:
        super().arrange()
        self.fields["members"].required = False


class MembersForm(_People):
    pass


class EntryForm(OwnIds):
    kind = forms.ChoiceField(label=lazy("类型"), choices=rooms.WRITTEN_KINDS)
    text = CleanTextField(
        label=lazy("内容"), max_length=rooms.TEXT_LENGTH, multiline=True, widget=forms.Textarea(attrs={"rows": 3})
    )
    is_for_guests = forms.BooleanField(label=lazy("来宾可见"), required=False)


class DueForm(OwnIds):
    due_at = moment_field(lazy("期限"), required=False, help_text=lazy("留空则没有期限。"))


class GuestForm(OwnIds):
    name = CleanTextField(label=lazy("名称"), max_length=guests.NAME_LENGTH)
    kind = forms.ChoiceField(label=lazy("类型"), choices=GuestKind.choices)
    days = forms.IntegerField(
        label=lazy("有效天数"), min_value=1, max_value=guests.LONGEST_DAYS, initial=guests.USUAL_DAYS
    )
    may_answer = forms.BooleanField(label=lazy("可以答复"), required=False)


class CloseForm(OwnIds):
    decision = words_field(lazy("最后的决定"), rooms.TEXT_LENGTH)


# The list


@login_required
@permission_required("tickets.view_room", raise_exception=True)
@require_GET
def room_list(request: HttpRequest) -> HttpResponse:
    """Rooms of one tab, newest first."""
    user = person_of(request)
    tab = next((one for one in TABS if one.key == request.GET.get("tab")), TABS[0])
    rows = Room.objects.all().visible_to(user).for_list()
    if tab.key == "mine":
        rows = rows.of_member(user).open()
    else:
        rows = rows.open() if tab.key == "open" else rows.filter(closed_at__isnull=False)
    page: Page[Room] = page_of(rows, ("-id",), request.GET.get("cursor"))
    return render(request, "workbench/disputes/rooms.html", {"page": page, "tab": tab, "tabs": TABS})


@login_required
@permission_required("tickets.add_room", raise_exception=True)
@require_http_methods(["GET", "POST"])
def room_new(request: HttpRequest) -> HttpResponse:
    """Open the room of a complaint; one that is there is entered."""
    ticket = ticket_or_404(request, request.GET.get("ticket", "")[:20])
    known = Room.objects.filter(ticket=ticket).first()
    if known is not None:
        return redirect("room_page", pk=known.pk)
    form = RoomForm(request.POST if request.method == "POST" else None, initial={"summary": mask_text(ticket.subject)})
    if request.method == "POST" and form.is_valid():
        try:
            made = rooms.open_room(ticket=ticket, actor=person_of(request), **form.cleaned_data)
            return redirect("room_page", pk=made.pk)
        except DomainError as error:
            form.add_domain_error(error)
    context = {"form": form, "ticket": ticket}
    return render(request, "workbench/disputes/room_new.html", context, status=422 if form.errors else 200)


# One room


def _room(request: HttpRequest, pk: int) -> Room:
    room: Room | None = Room.objects.all().visible_to(person_of(request)).for_list().filter(pk=pk).first()
    if room is None:
        raise Http404
    return room


@login_required
@permission_required("tickets.view_room", raise_exception=True)
@require_http_methods(["GET", "POST"])
def room_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The room. A POST says or decides something (step entry), or steers (due, members, remove, guest, revoke,
    close, reopen)."""
    room, user = _room(request, pk), person_of(request)
    faulty: dict[str, Any] = {}
    status = 200
    if request.method == "POST":
        require(request, "tickets.add_roomentry", _("您没有参加会商的权限。"))
        step = request.POST.get("step", "")
        if step not in _STEPS:
            raise Http404
        form, told = _take(request, room, user, step)
        if told is None:
            faulty, status = {f"{step}_form": form}, 422
        elif told:
            return _done(request, room, told)
        else:
            return redirect("room_page", pk=pk)
    return render(request, "workbench/disputes/room.html", _context(room, user) | faulty, status=status)


def _done(request: HttpRequest, room: Room, told: str) -> HttpResponse:
    """Back to the room; the link of a new guest is shown this once, on the page that answers."""
    if told.startswith("http"):
        context = {**_context(_room(request, room.pk), person_of(request)), "guest_url": told}
        response = render(request, "workbench/disputes/room.html", context)
        response["Cache-Control"] = "no-store"
        return response
    messages.success(request, told)
    return redirect("room_page", pk=room.pk)


def _take(request: HttpRequest, room: Room, user: User, step: str) -> tuple[Any, str | None]:
    """The form and what is told about it; None when the form has faults, "" when nothing need be said."""
    form_class, run = _STEPS[step]
    form = form_class(request.POST)
    if not form.is_valid():
        return form, None
    try:
        return form, run(room, user, {**form.cleaned_data})
    except DomainError as error:
        if error.status == 403:
            raise
        if not isinstance(form, OwnIds):
            messages.error(request, error.message)
            return form, ""
        form.add_domain_error(error)
        return form, None


class _IdForm(forms.Form):
    pk = forms.IntegerField(min_value=1, max_value=2**63 - 1)


def _entry(room: Room, user: User, values: dict[str, Any]) -> str:
    rooms.write(room=room, actor=user, **values)
    return ""


def _due(room: Room, user: User, values: dict[str, Any]) -> str:
    rooms.set_due(room=room, actor=user, **values)
    return str(_("期限已保存。"))


def _members(room: Room, user: User, values: dict[str, Any]) -> str:
    rooms.add_members(room=room, actor=user, **values)
    return str(_("成员已加入。"))


def _remove(room: Room, user: User, values: dict[str, Any]) -> str:
    rooms.remove_member(room=room, actor=user, member=values["pk"])
    return str(_("成员已移出。"))


def _guest(room: Room, user: User, values: dict[str, Any]) -> str:
    return guests.invite(room=room, actor=user, **values).url


def _revoke(room: Room, user: User, values: dict[str, Any]) -> str:
    guest = room.guests.select_related("room").filter(pk=values["pk"]).first()
    if guest is None:
        raise Http404
    guests.revoke(guest=guest, actor=user)
    return str(_("链接已失效。"))


def _close(room: Room, user: User, values: dict[str, Any]) -> str:
    rooms.close(room=room, actor=user, **values)
    return str(_("会商已结束。"))


def _reopen(room: Room, user: User, values: dict[str, Any]) -> str:
    rooms.reopen(room=room, actor=user)
    return str(_("会商已重新打开。"))


_STEPS: dict[str, Any] = {
    "entry": (EntryForm, _entry),
    "due": (DueForm, _due),
    "members": (MembersForm, _members),
    "remove": (_IdForm, _remove),
    "guest": (GuestForm, _guest),
    "revoke": (_IdForm, _revoke),
    "close": (CloseForm, _close),
    "reopen": (forms.Form, _reopen),
}


def _context(room: Room, user: User) -> dict[str, Any]:
    steers = rooms.may_steer(room, user)
    known = list(guests.guests_of(room, user)[:SHOWN]) if steers else []
    visits = guests.visits_of(room) if known else {}
    for one in known:
        one.seen_at = visits.get(one.pk)
    return {
        "room": room,
        "entries": _entries(room),
        "members": rooms.members_of(room),
        "tasks": rooms.tasks_of(room),
        "guests": known,
        "may_steer": steers,
        "may_write": room.is_open and rooms.may_write(room, user),
        "sees_ticket": rooms.sees_ticket(room, user),
        "entry_form": EntryForm(),
        "due_form": DueForm(initial={"due_at": room.due_at}),
        "members_form": MembersForm() if steers else None,
        "guest_form": GuestForm(),
        "close_form": CloseForm(),
    }


def _entries(room: Room) -> list[Any]:
    """The newest entries, oldest first."""
    return list(room.entries.select_related("author", "guest").order_by("-id")[:SHOWN])[::-1]


@login_required
@permission_required("tickets.view_room", raise_exception=True)
@require_GET
def room_entries(request: HttpRequest, pk: int) -> HttpResponse:
    """What was said, alone, for the page that is open."""
    room = _room(request, pk)
    return render(request, "workbench/disputes/entries.html", {"room": room, "entries": _entries(room)})
