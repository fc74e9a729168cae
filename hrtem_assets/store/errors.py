"""What can be wrong with stores, for everybody who reads or fills them."""

from hrtem_assets.base.errors import HrtemError


class StoreError(HrtemError, RuntimeError):
    """A partition that is absent or not what was expected; the message says how to repair it."""


class PartitionKeyError(HrtemError, ValueError):
    """A key that names no partition; the message says what may."""


class DamagedError(StoreError):
    """A store whose bytes are not those that were written: nothing is made from it."""


class ReplacedError(StoreError):
    """A store that has been replaced, or taken away, while it was read: opened again it is whole."""


class PartitionBusyError(HrtemError, RuntimeError):
    """Another process is filling the partition."""


class FencedError(HrtemError, RuntimeError):
    """A worker of a run that no longer holds the partition wanted to write to it; nothing was written."""
