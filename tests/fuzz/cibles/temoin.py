"""A target that breaks its promise, to see that the runner says so; it is in no list."""

from __future__ import annotations


def seeds() -> list[bytes]:
    return [b"bon", b"mauvais"]


def run(data: bytes) -> None:
    assert data[:2] != b"ma", "the witness"
