"""Queries as trees: their text on either side, and smaller trees of the same kind.

A tree knows no SQL. A [`Node`] has a sort, and a node may stand wherever another of its sort does; that is enough to shrink. What a
smaller tree says may be no query at all: who asks finds out from DuckDB.
"""

from dataclasses import dataclass, replace

OURS, THEIRS = "ours", "theirs"

# How tightly things bind; what binds less tightly than its place asks for gets parentheses.
OR, AND, NOT, IS, COMPARE, ADD, MULTIPLY, SIGN, ATOM = range(9)

# The least that may stand for a sort.
LEAST = {"int": "1", "decimal": "0.5", "double": "CAST(1.5 AS DOUBLE)", "text": "'a'", "bool": "TRUE", "date": "DATE '2024-01-31'",
         "timestamp": "TIMESTAMP '2024-01-31 08:00:00'"}


@dataclass(frozen=True)
class Node:
    sort: str
    parts: tuple
    level: int = ATOM


@dataclass(frozen=True)
class Operand:
    """A node in a place that asks for a level."""
    node: Node
    least: int


@dataclass(frozen=True)
class Many:
    """Nodes in a row, of which all but `least` can go."""
    nodes: tuple
    separator: str = ", "
    least: int = 1


@dataclass(frozen=True)
class Maybe:
    """Parts that can go."""
    parts: tuple


@dataclass(frozen=True)
class Fixed:
    """A node that stays as it is: what makes an order total, and what stands in two places alike."""
    node: Node


@dataclass(frozen=True)
class Theirs:
    """Words that only DuckDB is told, as the two differ by design."""
    words: str


def text(part, side: str = OURS) -> str:
    match part:
        case str():
            return part
        case Node(parts=parts) | Maybe(parts=parts):
            return "".join(text(inner, side) for inner in parts)
        case Fixed(node):
            return text(node, side)
        case Operand(node, least):
            return f"({text(node, side)})" if node.level < least else text(node, side)
        case Many(nodes, separator):
            return separator.join(text(node, side) for node in nodes)
        case Theirs(words):
            return words if side == THEIRS else ""
    raise TypeError(part)


def _inner(part):
    """The nodes right under a part."""
    match part:
        case Node(parts=parts) | Maybe(parts=parts):
            for inner in parts:
                yield from [inner] if isinstance(inner, Node) else _inner(inner)
        case Operand(node, _):
            yield node
        case Many(nodes, _, _):
            yield from nodes


def _nearest(node: Node, sort: str):
    """The nearest nodes of a sort under a node."""
    row = list(_inner(node))
    while row:
        yield from (inner for inner in row if inner.sort == sort)
        row = [inner for outer in row if outer.sort != sort for inner in _inner(outer)]


def _each(parts: tuple):
    """The parts with one of them smaller."""
    for place, part in enumerate(parts):
        for smaller in variants(part):
            yield parts[:place] + smaller + parts[place + 1:]


def variants(part):
    """Smaller parts in the place of one, each as a tuple; the smallest first."""
    match part:
        case Node(sort, parts, _):
            least = LEAST.get(sort)
            if least and text(part) != least:
                yield (Node(sort, (least,)),)
            for inner in _nearest(part, sort):
                yield (inner,)
            for fewer in _each(parts):
                yield (replace(part, parts=fewer),)
        case Operand(node, least):
            for (smaller,) in variants(node):
                yield (Operand(smaller, least),)
        case Maybe(parts):
            yield ()
            for fewer in _each(parts):
                yield (Maybe(fewer),)
        case Many(nodes, separator, least):
            if len(nodes) > least:
                half = max(least, len(nodes) // 2)
                for fewer in dict.fromkeys([nodes[:least], nodes[:half], nodes[-half:]]):
                    yield (Many(fewer, separator, least),)
                for place in range(len(nodes)):
                    yield (Many(nodes[:place] + nodes[place + 1:], separator, least),)
            for fewer in _each(nodes):
                yield (Many(fewer, separator, least),)
        case Theirs() | Fixed():
            # Only the whole around them goes.
            return


def shrink(node: Node, fails, most: int) -> Node:
    """The smallest tree found that fails still, with `most` questions."""
    asked = 0
    seen = {text(node)}
    while True:
        for (smaller,) in variants(node):
            words = text(smaller)
            if words in seen:
                continue
            seen.add(words)
            asked += 1
            if asked > most:
                return node
            if fails(smaller):
                node = smaller
                break
        else:
            return node
