"""A front door of the local Astra that one test has for itself: what it slows down or silences nobody else feels."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from other_astra import Api

# A keyspace for cells to read, with one small table.
SCHEMA = """
CREATE TABLE IF NOT EXISTS {keyspace}.flights (
    day date, origin text, number int, carrier text, delay int, PRIMARY KEY (day, origin, number))
"""
ROW = "INSERT INTO {keyspace}.flights (day, origin, number, carrier, delay) VALUES {values}"
ROWS = [
    "('2013-01-01', 'EWR', 1545, 'UA', 2)",
    "('2013-01-01', 'JFK', 725, 'B6', -1)",
    "('2013-01-01', 'LGA', 461, 'DL', -6)",
    "('2013-01-02', 'EWR', 1696, 'UA', null)",
]


class Front:
    """A bundle, a token and a keyspace `airport_…` with the table `flights`; and switches that misbehave."""

    def __init__(self):
        self.api = Api()
        self.keyspace = f"airport_{uuid.uuid4().hex[:6]}"
        front = self.api.call("/fronts", {"keyspace": self.keyspace})
        self.name = front["name"]
        token = json.loads(Path(front["token_json"]).read_text())
        self.environment = {
            "ASTRA_DB_SECURE_BUNDLE_PATH": front["bundle"],
            "ASTRA_DB_CLIENT_ID": token["clientId"],
            "ASTRA_DB_CLIENT_SECRET": token["secret"],
        }
        self.api.call("/cql", {"statement": SCHEMA.format(keyspace=self.keyspace)})
        for values in ROWS:
            self.api.call("/cql", {"statement": ROW.format(keyspace=self.keyspace, values=values)})

    @property
    def connect(self) -> str:
        """The line that connects a notebook whose environment is ours."""
        return f"%connect astra --no-save --keyspace {self.keyspace}"

    def slow(self, seconds: float) -> None:
        """Everything from the database comes so much later from now on."""
        self._switch(switch="slow", ms=int(seconds * 1000))

    def silent(self) -> None:
        """The database accepts everything and answers nothing from now on."""
        self._switch(switch="hanging")

    def pause(self) -> None:
        """The database sleeps from now on."""
        self._switch(switch="paused")

    def reset(self) -> None:
        """All is well again."""
        self.api.call(f"/fronts/{self.name}/reset", {})

    def close(self) -> None:
        """Ends the front, and with it the keyspace's role."""
        self.api.call(f"/fronts/{self.name}", method="DELETE")

    def _switch(self, **switch: object) -> None:
        self.api.call(f"/fronts/{self.name}/switch", switch)
