"""Plain measurements of atoms that the specimen tests share."""

import numpy as np
from scipy.spatial import cKDTree


def bonds(positions, cutoff_a):
    """For each atom, the indices of the others within a distance, in Å."""
    found = cKDTree(positions).query_ball_point(positions, cutoff_a)
    return [[j for j in near if j != i] for i, near in enumerate(found)]


def least_periodic_distance(positions, cell_a):
    """Shortest distance in Å between atoms, in a cell periodic in x and y; by brute force over its images."""
    images = [(i * cell_a[0], j * cell_a[1], 0.0) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    tree = cKDTree(np.concatenate([positions + shift for shift in images]))
    distances, _ = tree.query(positions, k=2)
    return distances[:, 1].min()
