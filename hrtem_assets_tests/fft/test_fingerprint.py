import inspect

import pytest
from numba.core.dispatcher import Dispatcher

from hrtem_assets.fft import SOURCES, fingerprint
from hrtem_assets.imaging import defocusing
from hrtem_assets.waves.fused import passes

FUSED = dict.fromkeys(
    ("propagate", "transmission_function", "transmit_directly", "transmit_filtered"), passes.SOURCES
)


@pytest.mark.parametrize(
    ("module", "sources"),
    [(passes, FUSED), (defocusing, {"_add_intensities": SOURCES})],
    ids=["waves", "imaging"],
)
def test_every_kernel_on_disk_that_calls_transforms_has_the_fingerprint_of_the_sources_in_its_key(
    module, sources
):
    """Else a change of a file that is compiled into it would leave the old machine code in use."""
    cached = {
        name: kernel
        for name, kernel in vars(module).items()
        if isinstance(kernel, Dispatcher) and kernel.stats.cache_path is not None and name != "_pack"
    }
    assert set(cached) == set(sources)
    for name, kernel in cached.items():
        *_, last = inspect.signature(kernel.py_func).parameters.values()
        assert (last.name, last.default) == ("sources", sources[name])


def test_a_fingerprint_changes_with_the_sources_of_its_folders(tmp_path):
    before = fingerprint(tmp_path)
    (tmp_path / "kernel.py").write_text("a = 1\n")
    first = fingerprint(tmp_path)
    (tmp_path / "kernel.py").write_text("a = 2\n")
    assert before == SOURCES
    assert len({before, first, fingerprint(tmp_path)}) == 3
