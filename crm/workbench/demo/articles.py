"""The knowledge base of the shop."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core import clock
from core.versions.services import approve, draft_version, publish, submit
from crm.staff.models import User
from crm.workbench.demo.dice import Dice
from crm.workbench.demo.texts import load
from knowledge.choices import Audience
from knowledge.models import ArticleVersion
from knowledge.services import create_article, vote_helpful


def write_articles(*, staff: Mapping[str, User], start: datetime, end: datetime) -> None:
    """Write the articles from `start` on; periods of validity are told relative to `end`."""
    for index, text in enumerate(load("articles")["article"]):
        if text.get("status") != "story":
            with clock.at(start + timedelta(hours=7 * index)):
                write_article(text, staff, end=end, author=("luoanqi", "lead")[index % 2])


def write_article(text: Mapping[str, Any], staff: Mapping[str, User], *, end: datetime, author: str) -> None:
    """One article, published unless it is a draft, with what colleagues thought of it."""
    writer, judge = staff[author], staff["supervisor"]
    article = create_article(
        actor=writer,
        key=text["key"],
        title=text["title"],
        category=text["category"],
        audience=text.get("audience", Audience.INTERNAL),
    )
    days = text.get("valid_days")
    until = end + timedelta(days=days) if days else None
    version: Any = draft_version(item=article, actor=writer, body=text["body"].strip(), valid_until=until)
    if text.get("status") == "draft":
        return
    submit(version=version, actor=writer)
    approve(version=version, actor=judge)
    publish(version=version, actor=judge)
    _rate(version, staff)


def _rate(version: ArticleVersion, staff: Mapping[str, User]) -> None:
    dice = Dice("article", version.item.key)
    for username in ("agent", "agent2", "other_agent", "tangxiaobei"):
        if dice.chance(0.6):
            vote_helpful(version=version, actor=staff[username], is_helpful=dice.chance(0.85))


def add_story_article(*, staff: Mapping[str, User], end: datetime) -> None:
    """The article about the fading batch, written when it was needed."""
    for text in load("articles")["article"]:
        if text.get("status") == "story":
            write_article({**text, "status": "published"}, staff, end=end, author="lead")
