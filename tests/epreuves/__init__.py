"""A campaign of injected faults on a real PostgreSQL, real files and a real Airflow: `python -m tests.epreuves`.

Every fault is drawn from a seed. After each one the same questions are asked: is a row lost or doubled against the
landing, did a reader see two generations or half of one, did the next run repair by itself?
"""
