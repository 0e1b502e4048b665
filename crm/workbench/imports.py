"""Offline intake (B16): the form for when the system is away, and bringing in afterwards what was written down."""

import csv
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.exports import safe_cell
from core.keyset import BadCursor, read_page
from crm.staff.person import person_of
from customers.forms import DressedForm
from tickets.choices import ImportState
from tickets.models import ImportBatch
from tickets.services import import_batches

PAGE_SIZE = 30
ERRORS_SHOWN = 100
ROWS_SHOWN = 50


class UploadForm(DressedForm):
    file = forms.FileField(
        label=lazy("登记文件"),
        help_text=lazy("CSV、XLSX 或 JSONL，最多 2000 行、5 MB。先试算，不会写入。"),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.jsonl"}),
        error_messages={"required": lazy("请选择文件。"), "empty": lazy("文件是空的。")},
    )


@login_required
@permission_required("tickets.view_importbatch", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def import_list(request: HttpRequest) -> HttpResponse:
    """Where the offline form is, a file to look at, and the files looked at before."""
    form = UploadForm(request.POST or None, request.FILES or None) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        try:
            batch = import_batches.check_file(upload=form.cleaned_data["file"], actor=person_of(request))
        except DomainError as error:
            form.add_domain_error(error)
        else:
            return redirect("import_page", pk=batch.pk)
    rows = ImportBatch.objects.visible_to(person_of(request)).select_related("actor")
    try:
        page = read_page(rows, ordering=("-id",), cursor=request.GET.get("cursor") or None, size=PAGE_SIZE)
    except BadCursor:
        page = read_page(rows, ordering=("-id",), cursor=None, size=PAGE_SIZE)
    context = {"form": form, "page": page, "can_add": request.user.has_perm("tickets.add_importbatch")}
    return render(request, "workbench/imports/list.html", context, status=422 if form.errors else 200)


def _batch(request: HttpRequest, pk: int) -> ImportBatch:
    batch: ImportBatch | None = ImportBatch.objects.visible_to(person_of(request)).filter(pk=pk).first()
    if batch is None:
        raise Http404(_("没有这次导入。"))
    return batch


@login_required
@permission_required("tickets.view_importbatch", raise_exception=True)
@require_GET
def import_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What the dry run found; after confirmation, how far it is."""
    batch = _batch(request, pk)
    known = batch.rows.filter(state=ImportState.KNOWN, ticket__isnull=False).select_related("ticket")
    context: dict[str, Any] = {
        "batch": batch,
        "progress": import_batches.progress_of(batch),
        "errors": list(import_batches.errors_of(batch, limit=ERRORS_SHOWN)),
        "known": list(known.order_by("line")[:ROWS_SHOWN]),
        "can_add": request.user.has_perm("tickets.add_importbatch"),
    }
    is_fragment = getattr(request, "htmx", False) and not request.htmx.boosted  # type: ignore[attr-defined]
    return render(request, f"workbench/imports/{'state' if is_fragment else 'page'}.html", context)


@login_required
@permission_required("tickets.add_importbatch", raise_exception=True)
@require_POST
def import_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Import the good lines."""
    import_batches.confirm(batch=_batch(request, pk), actor=person_of(request))
    return redirect("import_page", pk=pk)


@login_required
@permission_required("tickets.view_importbatch", raise_exception=True)
@require_GET
def import_errors(request: HttpRequest, pk: int) -> HttpResponse:
    """The lines with errors as CSV, marked as UTF-8 for spreadsheets."""
    batch = _batch(request, pk)
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, f"import-{batch.pk}-errors.csv") or ""
    writer = csv.writer(answer)
    writer.writerow([_("行"), _("字段"), _("原因")])
    for error in import_batches.errors_of(batch):
        writer.writerow([error.line, safe_cell(error.field), safe_cell(error.reason)])
    return answer
