"""Holding a partition in an object store, where no operating system frees what a killed process held.

Lock objects `lock.000001`, `lock.000002` ... lie beside the partition's builds, each made by an exclusive create: of
several who try only one succeeds. Whoever made the highest holds the partition, until it says "released". The holder
rewrites its object every few seconds. Another process that finds it held watches it: if it changes the holder is at
work; if it stays the same for a whole lease, or the holder was a process of the same machine that is gone, the watcher
makes the next object and so takes over.

Why two never hold at once:

- The highest number ever made is never deleted (a release keeps the newest two), so a number that is free and lies
  below it was used before. Who creates such a number after having read an old listing finds a higher one when looking
  again after its creation, and gives up; nobody else heeds numbers below the highest.
- The next number is made only over one that is released, dead or silent for a lease, and by one process only.
- A holder that could not renew for most of a lease, counted from before its last successful renewal was sent, stops of
  its own accord: it checks before every step of publishing. A watcher begins to count after that renewal was seen, so
  the holder stops first, if clocks run alike to a tenth.
- What remains is a request that was under way when its process died or was halted. A new holder that takes over waits
  for a moment, so that it has landed; and the root of a published store is itself made by an exclusive create.
"""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

from upath import UPath

from hrtem_assets.store import files
from hrtem_assets.store.errors import PartitionBusyError, StoreError
from hrtem_assets.store.locking.process import Process, process_from_json, this_process

LEASE_S = 20.0
BEAT_S = 4.0
LOOK_S = 0.5
SETTLE_S = 2.0
_NUMBERED = re.compile(r"lock\.(\d{6,})")
_KEPT = 2
# without its last holder: what is published names nobody
_RELEASED = b'{"state": "released"}'


class Lease:
    """A partition held by this process; renewed by a thread of its own until it is released.

    Args:
        lock: the path whose name the lock objects begin with.
        what: the partition, for messages.

    Raises:
        PartitionBusyError: if another process holds it.
        StoreError: if the server cannot be reached, or overwrites where it was asked to create.
    """

    def __init__(self, lock: UPath, what: str) -> None:
        self._folder, self._what = lock.parent, what
        self._holder, self._token, self._beats = this_process(), uuid4().hex, 0
        self._end = threading.Event()
        self._taken_over = self._wait_for_turn()
        sent = _now()
        if not files.BUCKET.create(self._object(self._number), self._words()):
            raise self._busy(*self._newest())
        self._renewed = sent
        if files.BUCKET.create(self._object(self._number), b"again"):
            raise StoreError(
                f"{self._folder}: the server overwrites objects that it is asked to create (If-None-Match: *), so "
                f"nothing can be locked there; use a server that honours it"
            )
        self.check(look=True)
        self._thread = threading.Thread(target=self._keep, daemon=True, name=f"hrtem-lease-{what}")
        self._thread.start()
        if self._taken_over:
            time.sleep(SETTLE_S)

    def check(self, *, look: bool = False) -> None:
        """Refuse to go on if another process may hold the partition by now.

        Args:
            look: whether to ask the server, too.

        Raises:
            PartitionBusyError: if the lease has run out, or another process has taken over.
        """
        if _now() - self._renewed > 0.8 * LEASE_S:
            raise PartitionBusyError(
                f"{self._what}: this process was halted for longer than its lease of {LEASE_S:.0f} s; another may "
                f"hold the partition by now: materialize again"
            )
        if look:
            number, content = self._newest()
            if number != self._number:
                raise self._busy(number, content)

    def release(self) -> None:
        """Let others have it; if the server cannot be told, the lease runs out by itself."""
        self._end.set()
        self._thread.join()
        with suppress(StoreError):
            files.write(self._object(self._number), _RELEASED)
            for number in self._numbers():
                if number <= self._number - _KEPT:
                    files.delete(self._object(number))
            if self._taken_over:
                # nobody heeds it any more, but a holder that died left its name there
                files.write(self._object(self._number - 1), _RELEASED)

    def _wait_for_turn(self) -> bool:
        """Find the number to make; returns whether a holder is replaced that never released it."""
        watched: tuple[int, bytes] | None = None
        since = _now()
        while True:
            number, content = self._newest()
            self._number = number + 1
            if not number or _state(content) == "released":
                return False
            if _holder(content).is_dead:
                return True
            if watched is None:
                watched, since = (number, content), _now()
            elif watched != (number, content):
                raise self._busy(number, content)
            elif _now() - since > LEASE_S:
                return True
            time.sleep(LOOK_S)

    def _keep(self) -> None:
        while not self._end.wait(BEAT_S):
            self._beats += 1
            sent = _now()
            # a server that does not answer now may answer the next time; if not, `check` stops us
            with suppress(StoreError, OSError):
                if self._numbers()[-1:] != [self._number]:
                    return
                files.write(self._object(self._number), self._words())
                self._renewed = sent

    def _newest(self) -> tuple[int, bytes]:
        """Number and content of the highest lock object; 0 if there is none."""
        while numbers := self._numbers():
            # one that was deleted between listing and reading is not the highest any more
            with suppress(FileNotFoundError):
                return numbers[-1], files.read(self._object(numbers[-1]))
        return 0, b""

    def _numbers(self) -> list[int]:
        matches = (_NUMBERED.fullmatch(p.name) for p in files.children(self._folder))
        return sorted(int(m[1]) for m in matches if m)

    def _object(self, number: int) -> UPath:
        return self._folder / f"lock.{number:06d}"

    def _words(self) -> bytes:
        head = json.dumps({"state": "held", "token": self._token, "beats": self._beats}).encode()
        return head + b"\n" + self._holder.to_json()

    def _busy(self, number: int, content: bytes) -> PartitionBusyError:
        by = f" by {_holder(content)}" if number and _state(content) == "held" else ""
        return PartitionBusyError(
            f"{self._what} is being filled by another run{by}; wait for it to end, or terminate it, then materialize "
            f"again"
        )


@contextmanager
def leased(lock: UPath, what: str) -> Iterator[Lease]:
    """Hold a partition of an object store.

    Args:
        lock: the path whose name the lock objects begin with.
        what: the partition, for messages.
    """
    lease = Lease(lock, what)
    try:
        yield lease
    finally:
        lease.release()


def _state(content: bytes) -> str:
    return str(json.loads(content.splitlines()[0])["state"])


def _holder(content: bytes) -> Process:
    return process_from_json(content.splitlines()[1])


def _now() -> float:
    """Seconds that also count while the machine sleeps, where it can tell."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
