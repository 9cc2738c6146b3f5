"""The sandbox: a separate process that speaks the payment and real-time providers' own wire protocols.

It keeps the providers' rules and state, moves its own clock and breaks on request. It imports nothing of
the apps, and they import nothing of it.
"""
