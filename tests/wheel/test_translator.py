"""papermill's parameters as `%param` lines: every kind of value, what is refused, and what a notebook's help shows."""

import datetime
import math
import subprocess
import sys
import uuid
from decimal import Decimal

import pytest


@pytest.fixture(scope="module")
def translator(shell):
    """The translator, as papermill finds it."""
    import papermill
    from papermill.translators import papermill_translators

    assert papermill.execute_notebook
    return papermill_translators.find_translator("cql", "cql")


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("2013-01-01", "'2013-01-01'"),
        ("it's", "'it''s'"),
        ("''", "''''''"),
        ("", "''"),
        ('say "ü" 🦀 \\n -- no; comment', "'say \"ü\" 🦀 \\n -- no; comment'"),
        (12, "12"),
        (-(10**40), "-1" + "0" * 40),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        (1e300, "1e+300"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        ([], "[]"),
        ([1, "a", None], "[1, 'a', null]"),
        ({}, "{}"),
        ({"it's": [True, {"x": 1.5}], 2: "b"}, "{'it''s': [true, {'x': 1.5}], 2: 'b'}"),
        # Not from the command line, but from Python.
        ((1, 2), "[1, 2]"),
        (Decimal("1.50"), "1.50"),
        (datetime.date(2013, 1, 1), "'2013-01-01'"),
        (uuid.UUID(int=1), "'00000000-0000-0000-0000-000000000001'"),
    ],
)
def test_a_value_is_a_literal(translator, value, literal):
    assert translator.translate(value) == literal


def test_the_cell(translator):
    cell = translator.codify({"day": "2013-01-01", "limit": 20}, comment="Parameters\nof today")
    assert cell == "-- Parameters\n-- of today\n%param day = '2013-01-01'\n%param limit = 20\n"


@pytest.mark.parametrize("value", ["two\nlines", "two\rlines", ["fine", "two\nlines"], {"k\n": 1}])
def test_a_line_break_is_refused_by_name(translator, value):
    from papermill.exceptions import PapermillException

    with pytest.raises(PapermillException, match="`note` cannot be passed: its text has a line break"):
        translator.codify({"note": value})


@pytest.mark.parametrize("name", ["my-day", "1st", "größe", "a b", ""])
def test_a_name_that_is_none_in_cql_is_refused(translator, name):
    from papermill.exceptions import PapermillException

    with pytest.raises(PapermillException, match="cannot be a bind variable"):
        translator.codify({name: 1})


def test_names_that_differ_in_case_only_are_refused(translator):
    from papermill.exceptions import PapermillException

    with pytest.raises(PapermillException, match="`Day` and `day` are one bind variable"):
        translator.codify({"Day": 1, "day": 2})


def test_inspect_reads_the_cell(translator):
    source = """
-- The day to look at.
%param day = '2013-01-01'
%param limit=20;

// How late,
// in minutes.
  %param :late  = -1.5e3

%param on = true
%param off = null
%param carriers = ['AA', 'B6']
%param counts = {'AA': 1}
%param id = 123e4567-e89b-12d3-a456-426614174000
%param what = totally(new)
SELECT 1;
%parameter no = 1
"""
    found = [tuple(parameter) for parameter in translator.inspect({"source": source})]
    assert found == [
        ("day", "text", "'2013-01-01'", "The day to look at."),
        ("limit", "int", "20", ""),
        ("late", "double", "-1.5e3", "How late, in minutes."),
        ("on", "boolean", "true", ""),
        ("off", "NoneType", "null", ""),
        ("carriers", "list", "['AA', 'B6']", ""),
        ("counts", "map", "{'AA': 1}", ""),
        ("id", "uuid", "123e4567-e89b-12d3-a456-426614174000", ""),
        ("what", "None", "totally(new)", ""),
    ]


def test_what_is_written_is_read_back(translator):
    written = {"day": "it's", "n": 12, "ratio": 0.5, "tags": ["a"], "nothing": None}
    cell = translator.codify(written)
    read = {parameter.name: parameter.default for parameter in translator.inspect({"source": cell})}
    assert read == {name: translator.translate(value) for name, value in written.items()}


@pytest.mark.parametrize("first", ["cqlbook.papermill", "papermill", "papermill.translators", "papermill.engines"])
def test_whatever_is_imported_first_all_is_there(shell, first):
    """Our module and papermill's import each other: papermill loads us while its engines are still being read."""
    program = f"""
import {first}
import papermill.engines, papermill.translators, cqlbook.papermill
assert papermill.translators.papermill_translators.find_translator("cql", "x") is cqlbook.papermill.CqlTranslator
assert papermill.translators.papermill_translators.find_translator("x", "cql") is cqlbook.papermill.CqlTranslator
engine = papermill.engines.papermill_engines.get_engine("cql")
assert engine is papermill.engines.NBClientEngine, engine
"""
    done = subprocess.run([sys.executable, "-c", program], env=shell.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
