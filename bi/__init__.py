"""Dashboards as code: readable declarations turned into Apache Superset's own import bundle, imported, photographed."""
