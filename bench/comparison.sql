-- Bookings paid in one stage, as all tables have them once they are confirmed. Blank lines part the steps.

-- bookings
INSERT INTO bookings_booking (
    reference, venue_id, room_id, guest_name, guest_email, guest_phone, message, party_size, starts_at, ends_at,
    time_zone, status, approval, capture, policy, lines, currency, total_minor, tax_minor, due_minor, fee_percent,
    decision, decision_reason, submission_key, submission_digest, asked_by, link_version, version, created_at, updated_at
)
SELECT
    reference, room.venue_id, room.id, 'Guest', 'guest@example.org', '', '', 2, now() + interval '9 days',
    now() + interval '10 days', 'Europe/Paris', 'CONFIRMED', 'none', 'on_confirmation', '{}', '[]', 'EUR',
    %(minor)s, 0, %(minor)s, 10, '', '', reference, '', '', 1, 0, now(), now()
FROM unnest(%(references)s::text[]) AS reference, rooms_room room WHERE room.id = %(room)s;

-- payments
INSERT INTO payments_payment (
    public_id, booking_id, provider, n, status, is_live, is_two_stage, currency, amount_minor, authorized_minor,
    captured_minor, provider_fee_minor, session_ref, session_url, provider_ref, charge_ref, client_secret,
    failure_code, mismatch, fetch_started, fetch_applied, created_at, authorized_at, captured_at, updated_at
)
SELECT
    made.id, booking.id, 'stripe', 1, 'CAPTURED', false, false, 'EUR', %(minor)s, %(minor)s, %(minor)s, %(fee)s,
    made.ref, '', made.ref, '', '', '', '', 1, 1, now(), now(), now(), now()
FROM unnest(%(references)s::text[], %(ids)s::uuid[], %(refs)s::text[]) AS made (reference, id, ref)
JOIN bookings_booking booking ON booking.reference = made.reference;

-- what the ledger has of each
INSERT INTO payments_ledgertransaction (key, kind, booking_id, payment_id, currency, is_live, created_at)
SELECT kind || ':' || payment.id, kind, payment.booking_id, payment.id, 'EUR', payment.is_live, now()
FROM payments_payment payment, unnest(ARRAY['authorize', 'capture', 'processing_fee']) AS kind;

-- and its entries
INSERT INTO payments_ledgerentry (transaction_id, account, venue_id, currency, is_live, amount_minor)
SELECT movement.id, part.account, booking.venue_id, 'EUR', movement.is_live, part.amount
FROM payments_ledgertransaction movement
JOIN bookings_booking booking ON booking.id = movement.booking_id
JOIN (VALUES
    ('authorize', 'hold', %(minor)s), ('authorize', 'guest', -%(minor)s),
    ('capture', 'hold', -%(minor)s), ('capture', 'guest', %(minor)s), ('capture', 'clearing', %(minor)s),
    ('capture', 'venue', -%(minor)s),
    ('processing_fee', 'clearing', -%(fee)s), ('processing_fee', 'processing_fee', %(fee)s)
) AS part (kind, account, amount) ON part.kind = movement.kind;
