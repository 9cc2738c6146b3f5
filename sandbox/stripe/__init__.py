"""Stripe: its v1 API, its states, its events and its hosted checkout, from one in-memory test account."""
