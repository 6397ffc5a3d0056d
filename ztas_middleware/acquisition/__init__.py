"""From a referrer and its tags to the source and the channel of a visit: tables and rules."""
