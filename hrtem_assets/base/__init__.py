"""The ground floor: what every room may import, and what imports no room."""
