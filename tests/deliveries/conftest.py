"""A mail server and a web server that really take what is sent to them."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from contextlib import closing, contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from processes import free_port

from ztas_middleware.config.notify import MailServer
from ztas_middleware.deliveries.message import Message
from ztas_middleware.store.database import Database

MESSAGE = Message("Zahlen für shop", "12 Besucher\n", "<p>12 Besucher</p>", "shop: 12 Besucher")


class Mailbox:
    """What a mail server was given; `refuse` is what it answers to recipients of that name."""

    def __init__(self):
        self.mails = []
        self.refuse = {}
        self.answer = "250 OK"
        self.secure = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - named by aiosmtpd
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - same
        if self.answer.startswith("250"):
            self.secure.append(session.ssl is not None)
            mail = message_from_bytes(envelope.content, policy=policy.default)
            self.mails.append((tuple(envelope.rcpt_tos), mail))
        return self.answer


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate of an authority of its own, for localhost."""
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture
def smtp(mailbox):
    """Starts mail servers."""
    started = []

    def start(**options):
        port = free_port()
        controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
        controller.start()
        started.append(controller)
        return MailServer(host="127.0.0.1", port=port, tls="none", sender="ztas@example.com")

    yield start
    for controller in started:
        controller.stop()


@pytest.fixture
def encrypted(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


def logs_in(user, password):
    """An aiosmtpd authenticator that knows one user."""

    def check(server, session, envelope, mechanism, data):
        is_right = (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=is_right, handled=False)

    return check


class Hook(BaseHTTPRequestHandler):
    """A web server that takes messages, and answers what it was told to."""

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers), json.loads(body)))
        status, headers = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def hook():
    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        server.seen, server.answer = [], (204, {})
        server.url = f"http://127.0.0.1:{server.server_port}/services/T0/secret?thread=1"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@contextmanager
def dribbling(greeting):
    """A server that never comes to an end, for all that it says; gives its port."""
    done = threading.Event()

    def serve():
        with closing(listener.accept()[0]) as connection:
            try:
                connection.sendall(greeting)
                while not done.wait(0.05):
                    if greeting:
                        connection.sendall(b"220-x\r\n" if greeting[:1] == b"2" else b"X: y\r\n")
            except OSError:
                pass

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(20)
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        done.set()
        thread.join()


@pytest.fixture
def database(tmp_path):
    found = Database(tmp_path / "ztas.db")
    yield found
    found.close()
