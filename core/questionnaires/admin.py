from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin_bases import ReadOnlyAdmin, ServiceAdmin
from core.questionnaires import services
from core.questionnaires.models import Invitation, Questionnaire, QuestionnaireVersion
from core.questionnaires.questions import QuestionError, parse_questions


class VersionForm(forms.ModelForm):
    """A new version. It is published as it is written; older invitations keep theirs."""

    key = forms.SlugField(
        label=_("问卷代号"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("csat 是工单解决后的满意度问卷；新代号会新建问卷。"),
    )

    class Meta:
        model = QuestionnaireVersion
        fields = ["title", "introduction", "thanks", "questions"]

    def clean_questions(self) -> Any:
        questions = self.cleaned_data["questions"]
        try:
            parse_questions(questions)
        except QuestionError as error:
            raise ValidationError(str(error)) from error
        return questions


@admin.register(QuestionnaireVersion)
class QuestionnaireVersionAdmin(ServiceAdmin):
    form = VersionForm
    list_display = ["title", "questionnaire", "number", "author", "published_at"]
    list_filter = ["questionnaire"]
    list_select_related = ["questionnaire", "author"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: QuestionnaireVersion, form: Any, change: bool) -> None:
        data = form.cleaned_data
        known = Questionnaire.objects.filter(key=data["key"]).first()
        version = services.publish_questionnaire(
            actor=cast(AbstractBaseUser, request.user), name=known.name if known else data["title"], **data
        )
        obj.pk, obj.questionnaire, obj.number = version.pk, version.questionnaire, version.number


@admin.register(Questionnaire)
class QuestionnaireAdmin(ReadOnlyAdmin):
    list_display = ["key", "name"]


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Neither link nor answer: those are on the page of what was asked about."""

    list_display = ["id", "subject_type", "subject_id", "created_at", "expires_at", "answered_at", "cancelled_at"]
    list_filter = ["subject_type"]
    fields = ["version", "subject_type", "subject_id", "created_at", "expires_at", "answered_at", "cancelled_at"]
    ordering = ["-id"]
