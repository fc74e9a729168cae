"""Prismatic 2.0 in an interpreter of its own: found, given its input, run, and its waves read."""
