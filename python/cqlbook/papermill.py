"""Makes papermill know the language `cql`: a notebook's parameters become `%param NAME = LITERAL` lines.

papermill loads the entry points of its group `papermill.engine` when it starts, and this module is one of them. The
engine of that name is papermill's own; what counts is the translator, which is registered on the way.

    papermill in.ipynb out.ipynb -k cql -p day 2013-01-01 -p limit 20
"""

import math
import re
from decimal import Decimal


def __getattr__(name):
    """The engine `cql`, which is papermill's own.

    It is found when it is asked for: papermill asks while its module of engines is still being read, and where this
    module is imported first, that is before the import below has come back.
    """
    if name == "engine":
        from papermill.engines import NBClientEngine

        return NBClientEngine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# papermill comes after `__getattr__`, which it may ask while it is being imported.
from papermill.exceptions import PapermillException  # noqa: E402
from papermill.models import Parameter  # noqa: E402
from papermill.translators import Translator, papermill_translators  # noqa: E402

#: What the kernel takes for the name of a bind variable.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

#: The line that sets a value: what `inspect` finds in a cell with the tag `parameters`.
PARAM = re.compile(r"\s*%param\s+:?(?P<name>\w+|\"\w+\")\s*=\s*(?P<value>.*?)[\s;]*")

#: Where the kernel ends a line.
LINE_BREAKS = re.compile(r"[\r\n]")

#: By how a literal looks, what it is. What fits none of them is of no known type.
TYPES = [
    (re.compile(r"'.*'|\$\$.*\$\$", re.DOTALL), "text"),
    (re.compile(r"[+-]?\d+"), "int"),
    (re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][+-]?\d+)?|[+-]?(nan|infinity)", re.IGNORECASE), "double"),
    (re.compile(r"true|false", re.IGNORECASE), "boolean"),
    (re.compile(r"null", re.IGNORECASE), "NoneType"),
    (re.compile(r"0x[0-9a-f]*", re.IGNORECASE), "blob"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE), "uuid"),
    (re.compile(r"\[.*\]"), "list"),
    (re.compile(r"\{.*\}"), "map"),
]


class CqlTranslator(Translator):
    """Python's values as CQL literals, each on a `%param` line of its own."""

    @classmethod
    def translate(cls, val):
        """A value as a CQL literal. What papermill has no method for is text, as Python writes it."""
        if isinstance(val, Decimal):
            return cls.translate_raw_str(val)
        if isinstance(val, (tuple, set, frozenset)):
            return cls.translate_list(val)
        return super().translate(val)

    @classmethod
    def translate_escaped_str(cls, str_val):
        """Text in single quotes, those inside it doubled. A date or a uuid is text for CQL, too."""
        text = str(str_val)
        if LINE_BREAKS.search(text):
            raise PapermillException("its text has a line break, and a `%param` line cannot hold one")
        return "'" + text.replace("'", "''") + "'"

    @classmethod
    def translate_none(cls, val):
        """The word for no value."""
        return "null"

    @classmethod
    def translate_float(cls, val):
        """The shortest text that reads back the same; CQL has words for what is no number."""
        if math.isnan(val):
            return "NaN"
        if math.isinf(val):
            return "Infinity" if val > 0 else "-Infinity"
        return repr(val)

    @classmethod
    def translate_dict(cls, val):
        """A map, or a value of a user-defined type."""
        return "{" + ", ".join(f"{cls.translate(key)}: {cls.translate(item)}" for key, item in val.items()) + "}"

    @classmethod
    def translate_list(cls, val):
        """A list; the kernel reads it as a set or a tuple where the column is one."""
        return "[" + ", ".join(cls.translate(item) for item in val) + "]"

    @classmethod
    def comment(cls, cmt_str):
        """A comment, each of its lines one."""
        return "\n".join(f"-- {line}".rstrip() for line in cmt_str.splitlines()) or "--"

    @classmethod
    def assign(cls, name, str_val):
        """The line that gives `:name` its value."""
        return f"%param {name} = {str_val}"

    @classmethod
    def codify(cls, parameters, comment="Parameters"):
        """The cell that papermill puts into the notebook. What cannot be said in it is refused by name."""
        lines = [cls.comment(comment)]
        taken = {}
        for name, value in parameters.items():
            if not NAME.fullmatch(name):
                raise PapermillException(
                    f"The parameter `{name}` cannot be a bind variable of CQL. "
                    "Its name must begin with a letter and have letters, digits and underscores only."
                )
            if name.lower() in taken:
                raise PapermillException(
                    f"The parameters `{taken[name.lower()]}` and `{name}` are one bind variable to CQL. Rename one."
                )
            taken[name.lower()] = name
            try:
                lines.append(cls.assign(name, cls.translate(value)))
            except PapermillException as refusal:
                raise PapermillException(
                    f"The parameter `{name}` cannot be passed: {refusal}. "
                    "Write it into the statement instead, between `$$` and `$$`."
                ) from None
        return "\n".join(lines) + "\n"

    @classmethod
    def inspect(cls, parameters_cell):
        """The parameters of a cell, for `papermill --help-notebook`; the comments above a line are its help."""
        parameters, help_lines = [], []
        for line in parameters_cell["source"].splitlines():
            stripped = line.strip()
            found = PARAM.fullmatch(line)
            if found:
                name, value = found["name"], found["value"]
                name = name.strip('"')
                parameters.append(Parameter(name, _type_of(value), value, " ".join(help_lines)))
                help_lines = []
            elif stripped.startswith(("--", "//")):
                help_lines.append(stripped[2:].strip())
            else:
                help_lines = []
        return parameters


def _type_of(literal):
    """The type a literal seems to be of; `None` in quotes, as papermill wants it, where that is unknown."""
    return next((name for pattern, name in TYPES if pattern.fullmatch(literal)), "None")


# By the kernelspec's name, and by the language for a kernelspec under another name.
papermill_translators.register("cql", CqlTranslator)
