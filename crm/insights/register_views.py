"""The four pages of a register (its list, a new record, one record, a change of it), made from what differs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.views.decorators.http import require_http_methods

from core.registers.models import Record
from core.registers.services import Keeper
from crm.insights.register_pages import listing_of, record_or_404, show_record, write_record
from crm.staff.models import User
from crm.staff.person import person_of
from customers.forms import DressedForm

FORM = "insights/registers/form.html"


@dataclass(frozen=True)
class Words:
    """What the pages say. `new`: the button and heading of a new record; `empty`, `hint`: where none is."""

    about: str | Promise
    new: str | Promise
    empty: str | Promise
    hint: str | Promise
    icon: str


@dataclass(frozen=True)
class RegisterColumn:
    """A column of the list besides title, state, owner and review."""

    head: str | Promise
    read: Callable[[Any], Any]


def _nothing(record: Any, person: User) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class RegisterPages:
    """A register's pages. `page`: the template of one record, which extends insights/registers/record.html.

    listing: the template of the list, where it says more than usual. prefilled: fields that a new record takes from
    the address. related: what one record's page reads along. more: what else that page needs.
    """

    model: type[Record]
    form: type[DressedForm]
    keeper: Keeper
    words: Words
    columns: tuple[RegisterColumn, ...]
    page: str
    listing: str = "insights/registers/list.html"
    prefilled: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    more: Callable[[Any, User], dict[str, Any]] = _nothing

    @property
    def name(self) -> str:
        """Of the addresses and rights: "improvement"."""
        return str(self.model._meta.model_name)

    @property
    def title(self) -> str | Promise:
        return self.model._meta.verbose_name_plural or ""

    @property
    def one(self) -> str | Promise:
        return self.model._meta.verbose_name or ""

    @property
    def list_address(self) -> str:
        return reverse(f"{self.name}_list")

    @property
    def new_address(self) -> str:
        return reverse(f"{self.name}_new")

    @property
    def edit_name(self) -> str:
        """Of the address where a record is changed."""
        return f"{self.name}_edit"

    def urls(self) -> list[URLPattern]:
        """improvements/, improvements/new/, improvements/<id>/ and its edit/."""
        name, base = self.name, f"{self.name}s/"
        return [
            path(base, self._guarded("view", self.show_list, "GET"), name=f"{name}_list"),
            path(f"{base}new/", self._guarded("add", self.begin, "GET", "POST"), name=f"{name}_new"),
            path(f"{base}<int:pk>/", self._guarded("view", self.show_one, "GET", "POST"), name=name),
            path(f"{base}<int:pk>/edit/", self._guarded("change", self.change, "GET", "POST"), name=self.edit_name),
        ]

    def _guarded(self, verb: str, view: Callable[..., HttpResponse], *methods: str) -> Callable[..., HttpResponse]:
        right = f"{self.model._meta.app_label}.{verb}_{self.name}"
        allowed = permission_required(right, raise_exception=True)(require_http_methods(methods)(view))
        return login_required(allowed)

    def show_list(self, request: HttpRequest) -> HttpResponse:
        """By state; those whose review is due are marked."""
        records: Any = self.model._default_manager
        listing = listing_of(request, records.visible_to(person_of(request)))
        rows = [
            (record, [(column.head, column.read(record)) for column in self.columns]) for record in listing.page.rows
        ]
        may_add = request.user.has_perm(f"{self.model._meta.app_label}.add_{self.name}")
        context = {"pages": self, "listing": listing, "page": listing.page, "rows": rows, "may_add": may_add}
        return render(request, self.listing, context)

    def begin(self, request: HttpRequest) -> HttpResponse:
        person = person_of(request)
        given = {name: request.GET[name] for name in self.prefilled if name in request.GET}
        form = self.form(request.POST or None, viewer=person, initial=given)

        def save(values: dict[str, Any], seen_at: Any) -> Any:
            return self.keeper.create(actor=person, values=values)

        return write_record(request, form, save, template=FORM, address=self.name, pages=self)

    def change(self, request: HttpRequest, pk: int) -> HttpResponse:
        record, person = record_or_404(request, self.model, pk), person_of(request)
        initial = {name: getattr(record, name) for name in self.form.base_fields}
        form = self.form(request.POST or None, viewer=person, initial=initial)

        def save(values: dict[str, Any], seen_at: Any) -> Any:
            return self.keeper.change(record=record, actor=person, changes=values, seen_at=seen_at)

        return write_record(request, form, save, template=FORM, address=self.name, item=record, pages=self)

    def show_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One record; a POST moves it on, bears it out or links it."""
        record = record_or_404(request, self.model, pk, *self.related)
        move = partial(self.keeper.move, record=record)
        more = self.more(record, person_of(request))
        return show_record(request, record, move, template=self.page, address=self.name, pages=self, **more)
