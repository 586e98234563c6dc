"""How much a page has room for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Room:
    """How much of everything there is room for in a page; all that is left out is said there."""

    circuits: int = 60
    interpretations: int = 30
    algorithms: int = 120
    mappings: int = 40
    rivals: int = 200
    fallen: int = 20
    rows: int = 1000
    sets: int = 1 << 14

    def halved(self) -> "Room":
        """Half as much, at least one of each."""
        return Room(**{name: max(1, number // 2) for name, number in vars(self).items()})
