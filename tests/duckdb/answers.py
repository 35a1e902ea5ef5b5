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
    """An order for rows that have none: by all but the doubles first, as two that are equal need not be the same to the last digit."""
    rest, rounded, exact = [], [], []
    for value in row:
        if isinstance(value, float):
            plain = math.inf if math.isnan(value) else value + 0.0
            rest.append((2, str(math.isnan(value))))
            rounded.append(float(f"{plain:.9e}"))
            exact.append(plain)
        elif value is None:
            rest.append((0, ""))
        elif isinstance(value, bool):
            rest.append((1, str(value)))
        elif isinstance(value, (int, Decimal)):
            digits = f"{Decimal(value):f}"
            rest.append((3, (digits.rstrip("0").rstrip(".") if "." in digits else digits) if value else "0"))
        else:
            rest.append((4, str(value)))
    return rest, rounded, exact


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


# Pairs that are the same, and pairs that are not: each a sort, and the values of a column on either side.
ALIKE = [
    ("double", [2147483648.0, 2147483647.5, math.nan, None], [None, math.nan, 2147483647.5, 2147483648.0]),
    ("double", [1.0, -0.0, 3e300], [1.0 + 1e-13, 0.0, 3e300]),
    ("decimal", [Decimal("1.10"), Decimal(10**30 + 1), Decimal("-0.00")], [0, Decimal(10**30 + 1), Decimal("1.1")]),
]
UNLIKE = [
    ("double", [1.0], [1.0 + 1e-11]), ("double", [1e-20], [0.0]), ("double", [None], [math.nan]), ("double", [math.inf], [1e308]),
    ("decimal", [Decimal(10**30 + 1)], [Decimal(10**30)]), ("decimal", [Decimal("0.1")], [Decimal("0.10000000000000001")]),
    ("int", [1, 1, 2], [1, 2, 2]), ("int", [1], [1, 1]), ("text", [""], [None]), ("bool", [False], [None]),
]


def check_comparison():
    """That the comparison itself tells what is alike from what is not: one that takes all for alike would pass every engine."""
    for sort, ours, theirs in ALIKE + UNLIKE:
        same = difference(Rows([sort], [(value,) for value in ours]), Rows([sort], [(value,) for value in theirs]), False) is None
        if same != ((sort, ours, theirs) in ALIKE):
            raise RuntimeError(f"The comparison is wrong about {ours} and {theirs}.")
    if difference(Rows(["int"], [(1,), (2,)]), Rows(["int"], [(2,), (1,)]), True) is None:
        raise RuntimeError("The comparison does not look at the order.")
    if difference(Rows(["int"], [(1,)]), Rows(["double"], [(1.0,)]), True) is None:
        raise RuntimeError("The comparison does not look at the sorts.")
