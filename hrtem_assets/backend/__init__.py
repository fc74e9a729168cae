"""Where arrays are computed: the choice between processor and CUDA device, its memory, and how kernels are launched.

Nothing about physics, storage or Dagster belongs here. CuPy is imported nowhere but in `cuda`.
"""

# modules that other rooms may import
__all__ = [
    "array_backend",
    "choice",
    "memory",
    "processor",
]
