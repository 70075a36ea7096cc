"""The planner's site: static pages of the visible generation, one a territory; no server, no outside call."""
