#!/bin/sh
# PostgreSQL refuses a private key that others may read, and a secret's file keeps the rights it has on the host: the
# server's user makes a copy of its own in the container's memory, then the image's own entry takes over.
set -eu
umask 077
cp /run/secrets/postgres_cle /tmp/postgres_cle
exec docker-entrypoint.sh "$@"
