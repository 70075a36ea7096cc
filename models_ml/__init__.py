"""The recommender: what people need and can reach, what to do about it, and the best plan under a budget."""
