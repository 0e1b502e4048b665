"""Procedures in the admin: departments, templates with their versions, the RACI table; runs and tasks to look at."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from core.admin_bases import KeptAdmin, ReadOnlyAdmin, ServiceAdmin
from core.procedures import registry
from core.procedures.models import (
    Department,
    Duty,
    Procedure,
    ProcedureRun,
    ProcedureStep,
    ProcedureTask,
    ProcedureVersion,
    TaskHandover,
)
from core.procedures.services import departments, templates
from core.versions.admin import ItemAdmin, VersionAdmin, VersionForm, VersionInline


@admin.register(Department)
class DepartmentAdmin(ServiceAdmin):
    """Written by the service, members included; nothing is deleted because tasks point at it."""

    list_display = ["name", "key", "head", "is_active"]
    list_select_related = ["head"]
    search_fields = ["name", "key"]
    autocomplete_fields = ["head", "members"]
    fields = ["key", "name", "head", "members", "is_active"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["key"] if obj is not None else []

    def save_model(self, request: HttpRequest, obj: Department, form: Any, change: bool) -> None:
        """Nothing yet: the row and its members are written together in `save_related`."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        values = {name: value for name, value in form.cleaned_data.items() if name != "members"}
        stored = Department.objects.get(pk=form.instance.pk) if change else None
        saved = departments.save_department(
            department=stored, actor=request.user, values=values, members=form.cleaned_data["members"]
        )
        form.instance.pk = saved.pk


class ProcedureForm(forms.ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "subject_type" in self.fields:
            choices = [(kind.key, kind.label) for kind in registry.kinds.values()]
            self.fields["subject_type"] = forms.ChoiceField(label=_("适用对象"), choices=choices)


class ProcedureVersionInline(VersionInline):
    model = ProcedureVersion


@admin.register(Procedure)
class ProcedureAdmin(ItemAdmin):
    form = ProcedureForm
    fixed_fields = ("key", "subject_type")
    list_display = ("key", "title", "subject_type", "live_link", "owner", "updated_at")
    search_fields = ("key", "title")
    list_select_related = ("live_version", "owner")
    fields = ("key", "title", "subject_type", "calendar", "owner", "live_link", ("created_at", "updated_at"))
    inlines = (ProcedureVersionInline,)

    @staticmethod
    def create(actor: Any, values: dict[str, Any]) -> Procedure:
        return templates.create_procedure(actor=actor, **values)

    @staticmethod
    def change(procedure: Procedure, actor: Any, changes: dict[str, Any]) -> Procedure:
        return templates.update_procedure(procedure=procedure, actor=actor, changes=changes)


class ProcedureVersionForm(VersionForm):
    """Steps are written as data and checked by the version itself; the words follow from them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "steps" in self.fields:
            self.fields["steps"].help_text = _("JSON。在工作台的“流程模板”里以卡片编写更方便。")

    def clean(self) -> Any:
        cleaned = super().clean() or {}
        if "steps" in cleaned:
            self.instance.body = templates.words_of(cleaned["steps"])
            self._check_words()
        return cleaned


@admin.register(ProcedureVersion)
class ProcedureVersionAdmin(VersionAdmin):
    form = ProcedureVersionForm
    words = ("title", "steps", "note", "valid_from", "valid_until")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        data = form.cleaned_data
        if not change:
            values = {name: data[name] for name in self.words}
            saved = templates.draft(procedure=data["item"], actor=request.user, **values)
            obj.__dict__.update(saved.__dict__)
            return
        if "steps" in form.changed_data:
            stored = ProcedureVersion.objects.get(pk=obj.pk)
            templates.edit(version=stored, actor=request.user, changes={"steps": data["steps"]})
        super().save_model(request, obj, form, change)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        found = super().get_fields(request, obj)
        return found if obj is None else [*found, "body"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "body"] if obj is not None else []


class DutyForm(forms.ModelForm):
    """Departments are chosen by name, also those that are only asked or told."""

    consulted = forms.MultipleChoiceField(label=_("咨询部门 C"), required=False, widget=forms.CheckboxSelectMultiple)
    informed = forms.MultipleChoiceField(label=_("知会部门 I"), required=False, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Duty
        fields = ["procedure", "category", "step", "responsible", "accountable", "consulted", "informed"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = list(Department.objects.values_list("key", "name"))
        for name in ("consulted", "informed"):
            if name in self.fields:
                self.fields[name].choices = choices  # type: ignore[attr-defined]


@admin.register(Duty)
class DutyAdmin(KeptAdmin):
    form = DutyForm
    list_display = ["procedure", "category", "step", "responsible", "accountable", "consulted", "informed"]
    list_filter = ["procedure", "category"]
    list_select_related = ["procedure", "responsible", "accountable"]

    def save_model(self, request: HttpRequest, obj: Duty, form: Any, change: bool) -> None:
        stored = Duty.objects.get(pk=obj.pk) if change else None
        obj.pk = templates.save_duty(duty=stored, actor=request.user, values=dict(form.cleaned_data)).pk


class StepInline(TabularInline):
    model = ProcedureStep
    extra = 0
    can_delete = False
    fields = ("position", "title", "department", "state", "entered_at", "due_at", "done_at", "done_by")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ProcedureRun)
class ProcedureRunAdmin(ReadOnlyAdmin):
    list_display = ["procedure", "version", "subject_type", "subject_id", "state", "step", "owner", "next_due_at"]
    list_filter = ["state", "procedure"]
    list_select_related = ["procedure", "version", "owner"]
    search_fields = ["=subject_id"]
    inlines = (StepInline,)


@admin.register(ProcedureTask)
class ProcedureTaskAdmin(ReadOnlyAdmin):
    list_display = ["title", "department", "assignee", "state", "due_at", "done_at", "return_count", "unstaffed_at"]
    list_filter = ["state", "department"]
    list_select_related = ["department", "assignee"]
    exclude = ["proof"]


@admin.register(TaskHandover)
class TaskHandoverAdmin(ReadOnlyAdmin):
    seen_through = ("task",)
    list_display = ["task", "source", "target", "is_return", "actor", "at"]
    list_filter = ["is_return"]
    list_select_related = ["task", "source", "target", "actor"]
    exclude = ["reason"]
