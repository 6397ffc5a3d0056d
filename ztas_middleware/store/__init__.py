"""The database: schema and migrations, appending hits, salts, housekeeping."""
