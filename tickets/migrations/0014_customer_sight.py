"""Whether somebody sees a customer is read from an index alone, however many tickets the customer has."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tickets", "0013_transfers_by_approval")]

    operations = [
        AddIndexConcurrently(
            model_name="ticket",
            index=models.Index(fields=["customer", "queue", "assignee"], include=["id"], name="ticket_customer_sight"),
        ),
        migrations.AlterField(
            model_name="ticket",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                on_delete=models.deletion.PROTECT,
                related_name="tickets",
                to="customers.customer",
                verbose_name="客户",
            ),
        ),
    ]
