"""The digest of a night: what changed for a territory between two generations, in plain words, at most once a day."""
