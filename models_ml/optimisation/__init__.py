"""The location models of the recommender: exact plans, always with a bound."""
