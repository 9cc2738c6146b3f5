"""The demo's bookings: told through the same verbs as real ones, with money at the sandbox. Nothing imports it."""
