"""The backend's own work, over a CuPy that only keeps count: plans once per shape, kernels once, memory shared out."""

import sys
from importlib import import_module
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

GB = 10**9


class Counting:
    """As much of CuPy as the backend calls."""

    def __init__(self):
        self.made, self.launched, self.limit, self.used, self.held, self.free = [], [], 0, 0, 0, 70 * GB

    def module(self, code, options):
        self.made.append(("module", code, options))
        return SimpleNamespace(get_function=self.function)

    def function(self, name):
        self.made.append(("kernel", name))
        return lambda grid, block, arguments: self.launched.append((name, grid, block, arguments))

    def plan(self, array, axes, value_type):
        self.made.append(("plan", array.shape, axes, value_type))
        return SimpleNamespace(
            fft=lambda a, out, direction: self.launched.append((a.shape, a is out, direction))
        )

    def set_limit(self, size):
        self.limit = size


@pytest.fixture
def counting(monkeypatch):
    counts, cupy = Counting(), ModuleType("cupy")
    fft, ndimage = (ModuleType(f"cupyx.scipy.{name}") for name in ("fft", "ndimage"))
    pool = SimpleNamespace(
        set_limit=counts.set_limit, used_bytes=lambda: counts.used, free_bytes=lambda: counts.held
    )
    runtime = SimpleNamespace(
        memGetInfo=lambda: (counts.free, 140 * GB),
        getDevice=lambda: 0,
        getDeviceProperties=lambda device: {"name": b"NVIDIA H200"},
    )
    cufft = SimpleNamespace(CUFFT_FORWARD=-1, CUFFT_INVERSE=1)
    vars(cupy).update(
        __version__="14.2.0",
        cuda=SimpleNamespace(runtime=runtime, cufft=cufft),
        get_default_memory_pool=lambda: pool,
        RawModule=counts.module,
        asnumpy=np.array,
    )
    vars(fft).update(get_fft_plan=counts.plan)
    vars(ndimage).update(gaussian_filter=None)
    for name, module in (
        ("cupy", cupy),
        ("cupyx", ModuleType("cupyx")),
        ("cupyx.scipy", ModuleType("cupyx.scipy")),
    ):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "cupyx.scipy.fft", fft)
    monkeypatch.setitem(sys.modules, "cupyx.scipy.ndimage", ndimage)
    monkeypatch.delitem(sys.modules, "hrtem_assets.backend.cuda", raising=False)
    monkeypatch.delenv("HRTEM_GPU_MEMORY_FRACTION", raising=False)
    yield counts
    # what was imported over this CuPy must not be found by others
    sys.modules.pop("hrtem_assets.backend.cuda", None)


@pytest.fixture
def backend(counting):
    return import_module("hrtem_assets.backend.cuda").CudaBackend(4)


def test_the_device_and_the_library_are_named(backend):
    assert backend.name == "NVIDIA H200, cupy 14.2.0"


def test_the_pool_is_held_to_the_share_of_one_process(backend, counting):
    assert counting.limit == 28 * GB
    assert backend.free_bytes() == 28 * GB
    counting.used = 5 * GB
    assert backend.free_bytes() == 23 * GB
    # others have taken more than their share: what is left counts, and what the pool holds unused
    counting.free, counting.held = 2 * GB, 3 * GB
    assert backend.free_bytes() == 5 * GB


def test_plans_are_made_once_per_shape_and_transform_in_place(backend, counting):
    waves = np.zeros((2, 3, 8, 16), np.complex64)
    for _ in range(3):
        backend.fft2(waves)
        backend.fft2(waves, inverse=True)
    backend.fft2(waves[1:])
    assert [m for m in counting.made if m[0] == "plan"] == [
        ("plan", (6, 8, 16), (1, 2), "C2C"),
        ("plan", (3, 8, 16), (1, 2), "C2C"),
    ]
    assert counting.launched[:2] == [((6, 8, 16), True, -1), ((6, 8, 16), True, 1)]


def test_plans_are_not_kept_without_end(backend, counting):
    for n in range(1, 40):
        backend.fft2(np.zeros((n, 8, 8), np.complex64))
    assert len(backend._plans) <= 16


def test_a_file_is_compiled_once_and_a_kernel_looked_up_once(backend, counting, tmp_path):
    source = tmp_path / "kernels.cu"
    source.write_text("// code")
    for name in ("one", "other", "one"):
        backend.launch(source, name, (1, 2, 3), (4, 5, 6), ("argument",))
    assert [m[0] for m in counting.made] == ["module", "kernel", "kernel"]
    assert counting.made[0][1:] == ("// code", ("-std=c++17",))
    assert counting.launched[-1] == ("one", (1, 2, 3), (4, 5, 6), ("argument",))
