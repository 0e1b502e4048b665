"""Articles in the admin."""

from typing import Any

from django.contrib import admin

from core.versions.admin import ItemAdmin, ReadOnlyAdmin, VersionAdmin, VersionInline
from knowledge import services
from knowledge.models import Article, ArticleExample, ArticleVersion, HelpfulVote, ReaderVote


class ArticleVersionInline(VersionInline):
    model = ArticleVersion


@admin.register(Article)
class ArticleAdmin(ItemAdmin):
    list_display = ("key", "title", "collection", "category", "product", "audience", "live_link", "owner", "updated_at")
    list_filter = ("collection", "category", "audience")
    search_fields = ("key", "title")
    fields = (
        "key",
        "title",
        ("collection", "category"),
        ("product", "audience"),
        "owner",
        "live_link",
        ("created_at", "updated_at"),
    )
    fixed_fields = ("key", "collection")
    inlines = (ArticleVersionInline,)

    @staticmethod
    def create(actor: Any, values: dict[str, Any]) -> Article:
        return services.create_article(actor=actor, **values)

    @staticmethod
    def change(article: Article, actor: Any, changes: dict[str, Any]) -> Article:
        return services.update_article(article=article, actor=actor, changes=changes)


@admin.register(ArticleVersion)
class ArticleVersionAdmin(VersionAdmin):
    pass


@admin.register(HelpfulVote)
class HelpfulVoteAdmin(ReadOnlyAdmin):
    list_display = ("version", "voter", "is_helpful", "created_at")
    list_filter = ("is_helpful",)
    list_select_related = ("version", "voter")


@admin.register(ArticleExample)
class ArticleExampleAdmin(ReadOnlyAdmin):
    list_display = ("article", "source", "learned_at")
    list_filter = ("source",)
    list_select_related = ("article",)
    fields = ("article", "source", "learned_at")
    show_full_result_count = False


@admin.register(ReaderVote)
class ReaderVoteAdmin(ReadOnlyAdmin):
    list_display = ("version", "is_helpful", "created_at")
    list_filter = ("is_helpful",)
    list_select_related = ("version",)
    fields = ("version", "is_helpful", "created_at")
    show_full_result_count = False
