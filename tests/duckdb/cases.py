"""Named queries and their right answers, of `cases.sql`.

    -- What it is about.
    -- :name = CQL literal           (a parameter of the kernel, as often as there are)
    SELECT …                         (in one line)
    -- DuckDB: SELECT …              (what DuckDB is asked instead, where the two differ by design)
    --> sorts of the columns         (`int, double`)
    --> [values of a row]            (JSON, as often as there are rows)
    --> refused: words               (instead of rows: what the refusal says, as a regular expression)
    --> or refused: words            (the rows, or a refusal that says so)

A blank line ends a case. Rows are in the order of the answer if the query itself has an ORDER BY. Run as a program this file writes
the answers of cases that have none.
"""

import datetime as dt
import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from sides import DuckDb, Refusal, Rows

FILE = Path(__file__).parent / "cases.sql"


@dataclass
class Case:
    about: str
    query: str = ""
    params: list = field(default_factory=list)
    theirs: str = ""
    sorts: list | None = None
    rows: list = field(default_factory=list)
    refused: str = ""
    # It has rows, and may be refused.
    may: bool = False

    @property
    def ordered(self) -> bool:
        return re.search(r"ORDER BY [^()]*$", self.query) is not None

    def answer(self) -> Rows:
        return Rows(self.sorts, [tuple(value(cell, sort) for cell, sort in zip(row, self.sorts)) for row in self.rows])


def value(cell, sort: str):
    """A value as a side has it, of one as the file has it."""
    if cell is None:
        return None
    match sort:
        case "double":
            return float(cell)
        case "decimal":
            return Decimal(str(cell))
        case "date":
            return dt.date.fromisoformat(cell)
        case "timestamp":
            return dt.datetime.fromisoformat(cell)
    return cell


def written(cell) -> object:
    match cell:
        case float() if cell != cell or cell in (float("inf"), float("-inf")):
            return str(cell)
        case Decimal():
            return str(cell)
        case dt.date():
            return cell.isoformat()
    return cell


def read() -> list:
    cases = []
    for block in re.split(r"\n\s*\n", FILE.read_text().strip())[1:]:
        first, *lines = block.splitlines()
        case = Case(first.removeprefix("-- "))
        for line in lines:
            if line.startswith("--> or refused: "):
                case.refused, case.may = line.removeprefix("--> or refused: "), True
            elif line.startswith("--> refused: "):
                case.refused = line.removeprefix("--> refused: ")
            elif line.startswith("--> ["):
                case.rows.append(json.loads(line.removeprefix("--> ")))
            elif line.startswith("--> "):
                case.sorts = line.removeprefix("--> ").split(", ")
            elif line.startswith("-- DuckDB: "):
                case.theirs = line.removeprefix("-- DuckDB: ")
            elif line.startswith("-- :"):
                case.params.append(line.removeprefix("-- :"))
            else:
                case.query = line
        cases.append(case)
    return cases


def fill():
    """Writes DuckDB's answers behind cases that have none."""
    blocks = re.split(r"\n\s*\n", FILE.read_text().strip())
    duckdb = DuckDb()
    for place, case in enumerate(read(), 1):
        if case.sorts is not None or (case.refused and not case.may):
            continue
        answer = duckdb.ask(case.theirs or case.query)
        if isinstance(answer, Refusal):
            print(f"{case.about}\n  {answer.words}")
            continue
        rows = sorted(answer.rows, key=str) if not case.ordered else answer.rows
        lines = ["--> " + ", ".join(answer.sorts)]
        lines += ["--> " + json.dumps([written(cell) for cell in row], ensure_ascii=False) for row in rows]
        blocks[place] += "\n" + "\n".join(lines)
    FILE.write_text("\n\n".join(blocks) + "\n")


if __name__ == "__main__":
    fill()
