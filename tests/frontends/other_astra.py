"""An Astra made by other means than the sandbox: certificates by `cryptography`, TLS by Python's own `ssl`.

Only the Cassandra nodes behind it are the sandbox's. What connects here knows nothing of the sandbox's front door.
"""

import http.server
import json
import os
import select
import socket
import ssl
import threading
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

import trustme


class Api:
    """The sandbox's admin API, which tells where its nodes are and makes roles."""

    def __init__(self):
        address = urllib.parse.urlsplit(os.environ["CQLBOOK_SANDBOX"])
        self.base = f"{address.scheme}://{address.netloc}"
        self.token = address.fragment

    def call(self, path: str, body=None, method: str | None = None):
        """GET, or POST where there is a body; or the method given."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)


class OtherAstra:
    """A metadata service and an SNI proxy. `signer` and `name` make it an impostor."""

    def __init__(self, folder: Path, nodes: dict[str, tuple[str, int]], keyspace: str, *, signer=None, name="localhost"):
        self.nodes = nodes
        self.sni_names: set[str] = set()
        authority = trustme.CA(key_type=trustme.KeyType.RSA)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (signer or authority).issue_cert(name, key_type=trustme.KeyType.RSA).configure_cert(context)
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        # The metadata service proves itself in any case: the impostor sits at the proxy.
        trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(trusted)
        authority.configure_trust(trusted)
        trusted.verify_mode = ssl.CERT_REQUIRED
        self.proxy = self._proxy(context)
        self.metadata = self._metadata(trusted)
        self.bundle = folder / "secure-connect-other.zip"
        identity = authority.issue_cert("client.example", key_type=trustme.KeyType.RSA)
        config = {"host": "localhost", "port": self.metadata.server_port, "cql_port": self.proxy.getsockname()[1],
                  "keyspace": keyspace, "localDC": "dc1", "caCertLocation": "./ca.crt", "keyLocation": "./key",
                  "certLocation": "./cert", "keyStorePassword": "x", "trustStorePassword": "y"}
        with zipfile.ZipFile(self.bundle, "w") as bundle:
            bundle.writestr("config.json", json.dumps(config))
            bundle.writestr("ca.crt", authority.cert_pem.bytes())
            bundle.writestr("cert", b"".join(blob.bytes() for blob in identity.cert_chain_pems))
            bundle.writestr("key", identity.private_key_pem.bytes())

    def close(self):
        """Stops both services."""
        self.metadata.shutdown()
        self.metadata.server_close()
        self.proxy.close()

    def _metadata(self, context: ssl.SSLContext) -> http.server.HTTPServer:
        astra = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """Answers `GET /metadata`."""

            def do_GET(self):
                """The nodes and the proxy."""
                answer = {"version": 1, "region": "dc1", "contact_info": {
                    "type": "sni_proxy", "local_dc": "dc1", "contact_points": list(astra.nodes),
                    "sni_proxy_address": f"localhost:{astra.proxy.getsockname()[1]}"}}
                body = json.dumps(answer).encode()
                self.send_response(200 if self.path == "/metadata" else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Says nothing."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def _proxy(self, context: ssl.SSLContext) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", 0))
        names = {}

        def remember(connection, name, _context):
            names[connection] = name

        context.sni_callback = remember

        def serve(client: socket.socket):
            try:
                secure = context.wrap_socket(client, server_side=True)
                name = names.pop(secure, None)
                self.sni_names.add(name)
                node = socket.create_connection(self.nodes[name])
            except (OSError, KeyError):
                client.close()
                return
            secure.setblocking(False)
            node.setblocking(False)
            Pump(secure, node).run()

        def accept():
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return listener


class Pump:
    """Copies between a TLS connection and a plain one, in one thread: an SSLSocket may not be used by two."""

    def __init__(self, secure: ssl.SSLSocket, node: socket.socket):
        self.secure = secure
        self.node = node

    def run(self):
        """Until either end closes."""
        try:
            while True:
                ready, _, _ = select.select([self.secure, self.node], [], [])
                if self.secure in ready:
                    while True:
                        try:
                            data = self.secure.recv(65536)
                        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                            break
                        if not data:
                            return
                        self._send(self.node, data)
                if self.node in ready:
                    data = self.node.recv(65536)
                    if not data:
                        return
                    self._send(self.secure, data)
        except OSError:
            return
        finally:
            self.secure.close()
            self.node.close()

    @staticmethod
    def _send(target: socket.socket, data: bytes):
        target.setblocking(True)
        target.sendall(data)
        target.setblocking(False)
