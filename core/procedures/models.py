"""Rows of procedures: departments, templates with versions, who answers for what, runs, their steps and tasks."""

from functools import cached_property
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField
from core.privacy import EncryptedRow, EncryptedTextField, WrittenTextField
from core.procedures import registry, template
from core.procedures.choices import RunState, StepState, TaskState
from core.procedures.querysets import RunQuerySet, TaskQuerySet
from core.versions.models import Version, VersionedItem


class Department(models.Model):
    """A part of the company that does steps of procedures."""

    key = models.SlugField(_("编号"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=50, unique=True)
    head = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("负责人")
    )
    members: "models.ManyToManyField[Any, Any]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="departments", verbose_name=_("成员")
    )
    is_active = models.BooleanField(_("启用"), default=True)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("部门")
        verbose_name_plural = pgettext_lazy("many", "部门")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class Procedure(VersionedItem):
    """The identity of a procedure; its steps stand in its versions."""

    event_subject = "procedure"

    subject_type = models.CharField(_("适用对象"), max_length=40, default="ticket")
    calendar = models.ForeignKey(
        "core.BusinessCalendar",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("工作日历"),
        help_text=_("“工作时间”的时限按它计算；留空按法定工作日。"),
    )
    live_version = models.ForeignKey(
        "core.ProcedureVersion", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("当前版本")
    )

    class Meta:
        verbose_name = _("流程")
        verbose_name_plural = pgettext_lazy("many", "流程")
        constraints: ClassVar = [models.UniqueConstraint(fields=["key"], name="core_procedure_key")]


class ProcedureVersion(Version):
    """The steps, frozen once they leave the draft. `body` is the same in words, for reading and comparing."""

    FROZEN = (*Version.FROZEN, "steps")

    item = models.ForeignKey(Procedure, models.PROTECT, related_name="versions", verbose_name=_("流程"))
    steps = models.JSONField(_("步骤"), default=list)

    class Meta:
        verbose_name = _("流程版本")
        verbose_name_plural = pgettext_lazy("many", "流程版本")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["item", "number"], name="core_procedureversion_number")
        ]
        permissions: ClassVar = [
            ("review_procedureversion", _("审核流程")),
            ("publish_procedureversion", _("发布和下线流程")),
        ]

    @cached_property
    def plan(self) -> tuple[template.Step, ...]:
        """The steps in order."""
        return template.read_steps(self.steps)

    def problems(self) -> dict[str, list[str]]:
        if not self.item_id:
            return {}  # the form already says that the procedure is missing
        kind = registry.kinds.get(self.item.subject_type)
        if kind is None:
            return {"steps": [str(_("没有这种适用对象。"))]}
        known = set(Department.objects.filter(is_active=True).values_list("key", flat=True))
        found = template.problems(self.steps, departments=known, fields=kind.fields)
        return {"steps": found} if found else {}


class Duty(models.Model):
    """Who does a step for subjects of a category, who answers for it, who is asked and who is told (RACI)."""

    procedure = models.ForeignKey(Procedure, models.CASCADE, related_name="duties", verbose_name=_("流程"))
    category = models.CharField(_("分类"), max_length=100, blank=True, help_text=_("留空适用于其余所有分类。"))
    step = models.CharField(_("步骤编号"), max_length=40)
    responsible = models.ForeignKey(Department, models.PROTECT, related_name="+", verbose_name=_("执行部门 R"))
    accountable = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("负责部门 A")
    )
    consulted = ArrayField(models.CharField(max_length=40), verbose_name=_("咨询部门 C"), default=list, blank=True)
    informed = ArrayField(models.CharField(max_length=40), verbose_name=_("知会部门 I"), default=list, blank=True)
    updated_at = UpdatedAtField(_("更新时间"))

    class Meta:
        verbose_name = _("职责分工")
        verbose_name_plural = pgettext_lazy("many", "职责分工")
        ordering = ["procedure", "category", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["procedure", "category", "step"], name="core_duty_once")
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.step}"


class ProcedureRun(models.Model):
    """A procedure at work on one subject, with the version it started with."""

    procedure = models.ForeignKey(Procedure, models.PROTECT, related_name="runs", verbose_name=_("流程"))
    version = models.ForeignKey(ProcedureVersion, models.PROTECT, related_name="runs", verbose_name=_("版本"))
    subject_type = models.CharField(_("对象类型"), max_length=40)
    subject_id = models.BigIntegerField(_("对象编号"))
    category = models.CharField(_("分类"), max_length=100, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=RunState, default=RunState.RUNNING)
    step = models.CharField(_("当前步骤"), max_length=40, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("负责人")
    )
    # Who answers for the run while it has no person.
    department = models.ForeignKey(Department, models.PROTECT, related_name="+", verbose_name=_("负责部门"))
    next_due_at = models.DateTimeField(_("下一时限"), null=True, blank=True)
    return_count = models.PositiveSmallIntegerField(_("退回次数"), default=0)
    data = models.JSONField(_("结果"), default=dict, blank=True)
    starter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("发起人")
    )
    started_at = models.DateTimeField(_("开始时间"), default=clock.now)
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    end_reason = models.CharField(_("终止原因"), max_length=300, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("流程实例")
        verbose_name_plural = pgettext_lazy("many", "流程实例")
        ordering = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["procedure", "subject_type", "subject_id"],
                condition=Q(state="running"),
                name="core_run_one_running",
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | (Q(next_due_at__isnull=False) & ~Q(step="")),
                name="core_run_has_next_due",
            ),
            models.CheckConstraint(
                condition=Q(state="running", ended_at__isnull=True) | (~Q(state="running") & Q(ended_at__isnull=False)),
                name="core_run_ended_has_moment",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["subject_type", "subject_id", "-id"], name="core_run_subject"),
            models.Index(fields=["next_due_at", "id"], condition=Q(state="running"), name="core_run_due"),
            models.Index(fields=["-id"], condition=Q(return_count__gte=2), name="core_run_ping_pong"),
        ]

    def __str__(self) -> str:
        return f"{self.procedure_id} {self.subject_type}:{self.subject_id}"

    @property
    def kind(self) -> registry.SubjectKind:
        return registry.kinds[self.subject_type]

    @property
    def owner_name(self) -> str:
        """The one who answers for it: the person, else the department."""
        return str(self.owner if self.owner is not None else self.department)


class ProcedureStep(EncryptedRow):
    """A step of a run: where it stands, what was ticked and proven."""

    run = models.ForeignKey(ProcedureRun, models.CASCADE, related_name="steps", verbose_name=_("流程实例"))
    position = models.PositiveSmallIntegerField(_("序号"))
    key = models.CharField(_("编号"), max_length=40)
    title = models.CharField(_("步骤"), max_length=200)
    department = models.ForeignKey(Department, models.PROTECT, related_name="+", verbose_name=_("部门"))
    state = models.CharField(_("状态"), max_length=10, choices=StepState, default=StepState.WAITING)
    entered_at = models.DateTimeField(_("进入时间"), null=True, blank=True)
    due_at = models.DateTimeField(_("时限"), null=True, blank=True)
    done_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("完成人")
    )
    ticked = models.JSONField(_("已勾选"), default=dict, blank=True)
    proof = EncryptedTextField(_("凭证"), blank=True, default="")

    class Meta:
        verbose_name = _("流程步骤")
        verbose_name_plural = pgettext_lazy("many", "流程步骤")
        ordering = ["run", "position"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "position"], name="core_step_once")]

    def __str__(self) -> str:
        return self.title


class ProcedureTask(EncryptedRow):
    """What a department has to do for a step. The main task of a step is the step itself."""

    run = models.ForeignKey(ProcedureRun, models.CASCADE, related_name="tasks", verbose_name=_("流程实例"))
    step = models.ForeignKey(ProcedureStep, models.CASCADE, related_name="tasks", verbose_name=_("步骤"))
    key = models.CharField(_("编号"), max_length=40)
    title = models.CharField(_("任务"), max_length=200)
    is_main = models.BooleanField(_("主任务"), default=False)
    department = models.ForeignKey(Department, models.PROTECT, related_name="+", verbose_name=_("部门"))
    # Who gave it: where it goes when it is returned.
    origin = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("来源部门")
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("处理人")
    )
    state = models.CharField(_("状态"), max_length=10, choices=TaskState, default=TaskState.OPEN)
    due_at = models.DateTimeField(_("时限"))
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    done_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("完成人")
    )
    proof = EncryptedTextField(_("凭证"), blank=True, default="")
    return_count = models.PositiveSmallIntegerField(_("退回次数"), default=0)
    unstaffed_at = models.DateTimeField(_("部门无人自"), null=True, blank=True)
    overdue_at = models.DateTimeField(_("超时自"), null=True, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("部门任务")
        verbose_name_plural = pgettext_lazy("many", "部门任务")
        ordering = ["-id"]
        permissions: ClassVar = [
            ("complete_proceduretask", _("完成部门任务")),
            ("supervise_proceduretask", _("调整部门任务")),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="done") | Q(done_at__isnull=False), name="core_task_done_has_moment"
            ),
            models.UniqueConstraint(
                fields=["step"], condition=Q(is_main=True, state="open"), name="core_task_one_main_open"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["department", "due_at", "id"], condition=Q(state="open"), name="core_task_department"),
            models.Index(fields=["assignee", "due_at", "id"], condition=Q(state="open"), name="core_task_assignee"),
            models.Index(fields=["due_at", "id"], condition=Q(state="open"), name="core_task_due"),
            models.Index(fields=["department", "-done_at", "-id"], condition=Q(state="done"), name="core_task_done"),
            models.Index(
                fields=["due_at", "id"],
                condition=Q(state="open") & (Q(unstaffed_at__isnull=False) | Q(overdue_at__isnull=False)),
                name="core_task_alarm",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @cached_property
    def spec(self) -> "template.Step | template.TaskSpec":
        """The task as the run's version describes it."""
        step = next(one for one in self.run.version.plan if one.key == self.step.key)
        return step if self.is_main else next(one for one in step.tasks if one.key == self.key)


class TaskHandover(EncryptedRow):
    """A task that went from one department to another."""

    task = models.ForeignKey(ProcedureTask, models.CASCADE, related_name="handovers", verbose_name=_("任务"))
    source = models.ForeignKey(Department, models.PROTECT, related_name="+", verbose_name=_("从"))
    target = models.ForeignKey(Department, models.PROTECT, related_name="+", verbose_name=_("到"))
    is_return = models.BooleanField(_("退回"), default=False)
    reason = WrittenTextField(_("原因"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("操作人")
    )
    at = models.DateTimeField(_("时间"), default=clock.now)

    class Meta:
        verbose_name = _("任务转交")
        verbose_name_plural = pgettext_lazy("many", "任务转交")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.source_id} → {self.target_id}"
