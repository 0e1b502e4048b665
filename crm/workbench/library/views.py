"""Pages of the libraries. A view begins with access, calls a service, and renders; rules live below."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.versions import services
from core.versions.choices import MOVES, VersionStatus
from core.versions.services import usable_version
from crm.workbench.library.detail import detail_context, item_or_404, numbered, versions_of
from crm.workbench.library.kinds import ARTICLE_LIBRARY, Library, neighbours_of
from crm.workbench.library.listing import listing_for
from knowledge.services import vote_helpful
from scripts_library.placeholders import PLACEHOLDERS

REASON_LENGTH = 500


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


@login_required
@require_GET
def item_list(request: HttpRequest, library: Library) -> HttpResponse:
    """The texts, the latest changed first; with a search, the best fitting first."""
    _require(request, library.permission("view"))
    listing = listing_for(request, library)
    context = {
        "library": library,
        "page": listing.page,
        "chips": listing.chips,
        "search": listing.search,
        "is_filtered": listing.is_filtered,
        "list_url": reverse(library.list_name),
        "can_add": request.user.has_perm(library.permission("add")),
        "neighbours": neighbours_of(library, request.user),
    }
    is_fragment = getattr(request, "htmx", False) and not request.htmx.boosted  # type: ignore[attr-defined]
    return render(request, "workbench/library/rows.html" if is_fragment else "workbench/library/list.html", context)


def _shown(request: HttpRequest, library: Library, item: Any, status: int = 200, **extra: Any) -> HttpResponse:
    chosen = extra.pop("chosen", "") or request.GET.get("version", "")
    context = detail_context(library, item, request.user, chosen=chosen, against=request.GET.get("against", ""))
    return render(request, "workbench/library/detail.html", context | extra, status=status)


@login_required
@require_GET
def detail(request: HttpRequest, library: Library, pk: int) -> HttpResponse:
    """One text: the version in use (or the one asked for), its history, what may be done."""
    _require(request, library.permission("view"))
    return _shown(request, library, item_or_404(library, request.user, pk))


@login_required
@require_POST
def move(request: HttpRequest, library: Library, pk: int, number: int, verb: str) -> HttpResponse:
    """Submit, approve, reject, publish or retire a version; a refusal shows on the page, what was typed stays."""
    item = item_or_404(library, request.user, pk)
    version = numbered(versions_of(item, library, request.user), str(number))
    if verb not in MOVES:
        raise Http404
    typed = request.POST.get("reason", "")[:REASON_LENGTH]
    reason = {"reason": typed} if verb == "reject" else {}
    try:
        getattr(services, verb)(version=version, actor=request.user, **reason)
    except DomainError as error:
        fresh = item_or_404(library, request.user, pk)
        faults = {"fault": error, "fault_verb": verb, "typed_reason": typed, "chosen": str(number)}
        return _shown(request, library, fresh, status=error.status, **faults)
    messages.success(request, _("版本 %(number)s：%(verb)s") % {"number": number, "verb": MOVES[verb].label})
    return redirect(library.address(item, number))


@login_required
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest, library: Library) -> HttpResponse:
    """A new text with its first draft."""
    _require(request, library.permission("add"))
    form = library.item_form(request.POST or None, is_new=True)
    draft_form = library.draft_form(request.POST or None, with_title=False)
    if request.method == "POST" and all([form.is_valid(), draft_form.is_valid()]):
        try:
            with transaction.atomic():
                item = library.create(actor=request.user, **form.cleaned_data)
                words = draft_form.changes(title=item.title)
                version = services.draft_version(item=item, actor=request.user, **words)
        except DomainError as error:
            _show_fault(error, form, draft_form)
        else:
            messages.success(request, _("草稿已保存，写好后请提交审核。"))
            return redirect(library.address(item, version.number))
    return _form_page(request, library, form=form, draft_form=draft_form)


def _show_fault(error: DomainError, *forms: Any) -> None:
    """A refusal beside the field it names, on whichever of the forms has it; else at the top of the first."""
    fitting = [form for form in forms if error.fields.keys() & (form.fields.keys() | {"steps"})]
    for form in fitting or forms[:1]:
        form.add_domain_error(error)


def _form_page(request: HttpRequest, library: Library, **context: Any) -> HttpResponse:
    forms = [form for name in ("form", "draft_form") if (form := context.get(name)) is not None]
    context |= {
        "library": library,
        "placeholders": [(f"{{{{{name}}}}}", label) for name, label in PLACEHOLDERS.items()],
    }
    status = 422 if any(form.errors for form in forms) else 200
    return render(request, "workbench/library/form.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, library: Library, pk: int) -> HttpResponse:
    """Title, topic, category and so on: everything but the words."""
    item = item_or_404(library, request.user, pk)
    _require(request, library.permission("change"))
    names = [name for name in library.item_form.base_fields if name not in library.item_form.only_new]
    initial = {name: getattr(item, name) for name in names}
    form = library.item_form(request.POST or None, initial=initial, is_new=False)
    if request.method == "POST" and form.is_valid():
        try:
            library.update(item, request.user, form.cleaned_data)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("已保存。"))
            return redirect(library.address(item))
    return _form_page(request, library, form=form, item=item)


@login_required
@require_http_methods(["GET", "POST"])
def draft(request: HttpRequest, library: Library, pk: int) -> HttpResponse:
    """A new version, begun from the words in use or from the version the address names."""
    item = item_or_404(library, request.user, pk)
    _require(request, library.version_permission("add"))
    given = request.GET.get("from", "")
    base = numbered(versions_of(item, library, request.user), given) if given else item.live_version
    form = library.draft_form(request.POST or None, initial=library.draft_form.initial_of(base))
    if request.method == "POST" and form.is_valid():
        try:
            words = form.changes(title=item.title)
            version = services.draft_version(item=item, actor=request.user, **words)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("草稿已保存，写好后请提交审核。"))
            return redirect(library.address(item, version.number))
    return _form_page(request, library, draft_form=form, item=item)


@login_required
@require_http_methods(["GET", "POST"])
def draft_edit(request: HttpRequest, library: Library, pk: int, number: int) -> HttpResponse:
    """Change one's own draft."""
    item = item_or_404(library, request.user, pk)
    _require(request, library.version_permission("change"))
    version = numbered(versions_of(item, library, request.user), str(number))
    initial = library.draft_form.initial_of(version) | {"note": version.note}
    form = library.draft_form(request.POST or None, initial=initial)
    if request.method == "GET" and version.status != VersionStatus.DRAFT:
        messages.error(request, _("只有草稿可以修改，请新建一个版本。"))
        return redirect(library.address(item, number))
    if request.method == "POST" and form.is_valid():
        try:
            changes = form.changes(title=version.title)
            services.edit_draft(version=version, actor=request.user, changes=changes)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("已保存。"))
            return redirect(library.address(item, number))
    return _form_page(request, library, draft_form=form, item=item, version=version)


@login_required
@require_POST
def vote(request: HttpRequest, pk: int) -> HttpResponse:
    """Say whether the version in use helped; the last word counts. Fragment for htmx."""
    item = item_or_404(ARTICLE_LIBRARY, request.user, pk)
    _require(request, "knowledge.rate_article")
    is_helpful = request.POST.get("is_helpful") == "true"
    try:
        vote_helpful(version=usable_version(item), actor=request.user, is_helpful=is_helpful)
    except DomainError as error:
        return _shown(request, ARTICLE_LIBRARY, item, status=error.status, fault=error)
    return redirect(ARTICLE_LIBRARY.address(item))
