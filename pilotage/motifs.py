"""Regular expressions written by hand, checked when they are read and not when a file first meets them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator


def _check(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"expression régulière « {text} » : {error}") from error
    return text


Motif = Annotated[str, AfterValidator(_check)]
