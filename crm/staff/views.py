"""Pages: the team, one's own settings."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm.staff.adapters import remember_looks
from crm.staff.forms import PreferencesForm, TokenForm
from crm.staff.models import ApiToken
from crm.staff.pages import substitutes
from crm.staff.person import person_of
from crm.staff.rosters import rosters_for
from crm.staff.second_factor import has_second_factor
from crm.staff.services import change_availability, issue_token, revoke_token


@login_required
@require_GET
def team(request: HttpRequest) -> HttpResponse:
    """Who is on which team, at the desk or not, and how much they may take."""
    if not request.user.has_perm("staff.view_team"):
        raise Http404
    return render(request, "crm/team.html", {"rosters": rosters_for(person_of(request))})


@login_required
@require_POST
def availability(request: HttpRequest) -> HttpResponse:
    """Set one's own state; answers the state menu to htmx, the page one came from otherwise."""
    change_availability(
        user=person_of(request), availability=request.POST.get("availability", ""), actor=person_of(request)
    )
    if request.headers.get("HX-Request"):
        return render(request, "crm/parts/presence.html")
    return redirect(_back(request))


@login_required
@require_GET
def profile(request: HttpRequest) -> HttpResponse:
    return _profile_page(request, TokenForm())


@login_required
@permission_required(substitutes.MAY_NAME, raise_exception=True)
@require_POST
def name_substitute(request: HttpRequest) -> HttpResponse:
    """Name who decides in one's place; faults show beside the fields."""
    form = substitutes.name_from_form(request)
    return redirect("profile") if form is None else _profile_page(request, TokenForm(), substitute_form=form)


@login_required
@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Keep language or look on the person and in the browser."""
    form = PreferencesForm(request.POST, languages=settings.LANGUAGES)
    if not form.is_valid():
        return HttpResponse(status=400)
    person = person_of(request)
    changed = {name: value for name, value in form.cleaned_data.items() if value not in (None, "")}
    for name, value in changed.items():
        setattr(person, name, value)
    if changed:
        person.save(update_fields=sorted(changed))
    response = redirect(_back(request)) if "next" in request.POST else HttpResponse(status=204)
    remember_looks(response, person)
    return response


@login_required
@require_POST
def create_token(request: HttpRequest) -> HttpResponse:
    """Make a key; the answer shows it, once."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _profile_page(request, form)
    person = person_of(request)
    _token, key = issue_token(user=person, name=form.cleaned_data["name"], actor=person)
    response = _profile_page(request, TokenForm(), new_key=key)
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_POST
def delete_token(request: HttpRequest, token_id: int) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.filter(user=person_of(request)), pk=token_id)
    revoke_token(token=token, actor=person_of(request))
    messages.success(request, _("令牌已撤销。"))
    return redirect("profile")


def _profile_page(
    request: HttpRequest,
    form: TokenForm,
    new_key: str = "",
    substitute_form: substitutes.SubstituteForm | None = None,
) -> HttpResponse:
    person = person_of(request)
    context = {
        **substitutes.substitutes_of(person),
        "substitute_form": substitute_form or substitutes.SubstituteForm(user=person),
        "token_form": form,
        "new_key": new_key,
        "tokens": person.api_tokens.filter(revoked_at=None),
        "memberships": person.memberships.select_related("team"),
        "has_second_factor": has_second_factor(person),
    }
    return render(request, "crm/profile.html", context)


def _back(request: HttpRequest) -> str:
    """Where the form says it came from, if that is a place of ours."""
    target = request.POST.get("next") or request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else "/"
