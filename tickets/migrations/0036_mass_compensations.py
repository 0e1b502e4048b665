"""A compensation may belong to an order that a disruption's plan was applied to, instead of a ticket."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0009_bounced_outreach"), ("tickets", "0035_room_entries_kept")]

    operations = [
        migrations.AlterField(
            model_name="compensation",
            name="ticket",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="compensations",
                to="tickets.ticket",
                verbose_name="工单",
            ),
        ),
        migrations.AddField(
            model_name="compensation",
            name="disruption_order",
            field=models.OneToOneField(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="compensation",
                to="customers.disruptionorder",
                verbose_name="服务中断订单",
            ),
        ),
    ]
