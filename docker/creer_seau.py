"""Make the bucket of PILOTAGE_MAGASIN, once, before any worker starts; one that is there is left as it is."""

from __future__ import annotations

import os
import sys

import fsspec


def create_bucket(url: str) -> bool:
    """Make the bucket that an address such as `s3://pilotage/prefixe` names.

    Returns:
        False when it was already there.

    Raises:
        OSError: the store refuses; botocore's own errors: it does not answer.
    """
    store, path = fsspec.core.url_to_fs(url)
    bucket = path.split("/")[0]
    if store.exists(bucket):
        return False
    store.mkdir(bucket)
    return True


if __name__ == "__main__":
    made = create_bucket(os.environ["PILOTAGE_MAGASIN"])
    sys.stdout.write("seau créé\n" if made else "seau déjà là\n")
