"""Safety sheets from a file, and the phrases that call them up."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from core.text import row_id
from core.versions.importing import ImportReport
from crm.workbench.library.kinds import SAFETY_LIBRARY
from crm.workbench.library.product_forms import SafetyFileForm, SafetyTermForm
from knowledge.choices import SafetyTermKind
from knowledge.models import SafetyTerm
from knowledge.safety import sheets, words
from knowledge.safety.terms import save_term


@login_required
@permission_required("knowledge.add_safetysheet", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def safety_import(request: HttpRequest) -> HttpResponse:
    """A file of sheets becomes drafts; lines at fault are named."""
    form = SafetyFileForm(request.POST, request.FILES) if request.method == "POST" else SafetyFileForm()
    report: ImportReport | None = None
    if request.method == "POST" and form.is_valid():
        try:
            report = sheets.import_file(upload=form.cleaned_data["file"], actor=request.user)
        except DomainError as error:
            form.add_domain_error(error)
    context = {"form": form, "report": report, "library": SAFETY_LIBRARY}
    return render(request, "workbench/library/import.html", context, status=422 if form.errors else 200)


@login_required
@permission_required("knowledge.view_safetyterm", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def safety_words(request: HttpRequest) -> HttpResponse:
    """The phrases: the shop's own, and those the product knows. A POST adds one, or changes the named one."""
    form = SafetyTermForm()
    if request.method == "POST":
        form = SafetyTermForm(request.POST)
        term = _term(request.POST.get("id", ""))
        if not request.user.has_perm(f"knowledge.{'change' if term else 'add'}_safetyterm"):
            raise PermissionDenied
        if form.is_valid():
            try:
                save_term(term=term, actor=request.user, values=form.cleaned_data)
            except DomainError as error:
                form.add_domain_error(error)
            else:
                messages.success(request, _("已保存。"))
                return redirect("safety_words")
    context: dict[str, Any] = {
        "form": form,
        "library": SAFETY_LIBRARY,
        "terms": list(SafetyTerm.objects.all()[:500]),
        "mentions": words.in_force().mentions,
        "kinds": SafetyTermKind.choices,
        "can_add": request.user.has_perm("knowledge.add_safetyterm"),
        "can_change": request.user.has_perm("knowledge.change_safetyterm"),
    }
    return render(request, "workbench/library/words.html", context, status=422 if form.errors else 200)


def _term(given: str) -> SafetyTerm | None:
    if not given:
        return None
    found: SafetyTerm | None = SafetyTerm.objects.filter(pk=row_id(given)).first()
    if found is None:
        raise Http404
    return found
