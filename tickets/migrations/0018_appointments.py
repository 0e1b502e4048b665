import core.clock
import core.privacy.fields
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0017_handover_taken"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("mentioned", "有人提到您"),
                    ("customer_wrote_first", "客户先来信，定时回复已取消"),
                    ("reply_failed", "回复未能发送，内容已存为草稿"),
                    ("snooze_over", "稍后处理的时间到了"),
                    ("customer_woke", "客户来信，工单已回到列表"),
                    ("abuse_reported", "报告恶意攻击，请处理"),
                    ("appointment_given", "给您安排了上门服务"),
                    ("appointment_moved", "您的上门服务已改时间"),
                    ("appointment_off", "您的上门服务已取消或转给同事"),
                    ("appointment_call", "上门前一天：请打电话提醒客户"),
                    ("legal_warned", "法定时限快到了"),
                    ("legal_missed", "错过法定时限，请写明原因和补救"),
                    ("legal_review", "有工单提请法务复核"),
                    ("legal_opinion", "法务复核已有意见"),
                    ("watched_message", "关注的工单有新消息"),
                ],
                max_length=30,
                verbose_name="类型",
            ),
        ),
        migrations.CreateModel(
            name="Appointment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("planned", "已预约"), ("done", "已服务"), ("cancelled", "已取消")],
                        default="planned",
                        editable=False,
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="上门时间")),
                ("ends_at", models.DateTimeField(verbose_name="结束时间")),
                ("address", core.privacy.fields.EncryptedTextField(verbose_name="上门地址")),
                ("phone", core.privacy.fields.EncryptedTextField(blank=True, default="", verbose_name="联系电话")),
                ("task", core.privacy.fields.EncryptedTextField(blank=True, default="", verbose_name="服务内容")),
                ("move_count", models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="改约次数")),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="改约或取消原因")),
                ("booked_at", models.DateTimeField(default=core.clock.now, editable=False, verbose_name="预约时间")),
                ("reminded_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="提醒时间")),
                (
                    "result",
                    models.CharField(
                        blank=True,
                        choices=[("solved", "已解决"), ("unsolved", "未解决"), ("absent", "客户不在")],
                        max_length=10,
                        verbose_name="服务结果",
                    ),
                ),
                (
                    "result_note",
                    core.privacy.fields.EncryptedTextField(blank=True, default="", verbose_name="服务记录"),
                ),
                (
                    "signature_sha256",
                    models.CharField(blank=True, editable=False, max_length=64, verbose_name="签名指纹"),
                ),
                ("unsigned_reason", models.CharField(blank=True, max_length=200, verbose_name="未签名原因")),
                (
                    "ended_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="完成或取消时间"),
                ),
                (
                    "booked_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="预约人",
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
                        verbose_name="登记人",
                    ),
                ),
                (
                    "signature",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.attachment",
                        verbose_name="客户签名",
                    ),
                ),
                (
                    "technician",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="服务人员",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="tickets.ticket",
                        verbose_name="工单",
                    ),
                ),
            ],
            options={
                "verbose_name": "上门预约",
                "verbose_name_plural": "上门预约",
                "ordering": ["starts_at", "id"],
                "permissions": [("serve_appointment", "可登记上门服务结果")],
                "indexes": [
                    models.Index(fields=["starts_at", "id"], name="appointment_when"),
                    models.Index(fields=["technician", "starts_at", "id"], name="appointment_technician"),
                ],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("state", "planned")),
                        expressions=[
                            (
                                models.Func(
                                    models.F("technician"),
                                    models.F("technician"),
                                    models.Value("[]"),
                                    function="int8range",
                                    output_field=django.contrib.postgres.fields.ranges.BigIntegerRangeField(),
                                ),
                                "&&",
                            ),
                            (
                                models.Func(
                                    models.F("starts_at"),
                                    models.F("ends_at"),
                                    function="tstzrange",
                                    output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                                ),
                                "&&",
                            ),
                        ],
                        name="appointment_technician_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="appointment_ends_after_start"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state", "planned")),
                            models.Q(models.Q(("state", "planned"), _negated=True), ("ended_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="appointment_end_has_moment",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), models.Q(("result", ""), _negated=True)),
                            models.Q(models.Q(("state", "done"), _negated=True), ("result", "")),
                            _connector="OR",
                        ),
                        name="appointment_done_has_result",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("result__in", ["", "absent"]),
                            ("signature__isnull", False),
                            models.Q(("unsigned_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="appointment_signed_or_why_not",
                    ),
                ],
            },
        ),
    ]
