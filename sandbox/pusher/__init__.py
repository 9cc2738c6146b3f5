"""Pusher Channels: its HTTP API and its WebSocket protocol, for one app."""
