"""The ground floor: what every room may import, and what imports no room."""

# modules that other rooms may import
__all__ = [
    "environment",
    "errors",
    "families",
    "files",
    "interruption",
    "model",
    "yaml_reading",
]
