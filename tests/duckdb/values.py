"""Random expressions, of every sort a column may have.

An expression is about the columns of a [`Scope`], each a node of its own, so that the columns of a grouped query may be its keys and
aggregates. Where the two differ by design, DuckDB is asked in other words (`Theirs`).
"""

import random
from dataclasses import dataclass, field

from tree import (ADD, AND, ATOM, COMPARE, IS, MULTIPLY, NOT, OR, SIGN, Many, Maybe, Node, Operand, Theirs)

SORTS = ("int", "decimal", "double", "text", "bool", "date", "timestamp")
NUMBERS = ("int", "decimal", "double")


@dataclass
class Scope:
    """What an expression may name."""
    # Pairs of a sort and a node.
    columns: list
    # Columns that together tell rows apart; what they do not tell apart is the same in all columns.
    key: list = field(default_factory=list)
    # The columns of the query around it, for a subquery.
    outer: list = field(default_factory=list)


LITERALS = {
    "int": ["0", "0", "1", "1", "2", "2", "3", "-1", "5", "7", "10", "12", "-7", "100", "2147483647", "-2147483648", "9007199254740993", "9223372036854775807"],
    "decimal": ["0.1", "0.5", "-0.50", "1.10", "2.25", "10.0", "0.001", "999999999.99"],
    "double": ["CAST(0.0 AS DOUBLE)", "CAST(1.5 AS DOUBLE)", "CAST(-2.25 AS DOUBLE)", "CAST('NaN' AS DOUBLE)"],
    "text": ["'a'", "'b'", "'x'", "'it''s'", "''", "'back\\slash'", "''''''", "'10'", "'grün 漢字 🙂'", "'-- x'", "'\"q\"'", "'a%b'"],
    "bool": ["TRUE", "FALSE"],
    "date": ["DATE '2024-01-31'", "DATE '2024-02-29'", "DATE '1969-12-31'", "DATE '2023-01-01'"],
    "timestamp": ["TIMESTAMP '2024-02-29 00:00:00'", "TIMESTAMP '2024-01-31 23:59:59.25'", "TIMESTAMP '1969-12-31 23:00:00'"],
}
PATTERNS = ["'%a%'", "'a%'", "'%'", "'_'", "'a_b'", "'%''%'", "'%\\%'", "'X'", "''", "'%!%%' ESCAPE '!'", "'a\\%b'"]


def call(sort: str, name: str, *arguments) -> Node:
    return Node(sort, (name, "(", Many(arguments, least=len(arguments)), ")"))


def operation(sort: str, level: int, left: Node, sign: str, right: Node) -> Node:
    """`left sign right`; of two of the same strength the left one is first."""
    # What compares has no side that is first.
    first = level + 1 if level == COMPARE else level
    return Node(sort, (Operand(left, first), f" {sign} ", Operand(right, level + 1)), level)


def divided(sort: str, left: Node, sign: str, right: Node) -> Node:
    """What is divided by nothing is null; DuckDB has an infinity, or an error."""
    return Node(sort, (Operand(left, MULTIPLY), f" {sign} ", Theirs("NULLIF("), Operand(right, MULTIPLY + 1), Theirs(", 0)")), MULTIPLY)


class Values:
    """Makes expressions."""

    def __init__(self, chance: random.Random):
        self.chance = chance

    def among(self, *choices):
        return self.chance.choice(choices)

    def odds(self, share: float) -> bool:
        return self.chance.random() < share

    def column(self, scope: Scope, sort: str):
        found = [node for kind, node in scope.columns if kind == sort]
        return self.chance.choice(found) if found else None

    def literal(self, sort: str) -> Node:
        words = self.chance.choice(LITERALS[sort])
        return Node(sort, (words,), SIGN if words.startswith("-") else ATOM)

    def leaf(self, scope: Scope, sort: str) -> Node:
        if self.odds(0.75) and (column := self.column(scope, sort)):
            return column
        if self.odds(0.04):
            kinds = {"int": "BIGINT", "decimal": "DECIMAL(10, 2)", "double": "DOUBLE", "text": "VARCHAR", "bool": "BOOLEAN", "date": "DATE",
                     "timestamp": "TIMESTAMP"}
            return Node(sort, (f"CAST(NULL AS {kinds[sort]})",))
        return self.literal(sort)

    def number(self, scope: Scope, depth: int) -> Node:
        return self.value(scope, self.among(*NUMBERS), depth)

    def value(self, scope: Scope, sort: str, depth: int) -> Node:
        """An expression of a sort, of some depth at most."""
        if depth <= 0 or self.odds(0.25):
            return self.leaf(scope, sort)
        if self.odds(0.25):
            return self.either(scope, sort, depth - 1)
        return getattr(self, "_" + sort)(scope, depth - 1)

    def either(self, scope: Scope, sort: str, depth: int) -> Node:
        """What every sort has: one of several values."""
        def one():
            return self.value(scope, sort, depth)

        match self.chance.randrange(6):
            case 0:
                return Node(sort, ("COALESCE(", Many((one(), one()), least=2), ")"))
            case 1:
                return call(sort, "NULLIF", one(), one())
            case 2:
                # They leave nulls out on both sides.
                return Node(sort, (self.among("GREATEST", "LEAST"), "(", Many((one(), one(), one())), ")")) if sort != "bool" else one()
            case 3:
                subject = self.leaf(scope, "int")
                whens = tuple(Node("when", (" WHEN ", self.leaf(scope, "int"), " THEN ", one())) for _ in range(2))
                return Node(sort, ("CASE ", subject, Many(whens, ""), Maybe((" ELSE ", one())), " END"))
            case _:
                whens = tuple(Node("when", (" WHEN ", self.condition(scope, depth), " THEN ", one())) for _ in range(self.among(1, 1, 2)))
                return Node(sort, ("CASE", Many(whens, ""), Maybe((" ELSE ", one())) if self.odds(0.7) else "", " END"))

    def _int(self, scope: Scope, depth: int) -> Node:
        def one(sort="int"):
            return self.value(scope, sort, depth)

        match self.chance.randrange(14):
            case 12:
                # A half goes to the even number in a double, and away from zero in a decimal.
                return Node("int", ("CAST(", self.value(scope, self.among("double", "decimal"), 0), " AS BIGINT)"))
            case 13:
                return operation("int", ADD, one("date"), "-", self.leaf(scope, "date"))
            case 0 | 1:
                return operation("int", ADD, one(), self.among("+", "-"), one())
            case 2:
                return operation("int", MULTIPLY, one(), "*", self.leaf(scope, "int"))
            case 3:
                return divided("int", one(), "%", self.among(self.leaf(scope, "int"), Node("int", (self.among("7", "-3", "10"),))))
            case 4:
                return call("int", "ABS", one())
            case 5:
                return call("int", "LENGTH", one("text"))
            case 6:
                part = self.among("YEAR", "MONTH", "DAY", "QUARTER", "WEEK", "DOY")
                return Node("int", (f"EXTRACT({part} FROM ", one(self.among("date", "timestamp")), ")"))
            case 7:
                return Node("int", (f"EXTRACT({self.among('HOUR', 'MINUTE')} FROM ", one("timestamp"), ")"))
            case 8:
                return Node("int", ("CAST(ROUND(", self.column(scope, "double") or self.literal("decimal"), ") AS BIGINT)")) \
                    if self.odds(0.3) else Node("int", ("CAST(CAST(", one(), " AS VARCHAR) AS BIGINT)"))
            case 9:
                return Node("int", ("CAST(", one("bool"), " AS INT)"))
            case 10:
                return Node("int", ("TRY_CAST(", one("text"), " AS BIGINT)"))
            case _:
                return Node("int", ("-", Operand(one(), ATOM)), SIGN)

    def _decimal(self, scope: Scope, depth: int) -> Node:
        def one(sort="decimal"):
            return self.value(scope, sort, depth)

        match self.chance.randrange(9):
            case 0 | 1:
                return operation("decimal", ADD, one(), self.among("+", "-"), one())
            case 2:
                return operation("decimal", ADD, one(), self.among("+", "-"), self.leaf(scope, "int"))
            case 3:
                return operation("decimal", MULTIPLY, self.leaf(scope, "decimal"), "*", self.leaf(scope, self.among("decimal", "int")))
            case 4:
                return Node("decimal", ("ROUND(", one(), f", {self.among(0, 1, 2)})"))
            case 5:
                return call("decimal", "ABS", one())
            case 6:
                return Node("decimal", ("CAST(", one(self.among("decimal", "int")), f" AS DECIMAL({self.among('14, 2', '14, 1', '18, 4')}))"))
            case 7:
                return call("decimal", self.among("FLOOR", "CEIL"), one())
            case _:
                return Node("decimal", ("-", Operand(one(), ATOM)), SIGN)

    def _double(self, scope: Scope, depth: int) -> Node:
        def one(sort="double"):
            return self.value(scope, sort, depth)

        match self.chance.randrange(9):
            case 0 | 1:
                return operation("double", ADD, one(), self.among("+", "-"), one(self.among(*NUMBERS)))
            case 2:
                return operation("double", MULTIPLY, one(), "*", one(self.among("double", "int")))
            case 3 | 4:
                # A division has places, of decimals and of whole numbers too.
                return divided("double", self.number(scope, depth), "/", self.number(scope, 0))
            case 5:
                return call("double", self.among("ABS", "FLOOR", "CEIL", "ROUND"), one())
            case 6:
                return call("double", "SQRT", call("double", "ABS", one()))
            case 7:
                return Node("double", ("CAST(", one(self.among("int", "decimal")), " AS DOUBLE)"))
            case _:
                return Node("double", ("-", Operand(one(), ATOM)), SIGN)

    def _text(self, scope: Scope, depth: int) -> Node:
        def one():
            return self.value(scope, "text", depth)

        match self.chance.randrange(9):
            case 0 | 1:
                return Node("text", ("(", Operand(one(), ATOM), " || ", Operand(one(), ATOM), ")"))
            case 2:
                return call("text", self.among("UPPER", "LOWER", "TRIM", "LTRIM", "RTRIM", "REVERSE"), one())
            case 3:
                return Node("text", ("SUBSTR(", one(), f", {self.among(1, 2, 3)}", Maybe((f", {self.among(0, 1, 2, 50)}",)), ")"))
            case 4:
                return call("text", "REPLACE", one(), self.literal("text"), self.literal("text"))
            case 5:
                return Node("text", ("CONCAT(", Many((one(), one(), self.value(scope, "int", 0))), ")"))
            case 6:
                return Node("text", ("CAST(", self.value(scope, self.among("int", "bool", "date"), depth), " AS VARCHAR)"))
            case 7:
                return Node("text", (self.among("LEFT", "RIGHT"), "(", one(), f", {self.among(0, 1, 3)})"))
            case _:
                return Node("text", ("LPAD(", one(), ", 5, 'ab')"))

    def _date(self, scope: Scope, depth: int) -> Node:
        return Node("date", ("CAST(", self.value(scope, "timestamp", depth), " AS DATE)"))

    def _timestamp(self, scope: Scope, depth: int) -> Node:
        def one():
            return self.value(scope, "timestamp", depth)

        match self.chance.randrange(4):
            case 3:
                span = self.among("1 day", "1 hour", "-1 month")
                return operation("timestamp", ADD, self.value(scope, "date", depth), self.among("+", "-"), Node("span", (f"INTERVAL '{span}'",)))
            case 0:
                return Node("timestamp", (f"DATE_TRUNC('{self.among('year', 'quarter', 'month', 'week', 'day', 'hour', 'minute')}', ", one(), ")"))
            case 1:
                span = self.among("1 day", "2 hours", "1 month", "-1 year", "90 minutes")
                return operation("timestamp", ADD, one(), self.among("+", "-"), Node("span", (f"INTERVAL '{span}'",)))
            case _:
                return Node("timestamp", ("CAST(", self.value(scope, "date", depth), " AS TIMESTAMP)"))

    def condition(self, scope: Scope, depth: int) -> Node:
        return self.value(scope, "bool", max(depth, 1))

    def _bool(self, scope: Scope, depth: int) -> Node:
        def one():
            return self.value(scope, "bool", depth)

        match self.chance.randrange(14):
            case 0 | 1:
                return Node("bool", (Operand(one(), AND), " AND ", Operand(one(), AND)), AND)
            case 2 | 3:
                return Node("bool", (Operand(one(), OR), " OR ", Operand(one(), OR)), OR)
            case 4:
                return Node("bool", ("NOT ", Operand(one(), NOT)), NOT)
            case 5:
                word = self.among("TRUE", "FALSE", "NOT TRUE", "NOT FALSE", "NULL", "NOT NULL")
                return Node("bool", (Operand(one(), ADD), f" IS {word}"), IS)
            case 6:
                sort = self.among(*SORTS)
                return Node("bool", (Operand(self.value(scope, sort, depth), ADD), f" IS {self.among('', 'NOT ')}NULL"), IS)
            case 7:
                left, right = self.pair(scope, depth)
                return Node("bool", (Operand(left, ADD), f" IS {self.among('', 'NOT ')}DISTINCT FROM ", Operand(right, ADD)), IS)
            case 8:
                left, low = self.pair(scope, depth)
                high = self.value(scope, low.sort, 0)
                return Node("bool", (Operand(left, ADD), self.among(" BETWEEN ", " NOT BETWEEN "), Operand(low, ADD), " AND ", Operand(high, ADD)), COMPARE)
            case 9:
                sort = self.among("int", "text", "decimal", "date")
                values = [self.leaf(scope, sort) if self.odds(0.2) else self.literal(sort) for _ in range(3)]
                if self.odds(0.3):
                    values.append(Node(sort, ("NULL",)))
                return Node("bool", (Operand(self.value(scope, sort, depth), ADD), self.among(" IN (", " NOT IN ("), Many(tuple(values)), ")"), COMPARE)
            case 10:
                word = self.among("LIKE", "NOT LIKE", "ILIKE")
                return Node("bool", (Operand(self.value(scope, "text", depth), ADD), f" {word} {self.chance.choice(PATTERNS)}"), COMPARE)
            case _:
                left, right = self.pair(scope, depth)
                return operation("bool", COMPARE, left, self.among("=", "<>", "<", "<=", ">", ">="), right)

    def pair(self, scope: Scope, depth: int):
        """Two values that can be compared."""
        sort = self.among(*SORTS)
        other = self.among(*NUMBERS) if sort in NUMBERS and self.odds(0.3) else sort
        return self.value(scope, sort, depth), self.value(scope, other, max(depth - 1, 0))
