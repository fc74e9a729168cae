import sys
from types import ModuleType, SimpleNamespace

import pytest

from hrtem_assets.backend import choice
from hrtem_assets.backend.choice import DeviceError, DeviceRequest, backend_for, describe, requested_device


class CudaError(RuntimeError):
    pass


def pretend(monkeypatch, runtime=12090, driver=12080, devices=1, cufft=None):
    """A CuPy that finds what is given here; an exception is raised instead."""

    def answering(value):
        def answer():
            if isinstance(value, Exception):
                raise value
            return value

        return answer

    class Cuda(SimpleNamespace):
        @property
        def cufft(self):
            return answering(cufft)()

    cupy = ModuleType("cupy")
    functions = SimpleNamespace(
        runtimeGetVersion=answering(runtime),
        driverGetVersion=answering(driver),
        getDeviceCount=answering(devices),
        CUDARuntimeError=CudaError,
    )
    vars(cupy).update(__version__="14.2.0", cuda=Cuda(runtime=functions))
    monkeypatch.setitem(sys.modules, "cupy", cupy)


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    monkeypatch.delenv("HRTEM_DEVICE", raising=False)
    choice._cuda.cache_clear()
    choice.cuda_problem.cache_clear()
    yield
    choice._cuda.cache_clear()
    choice.cuda_problem.cache_clear()


def test_the_processor_is_no_device():
    assert backend_for(DeviceRequest("cpu")) is None
    assert describe(None) == "cpu"


def test_a_run_decides_before_the_environment_and_the_environment_before_auto(monkeypatch):
    assert requested_device() == DeviceRequest("auto", 1)
    monkeypatch.setenv("HRTEM_DEVICE", "cuda")
    assert requested_device(processes=3) == DeviceRequest("cuda", 3)
    assert requested_device("auto").name == "cuda"
    assert requested_device("cpu").name == "cpu"


def test_an_unknown_device_is_refused_with_the_known_ones(monkeypatch):
    with pytest.raises(DeviceError, match="device = 'gpu' is not a device; choose one of auto, cpu, cuda"):
        requested_device("gpu")
    monkeypatch.setenv("HRTEM_DEVICE", "tpu")
    with pytest.raises(ValueError, match="HRTEM_DEVICE = 'tpu'"):
        requested_device()


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"driver": 0}, r"CuPy 14\.2\.0 is installed, but no NVIDIA driver; install the driver"),
        (
            {"driver": 11080},
            r"supports CUDA 11\.8, and CuPy 14\.2\.0 needs 12\.9; update the driver or install",
        ),
        ({"devices": 0}, r"shows no device; check nvidia-smi and CUDA_VISIBLE_DEVICES"),
        ({"devices": CudaError("cudaErrorUnknown")}, r"answers cudaErrorUnknown; check that nvidia-smi"),
        (
            {"runtime": RuntimeError("libcudart")},
            r"finds no CUDA runtime \(libcudart\); install the extra anew",
        ),
    ],
)
def test_cuda_where_there_is_none_says_what_was_found_and_the_repair(monkeypatch, found, words):
    pretend(monkeypatch, **found)
    with pytest.raises(
        DeviceError, match=rf"device = 'cuda' cannot be used: .*{words}.*HRTEM_DEVICE.* to cpu"
    ):
        backend_for(DeviceRequest("cuda"))
    assert backend_for(DeviceRequest("auto")) is None


def test_cuda_without_cupy_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(
        DeviceError, match=r"CuPy is not installed; pip install 'hrtem-assets\[gpu\]' \(CUDA 12\)"
    ):
        backend_for(DeviceRequest("cuda"))
    assert backend_for(DeviceRequest("auto")) is None


def test_a_device_that_others_keep_to_themselves_is_named_as_such(monkeypatch):
    pretend(monkeypatch)

    def occupied(processes):
        raise CudaError("cudaErrorDevicesUnavailable")

    monkeypatch.setitem(sys.modules, "hrtem_assets.backend.cuda", SimpleNamespace(CudaBackend=occupied))
    with pytest.raises(
        DeviceError, match=r"cannot be opened \(cudaErrorDevicesUnavailable\); check with nvidia-smi"
    ):
        backend_for(DeviceRequest("cuda"))
    assert backend_for(DeviceRequest("auto")) is None


def test_a_device_that_is_there_is_no_problem(monkeypatch):
    pretend(monkeypatch)
    assert choice.cuda_problem() == ""


def test_this_machine_either_has_a_device_or_says_why_not():
    problem = choice.cuda_problem()
    if problem:
        assert backend_for(DeviceRequest("auto")) is None
        with pytest.raises(DeviceError):
            backend_for(DeviceRequest("cuda"))
    else:
        assert "cupy" in describe(backend_for(DeviceRequest("auto")))
