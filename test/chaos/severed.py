"""A TCP proxy between the server and the source, whose connections break."""
import socket
import threading


class Proxy:
    """Forwards to `target()`, a port of 127.0.0.1."""

    def __init__(self, target):
        self.target, self.port = target, None
        self.lock = threading.Lock()
        self.pairs = set()
        self.silent = set()  # pairs that pass nothing on
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while self.open:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.target()), 5)
            server.settimeout(None)
        except OSError:
            reset(client)
            return
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (client, server)
        with self.lock:
            self.pairs.add(pair)
        threading.Thread(target=self._copy, args=(pair, server, client), daemon=True).start()
        self._copy(pair, client, server)

    def _copy(self, pair, source, sink):
        try:
            while data := source.recv(65536):
                if pair not in self.silent:
                    sink.sendall(data)
        except OSError:
            pass
        if pair not in self.silent:
            self._end(pair)

    def _end(self, pair):
        with self.lock:
            self.pairs.discard(pair)
            self.silent.discard(pair)
        for one in pair:
            reset(one)

    def sever(self):
        """All that is connected is reset. How many that were."""
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            self._end(pair)
        return len(pairs)

    def silence(self):
        """Nothing of what is connected passes any more, and neither end hears that; new connections do pass."""
        with self.lock:
            self.silent |= self.pairs

    def close(self):
        self.open = False
        self.listener.close()
        self.sever()


def reset(one):
    try:
        # Linger of zero seconds: a RST, not an orderly end.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        one.shutdown(socket.SHUT_RD)  # close alone doesn't wake another thread's recv
    except OSError:
        pass
    one.close()
