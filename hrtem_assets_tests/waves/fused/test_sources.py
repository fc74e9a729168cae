import inspect

from numba.core.dispatcher import Dispatcher

from hrtem_assets.waves.fused import passes
from hrtem_assets.waves.fused.sources import SOURCES


def test_every_kernel_that_is_cached_on_disk_has_the_fingerprint_of_the_sources_in_its_key():
    """Else a change of a file that is compiled into it would leave the old machine code in use."""
    cached = [
        kernel
        for kernel in vars(passes).values()
        if isinstance(kernel, Dispatcher) and kernel.stats.cache_path is not None
    ]
    assert len(cached) == 4
    for kernel in cached:
        *_, last = inspect.signature(kernel.py_func).parameters.values()
        assert (last.name, last.default) == ("sources", SOURCES)
