"""A TCP proxy whose wire can be cut, stalled, or made to lose what comes back."""

from __future__ import annotations

import contextlib
import socket
import threading


class Wire:
    """Connections to `127.0.0.1:port` go on to `target`; `with Wire(("127.0.0.1", 9000)) as wire`.

    `wire.cut()` breaks what is open and refuses what comes; `wire.stall()` lets nothing through,
    and closes nothing; `wire.lose_answers(after)` lets through what is sent, and `after` more bytes
    of what comes back, then breaks off. `wire.mend()` ends all of these. With `tls`, a server's
    context, what comes is encrypted, and goes on in the open.
    """

    def __init__(self, target, *, tls=None):
        self._target = target
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._pairs = []
        self._lock = threading.Lock()
        self._is_cut = self._is_closed = False
        self._flows = threading.Event()
        self._flows.set()
        self._left = None
        self.lost = threading.Event()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._is_closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.mend()
        self._break_all()

    def cut(self):
        self._is_cut = True
        self._break_all()

    def stall(self):
        self._flows.clear()

    def lose_answers(self, after=0):
        self.lost.clear()
        self._left = after

    def mend(self):
        self._is_cut, self._left = False, None
        self._flows.set()

    def _accept(self):
        while not self._is_closed:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                near.close()
                continue
            try:
                if self._tls is not None:
                    near = self._tls.wrap_socket(near, server_side=True)
                far = socket.create_connection(self._target, 5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._lock:
                self._pairs.append((near, far))
            threading.Thread(target=self._carry, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, True), daemon=True).start()

    def _carry(self, source, target, is_answer):
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self._flows.wait()
                if is_answer and self._left is not None:
                    data = data[: self._left]
                    self._left -= len(data)
                    if data:
                        target.sendall(data)
                    if not self._left:
                        self.lost.set()
                        break
                    continue
                target.sendall(data)
        for end in (source, target):
            _break(end)

    def _break_all(self):
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                _break(end)


def _break(end):
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
