"""People, teams and keys in the admin. Everything is written by the services."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from core.admin_bases import KeptAdmin
from core.errors import InvalidInput
from core.wording import listed
from crm.staff import services
from crm.staff.choices import Availability
from crm.staff.forms import WordsField
from crm.staff.models import ApiToken, Team, User
from crm.staff.person import person_of
from crm.staff.services.guards import can_manage
from crm.staff.services.people import require_good_password
from tickets.models import Queue

# One way in: password, lock-out and second factor are those of the login page.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# Their pages would show secrets, or offer what the services must do.
for _hidden in (Authenticator, EmailAddress, Group):
    if admin.site.is_registered(_hidden):
        admin.site.unregister(_hidden)


class WrittenAdmin(KeptAdmin):
    """Rows whose lists are written by the service too."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Lists of rows were written by the service in `save_model`."""


class UserForm(forms.ModelForm):
    # Not called `teams`: the admin refuses a field whose rows carry more than the link.
    team_list = forms.ModelMultipleChoiceField(
        label=_("团队"), queryset=Team.objects.all(), required=False, widget=UnfoldAdminSelect2MultipleWidget
    )
    primary_team = forms.ModelChoiceField(
        label=_("主团队"),
        queryset=Team.objects.all(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("每人只有一个主团队，须在上面的团队之中。"),
    )
    skills = WordsField(
        label=_("技能"), required=False, max_length=500, widget=UnfoldAdminTextInputWidget, help_text=_("用逗号分开。")
    )
    new_password = forms.CharField(
        label=_("新密码"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("至少 10 个字符；留空则不修改。修改后该员工的登录立即失效。"),
    )

    class Meta:
        model = User
        fields = ["username", "display_name", "email", "role", "concurrency_limit", "skills", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            memberships = list(self.instance.memberships.all())
            self.initial.setdefault("team_list", [membership.team_id for membership in memberships])
            primary = next((membership.team_id for membership in memberships if membership.is_primary), None)
            self.initial.setdefault("primary_team", primary)

    def clean_new_password(self) -> str:
        password: str = self.cleaned_data["new_password"]
        if password:
            try:
                require_good_password(password, self.instance)
            except InvalidInput as error:
                raise ValidationError(error.fields["password"]) from error
        return password

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        primary, teams = data.get("primary_team"), data.get("team_list")
        if primary and teams is not None and primary not in teams:
            self.add_error("primary_team", _("主团队须在所选团队之中。"))
        return data


@admin.register(User)
class UserAdmin(WrittenAdmin):
    form = UserForm
    list_display = ["username", "display_name", "show_role", "show_availability", "is_active", "last_seen_at"]
    list_filter = ["role", "is_active", "teams"]
    search_fields = ["username", "display_name"]
    readonly_fields = ["last_seen_at", "joined_at", "password_changed_at"]
    fieldsets = [
        (None, {"fields": ["username", "display_name", "email", "role", "is_active"]}),
        (_("团队"), {"fields": ["team_list", "primary_team", "concurrency_limit", "skills"]}),
        (_("登录"), {"fields": ["new_password", "password_changed_at", "last_seen_at", "joined_at"]}),
    ]

    @display(description=_("角色"), ordering="role")
    def show_role(self, person: User) -> str:
        return person.get_role_display()

    @display(
        description=_("在线状态"),
        ordering="availability",
        label={
            Availability.ONLINE: "success",
            Availability.BUSY: "danger",
            Availability.BREAK: "warning",
            Availability.OFFLINE: "default",
        },
    )
    def show_availability(self, person: User) -> tuple[str, str]:
        return person.availability, person.get_availability_display()

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return [*self.readonly_fields, "username"] if obj else [*self.readonly_fields, "is_active"]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return bool(allowed and (obj is None or (isinstance(request.user, User) and can_manage(request.user, obj))))

    def save_model(self, request: HttpRequest, obj: User, form: UserForm, change: bool) -> None:
        data = form.cleaned_data
        if change:
            self._change(request, form)
            return
        saved = services.create_staff(
            username=data["username"],
            role=data["role"],
            password=data["new_password"] or None,
            teams=list(data["team_list"]),
            primary_team=data["primary_team"],
            actor=person_of(request),
            display_name=data["display_name"],
            email=data["email"],
            concurrency_limit=data["concurrency_limit"],
            skills=data["skills"],
        )
        obj.pk = saved.pk

    def _change(self, request: HttpRequest, form: UserForm) -> None:
        data = form.cleaned_data
        # The instance already carries the new values; the service compares with the stored row.
        stored = User.objects.get(pk=form.instance.pk)
        names = ["display_name", "email", "role", "concurrency_limit", "skills", "is_active"]
        services.change_staff(
            user=stored,
            actor=person_of(request),
            teams=list(data["team_list"]),
            primary_team=data["primary_team"],
            **{name: data[name] for name in names if name in data},
        )
        if data["new_password"]:
            services.reset_password(user=stored, password=data["new_password"], actor=person_of(request))


class TeamForm(forms.ModelForm):
    queue_list = forms.ModelMultipleChoiceField(
        label=_("负责队列"), queryset=Queue.objects.all(), required=False, widget=UnfoldAdminSelect2MultipleWidget
    )

    class Meta:
        model = Team
        fields = ["name", "parent"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial.setdefault("queue_list", [queue.pk for queue in self.instance.queues.all()])


@admin.register(Team)
class TeamAdmin(WrittenAdmin):
    form = TeamForm
    list_display = ["name", "parent", "show_queues"]
    list_select_related = ["parent"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("queues")

    @display(description=_("负责队列"))
    def show_queues(self, team: Team) -> str:
        return listed(queue.name for queue in team.queues.all()) or "—"

    def save_model(self, request: HttpRequest, obj: Team, form: TeamForm, change: bool) -> None:
        data = form.cleaned_data
        if change:
            services.change_team(
                team=Team.objects.get(pk=obj.pk),
                name=data["name"],
                parent=data["parent"],
                queues=data["queue_list"],
                actor=person_of(request),
            )
        else:
            saved = services.create_team(
                name=data["name"], parent=data["parent"], queues=data["queue_list"], actor=person_of(request)
            )
            obj.pk = saved.pk


@admin.register(ApiToken)
class ApiTokenAdmin(WrittenAdmin):
    """Keys are made on one's own page or by command; here they are seen and revoked."""

    list_display = ["prefix", "name", "user", "created_at", "expires_at", "last_used_at", "revoked_at"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username"]
    actions = ["revoke"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and request.user.is_admin

    @admin.action(description=_("撤销所选令牌"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset:
            services.revoke_token(token=token, actor=person_of(request))
        messages.success(request, _("令牌已撤销。"))


# Registers its own pages; stands here because it builds on ServiceAdmin.
from crm.staff import shift_admin  # noqa: E402, F401
