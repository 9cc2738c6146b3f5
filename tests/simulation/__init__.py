"""The simulator: histories of bookings under faults, with and without a database. See docs/reliability/histories.md."""
