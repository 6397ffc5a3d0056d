"""Past one box: many machines' hits, each once, in one ClickHouse cluster."""
