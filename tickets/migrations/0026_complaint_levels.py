import core.clock
import core.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0004_approvals"),
        ("tickets", "0026_precedents"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ComplaintLevel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.SlugField(max_length=40, unique=True, verbose_name="编号")),
                ("name", models.CharField(max_length=50, unique=True, verbose_name="名称")),
                (
                    "rank",
                    models.PositiveSmallIntegerField(help_text="数字越大越严重。", unique=True, verbose_name="级别"),
                ),
                ("condition", models.JSONField(blank=True, default=dict, verbose_name="条件")),
                ("is_for_specialists", models.BooleanField(default=False, verbose_name="仅专人可结案")),
                ("is_active", models.BooleanField(default=True, verbose_name="启用")),
                (
                    "updated_at",
                    core.fields.UpdatedAtField(default=core.clock.now, editable=False, verbose_name="更新时间"),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        blank=True,
                        help_text="留空则留在原队列。",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.queue",
                        verbose_name="处理队列",
                    ),
                ),
            ],
            options={
                "verbose_name": "投诉级别",
                "verbose_name_plural": "投诉级别",
                "ordering": ["rank"],
            },
        ),
        migrations.CreateModel(
            name="EscalationTrigger",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("sla_breach", "时效超时"),
                            ("amount", "金额超限"),
                            ("safety", "涉及人身安全"),
                            ("legal", "提及媒体、12315 或律师"),
                            ("important", "重点客户"),
                            ("similar", "同类投诉集中"),
                            ("reopened", "第二次重开"),
                            ("staff", "员工申请升级"),
                        ],
                        max_length=20,
                        unique=True,
                        verbose_name="触发条件",
                    ),
                ),
                (
                    "threshold",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="金额（元）、相似投诉件数或重开次数。",
                        max_digits=12,
                        null=True,
                        verbose_name="阈值",
                    ),
                ),
                ("window_hours", models.PositiveIntegerField(blank=True, null=True, verbose_name="统计时长（小时）")),
                (
                    "target_role",
                    models.CharField(
                        choices=[("lead", "组长"), ("supervisor", "主管"), ("admin", "管理员")],
                        default="supervisor",
                        max_length=20,
                        verbose_name="升级到",
                    ),
                ),
                ("within_minutes", models.PositiveIntegerField(default=60, verbose_name="接手时限（分钟）")),
                ("notice", models.CharField(max_length=200, verbose_name="通知内容")),
                ("is_active", models.BooleanField(default=True, verbose_name="启用")),
                (
                    "updated_at",
                    core.fields.UpdatedAtField(default=core.clock.now, editable=False, verbose_name="更新时间"),
                ),
                (
                    "level",
                    models.ForeignKey(
                        blank=True,
                        help_text="投诉级别不低于此级；留空不改变级别。",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.complaintlevel",
                        verbose_name="至少定为",
                    ),
                ),
            ],
            options={
                "verbose_name": "升级触发条件",
                "verbose_name_plural": "升级触发条件",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="ComplaintGrade",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.CharField(
                        choices=[("rule", "规则"), ("trigger", "升级"), ("person", "人工")],
                        default="rule",
                        max_length=10,
                        verbose_name="来源",
                    ),
                ),
                ("received_at", models.DateTimeField(verbose_name="受理时间")),
                ("graded_at", models.DateTimeField(default=core.clock.now, verbose_name="定级时间")),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="定级人",
                    ),
                ),
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="grade",
                        to="tickets.ticket",
                        verbose_name="工单",
                    ),
                ),
                (
                    "level",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.complaintlevel",
                        verbose_name="级别",
                    ),
                ),
            ],
            options={
                "verbose_name": "投诉定级",
                "verbose_name_plural": "投诉定级",
                "permissions": [("end_major_complaint", "可结束专人处理的投诉")],
                "indexes": [models.Index(fields=["level", "-received_at", "-id"], name="complaint_grade_level")],
            },
        ),
        migrations.CreateModel(
            name="Escalation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("detail", models.CharField(blank=True, max_length=200, verbose_name="说明")),
                (
                    "target_role",
                    models.CharField(
                        choices=[("lead", "组长"), ("supervisor", "主管"), ("admin", "管理员")],
                        max_length=20,
                        verbose_name="升级到",
                    ),
                ),
                ("was_priority", models.CharField(max_length=10, verbose_name="原优先级")),
                ("raised_at", models.DateTimeField(default=core.clock.now, verbose_name="升级时间")),
                ("due_at", models.DateTimeField(verbose_name="接手时限")),
                ("taken_at", models.DateTimeField(blank=True, null=True, verbose_name="接手时间")),
                ("late_at", models.DateTimeField(blank=True, null=True, verbose_name="超时自")),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="降级原因")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="降级时间")),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="发起人",
                    ),
                ),
                (
                    "approval",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="escalation",
                        to="core.approvalrequest",
                        verbose_name="降级审批",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="批准人",
                    ),
                ),
                (
                    "taken_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="接手人",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="escalations",
                        to="tickets.ticket",
                        verbose_name="工单",
                    ),
                ),
                (
                    "trigger",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.escalationtrigger",
                        verbose_name="触发条件",
                    ),
                ),
            ],
            options={
                "verbose_name": "升级记录",
                "verbose_name_plural": "升级记录",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["due_at", "id"],
                        name="escalation_active",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("ticket", "trigger"),
                        name="escalation_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at__isnull", True),
                            models.Q(models.Q(("reason", ""), _negated=True), ("ended_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="escalation_ended_with_reason_and_approver",
                    ),
                ],
            },
        ),
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("mentioned", "有人提到您"),
                    ("customer_wrote_first", "客户先来信，定时回复已取消"),
                    ("reply_failed", "回复未能发送，内容已存为草稿"),
                    ("undelivered", "回复未送达，请用其他方式联系客户"),
                    ("snooze_over", "稍后处理的时间到了"),
                    ("customer_woke", "客户来信，工单已回到列表"),
                    ("abuse_reported", "报告恶意攻击，请处理"),
                    ("task_unstaffed", "流程任务所在部门无人，请安排"),
                    ("task_overdue", "部门任务已超时"),
                    ("task_returned", "任务在部门间来回退回，请协调"),
                    ("escalated", "工单升级给您，请尽快接手"),
                    ("escalation_late", "升级的工单超时无人接手"),
                    ("aftersales_warned", "售后单时限快到了"),
                    ("aftersales_overdue", "售后单已超时"),
                    ("aftersales_red_line", "售后单临近十五日红线"),
                    ("aftersales_slow_repair", "维修将满三十日，请告知客户可换货"),
                    ("floor_overridden", "有低于法定下限的例外，请复核"),
                    ("appointment_given", "给您安排了上门服务"),
                    ("appointment_moved", "您的上门服务已改时间"),
                    ("appointment_off", "您的上门服务已取消或转给同事"),
                    ("appointment_call", "上门前一天：请打电话提醒客户"),
                    ("legal_warned", "法定时限快到了"),
                    ("legal_missed", "错过法定时限，请写明原因和补救"),
                    ("legal_review", "有工单提请法务复核"),
                    ("legal_opinion", "法务复核已有意见"),
                    ("watched_message", "关注的工单有新消息"),
                    ("relief_asked", "同事请求换人，请处理"),
                    ("relief_granted", "已为您换人，休息一下"),
                    ("relief_declined", "换人请求未获同意"),
                ],
                max_length=30,
                verbose_name="类型",
            ),
        ),
    ]
