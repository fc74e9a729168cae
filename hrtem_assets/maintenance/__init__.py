"""Looking after what is on disk: what a selection will cost, whether it is intact, what can go, where it came from."""
