"""Pilotage: the data warehouse that steers a territory's digital roadmap."""

__version__ = "0.2.0"
