"""A reason more why a message did not arrive; nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0008_export_right")]

    operations = [
        migrations.AlterField(
            model_name="outreach",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("opted_out", "客户要求免打扰"),
                    ("no_consent", "没有营销同意"),
                    ("too_often", "超过联系频次"),
                    ("open_complaint", "有未结投诉"),
                    ("no_address", "没有可用的联系方式"),
                    ("undeliverable", "对方系统拒收"),
                    ("bounced", "邮件被退回"),
                    ("unreachable", "多次联系不上"),
                    ("settled", "事项已解决"),
                    ("withdrawn", "发起人取消"),
                ],
                max_length=14,
                verbose_name="原因",
            ),
        ),
    ]
