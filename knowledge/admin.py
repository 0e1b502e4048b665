"""Articles, safety sheets and trees of diagnosis in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest

from core.admin_bases import ReadOnlyAdmin, ServiceAdmin
from core.errors import InvalidInput
from core.versions.admin import ItemAdmin, VersionAdmin, VersionInline
from knowledge import services
from knowledge.diagnosis import trees
from knowledge.models import (
    Article,
    ArticleExample,
    ArticleVersion,
    DiagnosisTree,
    DiagnosisTreeVersion,
    HelpfulVote,
    ReaderVote,
    SafetySheet,
    SafetySheetVersion,
    SafetyTerm,
)
from knowledge.models.safety import SHEET_TEXTS
from knowledge.safety import sheets
from knowledge.safety.terms import save_term


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


@admin.register(ReaderVote)
class ReaderVoteAdmin(ReadOnlyAdmin):
    list_display = ("version", "is_helpful", "created_at")
    list_filter = ("is_helpful",)
    list_select_related = ("version",)
    fields = ("version", "is_helpful", "created_at")


class SafetySheetVersionInline(VersionInline):
    model = SafetySheetVersion


@admin.register(SafetySheet)
class SafetySheetAdmin(ItemAdmin):
    list_display = ("key", "title", "live_link", "owner", "updated_at")
    search_fields = ("key", "title")
    fields = ("key", "title", "owner", "live_link", ("created_at", "updated_at"))
    inlines = (SafetySheetVersionInline,)

    @staticmethod
    def create(actor: Any, values: dict[str, Any]) -> SafetySheet:
        return sheets.create_sheet(actor=actor, **values)

    @staticmethod
    def change(sheet: SafetySheet, actor: Any, changes: dict[str, Any]) -> SafetySheet:
        return sheets.update_sheet(sheet=sheet, actor=actor, changes=changes)


@admin.register(SafetySheetVersion)
class SafetySheetVersionAdmin(VersionAdmin):
    words = ("title", "body", *SHEET_TEXTS, "source", "note", "valid_from", "valid_until")


@admin.register(SafetyTerm)
class SafetyTermAdmin(ServiceAdmin):
    list_display = ("text", "kind", "is_active", "updated_at")
    list_filter = ("kind", "is_active")
    search_fields = ("text",)

    def save_model(self, request: HttpRequest, obj: SafetyTerm, form: Any, change: bool) -> None:
        try:
            save_term(term=obj, actor=request.user, values={})
        except InvalidInput as error:
            messages.error(request, error.message)


class DiagnosisTreeVersionInline(VersionInline):
    model = DiagnosisTreeVersion


@admin.register(DiagnosisTree)
class DiagnosisTreeAdmin(ItemAdmin):
    list_display = ("key", "title", "product", "live_link", "owner", "updated_at")
    search_fields = ("key", "title", "product")
    fields = ("key", "title", "product", "owner", "live_link", ("created_at", "updated_at"))
    inlines = (DiagnosisTreeVersionInline,)

    @staticmethod
    def create(actor: Any, values: dict[str, Any]) -> DiagnosisTree:
        return trees.create_tree(actor=actor, **values)

    @staticmethod
    def change(tree: DiagnosisTree, actor: Any, changes: dict[str, Any]) -> DiagnosisTree:
        return trees.update_tree(tree=tree, actor=actor, changes=changes)


@admin.register(DiagnosisTreeVersion)
class DiagnosisTreeVersionAdmin(VersionAdmin):
    words = (*VersionAdmin.words, "steps")
