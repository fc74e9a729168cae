"""Leases: one holder at a time in an object store, whoever dies and whenever."""

import json
import os
import signal
import threading
import time
from dataclasses import replace

import pytest
from upath import UPath

from hrtem_assets.store import files
from hrtem_assets.store.errors import PartitionBusyError, StoreError
from hrtem_assets.store.files import store_path
from hrtem_assets.store.locking import lease as leases
from hrtem_assets.store.locking.lease import leased
from hrtem_assets.store.locking.process import process_from_json, this_process
from hrtem_assets_tests.forks import FORKS, fork, preloaded

preloaded(__name__)


@pytest.fixture
def lock(bucket, monkeypatch):
    """A lock of short patience."""
    shorten(monkeypatch.setattr)
    return store_path(bucket) / "builds" / "lock"


def shorten(change=setattr) -> None:
    for name, seconds in (("LEASE_S", 3.0), ("BEAT_S", 0.3), ("LOOK_S", 0.1), ("SETTLE_S", 0.1)):
        change(leases, name, seconds)


def numbers(lock) -> list[str]:
    return [p.name for p in files.children(lock.parent)]


def test_a_lock_that_is_released_can_be_held_again_and_old_numbers_go(lock):
    for _ in range(4):
        with leased(lock, "labels/Ag") as held:
            held.check(look=True)
    assert numbers(lock) == ["lock.000003", "lock.000004"]


def test_what_is_released_names_neither_user_nor_machine_also_of_a_holder_that_died(lock):
    killed_holder(lock)
    with leased(lock, "labels/Ag"):
        assert numbers(lock) == ["lock.000001", "lock.000002"]
    for name in numbers(lock):
        assert json.loads(files.read(lock.parent / name)) == {"state": "released"}


def test_what_another_holds_is_refused_with_the_holders_name(lock):
    with leased(lock, "labels/Ag"), pytest.raises(PartitionBusyError) as caught, leased(lock, "labels/Ag"):
        pass
    assert "labels/Ag is being filled by another run by" in str(caught.value)
    assert f"process {os.getpid()}; wait for it to end" in str(caught.value)


def _hold(url, ready) -> None:
    shorten()
    lock = store_path(url)
    assert isinstance(lock, UPath)
    with leased(lock, "labels/Ag"):
        ready.set()
        time.sleep(60)


def killed_holder(lock) -> None:
    ready = FORKS.Event()
    process = fork(_hold, str(lock), ready)
    process.start()
    assert ready.wait(60)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()


def test_a_killed_holder_of_the_same_machine_is_replaced_at_once(lock, monkeypatch):
    monkeypatch.setattr(leases, "LEASE_S", 600.0)
    killed_holder(lock)
    with leased(lock, "labels/Ag"):
        assert numbers(lock) == ["lock.000001", "lock.000002"]


def test_a_silent_holder_of_another_machine_is_replaced_after_a_lease_and_not_before(lock):
    killed_holder(lock)
    elsewhere(lock.with_name("lock.000001"))
    start = time.monotonic()
    with leased(lock, "labels/Ag"):
        assert time.monotonic() - start > leases.LEASE_S


def elsewhere(place) -> None:
    """Let a lock object's holder be a process of another machine."""
    head, holder = files.read(place).splitlines()
    files.write(place, head + b"\n" + json.dumps(json.loads(holder) | {"numbers": "other boot"}).encode())


def test_a_holder_that_was_halted_for_too_long_stops_and_does_not_free_its_successor(lock):
    shown: list[str] = []
    with leased(lock, "labels/Ag") as halted:
        # what remains of a process that sleeps: no beats
        halted._end.set()
        halted._thread.join()
        elsewhere(lock.with_name("lock.000001"))
        with leased(lock, "labels/Ag") as successor:
            with pytest.raises(PartitionBusyError, match="was halted for longer than its lease"):
                halted.check()
            halted.release()
            successor.check(look=True)
            shown += numbers(lock)
    assert shown == ["lock.000001", "lock.000002"]


def test_who_reads_an_old_listing_and_creates_a_number_that_is_long_past_gives_up(lock, monkeypatch):
    for _ in range(5):
        with leased(lock, "labels/Ag"):
            pass
    monkeypatch.setattr(leases.Lease, "_wait_for_turn", lambda self: setattr(self, "_number", 2))
    with pytest.raises(PartitionBusyError), leased(lock, "labels/Ag"):
        pass


def test_of_many_who_want_a_free_lock_at_once_never_do_two_hold_it(lock):
    inside, most, got = [], [], []
    start = threading.Barrier(6)

    def contend() -> None:
        start.wait()
        for _ in range(3):
            try:
                with leased(lock, "labels/Ag"):
                    inside.append(1)
                    most.append(len(inside))
                    time.sleep(0.05)
                    inside.pop()
                    got.append(1)
            except PartitionBusyError:
                time.sleep(0.02)

    threads = [threading.Thread(target=contend) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got
    assert set(most) == {1}


def test_a_server_that_overwrites_what_it_should_only_create_is_refused(lock, monkeypatch):
    def overwrite(place, content) -> bool:
        files.write(place, content)
        return True

    monkeypatch.setattr(files.BUCKET, "create", overwrite)
    with pytest.raises(StoreError, match="overwrites objects that it is asked to create"), leased(lock, "x"):
        pass


def test_a_process_knows_itself_alive_and_a_killed_one_dead():
    queue = FORKS.Queue()
    process = fork(
        _introduce,
        queue,
    )
    process.start()
    other = process_from_json(queue.get(timeout=60))
    assert not this_process().is_dead
    found = [other.is_dead]
    process.kill()
    process.join()
    found.append(other.is_dead)
    assert found == [False, True]
    # of another machine nothing is known
    assert not replace(other, numbers="other boot").is_dead
    assert not replace(other, numbers="").is_dead


def _introduce(queue) -> None:
    queue.put(this_process().to_json())
    time.sleep(60)
