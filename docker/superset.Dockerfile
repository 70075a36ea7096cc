# Superset with the dashboards' settings, in an environment of its own: it wants other versions of the same libraries.
# Built from the root: docker build -f docker/superset.Dockerfile -t pilotage-superset:0.2.0 .
# To pin the base by its content: --build-arg PYTHON=python@sha256:… (docker buildx imagetools inspect gives it).
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS construction
COPY bi/superset.lock /construction/
RUN python -m venv /opt/superset \
    && /opt/superset/bin/pip install --no-cache-dir --require-hashes --no-deps -r /construction/superset.lock \
    && /opt/superset/bin/pip uninstall --yes --quiet pip setuptools

FROM ${PYTHON}
ARG REVISION=inconnue
LABEL org.opencontainers.image.title="Pilotage, tableaux de bord" \
      org.opencontainers.image.revision="${REVISION}" \
      fr.pilotage.nomenclature="/app/superset.lock"
RUN groupadd --gid 10001 pilotage \
    && useradd --uid 10001 --gid pilotage --no-create-home --home-dir /var/lib/superset --shell /usr/sbin/nologin pilotage \
    && install -d -o pilotage -g pilotage -m 0750 /var/lib/superset /var/lib/pilotage/paquet
COPY --from=construction /opt/superset /opt/superset
COPY bi/superset.lock /app/
COPY bi/superset_config.py bi/superset_import.py /app/bi/
COPY docker/entree.py docker/sante.py docker/superset_config.py /app/docker/
ENV PATH=/opt/superset/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PILOTAGE_BI_DOSSIER=/var/lib/superset \
    SUPERSET_HOME=/var/lib/superset \
    SUPERSET_CONFIG_PATH=/app/docker/superset_config.py \
    SCARF_ANALYTICS=false
WORKDIR /app
USER 10001:10001
EXPOSE 8088
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s CMD ["python", "/app/docker/sante.py", "superset"]
ENTRYPOINT ["python", "/app/docker/entree.py"]
CMD ["gunicorn", "--bind=0.0.0.0:8088", "--worker-class=gthread", "--worker-tmp-dir=/tmp", "superset.app:create_app()"]
