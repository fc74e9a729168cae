"""Atoms of one's own: frames of files as particles, or as whole structures."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from ase.data import chemical_symbols
from pydantic import Field, model_validator

from hrtem_assets.base.files import shown
from hrtem_assets.base.model import Line, Model, Real, Words, YesNo, quantity
from hrtem_assets.campaign.atom_files import Facts, Reading, digest, facts, find_files
from hrtem_assets.campaign.cutoffs import check_cutoff
from hrtem_assets.crystal.elements import element_fault


@dataclass(frozen=True)
class FrameOf:
    """A frame of a file: the file, the frame's number among those chosen of it, and what it amounts to."""

    path: Path
    number: int
    facts: Facts

    @property
    def words(self) -> str:
        """For messages."""
        return f"frame {self.number} of {shown(str(self.path))}"


class OwnAtoms(Model):
    """Atoms from files that ASE reads, such as xyz, extxyz, CIF, POSCAR, LAMMPS data and dumps, and trajectories."""

    atoms: Line = Field(
        description="file, or pattern of files such as frames/*.xyz, relative to the campaign's file"
    )
    frames: str = Field(
        ":", pattern=r"^-?\d*(:-?\d*){0,2}$", min_length=1, description="which of each file, as Python slices"
    )
    format: Line | None = Field(
        None,
        description="ASE's name of the files' format, such as lammps-data; by default told by the files",
    )
    elements_by_type: tuple[str, ...] | None = Field(
        None,
        description="elements of atom types 1, 2, ... for files that tell types only, as LAMMPS dumps do",
    )
    used_as: Literal["particle", "structure"] = Field(
        "particle",
        description="particle: each particle is a frame, placed on the substrate; structure: each structure is one, "
        "centred in the cell",
    )
    film: YesNo = Field(
        False, description="of whole structures: whether the campaign's substrate is put under them"
    )
    particle_elements: tuple[str, ...] | None = Field(
        None, description="of whole structures: elements of the particle; other atoms are its support"
    )
    particle_column: Line | None = Field(
        None,
        description="of whole structures: column that numbers particles from 0, negative or false for the support",
    )
    turned: YesNo | None = Field(
        None,
        description="whether each is turned at random (SO(3)); by default particles are, whole structures are not",
    )
    split_by: Literal["file", "block", "frame"] = Field(
        "block",
        description="how frames are shared between training, validation and test: whole files; blocks of neighbouring "
        "frames; or frames at random, which are much alike in one trajectory",
    )
    rms_displacement_a: dict[str, Real] = Field(
        default_factory=dict,
        description="rms thermal displacement per axis at room temperature, by element [Å]",
    )
    label_blur_a: float = quantity(1.6, "Å", "standard deviation of the label blur", ge=0.0, le=10.0)
    mask_cutoff: Real | dict[str, Real] | None = Field(
        None, description="soft label at which the binary mask of its particles is cut, or that by size class"
    )
    source: Words = Field("", description="where the atoms come from")

    @property
    def is_turned(self) -> bool:
        """Whether each is turned at random."""
        return self.used_as == "particle" if self.turned is None else self.turned

    @model_validator(mode="after")
    def _readable(self) -> Self:
        check_cutoff(self.mask_cutoff)
        for symbol in (*(self.elements_by_type or ()), *(self.particle_elements or ())):
            if fault := element_fault(symbol):
                raise ValueError(fault)
        chosen = [n for n in ("particle_elements", "particle_column", "film") if getattr(self, n)]
        if self.used_as == "particle" and chosen:
            raise ValueError(f"{', '.join(chosen)}: only for used_as structure; remove it")
        if self.particle_elements and self.particle_column:
            raise ValueError(
                "particle_elements and particle_column both say which atoms are particles; remove one"
            )
        for element, value in self.rms_displacement_a.items():
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"rms_displacement_a.{element} = {value} must be between 0 and 1 Å")
        for frame in self.all_frames:
            if frame.facts.shortest_words:
                raise ValueError(
                    f"atoms: of {frame.words}, {frame.facts.shortest_words}, less than half of the sum of their "
                    "covalent radii; positions must be in Å: correct the file"
                )
            if self.particle_column and self.particle_column not in frame.facts.column_names:
                raise ValueError(
                    f"particle_column = {self.particle_column!r} is not in {frame.words}; its columns of numbers: "
                    f"{', '.join(frame.facts.column_names) or 'none'}"
                )
            if self.particle_elements:
                held = [chemical_symbols[n] for n in frame.facts.numbers]
                if not set(held) & set(self.particle_elements):
                    raise ValueError(
                        f"particle_elements = {', '.join(self.particle_elements)}: {frame.words} holds "
                        f"{', '.join(held)} alone; name one of these"
                    )
        return self

    @property
    def reading(self) -> Reading:
        """How the files are read."""
        return Reading(self.frames, self.elements_by_type, self.format)

    @cached_property
    def all_frames(self) -> tuple[FrameOf, ...]:
        """Every frame chosen, file after file.

        Raises:
            ValueError: if there is none, or one cannot be used.
        """
        return tuple(
            FrameOf(path, number, fact)
            for path in find_files(self.atoms)
            for number, fact in enumerate(facts(path, self.reading))
        )

    @property
    def most_particles(self) -> int:
        """The most particles of a structure that is read as a whole."""
        if self.particle_column is None:
            return 1
        return max(frame.facts.most(self.particle_column) for frame in self.all_frames)

    @property
    def elements(self) -> tuple[str, ...]:
        """Chemical symbols present, sorted."""
        return tuple(sorted({chemical_symbols[n] for f in self.all_frames for n in f.facts.numbers}))

    def of_size(self, radius_min_a: float, radius_max_a: float) -> tuple[FrameOf, ...]:
        """The frames whose radius lies in a size class."""
        return tuple(f for f in self.all_frames if radius_min_a <= f.facts.radius_a <= radius_max_a)

    @property
    def deciding(self) -> dict[str, Any]:
        """The settings that decide where atoms are, and what the files hold."""
        settings = self.model_dump(
            mode="json", exclude={"atoms", "label_blur_a", "mask_cutoff", "source", "rms_displacement_a"}
        )
        paths = list(dict.fromkeys(f.path for f in self.all_frames))
        return settings | {"files": [[path.name, digest(path)] for path in paths]}

    @property
    def figures(self) -> dict[str, Any]:
        """What the files amount to, as JSON."""
        found = [f.facts for f in self.all_frames]
        return {
            "files": len({f.path for f in self.all_frames}),
            "frames": len(found),
            "elements": list(self.elements),
            "atoms": [min(f.atoms for f in found), max(f.atoms for f in found)],
            "radius_a": [round(min(f.radius_a for f in found), 2), round(max(f.radius_a for f in found), 2)],
            "shortest_distance_a": round(min(f.shortest_a for f in found), 4),
        }


def shared_frames(
    frames: tuple[FrameOf, ...], rule: str, counts: dict[str, int], seed: int
) -> dict[str, tuple[FrameOf, ...]]:
    """The frames of training, validation and test, none of them in two.

    Args:
        frames: file after file.
        rule: `file`, `block` or `frame`.
        counts: structures of each, which say how large its share is.
        seed: of the campaign, for frames at random.

    Raises:
        ValueError: if there are fewer frames, or files, than shares.
    """
    groups: list[list[FrameOf]] = [[frame] for frame in frames]
    if rule == "file":
        by_path: dict[Path, list[FrameOf]] = {}
        for frame in frames:
            by_path.setdefault(frame.path, []).append(frame)
        groups = list(by_path.values())
    elif rule == "frame":
        order = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(b"frames"))).permutation(
            len(groups)
        )
        groups = [groups[i] for i in order]
    wanted = {name: count for name, count in counts.items() if count}
    if len(groups) < len(wanted):
        what = "files" if rule == "file" else "frames"
        raise ValueError(
            f"{len(groups)} {what} cannot be shared between {', '.join(wanted)} (split_by = {rule}); give more "
            f"{what}, or set counts of some to 0"
        )
    total, shares = sum(wanted.values()), {}
    start, given = 0, 0
    for left, (name, count) in enumerate(wanted.items(), 1):
        given += count
        # every share gets one at least, and leaves one for each that follows
        end = min(max(round(given / total * len(groups)), start + 1), len(groups) - (len(wanted) - left))
        shares[name] = tuple(frame for group in groups[start:end] for frame in group)
        start = end
    return shares
