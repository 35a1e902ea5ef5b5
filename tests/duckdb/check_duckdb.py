"""Random queries and named ones: `%%sql` gives what DuckDB gives on the same rows, or refuses in words that are listed.

    python check_duckdb.py [--seed N] [--count N] [--only N …] [--files] [--program FILE] [--verbose]

The environment is that of `cargo xtask test duckdb`: CQLBOOK_SANDBOX, the environment's Astra, and a kernelspec called `cql`. With
`--files` no database is needed: the rows are read from Parquet files; `--program` is a `cqlbook` that no kernelspec names.

`cases.sql` has the named queries with their right answers, which DuckDB has to give too. What fails of the random ones is made smaller as long
as it fails alike, and printed with its seed and number. The line goes into `cases.sql`, with the right answer, and stays. A refusal has to match a line of `refusals.toml`, where its reason stands.
"""

import argparse
import os
import re
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import cases
from answers import check_comparison, difference
from queries import Queries, ordered
from sides import DuckDb, Kernel, Refusal
from tree import OURS, THEIRS, Node, shrink, text

HERE = Path(__file__).parent
# Queries that each run is of, and the most of them that may be refused: what refuses all proves nothing.
COUNT, SEED, MOST_REFUSED = 500, 15, 0.1
# The most questions that one failing query is made smaller with, and the most that are.
QUESTIONS, SHRUNK = 300, 12
# What the queries have to be of: of each, one in a hundred queries at least is to be answered.
PARTS = {
    "a join": " JOIN ", "FULL JOIN": "FULL JOIN", "USING": r"USING \(", "GROUP BY": "GROUP BY", "HAVING": "HAVING",
    "ROLLUP, CUBE": "ROLLUP|CUBE|GROUPING SETS", "a window": r"OVER \(", "a frame": "BETWEEN [^()]* (PRECEDING|FOLLOWING|ROW)",
    "CASE": "CASE", "IS TRUE": "IS (NOT )?(TRUE|FALSE)", "IS DISTINCT": "DISTINCT FROM", "a cast": "CAST", "a division": " / ",
    "a scalar subquery": r"\(SELECT [A-Z]+\(", "EXISTS": "EXISTS", "IN a query": r"IN \(SELECT", "sets": "UNION|EXCEPT|INTERSECT",
    "WITH": "WITH ", "an order": r"\bORDER BY", "LIMIT": "LIMIT",
}


class Judge:
    """What a query comes to: `right`, `refused` for a listed reason, `unasked` where DuckDB has no answer, or what is wrong."""

    def __init__(self, kernel: Kernel, duckdb: DuckDb):
        self.kernel, self.duckdb = kernel, duckdb
        self.listed = tomllib.loads((HERE / "refusals.toml").read_text())["refusal"]

    def listed_as(self, refusal: Refusal, query: str):
        for entry in self.listed:
            if re.search(entry["words"], refusal.words) and re.search(entry.get("query", ""), query, re.IGNORECASE):
                return entry
        return None

    def random(self, query: Node):
        """A word for a random query, and what there is to say."""
        ours, theirs = text(query, OURS), text(query, THEIRS)
        expected = self.duckdb.ask(theirs)
        if isinstance(expected, Refusal):
            return "unasked", f"{expected.code}: {expected.words}".splitlines()[0]
        answer = self.kernel.ask(ours)
        if isinstance(answer, Refusal):
            if entry := self.listed_as(answer, ours):
                return "refused", entry["reason"]
            return f"not listed: {shape(answer)}", f"{answer.code}: {answer.words}"
        self.rows = len(answer.rows)
        said = difference(answer, expected, ordered(query))
        return ("wrong", said) if said else ("right", "")


def named_queries(judge: Judge) -> bool:
    """The cases of `cases.sql`."""
    outcomes = Counter()
    for case in cases.read():
        for param in case.params:
            judge.kernel.must(f"%param {param}")
        answer, said = judge.kernel.ask(case.query), None
        if isinstance(answer, Refusal):
            word = "refused"
            if not (case.refused and re.search(case.refused, answer.words)):
                said = f"{answer.code}: {answer.words}"
        elif case.sorts is None:
            word, said = "wrong", f"an answer where none is right: {answer.rows}"
        else:
            said = difference(answer, case.answer(), case.ordered)
            word = "wrong" if said else "right"
        if case.sorts is not None:
            expected = judge.duckdb.ask(case.theirs or case.query)
            unlike = expected.words if isinstance(expected, Refusal) else difference(expected, case.answer(), case.ordered)
            if unlike:
                word, said = "wrong", f"the case's own answer is not DuckDB's: {unlike}"
        if said:
            print(f"\n{case.about} {word}\n  {said}\n  {case.query}")
        outcomes[("not right: " if said else "") + word] += 1
    print(f"\n{sum(outcomes.values())} named queries: " + ", ".join(f"{count} {word}" for word, count in outcomes.most_common()))
    return not any(word.startswith("not right") for word in outcomes)


def shape(refusal: Refusal) -> str:
    """A refusal without the names and numbers of its query."""
    return f"{refusal.code}: " + re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\d+", "…", refusal.words)[:90]


def random_queries(judge: Judge, options) -> bool:
    """Asks them, prints what they come to, and makes what fails smaller."""
    outcomes, reasons, unasked, parts, failures = Counter(), Counter(), Counter(), Counter(), []
    rows = answers = 0
    numbers = options.only or range(1, options.count + 1)
    for number in numbers:
        query = Queries(options.seed, number).whole()
        if options.verbose:
            print(f"-- {number}\n{text(query)}", flush=True)
        word, said = judge.random(query)
        outcomes[word.split(":")[0]] += 1
        match word:
            case "right":
                parts.update(name for name, words in PARTS.items() if re.search(words, text(query)))
                rows, answers = rows + judge.rows, answers + bool(judge.rows)
            case "refused":
                reasons[said] += 1
            case "unasked":
                unasked[re.sub(r"[\"'(].*", "", said)[:80]] += 1
            case _:
                failures.append((number, query, word))
    for reason, count in reasons.most_common():
        print(f"{count:5} refused: {reason}")
    for reason, count in unasked.most_common():
        print(f"{count:5} without an answer of DuckDB: {reason}")
    for word, count in Counter(word for _, _, word in failures).most_common():
        print(f"{count:5} failed: {word}")
    print_smallest(judge, failures, options)

    asked, refused = outcomes.total() - outcomes["unasked"], outcomes["refused"] + outcomes["not listed"]
    counts = ", ".join(f"{count} {word}" for word, count in outcomes.most_common())
    print(f"\n{outcomes.total()} random queries of seed {options.seed}: {counts}")
    print(f"{refused / max(asked, 1):.1%} of those that DuckDB answers were refused, {MOST_REFUSED:.0%} may be.")
    listed = ", ".join(f"{name} {parts[name]}" for name in PARTS)
    print(f"{rows} rows are the same, in {answers} answers with rows; right ones with {listed}")
    rare = [name for name in PARTS if parts[name] < len(numbers) // 100]
    if rare:
        print(f"Too few of these were answered rightly: {', '.join(rare)}.")
    return not failures and not rare and refused <= MOST_REFUSED * asked


def print_smallest(judge: Judge, failures: list, options):
    """Every wrong answer, and one refusal of each shape, as small as they get."""
    failures.sort(key=lambda failure: failure[2] != "wrong")
    shown = Counter()
    for number, query, word in failures:
        if shown.total() >= options.shrunk or (word != "wrong" and shown[word]):
            continue
        shown[word] += 1
        smallest = shrink(query, lambda node: judge.random(node)[0] == word, QUESTIONS)
        _, said = judge.random(smallest)
        print(f"\n--seed {options.seed} --only {number}: {word}\n  {said}\n  {text(smallest, OURS)}", flush=True)
        if text(smallest, OURS) != text(smallest, THEIRS):
            print(f"  DuckDB: {text(smallest, THEIRS)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--only", type=int, nargs="*")
    parser.add_argument("--shrunk", type=int, default=SHRUNK)
    parser.add_argument("--files", action="store_true")
    parser.add_argument("--program")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    os.environ["CQLBOOK_HISTORY"] = "off"
    check_comparison()
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        kernel = Kernel(Path(folder), options.program)
        try:
            if options.files:
                kernel.load_from_files()
            else:
                kernel.load_from_astra()
            judge = Judge(kernel, DuckDb())
            # Two questions, each answered whatever the other comes to.
            passed = [options.only is not None or named_queries(judge), options.count == 0 or random_queries(judge, options)]
        finally:
            kernel.stop()
    print(f"{time.monotonic() - began:.0f} s")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
