"""The fused engine: abTEM's multislice in cache-resident passes of explicit vector code.

Rows of a block, or columns of a block, ride side by side in the lanes of a vector, so that every step of a
Fourier transform is plain vector arithmetic. Nothing about physics settings or storage belongs here.
"""
