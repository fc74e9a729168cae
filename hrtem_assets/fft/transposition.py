"""Square tiles between two blocks: the lanes of one are the rows of the other.

So a two-dimensional transform takes blocks of columns along one axis and blocks of rows along the other.
"""

from typing import Any

from hrtem_assets.fft.lanes import LANES, ROW, Memory, at, intrinsic, kernel, transposed


@intrinsic
def gather_tile(_context: Any, source: Any, first: Any, slots: Any, first_slot: Any, block: Any) -> Any:
    """Rows first ... first + LANES - 1 of a source, transposed: lane c becomes row slots[first_slot + c]."""

    def emit(b: Any, source: Memory, first: Any, slots: Memory, first_slot: Any, block: Memory) -> None:
        for part in (0, LANES):
            rows = [source.load(b.add(b.mul(b.add(first, at(i)), at(ROW)), at(part))) for i in range(LANES)]
            for c, column in enumerate(transposed(rows)):
                slot = slots.load_index(b.add(first_slot, at(c)))
                block.store(b.add(b.mul(slot, at(ROW)), at(part)), column)

    return kernel(emit, source, first, slots, first_slot, block)


@intrinsic
def scatter_tile(_context: Any, block: Any, slots: Any, first_slot: Any, target: Any, first: Any) -> Any:
    """Undoes `gather_tile`."""

    def emit(b: Any, block: Memory, slots: Memory, first_slot: Any, target: Memory, first: Any) -> None:
        for part in (0, LANES):
            columns = []
            for c in range(LANES):
                slot = slots.load_index(b.add(first_slot, at(c)))
                columns.append(block.load(b.add(b.mul(slot, at(ROW)), at(part))))
            for i, row in enumerate(transposed(columns)):
                target.store(b.add(b.mul(b.add(first, at(i)), at(ROW)), at(part)), row)

    return kernel(emit, block, slots, first_slot, target, first)
