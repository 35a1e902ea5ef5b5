"""Two answers beside each other: the same rows, or what differs.

Whole numbers and decimals are equal when they are the same number, doubles within 1E-12 of themselves, everything else when it is
the same. Rows are compared in their order where the query says one, and else however they lie.
"""

import math
from decimal import Decimal

from sides import Rows

# How far two doubles may be apart, of themselves: sums are added in one order here and in another there.
NEAR = 1e-12


def family(sort: str) -> str:
    """What a column's sort is compared as: a whole number and a decimal are exact numbers, of any length."""
    return "exact" if sort in ("int", "decimal") else sort


def _same(ours, theirs) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    if isinstance(ours, float) and isinstance(theirs, float):
        if math.isnan(ours) or math.isnan(theirs):
            return math.isnan(ours) and math.isnan(theirs)
        return ours == theirs or math.isclose(ours, theirs, rel_tol=NEAR)
    return ours == theirs


def _key(row):
    """An order for rows that have none. Doubles that are near each other, and not equal, are put in one place by fewer digits."""
    key = []
    for value in row:
        if value is None:
            key.append((0, ""))
        elif isinstance(value, bool):
            key.append((1, str(value)))
        elif isinstance(value, float):
            key.append((2, "nan" if math.isnan(value) else f"{value + 0.0:.9e}"))
        elif isinstance(value, (int, Decimal)):
            key.append((3, str(Decimal(value).normalize() + 0)))
        else:
            key.append((4, str(value)))
    return key


def _mismatch(ours: list, theirs: list):
    for left, right in zip(ours, theirs):
        if not all(_same(a, b) for a, b in zip(left, right)):
            return left, right
    return None


def difference(ours: Rows, theirs: Rows, ordered: bool) -> str | None:
    """What differs, in a line, or nothing."""
    if len(ours.sorts) != len(theirs.sorts):
        return f"{len(ours.sorts)} columns, DuckDB has {len(theirs.sorts)}"
    for place, (left, right) in enumerate(zip(ours.sorts, theirs.sorts)):
        if family(left) != family(right) and "null" not in (left, right):
            # A column without a value has no type to speak of.
            if any(row[place] is not None for row in ours.rows + theirs.rows):
                return f"column {place + 1} is {left}, DuckDB's {right}"
    if len(ours.rows) != len(theirs.rows):
        return f"{len(ours.rows)} rows, DuckDB has {len(theirs.rows)}"
    found = _mismatch(ours.rows, theirs.rows)
    if found is None:
        return None
    unordered = _mismatch(sorted(ours.rows, key=_key), sorted(theirs.rows, key=_key))
    if unordered is None:
        return f"the order: {found[0]!r} where DuckDB has {found[1]!r}" if ordered else None
    return f"{unordered[0]!r} where DuckDB has {unordered[1]!r}"
