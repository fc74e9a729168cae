"""Lock and fence in a bucket: a lease, and an object for each worker in the middle of a commit."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

from upath import UPath

from hrtem_assets.store import files
from hrtem_assets.store.locking.lease import leased
from hrtem_assets.store.locking.process import process_from_json, this_process


class BucketLocks:
    """Locks made of objects."""

    @contextmanager
    def locked(self, path: UPath, what: str) -> Iterator[Callable[[], None]]:
        """Hold a partition alone, by a lease."""
        with leased(path, what) as lease:
            yield lease.check

    @contextmanager
    def inside(self, path: UPath) -> Iterator[None]:
        """Whoever changes the token looks for such objects afterwards, and we read the token after writing ours: one of
        the two sees the other.
        """
        guest = path.with_name(f"{path.name}.{uuid4().hex}")
        files.write(guest, this_process().to_json())
        try:
            yield
        finally:
            files.delete(guest)

    def change(self, path: UPath, token: str, patience_s: float) -> None:
        """See those inside off; one that stays for long has died on another machine."""
        files.write(path, token.encode())
        end = time.monotonic() + patience_s
        while guests := [p for p in files.children(path.parent) if p.name.startswith(f"{path.name}.")]:
            for guest in guests:
                with suppress(FileNotFoundError):
                    if time.monotonic() > end or process_from_json(files.read(guest)).is_dead:
                        files.delete(guest)
            time.sleep(0.1)
