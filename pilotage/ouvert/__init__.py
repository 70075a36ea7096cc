"""What reusers take: packages by subject, shapes for maps, the national standard of places, catalogue and changelog."""
