"""What a compensation rests on is never changed or deleted; the roles get their first limits."""

from django.db import migrations

KEEP = """
CREATE OR REPLACE FUNCTION tickets_compensation_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    way text[] := ARRAY['status', 'approval_id', 'decided_at', 'paid_at', 'paid_by_id', 'reference', 'note'];
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - way = to_jsonb(OLD) - way THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the snapshot of tickets_compensation is unchangeable' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER tickets_compensation_kept BEFORE UPDATE OR DELETE ON tickets_compensation
    FOR EACH ROW EXECUTE FUNCTION tickets_compensation_refuse_change();
"""
KEEP_BACK = """
DROP TRIGGER IF EXISTS tickets_compensation_kept ON tickets_compensation;
DROP FUNCTION IF EXISTS tickets_compensation_refuse_change();
"""
LIMITS = """
INSERT INTO core_authoritylimit (kind, role, per_day, approves_up_to, updated_at)
SELECT kind, role, per_day, NULL, now()
FROM unnest(ARRAY['compensation', 'coupon']) kind,
     (VALUES ('agent', 50), ('lead', 200), ('supervisor', 1000), ('admin', NULL)) AS roles (role, per_day)
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0005_compensations"), ("core", "0004_approvals")]
    operations = [
        migrations.RunSQL(KEEP, KEEP_BACK),
        migrations.RunSQL(LIMITS, migrations.RunSQL.noop),
    ]
