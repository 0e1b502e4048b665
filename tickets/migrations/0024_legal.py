import core.clock
import core.fields
import core.privacy.fields
import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0022_asked_again"),
        ("tickets", "0023_undelivered_reason"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Investigation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "调查中"), ("concluded", "已有结论")],
                        default="open",
                        editable=False,
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("opened_at", models.DateTimeField(default=core.clock.now, editable=False, verbose_name="开始时间")),
                ("conclusion", core.privacy.fields.EncryptedTextField(blank=True, default="", verbose_name="结论")),
                ("digest", models.CharField(blank=True, editable=False, max_length=64, verbose_name="指纹")),
                ("concluded_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="结论时间")),
                (
                    "concluded_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="结论人",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="调查人",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="investigations",
                        to="tickets.ticket",
                        verbose_name="工单",
                    ),
                ),
            ],
            options={
                "verbose_name": "调查",
                "verbose_name_plural": "调查",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")), fields=("ticket",), name="investigation_one_open"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("concluded_at__isnull", True), ("state", "open")),
                            models.Q(("concluded_at__isnull", False), ("state", "concluded")),
                            _connector="OR",
                        ),
                        name="investigation_concluded_has_moment",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InvestigationEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("question", "问题"), ("statement", "陈述")], max_length=10, verbose_name="类型"
                    ),
                ),
                ("text", core.privacy.fields.EncryptedTextField(verbose_name="内容")),
                (
                    "speaker",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("customer", "客户"),
                            ("staff", "员工"),
                            ("merchant", "商家"),
                            ("carrier", "承运商"),
                            ("other", "其他"),
                        ],
                        max_length=10,
                        verbose_name="陈述人",
                    ),
                ),
                ("digest", models.CharField(editable=False, max_length=64, verbose_name="指纹")),
                ("at", models.DateTimeField(default=core.clock.now, editable=False, verbose_name="时间")),
                (
                    "actor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="记录人",
                    ),
                ),
                (
                    "answers",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answered_by",
                        to="tickets.investigationentry",
                        verbose_name="回答的问题",
                    ),
                ),
                (
                    "investigation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="tickets.investigation",
                        verbose_name="调查",
                    ),
                ),
            ],
            options={
                "verbose_name": "调查记录",
                "verbose_name_plural": "调查记录",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="LegalCase",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "authority",
                    models.CharField(
                        choices=[
                            ("12315", "12315（市场监管）"),
                            ("platform", "平台介入"),
                            ("association", "消费者协会"),
                            ("odr", "12315 在线和解（ODR）"),
                            ("court", "法院"),
                        ],
                        max_length=20,
                        verbose_name="机关",
                    ),
                ),
                (
                    "platform",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("taobao", "淘宝"),
                            ("tmall", "天猫"),
                            ("jd", "京东"),
                            ("douyin", "抖音"),
                            ("pdd", "拼多多"),
                            ("kuaishou", "快手"),
                            ("xiaohongshu", "小红书"),
                            ("wechat", "微信"),
                            ("own", "自营网站"),
                            ("other", "其他"),
                        ],
                        max_length=20,
                        verbose_name="平台",
                    ),
                ),
                (
                    "matter",
                    models.CharField(
                        choices=[("complaint", "投诉"), ("report", "举报")],
                        default="complaint",
                        max_length=10,
                        verbose_name="性质",
                    ),
                ),
                ("external_number", models.CharField(max_length=100, verbose_name="外部编号")),
                ("received_at", models.DateTimeField(verbose_name="收到时间")),
                ("reply_due_at", models.DateTimeField(blank=True, null=True, verbose_name="通知写明的答复期限")),
                ("summary", core.privacy.fields.EncryptedTextField(blank=True, default="", verbose_name="事由")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "办理中"), ("closed", "已结案")],
                        default="open",
                        editable=False,
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("settled", "和解"),
                            ("withdrawn", "对方撤回"),
                            ("upheld", "支持消费者"),
                            ("rejected", "不支持消费者"),
                            ("referred", "转其他机关"),
                        ],
                        max_length=10,
                        verbose_name="结果",
                    ),
                ),
                (
                    "outcome_note",
                    core.privacy.fields.EncryptedTextField(blank=True, default="", verbose_name="结果说明"),
                ),
                ("created_at", models.DateTimeField(default=core.clock.now, editable=False, verbose_name="登记时间")),
                ("closed_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="结案时间")),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="结案人",
                    ),
                ),
                (
                    "companion",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tickets.legalcase",
                        verbose_name="同一来件的另一案",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="登记人",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="负责人",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_cases",
                        to="tickets.ticket",
                        verbose_name="工单",
                    ),
                ),
            ],
            options={
                "verbose_name": "监管与平台争议",
                "verbose_name_plural": "监管与平台争议",
                "ordering": ["-id"],
                "permissions": [("close_legalcase", "可结案")],
                "indexes": [
                    models.Index(fields=["state", "-id"], name="legal_case_state"),
                    models.Index(fields=["ticket", "-id"], name="legal_case_ticket"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("authority", "platform", "matter", "external_number"), name="legal_case_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", True), ("outcome", ""), ("state", "open")),
                            models.Q(
                                ("closed_at__isnull", False),
                                ("state", "closed"),
                                models.Q(("outcome", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="legal_case_closed_with_outcome",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EvidencePack",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("manifest", models.JSONField(verbose_name="清单")),
                ("digest", models.CharField(max_length=64, verbose_name="清单指纹")),
                ("is_masked", models.BooleanField(verbose_name="已脱敏")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="导出原因")),
                ("made_at", models.DateTimeField(default=core.clock.now, editable=False, verbose_name="导出时间")),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="导出人",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence_packs",
                        to="tickets.ticket",
                        verbose_name="工单",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="packs",
                        to="tickets.legalcase",
                        verbose_name="案件",
                    ),
                ),
            ],
            options={
                "verbose_name": "证据包",
                "verbose_name_plural": "证据包",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Evidence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("conversation", "会话记录"),
                            ("order", "订单记录"),
                            ("logistics", "物流记录"),
                            ("page", "页面快照"),
                            ("file", "文件"),
                        ],
                        max_length=20,
                        verbose_name="类型",
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="名称")),
                ("url", models.URLField(blank=True, max_length=1000, verbose_name="网址")),
                ("content", core.privacy.fields.EncryptedTextField(blank=True, default="", verbose_name="内容")),
                ("digest", models.CharField(editable=False, max_length=64, verbose_name="指纹")),
                ("size", models.PositiveBigIntegerField(editable=False, verbose_name="大小")),
                ("frozen_at", models.DateTimeField(default=core.clock.now, editable=False, verbose_name="固定时间")),
                (
                    "attachment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.attachment",
                        verbose_name="文件",
                    ),
                ),
                (
                    "frozen_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="固定人",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="tickets.ticket",
                        verbose_name="工单",
                    ),
                ),
                (
                    "investigation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="tickets.investigation",
                        verbose_name="调查",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="tickets.legalcase",
                        verbose_name="案件",
                    ),
                ),
            ],
            options={
                "verbose_name": "证据",
                "verbose_name_plural": "证据",
                "ordering": ["id"],
                "indexes": [models.Index(fields=["ticket", "id"], name="evidence_ticket")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ticket__isnull", False), ("case__isnull", False), _connector="OR"),
                        name="evidence_about_something",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LegalMoment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("received", "收到通知"),
                            ("accepted", "机关受理"),
                            ("evidence_requested", "要求补充举证"),
                            ("decided", "作出决定"),
                            ("ended", "平台结案"),
                            ("talks", "双方自行协商，平台暂停"),
                            ("court_declared", "声明已起诉"),
                            ("police_declared", "声明已报警"),
                            ("incident", "舆情或监管事件"),
                            ("appraisal_began", "送检鉴定开始"),
                            ("appraisal_ended", "送检鉴定结束"),
                            ("began", "事项发生"),
                        ],
                        max_length=20,
                        verbose_name="事件",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="时间")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="说明")),
                ("created_at", models.DateTimeField(default=core.clock.now, editable=False, verbose_name="登记时间")),
                (
                    "actor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="登记人",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moments",
                        to="tickets.legalcase",
                        verbose_name="案件",
                    ),
                ),
            ],
            options={
                "verbose_name": "案件进展",
                "verbose_name_plural": "案件进展",
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="LegalReview",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("facts", models.JSONField(verbose_name="事实")),
                ("question", core.privacy.fields.EncryptedTextField(verbose_name="提请说明")),
                ("asked_at", models.DateTimeField(default=core.clock.now, editable=False, verbose_name="提请时间")),
                ("opinion", core.privacy.fields.EncryptedTextField(blank=True, default="", verbose_name="意见")),
                ("answered_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="复核时间")),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="复核人",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="提请人",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_reviews",
                        to="tickets.ticket",
                        verbose_name="工单",
                    ),
                ),
            ],
            options={
                "verbose_name": "法务复核",
                "verbose_name_plural": "法务复核",
                "ordering": ["-id"],
                "permissions": [("answer_legalreview", "可给出法务意见")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("answered_at", None)), fields=("ticket",), name="legal_review_one_open"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LegalRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount", models.PositiveSmallIntegerField(verbose_name="时长")),
                (
                    "unit",
                    models.CharField(
                        choices=[("hours", "小时"), ("days", "天"), ("months", "个月")],
                        default="days",
                        max_length=10,
                        verbose_name="单位",
                    ),
                ),
                (
                    "clock",
                    models.CharField(
                        choices=[
                            ("natural", "自然日"),
                            ("working", "工作日"),
                            ("business", "营业时间"),
                            ("window", "每日时段"),
                        ],
                        default="natural",
                        max_length=10,
                        verbose_name="计时",
                    ),
                ),
                ("opens_minute", models.PositiveSmallIntegerField(default=0, verbose_name="每日开始（分钟）")),
                ("closes_minute", models.PositiveSmallIntegerField(default=1440, verbose_name="每日结束（分钟）")),
                ("is_extended", models.BooleanField(default=False, verbose_name="末日遇节假日顺延")),
                (
                    "warns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="提醒点",
                    ),
                ),
                ("code", models.CharField(max_length=40, unique=True, verbose_name="规则编号")),
                ("title", models.CharField(max_length=100, verbose_name="事项")),
                (
                    "starts",
                    models.CharField(
                        choices=[
                            ("received", "收到通知"),
                            ("accepted", "机关受理"),
                            ("evidence_requested", "要求补充举证"),
                            ("decided", "作出决定"),
                            ("ended", "平台结案"),
                            ("talks", "双方自行协商，平台暂停"),
                            ("court_declared", "声明已起诉"),
                            ("police_declared", "声明已报警"),
                            ("incident", "舆情或监管事件"),
                            ("appraisal_began", "送检鉴定开始"),
                            ("appraisal_ended", "送检鉴定结束"),
                            ("began", "事项发生"),
                        ],
                        max_length=20,
                        verbose_name="起算",
                    ),
                ),
                (
                    "provisional",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("received", "收到通知"),
                            ("accepted", "机关受理"),
                            ("evidence_requested", "要求补充举证"),
                            ("decided", "作出决定"),
                            ("ended", "平台结案"),
                            ("talks", "双方自行协商，平台暂停"),
                            ("court_declared", "声明已起诉"),
                            ("police_declared", "声明已报警"),
                            ("incident", "舆情或监管事件"),
                            ("appraisal_began", "送检鉴定开始"),
                            ("appraisal_ended", "送检鉴定结束"),
                            ("began", "事项发生"),
                        ],
                        max_length=20,
                        verbose_name="暂按此起算",
                    ),
                ),
                (
                    "authorities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("12315", "12315（市场监管）"),
                                ("platform", "平台介入"),
                                ("association", "消费者协会"),
                                ("odr", "12315 在线和解（ODR）"),
                                ("court", "法院"),
                            ],
                            max_length=20,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="适用机关",
                    ),
                ),
                (
                    "platform",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("taobao", "淘宝"),
                            ("tmall", "天猫"),
                            ("jd", "京东"),
                            ("douyin", "抖音"),
                            ("pdd", "拼多多"),
                            ("kuaishou", "快手"),
                            ("xiaohongshu", "小红书"),
                            ("wechat", "微信"),
                            ("own", "自营网站"),
                            ("other", "其他"),
                        ],
                        max_length=20,
                        verbose_name="适用平台",
                    ),
                ),
                ("is_ours", models.BooleanField(default=True, verbose_name="我方时限")),
                ("source_title", models.CharField(max_length=200, verbose_name="来源")),
                ("source_article", models.CharField(blank=True, max_length=200, verbose_name="条款")),
                ("source_url", models.URLField(blank=True, max_length=500, verbose_name="来源网址")),
                ("effective_from", models.DateField(blank=True, null=True, verbose_name="生效日期")),
                ("effective_to", models.DateField(blank=True, null=True, verbose_name="失效日期")),
                (
                    "confidence",
                    models.CharField(
                        choices=[
                            ("verified", "已核实"),
                            ("partly", "部分核实"),
                            ("unconfirmed", "待确认"),
                            ("house", "本店设定"),
                        ],
                        default="partly",
                        max_length=20,
                        verbose_name="可信度",
                    ),
                ),
                ("checked_on", models.DateField(blank=True, null=True, verbose_name="核对日期")),
                ("is_active", models.BooleanField(default=True, verbose_name="启用")),
                (
                    "updated_at",
                    core.fields.UpdatedAtField(default=core.clock.now, editable=False, verbose_name="更新时间"),
                ),
            ],
            options={
                "verbose_name": "法定时限规则",
                "verbose_name_plural": "法定时限规则",
                "ordering": ["code"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gte", 1)), name="legal_rule_amount"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closes_minute__lte", 1440), ("opens_minute__lt", models.F("closes_minute"))
                        ),
                        name="legal_rule_window",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LegalClock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("amount", models.PositiveSmallIntegerField(verbose_name="时长")),
                (
                    "unit",
                    models.CharField(
                        choices=[("hours", "小时"), ("days", "天"), ("months", "个月")],
                        default="days",
                        max_length=10,
                        verbose_name="单位",
                    ),
                ),
                (
                    "clock",
                    models.CharField(
                        choices=[
                            ("natural", "自然日"),
                            ("working", "工作日"),
                            ("business", "营业时间"),
                            ("window", "每日时段"),
                        ],
                        default="natural",
                        max_length=10,
                        verbose_name="计时",
                    ),
                ),
                ("opens_minute", models.PositiveSmallIntegerField(default=0, verbose_name="每日开始（分钟）")),
                ("closes_minute", models.PositiveSmallIntegerField(default=1440, verbose_name="每日结束（分钟）")),
                ("is_extended", models.BooleanField(default=False, verbose_name="末日遇节假日顺延")),
                (
                    "warns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="提醒点",
                    ),
                ),
                ("key", models.CharField(editable=False, max_length=120, unique=True, verbose_name="键")),
                ("title", models.CharField(max_length=100, verbose_name="事项")),
                ("basis", models.CharField(blank=True, max_length=401, verbose_name="依据")),
                ("is_ours", models.BooleanField(default=True, verbose_name="我方时限")),
                ("is_provisional", models.BooleanField(default=False, verbose_name="暂估")),
                ("started_at", models.DateTimeField(verbose_name="起算时间")),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="截止时间")),
                ("problem", models.CharField(blank=True, max_length=100, verbose_name="无法计算")),
                ("pauses", models.JSONField(blank=True, default=list, verbose_name="暂停")),
                ("met_at", models.DateTimeField(blank=True, null=True, verbose_name="完成时间")),
                ("missed_at", models.DateTimeField(blank=True, null=True, verbose_name="错过时间")),
                ("dropped_at", models.DateTimeField(blank=True, null=True, verbose_name="不再适用")),
                ("drop_reason", models.CharField(blank=True, max_length=300, verbose_name="不适用原因")),
                ("cause", core.privacy.fields.EncryptedTextField(blank=True, default="", verbose_name="错过原因")),
                ("remedy", core.privacy.fields.EncryptedTextField(blank=True, default="", verbose_name="补救措施")),
                ("explained_at", models.DateTimeField(blank=True, null=True, verbose_name="说明时间")),
                ("created_at", models.DateTimeField(default=core.clock.now, editable=False, verbose_name="创建时间")),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clocks",
                        to="tickets.legalcase",
                        verbose_name="案件",
                    ),
                ),
                (
                    "explained_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="说明人",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="负责人",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_clocks",
                        to="tickets.ticket",
                        verbose_name="工单",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clocks",
                        to="tickets.legalrule",
                        verbose_name="规则",
                    ),
                ),
            ],
            options={
                "verbose_name": "法定时限",
                "verbose_name_plural": "法定时限",
                "ordering": ["due_at", "id"],
                "permissions": [("explain_legalclock", "可说明错过的法定时限")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("dropped_at", None), ("met_at", None), ("missed_at", None)),
                        fields=["due_at", "id"],
                        name="legal_clock_running",
                    ),
                    models.Index(
                        condition=models.Q(("explained_at", None), ("missed_at__isnull", False)),
                        fields=["missed_at", "id"],
                        name="legal_clock_missed",
                    ),
                    models.Index(
                        condition=models.Q(("met_at__isnull", False)), fields=["met_at", "id"], name="legal_clock_met"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ticket__isnull", False), ("case__isnull", False), _connector="OR"),
                        name="legal_clock_about_something",
                    )
                ],
            },
        ),
    ]
