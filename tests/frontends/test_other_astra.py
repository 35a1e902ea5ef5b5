"""`%connect astra` against a bundle and a proxy that the sandbox did not make."""

import json
import os

import pytest
import trustme
from jupyter_client.manager import KernelManager
from other_astra import Api, OtherAstra


@pytest.fixture(scope="module")
def database():
    """The nodes by host id, a keyspace, and credentials for it."""
    api = Api()
    front = api.call("/fronts", {})
    nodes = {}
    for node in api.call("/nodes"):
        if node["data_center"] == "dc1":
            host, port = node["address"].rsplit(":", 1)
            nodes[node["host_id"]] = (host, int(port))
    token = json.loads(open(front["token_json"], encoding="utf-8").read())
    return nodes, front["keyspace"], token


@pytest.fixture
def kernel(tmp_path):
    """Starts kernels with variables in their environment."""
    started = []

    def start(**variables):
        manager = KernelManager(kernel_name="cql")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ASTRA_DB_")}
        manager.start_kernel(env=environment | variables, cwd=str(tmp_path))
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=30)
        started.append((manager, client))
        return client

    yield start
    for manager, client in started:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client, code):
    """Runs a cell; gives the reply and the plain text of what was shown."""
    shown = []

    def output(message):
        content = message["content"]
        if "data" in content:
            shown.append(content["data"].get("text/plain", ""))

    reply = client.execute_interactive(code, allow_stdin=False, timeout=90, output_hook=output)
    return reply["content"], "\n".join(shown)


def variables(astra, token):
    """What the kernel's environment says of the database."""
    return {"ASTRA_DB_SECURE_BUNDLE_PATH": str(astra.bundle), "ASTRA_DB_CLIENT_ID": token["clientId"],
            "ASTRA_DB_CLIENT_SECRET": token["secret"]}


def test_it_connects_and_uses_every_node(database, kernel, tmp_path):
    nodes, keyspace, token = database
    astra = OtherAstra(tmp_path, nodes, keyspace)
    client = kernel(**variables(astra, token))
    reply, shown = run(client, f"%connect astra --no-save --keyspace {keyspace}")
    assert reply["status"] == "ok", reply
    assert "3 nodes" in shown
    for cell in ("CREATE TABLE t (id int PRIMARY KEY, v text)", "INSERT INTO t (id, v) VALUES (1, 'one')"):
        reply, _ = run(client, cell)
        assert reply["status"] == "ok", reply
    reply, shown = run(client, "SELECT * FROM t")
    assert reply["status"] == "ok" and "one" in shown
    assert astra.sni_names == set(nodes), "one connection or more to each node, by its host id"
    astra.close()


@pytest.mark.parametrize("impostor", ["other authority", "other name"])
def test_a_proxy_that_does_not_prove_itself_is_refused(database, kernel, tmp_path, impostor):
    nodes, keyspace, token = database
    if impostor == "other authority":
        astra = OtherAstra(tmp_path, nodes, keyspace, signer=trustme.CA())
    else:
        astra = OtherAstra(tmp_path, nodes, keyspace, name="elsewhere.example")
    client = kernel(**variables(astra, token))
    reply, _ = run(client, "%connect astra --no-save")
    assert reply["status"] == "error"
    assert reply["ename"] == "TLS_UNTRUSTED", reply
    assert token["secret"] not in json.dumps(reply)
    astra.close()
