"""Trees of files, in a folder or an object store: stores and builds, copied, moved and deleted as a whole."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hrtem_assets.store import places
from hrtem_assets.store.errors import PartitionBusyError, StoreError
from hrtem_assets.store.places import MARK, PARTIAL, Place


def files(place: Place) -> dict[Place, int]:
    """Size in bytes of every file of a tree, or of the file itself, sorted by their paths' parts."""
    sizes = places.sizes(place)
    return {
        place / name if name else place: sizes[name] for name in sorted(sizes, key=lambda n: n.split("/"))
    }


def name_within(tree: Place, place: Place) -> str:
    """A place's name within a tree, with slashes."""
    return "/".join(place.parts[len(tree.parts) :])


def remove(place: Place, mark: str = MARK) -> None:
    """Delete a file, or a tree: its mark first, so that no rest of it ever looks whole; nothing need be there."""
    if isinstance(place, Path):
        if place.is_dir():
            places.delete(place / mark)
            shutil.rmtree(place)
        else:
            places.delete(place)
        return
    places.delete(place / mark)
    with places.explained(place):
        if rest := [places.key(p) for p in files(place)]:
            places.filesystem(place).rm(rest)


def sweep(place: Place) -> None:
    """Delete what killed writes and full disks left in a tree that nobody writes to; object stores keep no such."""
    if isinstance(place, Path):
        for file in list(place.rglob(f"*{PARTIAL}")):
            file.unlink(missing_ok=True)


def copy(source: Place, target: Place, check: Callable[[], None] = lambda: None) -> None:
    """Copy a tree, its mark last; in a folder by hard links where possible, in an object store by the server.

    Files are replaced, never rewritten in place, so what two trees share changes in neither.

    Args:
        source: a tree.
        target: where the copy goes; remains of a tree without its mark are cleared.
        check: called before each step; raises to end the copying.

    Raises:
        PartitionBusyError: if a tree has taken the place meanwhile.
        StoreError: if the copy is not complete.
    """
    remove(target)
    if isinstance(source, Path):
        shutil.copytree(source, str(target), copy_function=_link_or_copy)
        return
    fs, wanted = places.filesystem(source), places.sizes(source)
    # last, and only where no other process has written it meanwhile
    wanted.pop(MARK)

    def copy_one(name: str) -> None:
        check()
        fs.cp_file(places.key(source / name), places.key(target / name))

    with places.explained(source):
        with ThreadPoolExecutor(places.AT_ONCE) as pool:
            list(pool.map(copy_one, wanted))
        if places.sizes(target) != wanted:
            raise StoreError(
                f"{source} was not copied to {target} as a whole; materialize the partition again"
            )
        check()
        if not places.create(target / MARK, places.read(source / MARK)):
            raise PartitionBusyError(f"another process has filled {target} meanwhile; materialize again")


def move(source: Place, target: Place, check: Callable[[], None] = lambda: None) -> None:
    """Give a tree another place: in a folder in one step, in an object store complete there before it ends here.

    Args:
        source: a tree.
        target: its new place; remains of a tree without its mark are cleared.
        check: called before each step; raises to end the moving.
    """
    if not isinstance(source, Path):
        copy(source, target, check)
        check()
        remove(source)
        return
    assert isinstance(target, Path)
    remove(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)


def flush(place: Place) -> None:
    """See the files of a tree safely on disk; an object is safe when its writing returned."""
    for path in files(place) if places.is_local(place) else ():
        handle = os.open(str(path), os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def freed_bytes(places: Iterable[Place]) -> int:
    """Room that deleting trees and files frees: the size of every file whose last names lie among them."""
    names: Counter[Any] = Counter()
    sizes: dict[Any, tuple[int, int]] = {}
    for path, size in (item for place in places for item in files(place).items()):
        key, links = path, 1
        if isinstance(path, Path):
            status = path.stat()
            key, links = (status.st_dev, status.st_ino), status.st_nlink  # type: ignore[assignment]
        names[key] += 1
        sizes[key] = (links, size)
    return sum(size for key, (links, size) in sizes.items() if names[key] == links)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
