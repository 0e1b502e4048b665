"""What became of complaints thirty days after they were closed; kept as it was written. A low score raises."""

import core.clock
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

KEEP = """
CREATE OR REPLACE FUNCTION tickets_outcome_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is kept as it was written', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER tickets_outcome_kept BEFORE UPDATE OR DELETE ON tickets_complaintoutcome
    FOR EACH ROW EXECUTE FUNCTION tickets_outcome_refuse_change();
"""
KEEP_BACK = """
DROP TRIGGER IF EXISTS tickets_outcome_kept ON tickets_complaintoutcome;
DROP FUNCTION IF EXISTS tickets_outcome_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0030_safety_and_diagnosis"),
    ]

    operations = [
        migrations.AlterField(
            model_name="escalationtrigger",
            name="kind",
            field=models.CharField(
                choices=[
                    ("sla_breach", "时效超时"),
                    ("amount", "金额超限"),
                    ("safety", "涉及人身安全"),
                    ("legal", "提及媒体、12315 或律师"),
                    ("important", "重点客户"),
                    ("similar", "同类投诉集中"),
                    ("reopened", "第二次重开"),
                    ("low_score", "客户评价不满意"),
                    ("staff", "员工申请升级"),
                ],
                max_length=20,
                unique=True,
                verbose_name="触发条件",
            ),
        ),
        migrations.CreateModel(
            name="ComplaintOutcome",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("closed_at", models.DateTimeField(verbose_name="结案时间")),
                ("evaluated_at", models.DateTimeField(default=core.clock.now, verbose_name="复盘时间")),
                ("category", models.CharField(blank=True, max_length=100, verbose_name="分类")),
                (
                    "price",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=12, null=True, verbose_name="实付价款"
                    ),
                ),
                (
                    "methods",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), default=list, size=None, verbose_name="处理方式"
                    ),
                ),
                ("cost", models.DecimalField(decimal_places=2, default=0, max_digits=12, verbose_name="成本")),
                ("handling_minutes", models.PositiveIntegerField(verbose_name="用时（分钟）")),
                ("satisfaction", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="客户评分")),
                ("verdict", models.CharField(blank=True, max_length=12, verbose_name="回访结果")),
                ("repeat_count", models.PositiveSmallIntegerField(default=0, verbose_name="再次投诉次数")),
                ("repurchase_count", models.PositiveIntegerField(default=0, verbose_name="复购订单数")),
                (
                    "repurchase_amount",
                    models.DecimalField(decimal_places=2, default=0, max_digits=12, verbose_name="复购金额"),
                ),
                (
                    "level",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.complaintlevel",
                        verbose_name="级别",
                    ),
                ),
                (
                    "repeat_ticket",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.ticket",
                        verbose_name="再次投诉",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outcomes",
                        to="tickets.ticket",
                        verbose_name="工单",
                    ),
                ),
            ],
            options={
                "verbose_name": "结案复盘",
                "verbose_name_plural": "结案复盘",
                "ordering": ["-closed_at", "-id"],
                "indexes": [
                    models.Index(fields=["-closed_at", "-id"], name="outcome_newest"),
                    models.Index(fields=["category", "-id"], name="outcome_category"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("ticket", "closed_at"), name="outcome_once_a_closing"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("satisfaction__isnull", True),
                            models.Q(("satisfaction__gte", 1), ("satisfaction__lte", 5)),
                            _connector="OR",
                        ),
                        name="outcome_satisfaction_range",
                    ),
                ],
            },
        ),
        migrations.RunSQL(KEEP, KEEP_BACK),
    ]
