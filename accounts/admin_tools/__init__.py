"""What every app's admin is built of."""
