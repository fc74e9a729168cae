"""Which device computes: asked for, found, and what to do where the two do not meet."""

from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.base.environment import environment
from hrtem_assets.base.errors import HrtemError

DeviceName = Literal["auto", "cpu", "cuda"]


class DeviceError(HrtemError, RuntimeError):
    """A CUDA device was asked for and cannot be used; the message says what was found and how to repair it."""


@dataclass(frozen=True)
class DeviceRequest:
    """Where to compute; it decides how fast, never what.

    Attributes:
        name: `cuda` for a CUDA device, `cpu` for the processor, `auto` for a CUDA device where there is one.
        processes: worker processes that share the device's memory.
    """

    name: DeviceName = "auto"
    processes: int = 1


PROCESSOR = DeviceRequest("cpu")


def requested_device(name: str | None = None, processes: int = 1) -> DeviceRequest:
    """What a run asks for: its own setting, else HRTEM_DEVICE, else `auto`.

    Args:
        name: the run's own setting; None or `auto` leave it to the environment.
        processes: worker processes that share the device's memory.

    Raises:
        DeviceError: for a name that is none.
    """
    if name in (None, "auto"):
        name = environment().device
    if name not in get_args(DeviceName):
        raise DeviceError(
            f"device = {name!r} is not a device; choose one of {', '.join(get_args(DeviceName))}"
        )
    return DeviceRequest(name, processes)  # type: ignore[arg-type]


def backend_for(request: DeviceRequest) -> Backend | None:
    """The device that a request means; None for the processor.

    Raises:
        DeviceError: if a CUDA device is asked for and cannot be used.
    """
    if request.name == "cpu":
        return None
    try:
        return _cuda(request.processes)
    except DeviceError:
        if request.name == "auto":
            return None
        raise


def describe(backend: Backend | None) -> str:
    """Where something was made, for the record: `cpu`, or the CUDA device and the library that drives it."""
    return "cpu" if backend is None else backend.name


@cache
def _cuda(processes: int) -> Backend:
    problem = cuda_problem()
    if not problem:
        from hrtem_assets.backend.cuda import CudaBackend

        try:
            return CudaBackend(processes)
        except RuntimeError as error:
            problem = f"the device cannot be opened ({error}); check with nvidia-smi who uses it"
    raise DeviceError(f"device = 'cuda' cannot be used: {problem}, or set device (or HRTEM_DEVICE) to cpu")


@cache
def cuda_problem() -> str:
    """Why there is no usable CUDA device, with the repair; empty where there is one."""
    try:
        import cupy
    except ImportError as error:
        fault = "CuPy is not installed" if error.name == "cupy" else f"CuPy cannot be imported ({error})"
        return f"{fault}; pip install 'hrtem-assets[gpu]' (CUDA 12) or 'hrtem-assets[gpu-cuda13]'"
    try:
        runtime, driver = cupy.cuda.runtime.runtimeGetVersion(), cupy.cuda.runtime.driverGetVersion()
    except Exception as error:
        return f"CuPy {cupy.__version__} finds no CUDA runtime ({error}); install the extra anew"
    if driver == 0:
        return f"CuPy {cupy.__version__} is installed, but no NVIDIA driver; install the driver"
    if driver // 1000 < runtime // 1000:
        return (
            f"the NVIDIA driver supports CUDA {_version(driver)}, and CuPy {cupy.__version__} needs "
            f"{_version(runtime)}; update the driver or install the extra for CUDA {driver // 1000}"
        )
    try:
        devices = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"the NVIDIA driver answers {error}; check that nvidia-smi lists a device"
    if devices == 0:
        return "the NVIDIA driver shows no device; check nvidia-smi and CUDA_VISIBLE_DEVICES"
    try:
        # CuPy looks for it when it is first asked for
        _ = cupy.cuda.cufft
    except ImportError as error:
        return f"CuPy {cupy.__version__} finds no cuFFT ({error}); install the extra anew"
    return ""


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"
