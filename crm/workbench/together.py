"""What a complaint hangs together with beyond its ticket: its room, and what is said about it in public (C27, C34)."""

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from core import clock
from core.errors import DomainError
from core.language import mask_name, mask_text
from core.text import row_id
from crm.staff.models import User
from crm.staff.person import person_of
from crm.workbench.access import require, ticket_or_404
from crm.workbench.chips import chip, values_of
from crm.workbench.legal.forms import OwnIds, moment_field
from crm.workbench.logistics.common import page_of
from tickets.forms import CleanTextField
from tickets.models import PostLink, PublicPost, Room, Ticket, TicketReach
from tickets.publicity import posts
from tickets.publicity.choices import PostPlatform, Sentiment

SENTIMENT_TONES = {Sentiment.NEGATIVE.value: "bad", Sentiment.POSITIVE.value: "good"}
SHOWN = 20


class PostForm(OwnIds):
    """A post as it stands in public; one that is known already is found by its address."""

    url = CleanTextField(label=lazy("网址"), max_length=posts.URL_LENGTH)
    platform = forms.ChoiceField(label=lazy("平台"), choices=PostPlatform.choices)
    author = CleanTextField(label=lazy("发布账号"), max_length=posts.AUTHOR_LENGTH, required=False)
    reach = forms.IntegerField(
        label=lazy("触达人数"), min_value=0, max_value=posts.LARGEST_REACH, help_text=lazy("阅读量或粉丝数。")
    )
    sentiment = forms.ChoiceField(label=lazy("倾向"), choices=Sentiment.choices)
    posted_at = moment_field(lazy("发布时间"))
    excerpt = CleanTextField(
        label=lazy("摘录"),
        max_length=posts.EXCERPT_LENGTH,
        required=False,
        multiline=True,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class PostChangeForm(PostForm):
    """What may be corrected; address and platform stay."""

    def arrange(self) -> None:
        del self.fields["url"], self.fields["platform"]


def _now() -> Any:
    return timezone.localtime(clock.now()).replace(second=0, microsecond=0)


# The desk's pane


@login_required
@permission_required("tickets.view_publicpost", raise_exception=True)
@require_http_methods(["GET", "POST"])
def ticket_together(request: HttpRequest, number: str) -> HttpResponse:
    """The room and the posts of a complaint. A POST links a post (step link) or unlinks one (step unlink)."""
    ticket, user = ticket_or_404(request, number), person_of(request)
    form, fault, told = PostForm(initial={"posted_at": _now()}), "", ""
    if request.method == "POST":
        require(request, "tickets.link_publicpost", _("您没有关联公开帖子的权限。"))
        form, fault, told = _step(request, ticket, user)
    context = {**_pane(ticket, user), "form": form, "fault": fault, "told": told, "ticket": ticket}
    response = render(request, "workbench/disputes/together.html", context)
    if told:
        response["HX-Trigger"] = "kean:changed"
    return response


def _step(request: HttpRequest, ticket: Ticket, user: User) -> tuple[PostForm, str, str]:
    """The form to show, a fault that belongs to no field, and what was done."""
    fresh = PostForm(initial={"posted_at": _now()})
    try:
        if request.POST.get("step") == "unlink":
            post = _post(request.POST.get("post", ""))
            posts.unlink(post=post, ticket=ticket, actor=user, reason=request.POST.get("reason", ""))
            return fresh, "", _("已解除关联。")
        form = PostForm(request.POST)
        if not form.is_valid():
            return form, "", ""
        posts.link_by_address(ticket=ticket, actor=user, values=form.cleaned_data)
    except DomainError as error:
        if request.POST.get("step") == "unlink":
            return fresh, error.message, ""
        form.add_domain_error(error)
        return form, "", ""
    return fresh, "", _("已关联。")


def _post(word: str) -> PublicPost:
    return get_object_or_404(PublicPost, pk=row_id(word))


def _pane(ticket: Ticket, user: User) -> dict[str, Any]:
    links = list(PostLink.objects.standing().filter(ticket=ticket).for_list().order_by("-post__reach", "-id")[:SHOWN])
    for one in links:
        one.tone = SENTIMENT_TONES.get(one.post.sentiment, "")
        one.excerpt = mask_text(one.post.excerpt or "") if user.is_auditor else one.post.excerpt
    return {
        "links": links,
        "reach": TicketReach.objects.filter(ticket=ticket).first(),
        "room": Room.objects.filter(ticket=ticket).first() if user.has_perm("tickets.view_room") else None,
        "may_open": user.has_perm("tickets.add_room") and not ticket.merged_into_id,
        "may_link": user.has_perm("tickets.link_publicpost") and not ticket.merged_into_id,
    }


# The list


@login_required
@permission_required("tickets.view_publicpost", raise_exception=True)
@require_http_methods(["GET", "POST"])
def post_list(request: HttpRequest) -> HttpResponse:
    """Posts by reach. A POST records one that belongs to no complaint yet."""
    user = person_of(request)
    form = PostForm(request.POST if request.method == "POST" else None, initial={"posted_at": _now()})
    if request.method == "POST":
        require(request, "tickets.add_publicpost", _("您没有登记公开帖子的权限。"))
        if form.is_valid():
            try:
                made = posts.record_post(actor=user, values=form.cleaned_data)
                return redirect("post_page", pk=made.pk)
            except DomainError as error:
                form.add_domain_error(error)
    chips = [
        chip(request.GET, "platform", [("", _("全部平台")), *PostPlatform.choices], before=_("显示")),
        chip(request.GET, "sentiment", [("", _("全部倾向")), *Sentiment.choices], after=_("的帖子")),
    ]
    chosen = {name: value for name, value in values_of(chips).items() if value}
    page = page_of(PublicPost.objects.visible_to(user).filter(**chosen), ("-reach", "-id"), request.GET.get("cursor"))
    links = PostLink.objects.visible_to(user).standing().filter(post__in=[row.pk for row in page.rows])
    counts = dict(links.order_by().values_list("post").annotate(n=Count("pk")))
    for row in page.rows:
        row.tone, row.n = SENTIMENT_TONES.get(row.sentiment, ""), counts.get(row.pk, 0)
        row.shown_author = mask_name(row.author or "") if user.is_auditor else row.author
    context = {"page": page, "form": form, "chips": chips, "may_add": user.has_perm("tickets.add_publicpost")}
    return render(request, "workbench/disputes/posts.html", context, status=422 if form.errors else 200)


@login_required
@permission_required("tickets.view_publicpost", raise_exception=True)
@require_http_methods(["GET", "POST"])
def post_page(request: HttpRequest, pk: int) -> HttpResponse:
    """A post with the complaints it belongs to; a POST corrects it."""
    user = person_of(request)
    post = get_object_or_404(PublicPost.objects.visible_to(user).for_list(), pk=pk)
    names = ("author", "reach", "sentiment", "posted_at", "excerpt")
    form = PostChangeForm(
        request.POST if request.method == "POST" else None, initial={name: getattr(post, name) for name in names}
    )
    if request.method == "POST":
        require(request, "tickets.change_publicpost", _("您没有修改公开帖子的权限。"))
        if form.is_valid():
            posts.update_post(post=post, actor=user, changes=form.cleaned_data)
            return redirect("post_page", pk=pk)
    post.tone = SENTIMENT_TONES.get(post.sentiment, "")
    post.shown_author = mask_name(post.author or "") if user.is_auditor else post.author
    post.shown_excerpt = mask_text(post.excerpt or "") if user.is_auditor else post.excerpt
    links = PostLink.objects.visible_to(user).filter(post=post).for_list().order_by("-id")[:100]
    context = {"post": post, "links": links, "form": form, "may_change": user.has_perm("tickets.change_publicpost")}
    return render(request, "workbench/disputes/post.html", context, status=422 if form.errors else 200)
