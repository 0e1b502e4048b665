"""Kinds of notices for departments; nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0037_aftersales_ledger"),
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
                    ("undelivered", "回复未送达，请用其他方式联系客户"),
                    ("snooze_over", "稍后处理的时间到了"),
                    ("customer_woke", "客户来信，工单已回到列表"),
                    ("abuse_reported", "报告恶意攻击，请处理"),
                    ("task_unstaffed", "流程任务所在部门无人，请安排"),
                    ("task_overdue", "部门任务已超时"),
                    ("task_returned", "任务在部门间来回退回，请协调"),
                    ("task_given", "您的部门有新任务"),
                    ("task_withdrawn", "部门任务已取消，不用再做"),
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
                    ("safety_incident", "有产品安全事故，请判断是否召回"),
                    ("watched_message", "关注的工单有新消息"),
                    ("budget_warned", "本月补偿已用预算的 80%"),
                    ("budget_spent", "本月补偿已用完预算"),
                    ("relief_asked", "同事请求换人，请处理"),
                    ("relief_granted", "已为您换人，休息一下"),
                    ("relief_declined", "换人请求未获同意"),
                ],
                max_length=30,
                verbose_name="类型",
            ),
        ),
    ]
