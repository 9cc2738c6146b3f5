"""The demo's marketplace: its venues and rooms, and the pictures drawn for them. Nothing else imports it."""
