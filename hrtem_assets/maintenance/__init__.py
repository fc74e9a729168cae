"""Looking after what is on disk: what a selection will cost, whether it is intact, what can go, where it came from."""

# modules that other rooms may import
__all__ = [
    "commands",
    "cutoff_command",
    "plan",
    "rates",
    "show_command",
    "verify",
    "words",
]
