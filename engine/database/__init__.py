"""The metadata database: what must survive a crash and is not yet, or never, in the lake."""
