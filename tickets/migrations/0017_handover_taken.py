from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0016_abuse_reports"),
    ]

    operations = [
        migrations.AlterField(
            model_name="chat",
            name="handover_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("asked", "客户要求人工"),
                    ("complaint", "投诉或维权"),
                    ("anger", "情绪激动"),
                    ("unsure", "没有把握"),
                    ("unhelpful", "回答没有解决"),
                    ("files", "发来文件"),
                    ("taken", "客服接入"),
                    ("switched_off", "机器人已关闭"),
                ],
                max_length=20,
                verbose_name="转人工原因",
            ),
        ),
    ]
