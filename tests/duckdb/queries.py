"""Random queries over the tables of rows.py: joins, groups, windows, subqueries, sets.

Each query has one right answer: an order is total where it is asked for or where a window needs it, and a sum of doubles is of such
as add up to the same in any order.
"""

import random

from rows import TABLES
from tree import ADD, AND, COMPARE, IS, OR, Fixed, Many, Maybe, Node, Operand, Theirs, text
from values import NUMBERS, SORTS, Scope, Values, call, operation

# The tables that random queries are about.
TOLD = {table.name: table for table in TABLES[:3]}


def ordered(query: Node) -> bool:
    """Whether a whole query says an order, which is then that of all its columns."""
    return isinstance(query.parts[-1], Maybe)


class Queries(Values):
    """Makes queries."""

    def __init__(self, seed: int, number: int):
        super().__init__(random.Random(f"{seed}/{number}"))
        self.names = 0
        # Queries of `WITH` that may be read from: a name, and sorts by the names of columns.
        self.common = []

    def name(self, stem: str) -> str:
        self.names += 1
        return f"{stem}{self.names}"

    def whole(self) -> Node:
        """A query as a cell has it."""
        with_ = []
        for _ in range(self.among(0, 0, 0, 1, 1, 2)):
            name = self.name("w")
            select, sorts = self.select(depth=1)
            with_.append(Node("with", (f"{name} AS (", select, ")")))
            self.common.append((name, sorts))
        body, sorts = self.sets() if self.odds(0.15) else self.select(depth=2)
        parts = [body]
        if self.odds(0.4):
            keys = tuple(self.order(sorts))
            limit = Maybe((f" LIMIT {self.among(1, 3, 10, 50)}", Maybe((f" OFFSET {self.among(0, 1, 5)}",)))) if self.odds(0.5) else ""
            parts.append(Maybe((" ORDER BY ", Many(keys, least=len(keys)), limit)))
        if with_:
            parts = [Maybe(("WITH ", Many(tuple(with_), least=1), " "))] + parts
        return Node("query", tuple(parts))

    def order(self, sorts: dict):
        """All columns of an answer, in some order, by name or by place."""
        names = list(enumerate(sorts, 1))
        self.chance.shuffle(names)
        for place, name in names:
            yield Node("order", (self.among(name, name, str(place)) + self.among("", "", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST"),))

    # What is read from.

    def relation(self, depth: int):
        """Something to read from, and its columns."""
        alias = self.name("r")
        if self.common and self.odds(0.4):
            name, sorts = self.chance.choice(self.common)
            return Node("relation", (f"{name} AS {alias}",)), self.scope(alias, sorts)
        if depth > 0 and self.odds(0.25):
            select, sorts = self.select(depth - 1)
            return Node("relation", ("(", select, f") AS {alias}")), self.scope(alias, sorts)
        table = TOLD[self.chance.choices("tuv", (6, 5, 1))[0]]
        scope = self.scope(alias, {name: kind.sort for name, kind in table.columns.items()})
        scope.key = scope.key[:1]
        # DuckDB's floats have 32 bits in what is worked out of them.
        wide = [(sort, Node(sort, (f"CAST({alias}.f AS DOUBLE)",)) if node.parts == (f"{alias}.f",) else node) for sort, node in scope.columns]
        return Node("relation", (f"{table.name} AS {alias}",)), Scope(wide, scope.key)

    @staticmethod
    def scope(alias: str, sorts: dict) -> Scope:
        columns = [(sort, Node(sort, (f"{alias}.{name}",))) for name, sort in sorts.items()]
        return Scope(columns, [node for _, node in columns])

    def joined(self, depth: int):
        """One relation or several, and the columns of all."""
        first, scope = self.relation(depth)
        joins = []
        for _ in range(self.among(0, 0, 1, 1, 1, 2)):
            right, other = self.relation(depth - 1)
            both = Scope(scope.columns + other.columns, scope.key + other.key)
            kind = self.among("JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN")
            shared = self.shared(scope, other) if not joins else []
            if kind == "CROSS JOIN":
                joins.append(Node("join", (self.among(" CROSS JOIN ", ", ") if not joins else " CROSS JOIN ", right)))
            elif shared and self.odds(0.3):
                # The column of both has no table in front; of a FULL JOIN it is the one that is there.
                name, sort = self.chance.choice(shared)
                joins.append(Node("join", (f" {kind} ", right, f" USING ({name})")))
                plain = [(found, node) for found, node in both.columns if not node.parts[0].endswith("." + name)]
                key = [node for node in both.key if not str(node.parts[0]).endswith("." + name)]
                merged = (sort, Node(sort, (name,)))
                both = Scope(plain + [merged], key + [merged[1]])
                scope = both
                break
            else:
                joins.append(Node("join", (f" {kind} ", right, " ON ", self.on(scope, other, both))))
            scope = both
        return Node("from", (" FROM ", first, Many(tuple(joins), "", 0))), scope

    def shared(self, left: Scope, right: Scope):
        def names(scope):
            return {(str(node.parts[0]).split(".")[-1], sort) for sort, node in scope.columns if len(node.parts) == 1}
        return sorted((name, sort) for name, sort in names(left) & names(right) if name in ("id", "g", "n", "day"))

    def on(self, left: Scope, right: Scope, both: Scope) -> Node:
        """The condition of a join: equalities, and others."""
        parts = [self.equal(left, right) for _ in range(self.among(1, 1, 1, 2))]
        match self.chance.randrange(5):
            case 0:
                parts.append(self.condition(both, 1))
            case 1:
                parts = [self.compared(left, right)]
            case 2 if self.odds(0.4):
                parts = [self.condition(both, 2)]
        return Node("bool", (Many(tuple(Node("bool", (Operand(part, AND),)) for part in parts), " AND "),), AND if len(parts) > 1 else COMPARE)

    def equal(self, left: Scope, right: Scope) -> Node:
        sort = self.among("int", "int", "int", "text", "text", "decimal", "date", "bool")
        same = [(one, other) for kind, one in left.columns for other_kind, other in right.columns
                if kind == other_kind and text(one).split(".")[-1] == text(other).split(".")[-1]]
        if same and self.odds(0.6):
            one, other = self.chance.choice(same)
            return operation("bool", COMPARE, one, "=", other)
        one, other = self.column(left, sort), self.column(right, sort)
        if one is None or other is None:
            return self.condition(Scope(left.columns + right.columns), 1)
        return operation("bool", COMPARE, one, "=", other)

    def compared(self, left: Scope, right: Scope) -> Node:
        sort = self.among("int", "decimal", "double", "text", "date")
        one, other = self.column(left, sort) or self.literal(sort), self.column(right, sort) or self.literal(sort)
        if self.odds(0.3):
            return Node("bool", (Operand(one, ADD), f" IS {self.among('', 'NOT ')}DISTINCT FROM ", Operand(other, ADD)), IS)
        return operation("bool", COMPARE, one, self.among("<", ">=", "<>"), other)

    # What is asked of it.

    def select(self, depth: int, sorts: list | None = None, outer: list | None = None):
        """A SELECT, and the sorts of its columns by name; of some sorts where they are told."""
        from_, scope = self.joined(depth)
        scope.outer = outer or []
        where = Maybe((" WHERE ", self.where(scope, depth))) if self.odds(0.45) else ""
        if self.odds(0.35):
            return self.grouped(from_, scope, where, sorts)
        items, named = [], {}
        for sort in sorts or [self.among(*SORTS) for _ in range(self.among(1, 2, 3, 4))]:
            if self.odds(0.25) and (window := self.window(scope, sort)):
                value = window
            elif depth > 0 and self.odds(0.1) and (scalar := self.scalar(scope, sort)):
                value = scalar
            elif depth > 0 and sort == "bool" and self.odds(0.15):
                value = self.subquery(scope)
            else:
                value = self.value(scope, sort, 2)
            name = self.name("c")
            named[name] = sort
            items.append(Node("item", (value, f" AS {name}")))
        distinct = Maybe(("DISTINCT ",)) if self.odds(0.12) else ""
        return Node("select", ("SELECT ", distinct, Many(tuple(items), least=1), from_, where)), named

    def where(self, scope: Scope, depth: int) -> Node:
        condition = self.condition(scope, 2)
        if depth > 0 and self.odds(0.3):
            condition = Node("bool", (Operand(condition, AND), self.among(" AND ", " AND ", " OR "), self.subquery(scope)), OR)
        return condition

    def inner(self, scope: Scope):
        """A table for a subquery, and a condition that ties it to the query around it, or none."""
        table = TOLD[self.chance.choices("tuv", (5, 5, 1))[0]]
        alias = self.name("s")
        inner = self.scope(alias, {name: kind.sort for name, kind in table.columns.items() if name != "f"})
        conditions = []
        for _ in range(self.among(0, 1, 1, 2)):
            sort = self.among("int", "text", "bool", "decimal", "date")
            near, far = self.column(inner, sort), self.column(Scope(scope.columns), sort)
            if near and far:
                conditions.append(operation("bool", COMPARE, near, "<" if self.odds(0.08) else "=", far))
        if self.odds(0.4):
            conditions.append(self.condition(inner, 1))
        where = ()
        if conditions:
            tied = tuple(Node("bool", (Operand(condition, IS),)) for condition in conditions)
            where = (Maybe((" WHERE ", Many(tied, " AND "))),)
        return Node("from", (f" FROM {table.name} AS {alias}", *where)), inner

    def subquery(self, scope: Scope) -> Node:
        """A condition with a query in it."""
        from_, inner = self.inner(scope)
        match self.chance.randrange(5):
            case 4:
                sort = self.among("int", "text", "decimal")
                left, item = self.value(scope, sort, 1), Fixed(self.column(inner, sort))
                having = Maybe((f" HAVING COUNT(*) {self.among('> 1', '= 1', '< 3')}",))
                word = self.among(" IN (", " NOT IN (")
                return Node("bool", (Operand(left, ADD), word, "SELECT ", item, from_, " GROUP BY ", item, having, ")"), COMPARE)
            case 0:
                return Node("bool", (self.among("EXISTS (", "NOT EXISTS ("), "SELECT 1", from_, ")"))
            case 1:
                sort = self.among("int", "text")
                left, item = self.value(scope, sort, 1), self.column(inner, sort)
                return Node("bool", (Operand(left, ADD), self.among(" IN (", " NOT IN ("), "SELECT ", item, from_, ")"), COMPARE)
            case 2:
                left, item = self.value(scope, "int", 1), self.column(inner, "int")
                sign = self.among("= ANY", "> ALL", "< ANY", "<> ALL")
                return Node("bool", (Operand(left, ADD), f" {sign} (SELECT ", item, from_, ")"), COMPARE)
            case _:
                sort = self.among(*NUMBERS)
                return operation("bool", COMPARE, self.value(scope, sort, 1), self.among("=", "<", ">="), self.scalar(scope, sort) or self.literal(sort))

    def scalar(self, scope: Scope, sort: str) -> Node | None:
        """A query of one value."""
        from_, inner = self.inner(scope)
        aggregate = self.aggregate(inner, sort)
        return aggregate and Node(sort, ("(SELECT ", aggregate, from_, ")"))

    def grouped(self, from_, scope: Scope, where, sorts: list | None):
        """A query of groups: keys, aggregates, and what is worked out of them."""
        keys = []
        for _ in range(self.among(0, 1, 1, 2, 2)):
            sort = self.among("text", "int", "bool", "date", "decimal")
            key = (self.column(scope, sort) or self.literal(sort)) if self.odds(0.7) else self.value(scope, sort, 1)
            if self.columns_of(key, scope):
                keys.append((sort, key))
        aggregates = [(sort, node) for sort in self.chance.choices(("int", "int", "decimal", "double", "text", "bool", "date"), k=3)
                      if (node := self.aggregate(scope, sort))]
        kind = self.among("", "", "", "", "ROLLUP", "CUBE", "GROUPING SETS") if keys else ""
        groups = Scope(keys + aggregates + [("int", Node("int", ("COUNT(*)",)))], [key for _, key in keys])
        items, named = [], {}
        for sort in sorts or [self.among(*(kind for kind, _ in groups.columns)) for _ in range(self.among(1, 2, 3))]:
            known = [node for kind, node in groups.columns if kind == sort]
            if self.odds(0.15) and keys and not kind and (window := self.window(groups, sort)):
                value = window
            elif known and self.odds(0.7):
                value = self.chance.choice(known)
            else:
                value = self.value(groups, sort, 1)
            name = self.name("c")
            named[name] = sort
            items.append(Node("item", (value, f" AS {name}")))
        parts = ["SELECT ", Many(tuple(items), least=1), from_, where]
        if keys:
            # A key that is made smaller could become a number, which is a place in the list.
            fixed = tuple(Node("key", (Fixed(key),)) for _, key in keys)
            listed = Many(fixed, least=1)
            match kind:
                case "":
                    parts += [" GROUP BY ", listed]
                case "GROUPING SETS":
                    parts += [" GROUP BY GROUPING SETS ((", listed, "), (", fixed[0], "), ())"]
                case _:
                    parts += [f" GROUP BY {kind} (", listed, ")"]
            if self.odds(0.3):
                parts.append(Maybe((" HAVING ", self.condition(groups, 1))))
        return Node("select", tuple(parts)), named

    @staticmethod
    def columns_of(node: Node, scope: Scope) -> bool:
        """Whether an expression names a column: a key that names none is a place in the list, or nothing."""
        words = text(node)
        return any(text(column) in words for _, column in scope.columns)

    def summand(self, scope: Scope, sort: str) -> Node | None:
        """What is added up: doubles only of columns that add up to the same in any order."""
        if sort != "double":
            return self.value(scope, sort, 1)
        exact = [node for kind, node in scope.columns if kind == "double" and str(node.parts[0]).endswith(".x") and len(node.parts) == 1]
        if not exact:
            return None
        column = self.chance.choice(exact)
        return self.among(column, operation("double", ADD, column, "+", self.literal("int") if self.odds(0.01) else Node("int", ("1",))))

    def aggregate(self, scope: Scope, sort: str) -> Node | None:
        """An aggregate whose value is of a sort, or nothing where there is none."""
        node = self._aggregate(scope, sort)
        if node and self.odds(0.15) and node.parts[0] not in ("STRING_AGG(",) and "WITHIN" not in node.parts[0]:
            node = Node(sort, (*node.parts, Maybe((" FILTER (WHERE ", self.condition(scope, 1), ")"))))
        return node and widened(node)

    def _aggregate(self, scope: Scope, sort: str) -> Node | None:
        distinct = Maybe(("DISTINCT ",)) if self.odds(0.2) else ""
        pick = self.chance.randrange(6)
        if sort == "int" and pick < 3:
            value = self.value(scope, self.among(*SORTS), 1)
            return Node("int", ("COUNT(*)",)) if pick == 0 else Node("int", ("COUNT(", distinct, value, ")"))
        if sort in ("int", "decimal") and pick < 5:
            return Node(sort, ("SUM(", distinct, self.value(scope, sort, 1), ")"))
        if sort == "double" and pick < 5:
            value = self.summand(scope, self.among("double", "double", "int", "decimal"))
            name = self.among("AVG", "AVG", "MEDIAN", "STDDEV", "VAR_POP", "PERCENTILE_CONT") if value and value.sort == "double" else self.among("AVG", "MEDIAN")
            if value and value.sort == "decimal" and name == "MEDIAN":
                # Of decimals too it is a double; DuckDB's is a decimal.
                return Node("double", ("MEDIAN(", Theirs("CAST("), value, Theirs(" AS DOUBLE)"), ")"))
            if value and value.sort == "double" and pick == 4:
                return Node("double", ("SUM(", value, ")"))
            if name == "PERCENTILE_CONT":
                return Node("double", (f"{name}({self.among('0.5', '0.25', '0.9')}) WITHIN GROUP (ORDER BY ", value, ")"))
            return value and Node("double", (f"{name}(", value, ")"))
        if sort == "bool":
            return Node("bool", (self.among("BOOL_AND", "BOOL_OR"), "(", self.value(scope, "bool", 1), ")"))
        if sort == "text" and pick < 2:
            value = Fixed(self.value(scope, "text", 1))
            return Node("text", ("STRING_AGG(", value, ", ',' ORDER BY ", value, self.among("", " DESC"), ")"))
        return Node(sort, (self.among("MIN", "MAX"), "(", self.value(scope, sort, 1), ")"))

    # Windows.

    def window(self, scope: Scope, sort: str) -> Node | None:
        """A function over a window, whose value is of a sort."""
        if not scope.key:
            return None
        partition = ""
        if self.odds(0.5):
            by = tuple(self.value(scope, self.among("text", "bool", "int", "date"), self.among(0, 0, 1)) for _ in range(self.among(1, 1, 2)))
            partition = Maybe(("PARTITION BY ", Many(by), " "))
        keys = list(scope.key)
        self.chance.shuffle(keys)
        by = self.value(scope, self.among(*SORTS), self.among(0, 0, 1))
        total = [by] + [Node("key", (Fixed(key),)) for key in keys]
        ways = ("", "", " DESC", " NULLS FIRST", " DESC NULLS LAST")
        order = ("ORDER BY ", Many(tuple(Node("order", (key, self.among(*ways))) for key in total), least=len(total)))
        match self.chance.randrange(4):
            case 0 if sort in ("int", "double"):
                names = ("ROW_NUMBER()", "RANK()", "DENSE_RANK()", "NTILE(3)") if sort == "int" else ("PERCENT_RANK()", "CUME_DIST()")
                name = self.among(*names)
                if name in ("RANK()", "DENSE_RANK()", "PERCENT_RANK()", "CUME_DIST()") and self.odds(0.7):
                    # Rows that are alike have a rank of their own kind.
                    order = ("ORDER BY ", by, self.among(*ways))
                return Node(sort, (f"{name} OVER (", partition, *order, ")"))
            case 1 | 2 if self.odds(0.7):
                value = self.value(scope, sort, 1)
                name = self.among("LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE")
                if name in ("LAG", "LEAD"):
                    more = Maybe((f", {self.among(0, 1, 2)}", Maybe((", ", self.literal(sort)))))
                    return Node(sort, (f"{name}(", value, more, ") OVER (", partition, *order, ")"))
                more = ", 2" if name == "NTH_VALUE" else ""
                return Node(sort, (f"{name}(", value, more, ") OVER (", partition, *order, self.frame(), ")"))
        aggregate = self._aggregate(scope, sort)
        if aggregate is None or any(isinstance(part, Maybe) for part in aggregate.parts) or aggregate.parts[0] == "STRING_AGG(":
            return None
        if aggregate.parts[0].startswith(("STDDEV(", "VAR_POP(", "MEDIAN(", "PERCENTILE_CONT(")):
            return None
        match self.chance.randrange(4):
            case 0:
                frame = ()
            case 1:
                # By what need not be total: rows that are alike are in the frame together.
                frame = ("ORDER BY ", by, self.among(*ways))
            case 2 if column := self.column(scope, "int"):
                bound = self.among("2 PRECEDING AND CURRENT ROW", "10 PRECEDING AND 5 FOLLOWING", "CURRENT ROW AND UNBOUNDED FOLLOWING")
                frame = ("ORDER BY ", column, self.among("", " DESC"), f" RANGE BETWEEN {bound}")
            case _:
                frame = (*order, self.frame())
        return widened(Node(sort, (*aggregate.parts, " OVER (", partition, *frame, ")")))

    def frame(self):
        unit = self.among("ROWS", "ROWS", "ROWS", "GROUPS", "RANGE")
        if unit == "RANGE":
            return self.among("", " RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING", " RANGE UNBOUNDED PRECEDING")
        bound = self.among("UNBOUNDED PRECEDING AND CURRENT ROW", "2 PRECEDING AND CURRENT ROW", "1 PRECEDING AND 1 FOLLOWING",
                           "CURRENT ROW AND UNBOUNDED FOLLOWING", "3 PRECEDING AND 1 PRECEDING", "1 FOLLOWING AND 2 FOLLOWING",
                           "UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING")
        return Maybe((f" {unit} BETWEEN {bound}",))

    # Sets.

    def sets(self):
        """Two queries or three of the same sorts, put together."""
        sorts = [self.among(*SORTS) for _ in range(self.among(1, 2, 3))]
        left, named = self.select(1, sorts)
        parts = [left]
        for _ in range(self.among(1, 1, 2)):
            other = [self.among("int", "decimal") if sort == "decimal" and self.odds(0.3) else sort for sort in sorts]
            right, _ = self.select(1, other)
            words = ("UNION", "UNION ALL", "EXCEPT", "INTERSECT", "EXCEPT ALL", "INTERSECT ALL")
            (word,) = self.chance.choices(words, (8, 10, 5, 5, 1, 1))
            # What stands first is put together first.
            parts = ["(", *parts, f") {word} (", right, ")"]
        return Node("select", tuple(parts)), named


def widened(aggregate: Node) -> Node:
    """A sum of decimals has 38 digits in DuckDB, which then cuts the places of what stands beside it; not so here."""
    if aggregate.sort != "decimal" or aggregate.parts[0] != "SUM(":
        return aggregate
    return Node("decimal", (Theirs("CAST("), *aggregate.parts, Theirs(" AS DECIMAL(30, 6))")))
