"""Random crystals in random settings, written in random ways: read back as they were made, or refused in words.

300 of them take 20 s; `HRTEM_CIFS=2000` makes as many as it says.
"""

import os
import random
import time

import numpy as np
import pytest
from ase.data import atomic_numbers, covalent_radii

from hrtem_assets.crystal.cif import CifError, read_cif
from hrtem_assets_tests.crystal.literature import FILES, KNOWN
from hrtem_assets_tests.crystal.writing import kind_of, operators, operators_of, write_cif

CRYSTALS = int(os.environ.get("HRTEM_CIFS", "300"))
ELEMENTS = ("Na", "Cl", "Ti", "O", "Fe", "Si", "Cu", "W", "C")


def _cell(kind, draw: random.Random) -> tuple[float, ...]:
    """A cell that a setting allows, by its number, choice and the axis written in its choice."""
    a, b, c = (round(draw.uniform(5.0, 11.0), 4) for _ in range(3))
    angles = [round(draw.uniform(70.0, 110.0), 2) for _ in range(3)]
    number = kind.number
    if number <= 2:
        return (a, b, c, *angles)
    if number <= 15:
        axis = "abc".index(kind.choice.lstrip("-")[0])
        return (a, b, c, *(angles[0] if i == axis else 90 for i in range(3)))
    if number <= 74:
        return (a, b, c, 90, 90, 90)
    if number <= 142:
        return (a, a, c, 90, 90, 90)
    if number <= 194 and kind.choice != "R":
        return (a, a, c, 90, 90, 120)
    if number <= 194:
        alpha = round(draw.uniform(50.0, 85.0), 2)
        return (a, a, a, alpha, alpha, alpha)
    return (a, a, a, 90, 90, 90)


def _expand(hall_number: int, position: np.ndarray) -> np.ndarray:
    """All images of a position, by spglib's operators, duplicates merged the plain way."""
    rotations, translations = operators_of(hall_number)
    images = np.mod(rotations @ position + translations, 1.0)
    kept: list[np.ndarray] = []
    for image in images:
        gaps = np.array(kept).reshape(-1, 3) - image
        if not (np.abs(gaps - np.round(gaps)) < 1e-5).all(axis=1).any():
            kept.append(image)
    return np.array(kept)


def _symmetry(kind, hall_number: int, draw: random.Random) -> tuple[str, bool]:
    """How the symmetry is stated, and whether the statement leaves nothing open."""
    full = kind.international_full.replace("_", draw.choice(["", "_"]))
    mark = kind.choice[:1] if kind.choice[:1] in ("1", "2", "H", "R") else ""
    whole = f"{full}:{mark}" if mark else full
    # C m m e and the like stand for two orders of axes
    clear = "e" not in full
    written = {"plain": whole, "upper": whole.upper(), "compact": whole.replace(" ", "")}[
        draw.choice(["plain", "upper", "compact"])
    ]
    tag = draw.choice(
        ["_symmetry_space_group_name_H-M", "_space_group_name_H-M_alt", "_SPACE_GROUP.NAME_H-M_ALT"]
    )
    number = f"{draw.choice(['_symmetry_Int_Tables_number', '_space_group_IT_number'])} {kind.number}\n"
    way = draw.choice(
        ["operators", "Hall", "symbol", "symbol and number", "number", "bare symbol", "all", "none"]
    )
    listed = operators(
        hall_number, draw.choice(["_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz"])
    )
    hall = f"_space_group_name_Hall\n;{kind.hall_symbol}\n;\n"
    match way:
        case "operators":
            return listed, True
        case "Hall":
            return hall, True
        case "symbol":
            return f"{tag} '{written}'\n", clear
        case "symbol and number":
            return f"{tag} '{written}'\n{number}", clear
        case "number":
            return number, False
        case "bare symbol":
            return f"{tag} '{full}'\n", False
        case "all":
            return f"{tag} '{written}'\n{number}{hall if clear else ''}{listed}", clear
    return "", False


def _coordinate(x: float, draw: random.Random) -> str:
    return f"{x:.{draw.choice([6, 7])}f}" + draw.choice(["", "", "(2)"])


def _equal_as_sets(found, made) -> bool:
    """Whether two lists of atoms are the same, cell by cell."""
    if len(found) != len(made):
        return False
    rest = list(made)
    for element, position in found:
        gaps = np.array([p for _, p in rest]) - np.array(position)
        same = (np.abs(gaps - np.round(gaps)) < 2e-5).all(axis=1)
        match = [i for i in np.flatnonzero(same) if rest[i][0] == element]
        if not match:
            return False
        rest.pop(int(match[0]))
    return True


def _one_crystal_but_for_origin(found, made) -> bool:
    return any(
        _equal_as_sets([(e, np.array(p) + np.array(target) - np.array(found[0][1])) for e, p in found], made)
        for element, target in made
        if element == found[0][0]
    )


@pytest.mark.parametrize("part", range(10))
def test_a_random_crystal_is_read_back_as_it_was_made_or_refused_in_words(part, tmp_path):
    read = refused = 0
    for seed in range(part, CRYSTALS, 10):
        draw = random.Random(seed)
        hall_number = draw.randrange(1, 531)
        kind = kind_of(hall_number)
        cell = _cell(kind, draw)
        sites, made = [], []
        for element in draw.sample(ELEMENTS, draw.randint(1, 3)):
            position = np.array(
                [draw.choice([0.0, 0.5, 0.25, 0.125, draw.uniform(0.03, 0.97)]) for _ in range(3)]
            )
            position = np.round(position, 6)
            images = _expand(hall_number, position)
            sites.append((element, [_coordinate(x, draw) for x in position]))
            made += [(element, image) for image in images]
        # the atoms per formula of the whole cell: proves the content
        counts = {e: sum(1 for m, _ in made if m == e) for e, _ in sites}
        formula = " ".join(f"{e}{n}" for e, n in sorted(counts.items()))
        declared = (
            f"_chemical_formula_sum '{formula}'\n_cell_formula_units_Z 1\n" if draw.random() < 0.7 else ""
        )
        symmetry, clear = _symmetry(kind, hall_number, draw)
        path = tmp_path / "x.cif"
        path.write_text(
            write_cif(cell, symmetry, sites, declared), encoding=draw.choice(["utf-8", "utf-8-sig", "utf-16"])
        )
        distance_a, of_radii = _closest(cell, made)
        close = distance_a < 0.4
        started = time.process_time()
        try:
            crystal = read_cif(path)
        except CifError as error:
            refused += 1
            assert not clear or close, (seed, kind.international_full, kind.choice, symmetry, str(error))
            assert len(str(error)) < 1500
            continue
        finally:
            assert time.process_time() - started < 5.0
        read += 1
        same = _equal_as_sets(crystal.sites, made) or (
            not clear and _one_crystal_but_for_origin(crystal.sites, made)
        )
        # what no solid is, is not looked for among several settings; and of two orders of axes that a symbol
        # such as C c c e leaves open, the first is meant
        excused = not clear and (of_radii < 0.65 or any("short for it" in note for note in crystal.notes))
        assert same or close or excused, (seed, kind.international_full, kind.choice, symmetry, crystal.notes)
    assert read > refused


_JUNK = (
    *("?", ".", "", "''", '"', "'", ";", "\n;\n", "loop_", "data_", "data_y", "save_", "stop_", "global_"),
    *("#", "$x", "[1 2]", "{", "nan", "inf", "-1e308", "1e-320", "0", "-0", "1/0", "1/3", "9" * 20, "0x10"),
    *("1_0", "\N{FULLWIDTH DIGIT ONE}", "0.5(9999)", "P 1", "'P 1'", "'F m -3 m'", "Xx", "Fe3+", "D", "H", "dum"),
    *("\x00", "\ufeff", "\u0305", "Ω", "_atom_site_label", "_cell_length_a", "x,y,z", "-x,y+1/7,z", "x-y,x,z"),
    *("_symmetry_Int_Tables_number 227", "_space_group_name_Hall 'P 1 (a,b,c'"),
)  # fmt: skip


def _spoilt(text: str, draw: random.Random) -> bytes:
    """A CIF with a few words or lines deleted, doubled, exchanged, or replaced by junk."""
    for _ in range(draw.randint(1, 4)):
        lines = text.split("\n")
        i, j = draw.randrange(len(lines)), draw.randrange(len(lines))
        match draw.randrange(6):
            case 0:
                del lines[i]
            case 1:
                lines.insert(j, lines[i])
            case 2:
                lines[i], lines[j] = lines[j], lines[i]
            case 3:
                lines.insert(i, draw.choice(_JUNK))
            case _:
                words = lines[i].split(" ")
                words[draw.randrange(len(words))] = draw.choice(_JUNK)
                lines[i] = " ".join(words)
        text = "\n".join(lines)
    content = text.encode(draw.choice(["utf-8", "utf-16", "latin-1"]), errors="replace")
    if draw.random() < 0.2:
        at = draw.randrange(len(content))
        content = content[:at] + bytes([draw.randrange(256)]) + content[at + draw.randrange(3) :]
    return content[: draw.randrange(len(content))] if draw.random() < 0.05 else content


def test_a_spoilt_file_is_read_or_refused_in_words_and_never_fails_otherwise(tmp_path):
    originals = [path.read_text(encoding="utf-8-sig") for path in sorted(FILES.glob("*.cif"))]
    originals += [
        write_cif(
            known.cell, operators(known.hall_number), known.rows, f"_chemical_formula_sum '{known.formula}'\n"
        )
        for known in list(KNOWN.values())[::9]
    ]
    path = tmp_path / "x.cif"
    for seed in range(2 * CRYSTALS):
        draw = random.Random(seed)
        path.write_bytes(_spoilt(draw.choice(originals), draw))
        started = time.process_time()
        try:
            crystal = read_cif(path)
        except CifError as error:
            assert str(error).strip(), seed
            assert "\n" not in str(error)
        else:
            assert np.isfinite(crystal.density_g_per_cm3)
            assert crystal.sites
        assert time.process_time() - started < 5.0, seed


def _closest(cell, made) -> tuple[float, float]:
    """The shortest distance, in Å, and the least of distances over sums of covalent radii."""
    a, b, c = cell[:3]
    alpha, beta, gamma = np.radians(cell[3:])
    cx, cy = c * np.cos(beta), c * (np.cos(alpha) - np.cos(beta) * np.cos(gamma)) / np.sin(gamma)
    basis = np.array(
        [[a, 0, 0], [b * np.cos(gamma), b * np.sin(gamma), 0], [cx, cy, np.sqrt(c * c - cx * cx - cy * cy)]]
    )
    positions = np.array([p for _, p in made])
    radii = np.array([covalent_radii[atomic_numbers[e]] for e, _ in made])
    gaps = positions[:, None] - positions
    distances = np.linalg.norm((gaps - np.round(gaps)) @ basis, axis=-1)
    distances[np.eye(len(positions), dtype=bool)] = np.inf
    return float(distances.min()), float((distances / (radii[:, None] + radii)).min())
