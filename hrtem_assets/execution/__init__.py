"""One structure is one task: tasks mapped over worker processes, committed as they finish."""

# modules that other rooms may import
__all__ = [
    "fill",
    "loading",
    "needs",
    "progress",
    "workers",
]
