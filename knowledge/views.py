"""The help centre: pages for customers, without a login."""

import secrets

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import NotFound, RateLimited
from core.rate_limits import Limit, client_ip, hit
from core.text import unstorable
from knowledge import help as centre

READER_COOKIE = "kean_reader"
READER_SECONDS = 180 * 24 * 3600
QUERY_LENGTH = 200
SEARCHES = Limit("help.search", calls=60, seconds=60, closes=False)
VOTES = Limit("help.votes", calls=20, seconds=60, closes=False)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Search, and the sections."""
    query = request.GET.get("q", "").strip()[:QUERY_LENGTH]
    if not query or unstorable(query):
        return render(request, "knowledge/help/home.html", {"sections": centre.sections(), "query": ""})
    wait = hit(SEARCHES, f"ip:{client_ip(request)}")
    if wait:
        error = RateLimited(_("操作太频繁，请稍后再试。"))
        context = {"sections": centre.sections(), "query": query, "error": error.message}
        return render(request, "knowledge/help/home.html", context, status=error.status)
    found = {"query": query, "articles": centre.find(query), "sections": centre.sections()}
    return render(request, "knowledge/help/home.html", found)


@require_safe
def section(request: HttpRequest, name: str) -> HttpResponse:
    """The articles of one section."""
    if unstorable(name):
        raise Http404
    try:
        articles = centre.in_section(name)
    except NotFound as error:
        raise Http404 from error
    return render(request, "knowledge/help/section.html", {"name": name, "articles": articles})


@require_safe
def article(request: HttpRequest, pk: int) -> HttpResponse:
    """One published article."""
    found = _published(pk)
    voted = request.GET.get("voted", "") == "1"
    return render(request, "knowledge/help/article.html", {"article": found, "voted": voted})


@require_POST
def vote(request: HttpRequest, pk: int) -> HttpResponse:
    """Helpful or not, once a browser; the browser is known by a cookie that is set only here."""
    found = _published(pk)
    given = request.POST.get("is_helpful", "")
    if given not in ("yes", "no"):
        context = {"article": found, "error": _("请选择是否有帮助。")}
        return render(request, "knowledge/help/article.html", context, status=400)
    wait = hit(VOTES, f"ip:{client_ip(request)}")
    if wait:
        context = {"article": found, "error": _("操作太频繁，请稍后再试。")}
        return render(request, "knowledge/help/article.html", context, status=429)
    reader = request.COOKIES.get(READER_COOKIE, "")[:64] or secrets.token_urlsafe(24)
    centre.vote(article=found, reader=reader, is_helpful=given == "yes")
    response = redirect(f"{request.path.removesuffix('vote/')}?voted=1#vote")
    response.set_cookie(
        READER_COOKIE,
        reader,
        max_age=READER_SECONDS,
        path="/help/",
        secure=settings.HTTPS_ONLY,
        httponly=True,
        samesite="Lax",
    )
    return response


def _published(pk: int) -> "centre.Article":
    if pk > 2**63 - 1:
        raise Http404
    try:
        return centre.article_of(pk)
    except NotFound as error:
        raise Http404 from error
