"""Pages without a login: complain, and follow how it stands."""

import secrets
from typing import Any

from django.db import InternalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.api.throttling import PublicFormThrottle
from core.errors import DomainError, RateLimited
from core.middleware import is_read_only
from core.rate_limits import client_ip, hit
from tickets.choices import Stage
from tickets.forms import ComplaintForm, TrackForm
from tickets.procedures.public import public_steps
from tickets.services import progress
from tickets.services.aftersales import public

#: The stages in the order in which a ticket passes them.
STAGES = (Stage.SUBMITTED, Stage.ACCEPTED, Stage.HANDLED, Stage.FEEDBACK, Stage.EVALUATED)


def _count(request: HttpRequest) -> None:
    """Refuse an address that asks too often, so that numbers cannot be tried out."""
    wait = hit(PublicFormThrottle.limit, f"ip:{client_ip(request)}")
    if wait:
        raise RateLimited(_("操作太频繁，请稍后再试。"), retry_after=wait)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def complain(request: HttpRequest) -> HttpResponse:
    """The public complaint form and its receipt."""
    if request.method != "POST":
        return render(request, "tickets/complain.html", {"form": ComplaintForm(initial=_fresh())})
    form = ComplaintForm(request.POST)
    try:
        _count(request)
        if form.is_valid():
            data = dict(form.cleaned_data)
            ticket = progress.complain(external_id=data.pop("form_id"), **data)
            context = {"ticket": ticket, "track_url": progress.track_url(ticket), "anonymous": data["anonymous"]}
            return render(request, "tickets/receipt.html", context)
    except DomainError as error:
        form.add_error(None, str(error))
        return render(request, "tickets/complain.html", {"form": form}, status=error.status)
    except InternalError as error:
        if not is_read_only(error):
            raise
        # What was typed stays in the form, so that it can be sent later.
        form.add_error(None, _("系统现在只能查看，投诉没有提交。请稍后重试，或下载离线登记表先记下。"))
        return render(request, "tickets/complain.html", {"form": form, "is_read_only": True}, status=503)
    return render(request, "tickets/complain.html", {"form": form}, status=400)


def _fresh() -> dict[str, str]:
    return {"form_id": secrets.token_urlsafe(18)}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def track(request: HttpRequest) -> HttpResponse:
    """The stage of a ticket, for who knows its number and the end of the phone number."""
    if request.method != "POST":
        form = TrackForm(initial={"number": request.GET.get("number", "")[:20]})
        return render(request, "tickets/track.html", {"form": form})
    form = TrackForm(request.POST)
    try:
        _count(request)
    except RateLimited as error:
        form.add_error(None, str(error))
        return render(request, "tickets/track.html", {"form": form}, status=error.status)
    if not form.is_valid():
        return render(request, "tickets/track.html", {"form": form}, status=400)
    ticket = progress.find(**form.cleaned_data)
    if ticket is None:
        form.add_error(None, str(progress.NOT_FOUND))
        return render(request, "tickets/track.html", {"form": form}, status=404)
    context = {
        "ticket": ticket,
        "steps": _steps(ticket),
        "way": public_steps(ticket),
        "survey_url": progress.survey_link(ticket),
        "requests": public.requests_of(ticket),
        "remedies": public.remedies_of(ticket),
    }
    return render(request, "tickets/progress.html", context)


def _steps(ticket: Any) -> list[dict[str, Any]]:
    """The stages with their moments; what lies ahead has none."""
    if ticket.stage == Stage.CANCELLED:
        moments = [(Stage.SUBMITTED, ticket.created_at), (Stage.CANCELLED, ticket.closed_at)]
        return [{"label": Stage(stage).label, "at": at, "done": True} for stage, at in moments]
    moments = [
        (Stage.SUBMITTED, ticket.created_at),
        (Stage.ACCEPTED, ticket.accepted_at),
        (Stage.HANDLED, ticket.solved_at),
        (Stage.FEEDBACK, ticket.feedback_at),
        (Stage.EVALUATED, ticket.evaluated_at),
    ]
    reached = STAGES.index(ticket.stage)
    return [
        {"label": Stage(stage).label, "at": at, "done": index <= reached, "current": index == reached}
        for index, (stage, at) in enumerate(moments)
    ]
