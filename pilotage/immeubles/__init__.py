"""The building-level file of fibre: tens of millions of rows, reduced outside PostgreSQL by DuckDB or by Spark.

Modules here run in two environments: `.venv` (simulation, command, landing) and `.venv-immeubles` (dbt on an engine),
which has no Airflow, no SQLAlchemy and no pydantic: what both import must need nothing but the standard library.
"""
