"""CIFs as programs and people write them: encodings, spellings, what is left out; and what no CIF is."""

import gzip
import re
import time

import gemmi
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.io.ase import AseAtomsAdaptor
from pymatgen.io.cif import CifWriter

from hrtem_assets.crystal.cif import CifCrystal, CifError, read_cif
from hrtem_assets_tests.crystal.writing import write_cif

FM3M = "_symmetry_space_group_name_H-M 'F m -3 m'"
CUBE = (3.9242, 3.9242, 3.9242, 90, 90, 90)
PT = [("Pt", (0, 0, 0))]
PLATINUM = write_cif(CUBE, FM3M, PT)
ZIRCONIA = [("Zr", (0.2754, 0.0395, 0.2083)), ("O", (0.07, 0.3317, 0.3447)), ("O", (0.4496, 0.7569, 0.4792))]


@pytest.fixture
def read(tmp_path):
    """Reads text or bytes as a CIF."""

    def read_it(content: str | bytes, block: str | None = None) -> CifCrystal:
        path = tmp_path / "x.cif"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_cif(path, block)

    return read_it


def _sites(read, *rows: str, columns: str = "label type_symbol fract_x fract_y fract_z", declared: str = ""):
    header = "".join(f"_atom_site_{column}\n" for column in columns.split())
    cell = write_cif((8, 8, 8, 90, 90, 90), "_space_group_name_H-M_alt 'P 1'", [], declared).partition(
        "loop_"
    )[0]
    return read(cell + "loop_\n" + header + "\n".join(rows) + "\n")


@pytest.mark.parametrize(
    "content",
    [
        PLATINUM.encode("utf-8-sig"),
        PLATINUM.encode("utf-16"),
        PLATINUM.encode("utf-16-le"),
        PLATINUM.encode("utf-16-be"),
        PLATINUM.encode("utf-32"),
        PLATINUM.replace("\n", "\r").encode(),
        PLATINUM.replace("\n", "\r\n").encode(),
        PLATINUM.replace("data_x", "data_x\n_publ_author_name 'Müller, Å.'").encode("latin-1"),
        PLATINUM.replace("data_x", "data_Müller # β-phase").encode(),
        PLATINUM.replace("'F m -3 m'", "'F\N{NO-BREAK SPACE}m \N{MINUS SIGN}3 m'").encode(),
        PLATINUM.replace("'F m -3 m'", "'F m 3\N{COMBINING OVERLINE} m'").encode(),
        PLATINUM.replace("'F m -3 m'", "\n;F m -3 m\n;").encode(),
        PLATINUM.replace("'F m -3 m'", "\n\t'F m -3 m'").encode(),
        PLATINUM.upper().encode(),
        re.sub(r"_(cell|atom_site)_", r"_\1.", PLATINUM).encode(),
        (PLATINUM + "\x1a").encode(),
        ("#\\#CIF_1.1\nglobal_\n_x 1\n" + PLATINUM + "data_refinement\n_x 2\n").encode(),
        PLATINUM.replace("3.9242", "3.9242(12)").replace("0 0 0", "0.0000(0) -0 0.").encode(),
        PLATINUM.replace("data_x", "data_x\n_symmetry_Int_Tables_number '225 '\n_space_group_name_Hall ?").encode(),
    ],
)  # fmt: skip
def test_a_file_is_read_in_any_encoding_and_spelling(read, content):
    crystal = read(content)
    assert (crystal.formula, crystal.formula_units) == ("Pt", 4)
    assert crystal.density_g_per_cm3 == pytest.approx(21.44, rel=1e-3)
    assert crystal.setting == "F m -3 m"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b"# only this\n", "it holds only comments"),
        (gzip.compress(PLATINUM.encode()), r"it is packed \(gzip\); unpack it"),
        (b"PK\x03\x04 and so on", r"it is packed \(zip\)"),
        (bytes(range(256)), "it is a binary file, not a CIF"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "it is a web page or XML, not a CIF"),
        (b'{"lattice": {"a": 3.9}}', "it is JSON, not a CIF"),
        (b"%PDF-1.7\n", "it is a PDF, not a CIF"),
        (b"HEADER    OXIDE\nCRYST1\nATOM      1\n", "it is a PDB file, not a CIF"),
        (b"Pt\n1.0\n3.9 0 0\n0 3.9 0\n0 0 3.9\nPt\n1\nDirect\n0 0 0\n", "it is a POSCAR, not a CIF"),
        (b"1\nplatinum\nPt 0.0 0.0 0.0\n", "it is an XYZ file, not a CIF"),
        (b"TITL x\nCELL 0.7 3 3 3 90 90 90\n", "it is a SHELX file, not a CIF"),
        (b"nothing of the kind", r"it is not a CIF \(no line begins with data_\)"),
        (PLATINUM.replace("data_x\n", ""), "it has no data block; write a line such as `data_crystal`"),
        (
            PLATINUM.replace("'F m -3 m'", "F m -3 m"),
            r"line 8, column \d+: parse error \(a value with blanks needs quo",
        ),
        (PLATINUM.replace("loop_\n", ""), r"line \d+.* a table the word loop_ above its tags"),
        (PLATINUM.replace("Pt1 Pt 0 0 0", "Pt1 Pt 0 0"), r"line \d+.*Wrong number of values in loop"),
        (PLATINUM + "_cell_length_a 4\n", r"line \d+: in data_x: duplicate tag _cell_length_a"),
        (PLATINUM + PLATINUM, "duplicate block name: x"),
        ("data_x\n_cell_length_a 3\n", "holds no structure: none of its data blocks has a table of sites"),
        (PLATINUM.replace("Pt1 Pt 0 0 0\n", ""), "its table of sites has no rows"),
        (PLATINUM.replace("_atom_site_fract_z", "_atom_site_z"), "or not all of _atom_site_fract_x"),
        (PLATINUM + "_space_group_magn.number_BNS 225.117\n", "describes a magnetic structure"),
        (PLATINUM + "_cell_modulation_dimension 1\n", "describes a modulated structure"),
        (PLATINUM + "_entity_poly.type polypeptide\n", r"describes a macromolecule \(mmCIF\)"),
    ],
)
def test_what_cannot_be_read_as_a_crystal_says_why(read, content, says):
    with pytest.raises(CifError, match=says):
        read(content)


@pytest.mark.parametrize("symprec", [None, 0.01])
@pytest.mark.parametrize("primitive", [False, True])
@pytest.mark.parametrize(
    ("group", "lattice", "atoms"),
    [
        ("Fm-3m", Lattice.cubic(5.64), {"Na": [0, 0, 0], "Cl": [0.5, 0.5, 0.5]}),
        ("Fd-3m", Lattice.cubic(5.43), {"Si": [0, 0, 0]}),
        (
            "P6_3/mmc",
            Lattice.hexagonal(3.161, 12.295),
            {"Mo": [1 / 3, 2 / 3, 0.25], "S": [1 / 3, 2 / 3, 0.621]},
        ),
        (
            "R-3c",
            Lattice.hexagonal(4.99, 17.06),
            {"Ca": [0, 0, 0], "C": [0, 0, 0.25], "O": [0.2568, 0, 0.25]},
        ),
        ("Pa-3", Lattice.cubic(5.418), {"Fe": [0, 0, 0], "S": [0.385, 0.385, 0.385]}),
    ],
)
def test_what_pymatgen_and_ase_write_is_read(tmp_path, group, lattice, atoms, symprec, primitive):
    whole = Structure.from_spacegroup(group, lattice, list(atoms), list(atoms.values()))
    written = whole.get_primitive_structure() if primitive else whole
    # with Z = 4 beside the formula Na4 Cl4 of the whole cell
    CifWriter(written, symprec=symprec).write_file(tmp_path / "pymatgen.cif")
    AseAtomsAdaptor.get_atoms(written).write(tmp_path / "ase.cif")
    for name in ("pymatgen", "ase"):
        crystal = read_cif(tmp_path / f"{name}.cif")
        expected = whole if symprec and name == "pymatgen" else written
        assert len(crystal.sites) == len(expected)
        assert crystal.density_g_per_cm3 == pytest.approx(whole.density, rel=1e-3)


def test_a_folder_a_missing_and_an_unreadable_file_say_so(tmp_path, monkeypatch):
    for path, says in (
        (tmp_path, "is a folder"),
        (tmp_path / "no.cif", r"no such file \(relative to the campaign"),
    ):
        with pytest.raises(CifError, match=says):
            read_cif(path)
    (tmp_path / "x.cif").write_text(PLATINUM)

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(CifError, match="cannot be opened: Permission denied"):
        read_cif(tmp_path / "x.cif")


@pytest.mark.parametrize(
    "content",
    [
        "data_x\nloop_\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n" + "0.1 0.2 0.3\n" * 200_000,
        PLATINUM.replace("loop_", "loop_\n_symmetry_equiv_pos_as_xyz\n" + "'x,y,z'\n" * 100_000 + "loop_"),
        "data_x\n" + "#" * 40_000_000,
        "data_x\n_x '" + "a" * 5_000_000 + "'\n",
        "data_x\n" + "loop_\n" * 1_000_000,
        "".join(f"data_{i}\n_x 1\n" for i in range(100_000)),
        write_cif((40, 41, 42, 90, 90, 90), "_symmetry_Int_Tables_number 62", [
            ("C", (i % 7 / 7.1 + 0.01, i // 7 % 9 / 9.2 + 0.02, i // 63 / 10.3 + 0.03)) for i in range(610)
        ], "_chemical_formula_sum C\n"),
    ],
)  # fmt: skip
def test_a_file_without_measure_is_refused_within_seconds(read, content):
    started = time.process_time()
    with pytest.raises(CifError):
        read(content)
    assert time.process_time() - started < 5.0


@pytest.mark.parametrize(
    ("symmetry", "says"),
    [
        ("", "states no symmetry .* and no formula with Z shows that its sites are the whole cell; .*'P 1' if"),
        ("_symmetry_space_group_name_H-M ?", "states no symmetry"),
        ("_symmetry_space_group_name_H-M 'F m q'", "its space group 'F m q' is not understood; list the operators"),
        ("_symmetry_Int_Tables_number 251", "its space group number '251' is not one from 1 to 230"),
        ("_symmetry_Int_Tables_number 225\n_space_group_IT_number 221", "several space group numbers: 221, 225"),
        (f"{FM3M}\n_symmetry_Int_Tables_number 221", r"means F m -3 m \(225\), but number 221 means P m -3 m \(221\)"),
        (f"{FM3M}\n_space_group_name_H-M_alt 'P m -3 m'", r"but its symbol 'P m -3 m' means P m -3 m \(221\)"),
        (f"{FM3M}\n_space_group_name_Hall '-P 4 2 3'", "is that of P m -3 m, which contradicts the symbol 'F m -3 m'"),
        ("_space_group_name_Hall 'nonsense'", "the Hall symbol 'nonsense' cannot be read"),
        ("_symmetry_space_group_name_H-M 'F d -3 m:1'\n_space_group_name_Hall '-F 4vw 2vw 3'", "F d -3 m:2, which"),
        (f"{FM3M}\n_symmetry_cell_setting tetragonal", r"calls itself tetragonal, but F m -3 m \(225\) is cubic"),
        ("loop_\n_symmetry_equiv_pos_as_xyz\n'-x,-y,-z'", "are not a space group: one is missing or wrong"),
        ("loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\nx,y,z", "are not a space group: 1 repeated"),
        ("loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n-x,y,q", "the symmetry operator '-x,y,q' cannot be read"),
        ("loop_\n_symmetry_equiv_pos_as_xyz\nx, y, z", "write operators in quotes, such as"),
        (
            "loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\nloop_\n_space_group_symop_operation_xyz\nx,y,z\n-x,-y,-z",
            "lists two different sets of operators",
        ),
        (
            "_space_group_name_H-M_alt 'P 1 21/c 1'\nloop_\n_space_group_symop_operation_xyz\nx,y,z\n-x,-y,-z\n"
            "-x+1/2,y+1/2,-z+1/2\nx+1/2,-y+1/2,z+1/2",
            "the 4 operators it lists are those of P 1 21/n 1, which contradicts the symbol 'P 1 21/c 1'",
        ),
        (
            FM3M + "\nloop_\n_space_group_symop_operation_xyz\n"
            + "\n".join(op.triplet() for op in gemmi.symops_from_hall("-P 4 2 3")),
            "the 48 operators it lists are those of P m -3 m, which contradicts .*of 192 operators",
        ),
        ("_symmetry_space_group_name_H-M 'F d -3 m'", "F d -3 m:1 gives Pt, Z = 8, .*; F d -3 m:2 gives Pt, Z = 16"),
        ("_space_group_IT_number 227\n_space_group_IT_coordinate_system_code 3", "coordinate system code '3' is none"),
    ],
)  # fmt: skip
def test_symmetry_that_stays_open_or_contradicts_itself_is_refused(read, symmetry, says):
    with pytest.raises(CifError, match=says):
        read(write_cif(CUBE, symmetry, PT))


@pytest.mark.parametrize(
    ("symmetry", "setting", "atoms"),
    [
        ("_space_group_IT_number 227\n_space_group_IT_coordinate_system_code 1", "F d -3 m:1", 8),
        ("_space_group_IT_number 227\n_space_group_IT_coordinate_system_code 2", "F d -3 m:2", 16),
        ("_symmetry_Int_Tables_number 225\n_symmetry_space_group_name_H-M 'F m q'", "F m -3 m", 4),
        ("_space_group_name_H-M_alt 'P 1'\n_symmetry_Int_Tables_number 1", "P 1", 1),
        ("loop_\n_symmetry_equiv_pos_as_xyz\n'x, y, z'", "P 1", 1),
        ("_symmetry_equiv_pos_as_xyz 'x,y,z'", "P 1", 1),
        (
            "loop_\n_symmetry_equiv_pos_site_id\n_symmetry_equiv_pos_as_xyz\n1 +X,+Y,+Z\n2 '-X , -Y,-Z'",
            "P -1",
            1,
        ),
        ("_space_group_name_Hall '-F 4 2 3'", "F m -3 m", 4),
        ("_symmetry_space_group_name_Hall '-F_4_2_3'", "F m -3 m", 4),
    ],
)
def test_symmetry_is_taken_from_whatever_decides_it(read, symmetry, setting, atoms):
    crystal = read(write_cif(CUBE, symmetry, PT))
    assert (crystal.setting, len(crystal.sites)) == (setting, atoms)


def test_an_origin_of_its_own_is_kept_and_said(read):
    anatase = (3.785, 3.785, 9.514, 90, 90, 90)
    symmetry = "_space_group_name_H-M_alt 'I 41/a m d'\n_space_group_name_Hall 'I 4bw 2bw -1bw (x,y,z+1/4)'"
    crystal = read(write_cif(anatase, symmetry, [("Ti", (0, 0, 0.25)), ("O", (0, 0, 0.4581))]))
    assert (crystal.formula, crystal.formula_units) == ("TiO2", 4)
    assert any("with an origin other than in the International Tables" in note for note in crystal.notes)


def test_sites_alone_are_the_crystal_where_formula_and_z_prove_it(read):
    whole = [("Pt", xyz) for xyz in ((0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0))]
    crystal = read(write_cif(CUBE, "", whole, "_chemical_formula_sum Pt\n_cell_formula_units_Z 4\n"))
    assert crystal.formula_units == 4
    declared = "_chemical_formula_sum Pt\n_cell_formula_units_Z 4\n_exptl_crystal_density_diffrn 5.36\n"
    with pytest.raises(CifError, match=r"declared density is 5\.36 g/cm³"):
        read(write_cif(CUBE, "", whole, declared))


@pytest.mark.parametrize(
    ("cell", "symmetry", "settled"),
    [
        ((5.1505, 5.2116, 5.3173, None, 99.23, None), "P 21/c", "P 1 21/c 1"),
        ((5.1505, 5.2116, 5.3173, 90, 99.23, 90), "P 1 21/c 1", "P 1 21/c 1"),
        ((5.1505, 5.2116, 5.3173, 90, 90, 90), "P 21/c", "P 1 21/c 1"),
        ((5.1505, 5.2116, 5.3173, 90, 90, 99.23), "P 1 1 21/b", "P 1 1 21/b"),
        ((5.1505, 5.2116, 5.3173, 99.23, 90, 90), "P 21/c", "P 21/c 1 1"),
    ],
)
def test_a_short_monoclinic_symbol_is_settled_by_the_cell(read, cell, symmetry, settled):
    crystal = read(write_cif(cell, f"_symmetry_space_group_name_H-M '{symmetry}'", ZIRCONIA))
    assert crystal.setting == settled
    assert len(crystal.sites) == 12


@pytest.mark.parametrize(
    ("cell", "symbol", "says"),
    [
        ((None, 4, 4, 90, 90, 90), "P 1", "_cell_length_a: missing, and P 1 does not fix it"),
        (
            (5, None, 6, 90, None, 90),
            "P 1 21/c 1",
            "_cell_length_b, _cell_angle_beta: missing, .* does not fix them",
        ),
        ((5, 6, 7, 90, 90, None), "P -1", "_cell_angle_gamma: missing"),
        ((5, 5, 5.1, 90, 90, 90), "F m -3 m", "the cell contradicts F m -3 m: edges 5, 5, 5.1 Å"),
        ((5, 5, 5, 90, 90, 91), "F m -3 m", "do not have its symmetry; correct one of them"),
        ((5, 5, 6, 90, 90, 90), "P 63/m m c", "the cell contradicts P 63/m m c"),
        ((5, 5, 6, 90, 90, 120), "R -3 c:R", "the cell contradicts R -3 c:R"),
        ((5, 6, 7, 90, 100, 100), "C 1 2/c 1", "the cell contradicts C 1 2/c 1"),
        ((5, 6, 7, 60, 60, 130), "P -1", "the angles 60, 60 and 130° enclose no volume"),
        ((0.39, 0.39, 0.39, 90, 90, 90), "P 1", "_cell_length_a: 0.39 looks like nm: 3.9 Å"),
        ((392.4, 5, 5, 90, 90, 90), "P 1", "_cell_length_a: 392.4 looks like pm: 3.924 Å"),
        ((-5, 5, 5, 90, 90, 90), "P 1", "_cell_length_a: -5 must be above 0 and below 100 Å"),
        (("3,92", 5, 5, 90, 90, 90), "P 1", "_cell_length_a = '3,92' is not a number: write a decimal point"),
        (("wide", 5, 5, 90, 90, 90), "P 1", "_cell_length_a = 'wide' is not a number"),
        ((5, 5, 5, 90, 90, 200), "P 1", "_cell_angle_gamma: 200 must be above 0 and below 180 °"),
    ],
)
def test_a_cell_is_refused_where_it_stays_unknown_or_contradicts(read, cell, symbol, says):
    with pytest.raises(CifError, match=says):
        read(write_cif(cell, f"_space_group_name_H-M_alt '{symbol}'", [("C", (0.1, 0.2, 0.3))]))


@pytest.mark.parametrize(
    ("cell", "symbol", "whole"),
    [
        ((4.0, None, None, None, None, None), "F m -3 m", (4, 4, 4, 90, 90, 90)),
        ((4.0, None, 6.0, None, None, None), "P 63/m m c", (4, 4, 6, 90, 90, 120)),
        ((4.0, None, 6.0, None, None, None), "I 41/a m d:2", (4, 4, 6, 90, 90, 90)),
        ((4.0, 5.0, 6.0, None, None, None), "P n m a", (4, 5, 6, 90, 90, 90)),
        ((4.0, None, None, 55.0, None, None), "R -3 c:R", (4, 4, 4, 55, 55, 55)),
        ((4.0, 5.0, 6.0, None, 99.0, None), "P 1 21/c 1", (4, 5, 6, 90, 99, 90)),
        ((4.0, 5.0, 6.0, None, None, 99.0), "P 1 1 21/b", (4, 5, 6, 90, 90, 99)),
    ],
)
def test_edges_and_angles_that_the_system_fixes_may_be_left_out(read, cell, symbol, whole):
    crystal = read(write_cif(cell, f"_space_group_name_H-M_alt '{symbol}'", [("C", (0, 0, 0))]))
    assert crystal.cell == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize(
    ("element", "kind"),
    [
        (line.split()[0], kind)
        for line in (
            "Fe Fe FE Fe3+ FE+3 Fe+3 Fe3",
            "O O O2- O-2 O--",
            "C C 13C Cval Csp2",
            "H H D 2H H+",
            "Na Na+ NA1+",
            "Ti Ti2.5+",
            "Si Siva SI4+",
            "Ho Ho Ho3+",
            "Co Co CO2+",
            "W W w",
        )
        for kind in line.split()[1:]
    ],
)
def test_a_type_symbol_is_its_element_whatever_its_charge(read, element, kind):
    assert _sites(read, f"A1 {kind} 0 0 0").sites == ((element, (0.0, 0.0, 0.0)),)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        *[
            (kind, "which is a group of atoms; write one row for each")
            for kind in ("OH", "Wat", "H2O", "NH4")
        ],
        *[(kind, "which can mean .. or a group of atoms") for kind in ("HO", "CO", "NO")],
        *[(kind, "not a chemical symbol") for kind in ("X", "M1", "26", "Va", "Fe2+3")],
        ("T", "isotopes"),
        ("Rf", "no electron scattering factors"),
        *[
            (kind, "several elements share")
            for kind in ("'Fe, Mg'", "'Si4+/Al3+'", "Nb0.8Zr0.2", "Fe0.5", "Na+K+")
        ],
    ],
)
def test_a_type_symbol_that_is_no_element_is_refused(read, kind, says):
    with pytest.raises(CifError, match=f"site A1 has the type .*{says}"):
        _sites(read, f"A1 {kind} 0 0 0")


@pytest.mark.parametrize(
    ("label", "element"),
    [
        *[
            ("Fe1", "Fe"),
            ("O2A", "O"),
            ("O(1)", "O"),
            ("MgT", "Mg"),
            ("FeM1", "Fe"),
            ("C", "C"),
            ("MG1", "Mg"),
        ],
        *[("Ca1", "Ca"), ("Ho1", "Ho"), ("D1", "H"), ("AL2", "Al"), ("Cs", "Cs")],
    ],
)
def test_a_label_alone_is_read_where_it_leaves_nothing_open(read, label, element):
    crystal = _sites(read, f"{label} 0 0 0", columns="label fract_x fract_y fract_z")
    assert crystal.sites[0][0] == element


@pytest.mark.parametrize(
    ("labels", "formula", "elements"),
    [
        ("HO1 O2", "Ho O", "Ho O"),
        ("HO1 H2 O2", "H2 O", "H H O"),
        ("CA1 H1 H2 H3 H4", "C H4", "C H H H H"),
        ("CA1 O2", "Ca O", "Ca O"),
        ("OW1 H1 H2", "H2 O", "O H H"),
        ("Ow1 D1 D2", "D2 O", "O H H"),
        ("SI1 O1 O2", "O2 Si", "Si O O"),
    ],
)
def test_a_label_that_is_open_is_decided_by_the_formula(read, labels, formula, elements):
    rows = [f"{label} 0.{i}5 0.5 0.5" for i, label in enumerate(labels.split())]
    declared = f"_chemical_formula_sum '{formula}'\n"
    crystal = _sites(read, *rows, columns="label fract_x fract_y fract_z", declared=declared)
    assert [element for element, _ in crystal.sites] == elements.split()


@pytest.mark.parametrize(
    ("label", "formula", "says"),
    [
        ("HO1", "", "can mean Ho or H; add the column _atom_site_type_symbol"),
        ("CA1", "", "can mean Ca or C"), ("CO1", "C O Co", "can mean Co or C"), ("CU1", "", "can mean Cu or C"),
        ("Wat1", "", "names no element for certain"), ("OH1", "", "can mean O"), ("OW1", "", "can mean O"),
        ("M1", "", "names no element"), ("T1", "", "names no element"), ("1", "", "names no element"),
        ("B1", "Ba O3 Ti", "means B, which the declared formula does not hold"),
        ("Ca1", "C H4", "means Ca, which the declared formula does not hold"), ("V1", "Fe O", "means V, which"),
    ],
)  # fmt: skip
def test_a_label_that_can_mean_several_elements_is_refused(read, label, formula, says):
    declared = f"_chemical_formula_sum '{formula}'\n" if formula else ""
    with pytest.raises(CifError, match=f"site {label} has no type symbol, and its label {says}"):
        _sites(read, f"{label} 0 0 0", columns="label fract_x fract_y fract_z", declared=declared)


@pytest.mark.parametrize(
    ("columns", "row", "formula", "says"),
    [
        ("occupancy", ".", "", "1 occupancies left blank"),
        ("occupancy", "?", "Pt", ""),
        ("occupancy", "1.000(3)", "", ""),
        ("occupancy", "0.999", "", ""),
        ("disorder_group", ".", "", ""),
        ("calc_flag", "d", "", ""),
        ("attached_hydrogens", "2", "", "2 hydrogen atoms are said to be attached to sites"),
        ("attached_hydrogens", "0", "", ""),
    ],
)
def test_a_whole_atom_is_read_and_what_was_assumed_is_said(read, columns, row, formula, says):
    declared = f"_chemical_formula_sum '{formula}'\n" if formula else ""
    columns = f"label type_symbol fract_x fract_y fract_z {columns}"
    crystal = _sites(read, f"Pt1 Pt 0 0 0 {row}", columns=columns, declared=declared)
    assert crystal.formula == "Pt"
    assert says in "\n".join(crystal.notes)


@pytest.mark.parametrize(
    ("columns", "row", "says"),
    [
        (
            "occupancy",
            "0.5",
            r"has partly occupied sites; supply an ordered cell \(site Pt1 has the occupancy 0.5\)",
        ),
        ("occupancy", "0", "has partly occupied sites"),
        ("occupancy", "1.2", "site Pt1 has the occupancy 1.2, which must be 1"),
        ("occupancy", "?", r"an occupancy is unknown \(`\?`\), and no declared formula shows that it is 1"),
        ("occupancy", "full", "site Pt1: _atom_site_occupancy = 'full' is not a number"),
        ("disorder_group", "1", "site Pt1 belongs to the disorder group 1"),
        ("disorder_group", "-2", "site Pt1 belongs to the disorder group -2"),
    ],
)
def test_a_part_of_an_atom_is_refused_in_words(read, columns, row, says):
    with pytest.raises(CifError, match=says):
        _sites(read, f"Pt1 Pt 0 0 0 {row}", columns=f"label type_symbol fract_x fract_y fract_z {columns}")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (("Pt1 Pt . 0 0",), "none of its sites has coordinates"),
        (("Pt1 Pt 0 0 0", "H1 H ? ? ?"), "site H1 has no coordinates, and no declared formula shows"),
        (("Pt1 Pt 17 0 0",), r"site Pt1 is at \(17, 0, 0\): these are not fractions of the cell's edges"),
        (("Pt1 Pt nan 0 0",), "site Pt1: _atom_site_fract_x = 'nan' is not a number"),
        (("Pt1 Pt 1e999 0 0",), "these are not fractions"),
        (("Pt1 Pt 0,5 0 0",), "'0,5' is not a number: write a decimal point"),
        (("Nb1 Nb 0 0 0", "Zr1 Zr 0 0 1.0"), "sites Nb1 at .* and Zr1 at .* are one place"),
        ((". . 0 0 0",), "site 1 has neither a label nor a type symbol"),
    ],
)
def test_a_row_that_is_no_atom_at_a_place_is_refused_by_name(read, rows, says):
    with pytest.raises(CifError, match=says):
        _sites(read, *rows)


def test_a_row_without_coordinates_that_is_no_hydrogen_contradicts_the_formula(read):
    with pytest.raises(CifError, match="the declared formula is O Pt, the cell holds Pt"):
        _sites(read, "Pt1 Pt 0 0 0", "O1 O . . .", declared="_chemical_formula_sum 'O Pt'\n")


def test_a_dummy_is_left_out_and_said(read):
    columns = "label type_symbol fract_x fract_y fract_z calc_flag"
    crystal = _sites(read, "Pt1 Pt 0 0 0 d", "Cg1 X 0.1 0.2 0.3 dum", columns=columns)
    assert crystal.formula == "Pt"
    assert "site Cg1 is a dummy (calc_flag dum) and is left out" in crystal.notes


def _corundum(formula: str) -> str:
    sites = [("Al", (0, 0, 0.3522)), ("O", (0.3064, 0, 0.25))]
    cell = (4.7589, 4.7589, 12.9919, 90, 90, 120)
    return write_cif(
        cell, "_space_group_name_H-M_alt 'R -3 c'", sites, f"_chemical_formula_sum '{formula}'\n"
    )


@pytest.mark.parametrize("formula", ["Al2 O3", "AL2 O3", "Al2O3", "(Al2) O3", "Al4 O6", "Al0.6667 O"])
def test_a_declared_formula_may_be_written_in_many_ways(read, formula):
    crystal = read(_corundum(formula))
    assert (crystal.formula, crystal.formula_units) == ("Al2O3", 6)
    assert len(crystal.notes) == 1


@pytest.mark.parametrize("formula", ["Al O", "Al2 O3 Mg", "Al3 O2", "Al"])
def test_a_declared_formula_that_the_atoms_are_not_is_refused(read, formula):
    with pytest.raises(CifError, match=r"the declared formula is .*, the cell holds Al12O18"):
        read(_corundum(formula))


@pytest.mark.parametrize("formula", ["something", "Al2(O3", "Xx2 O3"])
def test_a_declared_formula_that_is_none_is_not_checked_and_said(read, formula):
    assert "the declared formula is not checked" in "\n".join(read(_corundum(formula)).notes)


def test_declared_hydrogen_that_is_not_there_is_said(read):
    notes = "\n".join(read(_corundum("O3 Al2 H2")).notes)
    assert "12 hydrogen atoms per cell are in the declared formula O3 Al2 H2 and not among the sites" in notes
