"""The fused engine on a CUDA device: all phonons, full and vacuum, of several structures side by side.

The algorithm, stencils and filters are those of `waves.fused`; only the arrangement in memory differs. Everything is
written against an array namespace and kernels of CUDA C (`multislice.cu`).
"""
