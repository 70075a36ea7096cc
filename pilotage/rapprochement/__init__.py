"""Do two descriptions tell of one place? Labels read by hand, a logistic model learned from them, kept as a seed.

The warehouse scores in SQL with the seed: nothing is learned at night.
"""
