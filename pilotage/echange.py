"""Put a finished folder in the place of the one that is shown, in one step that nobody sees half done."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from pathlib import Path

AT_FDCWD, RENAME_EXCHANGE = -100, 2
SANS_ECHANGE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


def put_in_place(fresh: Path, shown: Path) -> None:
    """Show `fresh` under the name `shown`, then erase what was shown before.

    On Linux the two names are exchanged by one system call (renameat2, RENAME_EXCHANGE). Elsewhere, or on a file
    system that cannot, two renames follow each other: the name is absent for an instant.

    Raises:
        OSError: neither way is possible; what was shown is still shown.
    """
    if not shown.exists():
        fresh.rename(shown)
        return
    former = fresh
    if not _exchange(fresh, shown):
        former = shown.with_name(f"{shown.name}.ancien")
        shutil.rmtree(former, ignore_errors=True)
        shown.rename(former)
        fresh.rename(shown)
    shutil.rmtree(former, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in SANS_ECHANGE:
        return False
    raise OSError(code, os.strerror(code), str(other))
