"""Proof that a front resembles Astra: the unmodified DataStax Python driver connects to it and works.

Usage: python check_python_driver.py BUNDLE TOKEN_JSON

Needs the package `cassandra-driver`. BUNDLE is a Secure Connect Bundle, TOKEN_JSON the file that Astra's console offers
with it. Nothing here knows the sandbox: the same check may be pointed at a real Astra database, where it creates the table
`cqlbook_driver_check` in the bundle's keyspace and drops it again. Prints a line for each thing that holds and exits
with 0, or prints what does not hold and exits with 1.
"""

import json
import sys
import time
import zipfile

from cassandra import ConsistencyLevel, InvalidRequest, Unauthorized
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster

TABLE = "cqlbook_driver_check"
ROWS = 60


def check(holds, what):
    """Prints what was looked at, and ends the check if it does not hold."""
    print(("ok      " if holds else "NOT OK  ") + what)
    if not holds:
        sys.exit(1)


def logins(token_json):
    """The two ways to log in that Astra offers, by name."""
    with open(token_json, encoding="utf-8") as file:
        token = json.load(file)
    yield "Client ID and Client Secret", token["clientId"], token["secret"]
    yield "token", "token", token["token"]


def wait_for_nodes(session, data_center, seconds=15):
    """Waits until the driver holds a connection pool for every node it knows in the data centre, and returns the nodes."""
    hosts = [host for host in session.cluster.metadata.all_hosts() if host.datacenter == data_center]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pools = session.get_pool_state()
        if all(pools.get(host, {}).get("open_count", 0) > 0 for host in hosts):
            break
        time.sleep(0.1)
    return hosts


def check_login(bundle, name, user, password):
    """Connects, creates, writes, reads, is refused what Astra refuses, and drops."""
    with zipfile.ZipFile(bundle) as members:
        config = json.loads(members.read("config.json"))
    cluster = Cluster(
        cloud={"secure_connect_bundle": bundle},
        auth_provider=PlainTextAuthProvider(user, password),
        connect_timeout=15,
    )
    try:
        session = cluster.connect(config["keyspace"])
        check(True, f"connected with {name}, protocol version {cluster.protocol_version}")
        hosts = wait_for_nodes(session, config["localDC"])
        others = {host.datacenter for host in session.get_pool_state()} - {config["localDC"]}
        check(not others, f"no connection to another data centre than {config['localDC']}")

        session.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} (k int PRIMARY KEY, v text)")
        insert = session.prepare(f"INSERT INTO {TABLE} (k, v) VALUES (?, ?)")
        read = session.prepare(f"SELECT v FROM {TABLE} WHERE k = ?")
        default = cluster.profile_manager.default.consistency_level
        level = ConsistencyLevel.value_to_name[default]
        check(level == "LOCAL_QUORUM", f"the driver takes this for Astra: its default consistency is {level}")
        for key in range(ROWS):
            session.execute(insert, (key, f"value {key}"))
        coordinators = set()
        for key in range(ROWS):
            result = session.execute(read, (key,))
            check_quietly(result.one().v == f"value {key}", f"row {key} came back as written")
            coordinators.add(result.response_future.coordinator_host.host_id)
        check(True, f"{ROWS} rows written and read")
        expected = {host.host_id for host in hosts}
        check(coordinators == expected, f"all {len(expected)} nodes of {config['localDC']} answered")

        refused(InvalidRequest, "not allowed for Write Consistency Level", session, name="a write at ONE",
                statement=insert.bind((0, "")), level=ConsistencyLevel.ONE)
        refused(Unauthorized, "", session, name="CREATE KEYSPACE", statement="CREATE KEYSPACE cqlbook_driver_check WITH "
                "replication = {'class': 'NetworkTopologyStrategy', 'dc1': 1}")
        refused(InvalidRequest, "materialized views", session, name="CREATE MATERIALIZED VIEW",
                statement=f"CREATE MATERIALIZED VIEW w AS SELECT * FROM {TABLE} WHERE v IS NOT NULL AND k IS NOT NULL "
                          "PRIMARY KEY (v, k)")
        session.execute(f"DROP TABLE {TABLE}")
        check(True, "table dropped")
    finally:
        cluster.shutdown()


def check_quietly(holds, what):
    """As `check`, but silent about what holds."""
    if not holds:
        check(False, what)


def refused(error, text, session, name, statement, level=None):
    """Checks that the statement is refused with that error and text."""
    try:
        if level is not None:
            statement.consistency_level = level
        session.execute(statement)
    except error as refusal:
        check(text in str(refusal), f"{name} is refused: {str(refusal)}")
    else:
        check(False, f"{name} is refused")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    bundle, token_json = sys.argv[1:]
    for name, user, password in logins(token_json):
        check_login(bundle, name, user, password)
    print("OK")


if __name__ == "__main__":
    main()
