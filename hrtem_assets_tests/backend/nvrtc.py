"""NVIDIA's run-time compiler, which needs neither a device nor a driver, where its package is installed."""

import ctypes
import ctypes.util
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def library() -> ctypes.CDLL | None:
    """The compiler's library; None where it is not installed."""
    spec = find_spec("nvidia")
    folders = [Path(p) for p in spec.submodule_search_locations or ()] if spec else []
    found = [
        str(f)
        for folder in folders
        for f in sorted(folder.glob("*/lib/libnvrtc.so.*"))
        if "alt" not in f.name
    ]
    name = found[0] if found else ctypes.util.find_library("nvrtc")
    return ctypes.CDLL(name) if name else None


def supported_architectures() -> list[int]:
    """Compute capabilities, such as 90, that the compiler knows."""
    nvrtc, count = library(), ctypes.c_int()
    if nvrtc is None:
        return []
    nvrtc.nvrtcGetNumSupportedArchs(ctypes.byref(count))
    values = (ctypes.c_int * count.value)()
    nvrtc.nvrtcGetSupportedArchs(values)
    return list(values)


def compile_for(source: Path, architecture: int, options: tuple[str, ...]) -> tuple[bytes, str]:
    """Machine code of a CUDA C file and what the compiler said.

    Args:
        source: the file.
        architecture: compute capability, such as 90.
        options: of the compiler.

    Raises:
        ValueError: if the compiler refuses it; holds its messages.
    """
    nvrtc, program = library(), ctypes.c_void_p()
    assert nvrtc is not None
    text = source.read_bytes()
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, source.name.encode(), 0, None, None) == 0
    flags = [o.encode() for o in (*options, f"--gpu-architecture=sm_{architecture}")]
    status = nvrtc.nvrtcCompileProgram(program, len(flags), (ctypes.c_char_p * len(flags))(*flags))
    log = _text(nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog, program).rstrip(b"\0\n").decode()
    if status:
        raise ValueError(log)
    return _text(nvrtc.nvrtcGetCUBINSize, nvrtc.nvrtcGetCUBIN, program), log


def _text(size_of: object, read: object, program: ctypes.c_void_p) -> bytes:
    size = ctypes.c_size_t()
    assert size_of(program, ctypes.byref(size)) == 0  # type: ignore[operator]
    content = ctypes.create_string_buffer(size.value)
    assert read(program, content) == 0  # type: ignore[operator]
    return content.raw
