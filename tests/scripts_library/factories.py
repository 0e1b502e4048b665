"""Scripts and articles as their authors, reviewers and publishers leave them."""

from typing import Any

from core.versions import services as versions
from knowledge.models import Article, ArticleVersion
from knowledge.services import create_article
from scripts_library.models import ScriptTemplate, ScriptVersion
from scripts_library.services import create_script


def published(version: Any, reviewer: Any) -> Any:
    """The version, submitted by its author, approved and published by the reviewer."""
    versions.submit(version=version, actor=version.author)
    versions.approve(version=version, actor=reviewer)
    return versions.publish(version=version, actor=reviewer)


def make_script(
    *, author: Any, reviewer: Any, key: str, title: str = "标题", body: str = "您好", **columns: Any
) -> ScriptVersion:
    """A published script; columns named valid_… or steps go to the version."""
    of_version = {name: columns.pop(name) for name in list(columns) if name.startswith("valid_") or name == "steps"}
    script: ScriptTemplate = create_script(actor=author, key=key, title=title, **columns)
    version: ScriptVersion = published(
        versions.draft_version(item=script, actor=author, body=body, **of_version), reviewer
    )
    return version


def make_article(
    *, author: Any, reviewer: Any, key: str, title: str = "标题", body: str = "正文", **columns: Any
) -> ArticleVersion:
    """A published article."""
    of_version = {name: columns.pop(name) for name in list(columns) if name.startswith("valid_")}
    article: Article = create_article(actor=author, key=key, title=title, **columns)
    version: ArticleVersion = published(
        versions.draft_version(item=article, actor=author, body=body, **of_version), reviewer
    )
    return version
