-- Bookings that were paid and taken, as the ledger has them. `first` and `last` number them; `venues` share them out.
-- Blank lines part the steps; each begins with its name.

-- bookings that began last week
INSERT INTO bookings_booking (
    reference, venue_id, room_id, guest_name, guest_email, guest_phone, message, party_size, starts_at, ends_at,
    time_zone, status, approval, capture, policy, lines, currency, total_minor, tax_minor, due_minor, fee_percent,
    decision, decision_reason, submission_key, submission_digest, asked_by, link_version, version, created_at, updated_at
)
SELECT
    'M' || n, room.venue_id, room.id, 'Guest ' || n, 'guest' || n || '@example.org', '', '', 2,
    now() - interval '9 days' + interval '1 second' * (n %% 500000), now() - interval '2 days', 'Europe/Paris',
    'COMPLETED', 'none', 'on_confirmation', '{}', '[]', 'EUR', 10000 + n %% 5000, 500, 10000 + n %% 5000, 10,
    '', '', 'money-' || n, '', '', 1, 0, now(), now()
FROM generate_series(%(first)s::int, %(last)s::int) AS n
JOIN rooms_room room ON room.id = (%(rooms)s::bigint[])[1 + n %% %(venues)s];

-- their payments
INSERT INTO payments_payment (
    public_id, booking_id, provider, n, status, is_live, is_two_stage, currency, amount_minor, authorized_minor,
    captured_minor, session_ref, session_url, provider_ref, charge_ref, card_brand, card_last4, client_secret,
    failure_code, mismatch, fetch_started, fetch_applied, created_at, authorized_at, captured_at, updated_at
)
SELECT
    gen_random_uuid(), id, 'stripe', 1, 'CAPTURED', false, false, currency, total_minor, total_minor, total_minor,
    'pi_' || reference, '', 'pi_' || reference, '', '', '', '', '', '', 1, 1, now(), now(), now(), now()
FROM bookings_booking
WHERE reference LIKE 'M%%' AND substr(reference, 2)::int BETWEEN %(first)s AND %(last)s;

-- their captures
INSERT INTO payments_ledgertransaction (key, kind, booking_id, payment_id, currency, is_live, created_at)
SELECT 'bench:' || booking.id, 'capture', booking.id, payment.id, payment.currency, payment.is_live, now()
FROM bookings_booking booking
JOIN payments_payment payment ON payment.booking_id = booking.id
WHERE booking.reference LIKE 'M%%' AND substr(booking.reference, 2)::int BETWEEN %(first)s AND %(last)s;

-- six entries each
INSERT INTO payments_ledgerentry (transaction_id, account, venue_id, currency, is_live, amount_minor)
SELECT movement.id, part.account, booking.venue_id, booking.currency, movement.is_live, part.amount
FROM payments_ledgertransaction movement
JOIN bookings_booking booking ON booking.id = movement.booking_id
CROSS JOIN LATERAL (SELECT round((booking.total_minor - booking.tax_minor) / 10.0)::bigint AS fee) AS share
CROSS JOIN LATERAL (VALUES
    ('hold', -booking.total_minor), ('guest', booking.total_minor), ('clearing', booking.total_minor),
    ('venue', share.fee + booking.tax_minor - booking.total_minor), ('platform_fee', -share.fee),
    ('tax', -booking.tax_minor)
) AS part (account, amount)
WHERE booking.reference LIKE 'M%%' AND substr(booking.reference, 2)::int BETWEEN %(first)s AND %(last)s;
