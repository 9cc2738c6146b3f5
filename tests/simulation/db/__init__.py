"""The layer with the database: the real services, real PostgreSQL, the sandbox's logic within this process."""
