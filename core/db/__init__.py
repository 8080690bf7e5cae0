"""The database: engines, column types, and sessions that belong to one user."""
