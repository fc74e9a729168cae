"""What can be wrong with stores, for everybody who reads or fills them."""


class StoreError(RuntimeError):
    """A partition that is absent or not what was expected; the message says how to repair it."""


class PartitionBusyError(RuntimeError):
    """Another process is filling the partition."""
