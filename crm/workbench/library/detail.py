"""What the page of one text shows: a version, what changed in it, and what may be done with it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core import clock
from core.versions.choices import MOVES, VersionStatus
from core.versions.diff import diff_texts
from core.versions.models import right_name
from crm.workbench.library.kinds import Library
from crm.workbench.library.listing import USAGE_DAYS, VERSION_TONES, state_of
from knowledge.models import HelpfulVote
from scripts_library.choices import TICKET_TYPES
from scripts_library.models import ScriptUsage
from scripts_library.placeholders import pieces
from tickets.services.diagnosis import outcomes_of

_LARGEST_NUMBER = 2**31 - 1


@dataclass(frozen=True)
class Verb:
    """A button: what it does, what is asked first, and why it is not offered to this person."""

    key: str
    label: str | Promise
    icon: str
    css: str = ""
    question: str | Promise = ""
    refusal: str | Promise = ""

    @property
    def needs_reason(self) -> bool:
        return self.key == "reject"


_BUTTONS = {
    "submit": ("send", "btn-primary", ""),
    "approve": ("check", "btn-primary", ""),
    "reject": ("x", "", ""),
    "publish": ("rocket", "btn-primary", _("发布后立即供全体客服使用，原版本自动下线。确定发布？")),
    "retire": ("archive", "btn-danger", _("下线后不再推荐，也不能插入回复；历史仍可查阅。确定下线？")),
}


def verbs_for(version: Any, user: Any) -> list[Verb]:
    """The verbs the state permits and the person has the right to."""
    found = []
    for key in version.allowed_moves:
        move = MOVES[key]
        if not user.has_perm(right_name(type(version), move.right)):
            continue
        icon, css, question = _BUTTONS[key]
        own = key == "approve" and version.author_id == user.pk
        refusal = _("作者不能审核自己撰写的版本。") if own else ""
        found.append(Verb(key, move.label, icon, css, question, refusal))
    return found


def item_or_404(library: Library, user: Any, pk: int) -> Any:
    """The text among those the person may see."""
    rows: Any = library.model._default_manager
    rows = rows.visible_to(user).select_related("live_version", "owner").filter(pk=pk)
    item = (rows.defer("search") if library.corpus is not None else rows).first()
    if item is None:
        raise Http404
    return item


def versions_of(item: Any, library: Library, user: Any) -> list[Any]:
    """The versions the person may read, the newest first."""
    rows: Any = library.version_model._default_manager
    people = ("author", "submitter", "reviewer", "publisher", "retirer")
    found = list(rows.visible_to(user).filter(item=item).select_related(*people).order_by("-number"))
    for version in found:
        version.item = item
        version.tone = VERSION_TONES[version.status]
    return found


def numbered(versions: list[Any], given: str) -> Any:
    """The version with this number; 404 when there is none or it may not be read."""
    if given.isascii() and given.isdigit() and len(given) < 11 and int(given) <= _LARGEST_NUMBER:
        for version in versions:
            if version.number == int(given):
                return version
    raise Http404


def detail_context(library: Library, item: Any, user: Any, *, chosen: str = "", against: str = "") -> dict[str, Any]:
    """Everything the page shows; `chosen` and `against` are version numbers as the address gives them."""
    versions = versions_of(item, library, user)
    version = numbered(versions, chosen) if chosen else _shown_first(item, versions)
    older = numbered(versions, against) if against else None
    context: dict[str, Any] = {
        "library": library,
        "item": item,
        "state": state_of(item, clock.now()),
        "versions": versions,
        "version": version,
        "older": older,
        "under_way": [row for row in versions if row.status in (VersionStatus.IN_REVIEW, VersionStatus.APPROVED)],
        "can_write": user.has_perm(library.version_permission("add")),
        "can_change": user.has_perm(library.permission("change")),
        **_facts(library, item, user),
    }
    if version is not None:
        context |= _version_context(library, versions, version, older, user)
    return context


def _shown_first(item: Any, versions: list[Any]) -> Any:
    """The version in use, else the newest one."""
    live = next((row for row in versions if row.pk == item.live_version_id), None)
    return live or (versions[0] if versions else None)


def _version_context(library: Library, versions: list[Any], version: Any, older: Any, user: Any) -> dict[str, Any]:
    mine = version.author_id in (None, user.pk)
    return {
        "is_live": version.pk == version.item.live_version_id,
        "text": pieces(version.body),
        **library.reading(version),
        "unfinished": _unfinished(version),
        "verbs": verbs_for(version, user),
        "can_edit": mine
        and version.status == VersionStatus.DRAFT
        and user.has_perm(library.version_permission("change")),
        "live_number": next((row.number for row in versions if row.pk == version.item.live_version_id), None),
        "previous": next((row for row in versions if row.number < version.number), None),
        "diff": diff_texts(library.words(older), library.words(version)) if older is not None else None,
    }


def _unfinished(version: Any) -> list[str]:
    """What a draft still lacks before it can be submitted."""
    if version.status != VersionStatus.DRAFT:
        return []
    return [sentence for sentences in version.unfinished().values() for sentence in sentences]


def _facts(library: Library, item: Any, user: Any) -> dict[str, Any]:
    if library.is_script:
        since = clock.now() - timedelta(days=USAGE_DAYS)
        usage = ScriptUsage.objects.filter(version__item=item).aggregate(
            all=Count("pk"),
            recent=Count("pk", filter=Q(used_at__gte=since)),
            edited=Count("pk", filter=Q(is_edited=True)),
        )
        labels = dict(TICKET_TYPES)
        return {"usage": usage, "ticket_types": [labels.get(value, value) for value in item.ticket_types]}
    if library.key == "tree":
        return {"outcomes": outcomes_of(item)}
    if item.live_version_id is None or not library.is_article:
        return {}
    votes = HelpfulVote.objects.filter(version=item.live_version_id)
    counts = votes.aggregate(yes=Count("pk", filter=Q(is_helpful=True)), no=Count("pk", filter=Q(is_helpful=False)))
    own = votes.filter(voter=user).values_list("is_helpful", flat=True).first()
    can_rate = user.has_perm("knowledge.rate_article") and item.live_version.is_valid_at(clock.now())
    return {"votes": counts, "own_vote": own, "can_rate": can_rate}
