"""Statements of customers are never changed or deleted; those that said "no contact" before the ledger get their row."""

from django.db import migrations

KEEP = """
CREATE OR REPLACE FUNCTION customers_consent_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'customer_id' = to_jsonb(OLD) - 'customer_id' THEN
        RETURN NEW;  -- two records of one person become one, or part again
    END IF;
    RAISE EXCEPTION 'customers_consentrecord is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER customers_consent_append_only BEFORE UPDATE OR DELETE ON customers_consentrecord
    FOR EACH ROW EXECUTE FUNCTION customers_consent_refuse_change();
"""
KEEP_BACK = """
DROP TRIGGER IF EXISTS customers_consent_append_only ON customers_consentrecord;
DROP FUNCTION IF EXISTS customers_consent_refuse_change();
"""
FORMER_WISHES = """
INSERT INTO customers_consentrecord
    (customer_id, purpose, decision, channel, is_asked, wording, wording_version, evidence, at, created_at)
SELECT id, 'contact', 'withdrawn', 'other', false, '', '', do_not_contact_reason, do_not_contact_at, now()
FROM customers_customer WHERE do_not_contact_at IS NOT NULL ORDER BY id
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_value_and_consents")]

    operations = [
        migrations.RunSQL(FORMER_WISHES, migrations.RunSQL.noop),
        migrations.RunSQL(KEEP, KEEP_BACK),
    ]
