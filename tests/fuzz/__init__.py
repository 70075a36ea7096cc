"""Coverage-guided fuzzing of what reads bytes and words from outside: `python -m tests.fuzz --secondes 60`."""
