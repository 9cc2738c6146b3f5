"""Each row gets the mode of the payment it came from, once; from then on the database itself keeps modes apart.

What no payment says (money by hand) has the site's mode, which the columns were added with.
"""

from django.conf import settings
from django.db import migrations

MODES = """
-- A new column is filled: no amount, account or time of the append-only ledger changes.
ALTER TABLE payments_ledgertransaction DISABLE TRIGGER ledger_transaction_append_only;
ALTER TABLE payments_ledgerentry DISABLE TRIGGER ledger_entry_append_only;

UPDATE payments_payment SET is_live = %(site)s WHERE provider = 'offline' AND is_live <> %(site)s;
UPDATE payments_credit credit SET is_live = payment.is_live
  FROM payments_refund refund JOIN payments_payment payment ON payment.id = refund.payment_id
 WHERE refund.id = credit.refund_id AND credit.is_live <> payment.is_live;
UPDATE payments_payment payment SET is_live = credit.is_live
  FROM payments_credituse spent JOIN payments_credit credit ON credit.id = spent.credit_id
 WHERE spent.payment_id = payment.id AND payment.is_live <> credit.is_live;

-- A payout has the mode of the money in it; one that mixed them, or has none, keeps the site's.
CREATE TEMPORARY TABLE payout_modes ON COMMIT DROP AS
SELECT line.payout_id AS id, bool_or(payment.is_live) AS has_live, bool_or(NOT payment.is_live) AS has_test
  FROM payments_payoutline line JOIN payments_payment payment ON payment.booking_id = line.booking_id
 WHERE payment.captured_minor > 0
 GROUP BY line.payout_id;
UPDATE payments_payout payout SET is_live = modes.has_live
  FROM payout_modes modes
 WHERE modes.id = payout.id AND modes.has_live <> modes.has_test AND payout.is_live <> modes.has_live;
UPDATE payments_payoutrun run SET is_live = NOT run.is_live
 WHERE EXISTS (SELECT FROM payments_payout WHERE run_id = run.id)
   AND NOT EXISTS (SELECT FROM payments_payout payout WHERE payout.run_id = run.id AND payout.is_live = run.is_live);

UPDATE payments_ledgertransaction movement SET is_live = payment.is_live
  FROM payments_payment payment
 WHERE payment.id = movement.payment_id AND movement.is_live <> payment.is_live;
UPDATE payments_ledgertransaction movement SET is_live = payout.is_live
  FROM payments_payout payout WHERE payout.id = movement.payout_id AND movement.is_live <> payout.is_live;
UPDATE payments_ledgertransaction movement SET is_live = credit.is_live
  FROM payments_credit credit
 WHERE movement.key = 'credit:' || credit.id AND movement.is_live <> credit.is_live;
UPDATE payments_ledgertransaction movement SET is_live = credit.is_live
  FROM payments_credituse spent JOIN payments_credit credit ON credit.id = spent.credit_id
 WHERE movement.key = 'credit-use:' || spent.id AND movement.is_live <> credit.is_live;
UPDATE payments_ledgerentry entry SET is_live = movement.is_live
  FROM payments_ledgertransaction movement
 WHERE movement.id = entry.transaction_id AND entry.is_live <> movement.is_live;
-- Sums made before modes were told apart; they are made anew each night.
DELETE FROM payments_ledgercheckpoint;

INSERT INTO payments_drift (provider, provider_ref, kind, ours, theirs, cause, state, found_at, note)
SELECT CASE payout.method WHEN 'stripe' THEN 'stripe' ELSE 'offline' END, payout.key, 'mode',
       'payout of ' || payout.amount_minor || ' ' || payout.currency || ' (minor units)',
       CASE WHEN modes.has_live AND modes.has_test THEN 'test and real money in it'
            WHEN modes.has_live THEN 'real money in it' ELSE 'test money in it' END,
       'Paid before test and real money were told apart: see whether it left your bank account.',
       'open', now(), ''
  FROM payments_payout payout JOIN payout_modes modes ON modes.id = payout.id
 WHERE modes.has_live = modes.has_test OR modes.has_live <> %(site)s;

ALTER TABLE payments_ledgertransaction ENABLE TRIGGER ledger_transaction_append_only;
ALTER TABLE payments_ledgerentry ENABLE TRIGGER ledger_entry_append_only;
"""
GUARDS = """
CREATE FUNCTION payments_refuse_mixed(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'test and real money never mix: % refused', what USING ERRCODE = 'check_violation';
END $$;

CREATE FUNCTION payments_check_movement_mode() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.is_live <> (SELECT is_live FROM payments_payment WHERE id = NEW.payment_id)
        OR NEW.is_live <> (SELECT is_live FROM payments_payout WHERE id = NEW.payout_id) THEN
        PERFORM payments_refuse_mixed(NEW.key);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_transaction_mode BEFORE INSERT ON payments_ledgertransaction
    FOR EACH ROW EXECUTE FUNCTION payments_check_movement_mode();

CREATE FUNCTION payments_check_payout_mode() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.is_live <> (SELECT is_live FROM payments_payoutrun WHERE id = NEW.run_id) THEN
        PERFORM payments_refuse_mixed(NEW.key);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payout_mode BEFORE INSERT ON payments_payout
    FOR EACH ROW EXECUTE FUNCTION payments_check_payout_mode();

CREATE FUNCTION payments_check_credit_mode() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.is_live <> (SELECT payment.is_live FROM payments_refund refund
        JOIN payments_payment payment ON payment.id = refund.payment_id WHERE refund.id = NEW.refund_id) THEN
        PERFORM payments_refuse_mixed('credit');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER credit_mode BEFORE INSERT ON payments_credit
    FOR EACH ROW EXECUTE FUNCTION payments_check_credit_mode();

CREATE FUNCTION payments_check_credit_use_mode() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT is_live FROM payments_payment WHERE id = NEW.payment_id)
        <> (SELECT is_live FROM payments_credit WHERE id = NEW.credit_id) THEN
        PERFORM payments_refuse_mixed('use of a credit');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER credit_use_mode BEFORE INSERT ON payments_credituse
    FOR EACH ROW EXECUTE FUNCTION payments_check_credit_use_mode();

-- Once money moved, the mode it moved in is a fact.
CREATE FUNCTION payments_keep_mode() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM payments_refuse_mixed('another mode for ' || TG_TABLE_NAME);
    RETURN NULL;
END $$;
CREATE FUNCTION payments_keep_payment_mode() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM payments_ledgertransaction WHERE payment_id = NEW.id) THEN
        PERFORM payments_refuse_mixed('another mode for payment ' || NEW.id);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payment_keeps_mode BEFORE UPDATE ON payments_payment
    FOR EACH ROW WHEN (OLD.is_live <> NEW.is_live) EXECUTE FUNCTION payments_keep_payment_mode();
CREATE TRIGGER payout_keeps_mode BEFORE UPDATE ON payments_payout
    FOR EACH ROW WHEN (OLD.is_live <> NEW.is_live) EXECUTE FUNCTION payments_keep_mode();
CREATE TRIGGER credit_keeps_mode BEFORE UPDATE ON payments_credit
    FOR EACH ROW WHEN (OLD.is_live <> NEW.is_live) EXECUTE FUNCTION payments_keep_mode();

CREATE OR REPLACE FUNCTION payments_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    total numeric;
    currencies integer;
    is_one_mode boolean;
BEGIN
    SELECT sum(entry.amount_minor), count(DISTINCT entry.currency), bool_and(entry.is_live = movement.is_live)
        INTO total, currencies, is_one_mode
        FROM payments_ledgerentry entry JOIN payments_ledgertransaction movement ON movement.id = entry.transaction_id
        WHERE entry.transaction_id = NEW.transaction_id;
    IF total <> 0 OR currencies <> 1 OR NOT is_one_mode THEN
        RAISE EXCEPTION 'ledger transaction % does not balance', NEW.transaction_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
"""
NO_GUARDS = """
DROP TRIGGER credit_keeps_mode ON payments_credit;
DROP TRIGGER payout_keeps_mode ON payments_payout;
DROP TRIGGER payment_keeps_mode ON payments_payment;
DROP TRIGGER credit_use_mode ON payments_credituse;
DROP TRIGGER credit_mode ON payments_credit;
DROP TRIGGER payout_mode ON payments_payout;
DROP TRIGGER ledger_transaction_mode ON payments_ledgertransaction;
DROP FUNCTION payments_keep_payment_mode();
DROP FUNCTION payments_keep_mode();
DROP FUNCTION payments_check_credit_use_mode();
DROP FUNCTION payments_check_credit_mode();
DROP FUNCTION payments_check_payout_mode();
DROP FUNCTION payments_check_movement_mode();
DROP FUNCTION payments_refuse_mixed(text);
CREATE OR REPLACE FUNCTION payments_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    total numeric;
    currencies integer;
BEGIN
    SELECT sum(amount_minor), count(DISTINCT currency) INTO total, currencies
        FROM payments_ledgerentry WHERE transaction_id = NEW.transaction_id;
    IF total <> 0 OR currencies <> 1 THEN
        RAISE EXCEPTION 'ledger transaction % does not balance', NEW.transaction_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
"""


def write_modes(apps, schema_editor):
    site = settings.STRIPE_IS_LIVE if settings.STRIPE_SECRET_KEY else not settings.OCTO_TEST
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(MODES, {"site": site})


class Migration(migrations.Migration):
    dependencies = [("payments", "0018_money_by_account_and_mode")]
    operations = [
        migrations.RunPython(write_modes, migrations.RunPython.noop),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
