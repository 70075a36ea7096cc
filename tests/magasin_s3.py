"""An S3 server of our own for tests, with one bucket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def serve_s3() -> Iterator[str]:
    """The address of an empty store; the AWS_* variables lead to it in the meantime."""
    from botocore.session import get_session
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with pytest.MonkeyPatch.context() as patch:
            variables = {"ACCESS_KEY_ID": "essai", "SECRET_ACCESS_KEY": "essai", "DEFAULT_REGION": "us-east-1"}
            for name, value in {**variables, "ENDPOINT_URL": f"http://{host}:{port}"}.items():
                patch.setenv(f"AWS_{name}", value)
            get_session().create_client("s3").create_bucket(Bucket="seau")
            yield "s3://seau"
    finally:
        server.stop()
