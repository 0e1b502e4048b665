"""Evidence, statements and packs are kept as they were written, whoever asks the database."""

from django.db import migrations

KEEP = """
CREATE OR REPLACE FUNCTION tickets_evidence_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sealed text[] := ARRAY['content', 'text'];
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - sealed = to_jsonb(OLD) - sealed THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is kept as it was written', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER tickets_evidence_kept BEFORE UPDATE OR DELETE ON tickets_evidence
    FOR EACH ROW EXECUTE FUNCTION tickets_evidence_refuse_change();
CREATE OR REPLACE TRIGGER tickets_investigationentry_kept BEFORE UPDATE OR DELETE ON tickets_investigationentry
    FOR EACH ROW EXECUTE FUNCTION tickets_evidence_refuse_change();
CREATE OR REPLACE TRIGGER tickets_evidencepack_kept BEFORE UPDATE OR DELETE ON tickets_evidencepack
    FOR EACH ROW EXECUTE FUNCTION tickets_evidence_refuse_change();
"""
KEEP_BACK = """
DROP TRIGGER IF EXISTS tickets_evidence_kept ON tickets_evidence;
DROP TRIGGER IF EXISTS tickets_investigationentry_kept ON tickets_investigationentry;
DROP TRIGGER IF EXISTS tickets_evidencepack_kept ON tickets_evidencepack;
DROP FUNCTION IF EXISTS tickets_evidence_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0024_legal")]
    operations = [migrations.RunSQL(KEEP, KEEP_BACK)]
