"""What a planner reads first: peers, ranks, fragility, priority stakes and follow-up of every territory."""
