"""Refunds stay within what was paid, whoever writes them; payouts may fail and be reversed; first limits."""

from django.db import migrations

REFUNDS = """
CREATE OR REPLACE FUNCTION tickets_refund_within_paid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paid_sum numeric;
    given numeric;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'rows of tickets_refund are kept' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.order_id, NEW.amount) IS DISTINCT FROM (OLD.order_id, OLD.amount) THEN
        RAISE EXCEPTION 'order and amount of tickets_refund are unchangeable' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status = 'reversed' OR (TG_OP = 'UPDATE' AND OLD.status <> 'reversed') THEN
        RETURN NEW;
    END IF;
    SELECT paid INTO paid_sum FROM customers_order WHERE id = NEW.order_id FOR UPDATE;
    SELECT coalesce(sum(amount), 0) INTO given FROM tickets_refund
        WHERE order_id = NEW.order_id AND status <> 'reversed' AND id IS DISTINCT FROM NEW.id;
    IF given + NEW.amount > paid_sum THEN
        RAISE EXCEPTION 'refunds of order % exceed what was paid', NEW.order_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER tickets_refund_within_paid BEFORE INSERT OR UPDATE OR DELETE ON tickets_refund
    FOR EACH ROW EXECUTE FUNCTION tickets_refund_within_paid();
"""
REFUNDS_BACK = """
DROP TRIGGER IF EXISTS tickets_refund_within_paid ON tickets_refund;
DROP FUNCTION IF EXISTS tickets_refund_within_paid();
"""
KEEP = """
CREATE OR REPLACE FUNCTION tickets_compensation_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    way text[] := ARRAY['status', 'approval_id', 'decided_at', 'paid_at', 'paid_by_id', 'reference', 'note',
                        'failed_at', 'failure', 'reversed_at', 'reversed_by_id', 'reversal'];
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - way = to_jsonb(OLD) - way THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the snapshot of tickets_compensation is unchangeable' USING ERRCODE = 'restrict_violation';
END $$;
"""
KEEP_BACK = """
CREATE OR REPLACE FUNCTION tickets_compensation_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    way text[] := ARRAY['status', 'approval_id', 'decided_at', 'paid_at', 'paid_by_id', 'reference', 'note'];
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - way = to_jsonb(OLD) - way THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the snapshot of tickets_compensation is unchangeable' USING ERRCODE = 'restrict_violation';
END $$;
"""
AUTHORITY = """
INSERT INTO core_authoritylimit (kind, role, per_day, approves_up_to, updated_at)
SELECT 'exchange', role, per_day, NULL, now()
FROM (VALUES ('agent', 300), ('lead', 1000), ('supervisor', 5000), ('admin', NULL)) AS roles (role, per_day)
ON CONFLICT DO NOTHING
"""
LIMITS = """
INSERT INTO tickets_aftersaleslimit (stage, kind, platform, hours, warn_hours, source, confidence, is_active, updated_at)
SELECT stage, kind, platform, hours, warn_hours::jsonb, source, confidence, true, now()
FROM (VALUES
    ('applied', '', '', 24, '[12]', '', 'house'),
    ('applied', '', 'jd', 48, '[24]', '京东：质量问题售后单审核时限', 'verified'),
    ('applied', 'refund_only', '', 48, '[24]', '未发货退款时限', 'unconfirmed'),
    ('returning', '', '', 168, '[120]', '买家退货时限', 'unconfirmed'),
    ('inspecting', '', '', 48, '[24]', '', 'house'),
    ('deciding', '', '', 48, '[24]', '', 'house'),
    ('executing', '', '', 72, '[48]', '', 'house'),
    ('done', '', '', 24, '[12]', '', 'house'),
    ('refused', '', '', 24, '[12]', '', 'house'),
    ('fed_back', '', '', 168, '[]', '', 'house'),
    ('goods_back', 'return_refund', '', 168, '[120]', '《消费者权益保护法》第二十五条：收到退货之日起七日内退款', 'verified'),
    ('goods_back', 'exchange', '', 72, '[48]', '京东：换货收到商品后重新发出的时限', 'verified'),
    ('goods_back', 'repair', '', 720, '[480, 600]', '京东：维修时限；满三十日应告知可换货', 'verified'),
    ('red_line', '', '', 360, '[240, 312]', '《侵害消费者权益行为处罚办法》第八条、第九条', 'verified')
) AS presets (stage, kind, platform, hours, warn_hours, source, confidence)
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0019_aftersales"), ("customers", "0005_care_notes"), ("core", "0004_approvals")]
    operations = [
        migrations.RunSQL(REFUNDS, REFUNDS_BACK),
        migrations.RunSQL(KEEP, KEEP_BACK),
        migrations.RunSQL(AUTHORITY, migrations.RunSQL.noop),
        migrations.RunSQL(LIMITS, migrations.RunSQL.noop),
    ]
