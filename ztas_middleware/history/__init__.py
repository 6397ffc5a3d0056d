"""Finished days in columns: filing them into Parquet, and asking DuckDB about them."""
