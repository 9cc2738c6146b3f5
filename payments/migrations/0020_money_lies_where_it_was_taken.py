"""What venues' own shops took was booked as if our account had it: one more balanced transaction each moves it.

Nothing that was written changes. What the platform paid out of such money shows as owed by the venue from then on,
and on staff's list of differences.
"""

from django.db import migrations

MOVE = """
WITH astray AS (
    SELECT movement.payment_id, movement.booking_id, movement.is_live, entry.venue_id, entry.currency, entry.account,
        sum(entry.amount_minor)::bigint AS amount_minor
    FROM payments_payment payment
    JOIN payments_ledgertransaction movement ON movement.payment_id = payment.id
    JOIN payments_ledgerentry entry ON entry.transaction_id = movement.id
    WHERE payment.account_id IS NOT NULL AND entry.account IN ('clearing', 'processing_fee')
    GROUP BY 1, 2, 3, 4, 5, 6
    HAVING sum(entry.amount_minor) <> 0
), moved AS (
    INSERT INTO payments_ledgertransaction (key, kind, booking_id, payment_id, currency, is_live, created_at)
    SELECT DISTINCT 'own-shop:' || payment_id, 'own_shop', booking_id, payment_id, currency, is_live, now()
    FROM astray
    RETURNING id, payment_id
)
INSERT INTO payments_ledgerentry (transaction_id, account, venue_id, currency, is_live, amount_minor)
SELECT moved.id, side.account, astray.venue_id, astray.currency, astray.is_live, side.amount_minor
FROM astray
JOIN moved USING (payment_id)
-- The shop's own fee is the venue's, whoever was said to bear it.
CROSS JOIN LATERAL (VALUES
    (astray.account, -astray.amount_minor),
    (CASE astray.account WHEN 'clearing' THEN 'venue_shop' ELSE 'venue' END, astray.amount_minor)
) AS side (account, amount_minor);

INSERT INTO payments_drift
    (provider, provider_ref, payment_id, booking_id, kind, ours, theirs, cause, state, found_at, note)
SELECT payment.provider, payment.provider_ref, payment.id, payment.booking_id, 'own_shop',
    'paid out ' || paid.amount_minor || ' ' || payment.currency || ' (minor units)',
    'taken by the shop of the venue: ' || payment.captured_minor || ' ' || payment.currency || ' (minor units)',
    'Paid by the platform though the money was with the venue: it is netted against what the venue is due.',
    'open', now(), ''
FROM payments_payment payment
CROSS JOIN LATERAL (
    SELECT sum(line.amount_minor)::bigint AS amount_minor FROM payments_payoutline line
    JOIN payments_payout payout ON payout.id = line.payout_id
    WHERE line.booking_id = payment.booking_id AND payout.status NOT IN ('failed', 'returned')
) paid
WHERE payment.account_id IS NOT NULL AND payment.captured_minor > 0 AND paid.amount_minor > 0;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0019_modes_never_mix")]
    operations = [migrations.RunSQL(MOVE, migrations.RunSQL.noop)]
