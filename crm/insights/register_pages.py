"""What the pages of every register have in common: a list by state, and the steps on one record."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from core import clock
from core.errors import DomainError
from core.keyset import BadCursor, Page, read_page
from core.language import mask_text
from core.registers.models import Record, RecordLink
from core.registers.registry import targets
from core.registers.services import add_evidence, add_link, evidence_of, links_of, remove_link
from core.text import row_id
from crm.staff.person import person_of
from customers.forms import DressedForm

PAGE_SIZE = 30
#: Tabs beside the states, which are words of their registers; none may be called like one of them.
OPEN, DUE = "unfinished", "due"
Move = Callable[..., Any]


@dataclass(frozen=True)
class Tab:
    key: str
    label: str
    count: int


@dataclass(frozen=True)
class Listing:
    page: Page[Any]
    tabs: list[Tab]
    chosen: str


def listing_of(request: HttpRequest, rows: Any, *, related: tuple[str, ...] = ()) -> Listing:
    """A page of the register's records in the chosen state; registers are small, so each state is counted."""
    register, today = rows.model.register, timezone.localdate(clock.now())
    by_state = dict(rows.order_by().values_list("state").annotate(n=Count("pk")))
    tabs = [
        Tab(OPEN, _("未结束"), sum(n for state, n in by_state.items() if state not in register.closed)),
        Tab(DUE, _("待复核"), rows.due_for_review(today).count()),
        *(Tab(state.value, str(state.label), by_state.get(state.value, 0)) for state in register.states),
    ]
    chosen = request.GET.get("state", OPEN)
    chosen = chosen if any(tab.key == chosen for tab in tabs) else OPEN
    if chosen == OPEN:
        found = rows.open()
    elif chosen == DUE:
        found = rows.due_for_review(today)
    else:
        found = rows.filter(state=chosen)
    found = found.select_related("owner", *related)
    try:
        page = read_page(found, ordering=("-id",), cursor=request.GET.get("cursor") or None, size=PAGE_SIZE)
    except BadCursor:
        page = read_page(found, ordering=("-id",), cursor=None, size=PAGE_SIZE)
    return Listing(page, tabs, chosen)


def record_or_404(request: HttpRequest, model: type[Record], pk: int, *related: str) -> Any:
    rows: Any = model._default_manager
    found = rows.visible_to(person_of(request)).select_related("owner", "created_by", *related).filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这条记录。"))
    return found


def write_record(
    request: HttpRequest,
    form: DressedForm,
    save: Callable[[dict[str, Any], datetime | None], Any],
    *,
    template: str,
    address: str,
    item: Any = None,
    **context: Any,
) -> HttpResponse:
    """The form that makes or changes a record. `save` gets the values and when the editor's copy was last changed."""
    if request.method == "POST" and form.is_valid():
        try:
            kept = save(form.cleaned_data, _seen_at(request))
        except DomainError as error:
            form.add_domain_error(error)
        else:
            if item is not None:
                messages.success(request, _("已保存。"))
            return redirect(address, pk=kept.pk)
    # What was typed stays with the copy it was typed into, so a second try is judged like the first.
    context |= {"form": form, "item": item, "seen_at": request.POST.get("seen_at", "") or _moment_of(item)}
    return render(request, template, context, status=422 if form.errors else 200)


def show_record(
    request: HttpRequest, item: Any, move: Move, *, template: str, address: str, **context: Any
) -> HttpResponse:
    """The page of a record; a POST takes one step on it."""
    fault: DomainError | None = None
    if request.method == "POST":
        try:
            do_step(request, item, move)
        except DomainError as error:
            if error.status == 403:
                raise
            fault = error
        else:
            return redirect(address, pk=item.pk)
    context |= record_context(request, item) | {"item": item, "fault": fault}
    return render(request, template, context, status=409 if fault else 200)


def _moment_of(item: Any) -> str:
    return "" if item is None else str(item.updated_at.isoformat())


def _seen_at(request: HttpRequest) -> datetime | None:
    try:
        moment = parse_datetime(request.POST.get("seen_at", ""))
    except ValueError:
        return None
    return moment if moment is not None and timezone.is_aware(moment) else None


def record_context(request: HttpRequest, record: Record) -> dict[str, Any]:
    """Evidence, links and the moves that are open now."""
    names = record._meta
    may_change = request.user.has_perm(f"{names.app_label}.change_{names.model_name}")
    moves = record.register.next_states(record.state) if may_change else ()
    evidence = evidence_of(record)
    if person_of(request).is_auditor:
        for row in evidence:
            row.text = mask_text(row.text)
    return {
        "record": record,
        "evidence": evidence,
        "links": links_of(record, person_of(request)),
        "moves": [(state, record.register.states(state).label) for state in moves],
        "may_change": may_change,
        "targets": [(target.key, target.label) for target in targets.values()],
        "typed": request.POST,
    }


def do_step(request: HttpRequest, record: Record, move: Move) -> None:
    """One step on a record: `move` (the register's own service, bound to it), evidence, a link, or away with one."""
    person, values = person_of(request), request.POST
    match values.get("step", ""):
        case "move":
            move(actor=person, state=_word(values, "state"), reason=_word(values, "reason"))
        case "evidence":
            add_evidence(record=record, actor=person, text=_word(values, "text"), url=_word(values, "url")[:500])
        case "link":
            add_link(record=record, actor=person, target_type=_word(values, "target"), word=_word(values, "word")[:100])
        case "unlink":
            remove_link(link=_link(record, _word(values, "link")), record=record, actor=person)
        case _:
            raise Http404


def _word(values: Any, name: str) -> str:
    return str(values.get(name, "")).replace("\x00", "").strip()


def _link(record: Record, word: str) -> RecordLink:
    rows = RecordLink.objects.filter(record_type=record.type_name, record_id=record.pk)
    found = rows.filter(pk=row_id(word) or 0).first()
    if found is None:
        raise Http404(_("没有这条关联。"))
    return found
