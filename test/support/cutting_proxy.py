"""A TCP proxy that cuts connections after so many bytes, as a bad network does."""
import socket
import threading


class CuttingProxy:
    """Forwards to `target` (host, port). Whenever clients have sent `cut_after` bytes since the last cut, over however many
    connections, the one that sent the last of them is reset, `cuts` times in all; later ones pass. `on_cut` is called
    after each reset, before the client can come back through the proxy."""

    def __init__(self, target, cut_after, cuts=1, on_cut=None):
        self.target = target
        self.cut_after = cut_after
        self.cuts_left = cuts
        self.cuts_made = 0
        self._sent = 0  # since the last cut
        self.on_cut = on_cut
        self._lock = threading.Lock()
        self._passing = threading.Event()
        self._passing.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while self._open:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        self._passing.wait()
        try:
            server = socket.create_connection(self.target)
        except OSError:
            client.close()
            return
        threading.Thread(target=self._copy, args=(server, client), daemon=True).start()
        try:
            while data := client.recv(65536):
                if self._take_cut(len(data)):
                    server.sendall(data[: len(data) // 2])
                    self._reset(client, server)
                    if self.on_cut:
                        self.on_cut()
                    self._passing.set()
                    return
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
        except OSError:
            self._reset(client, server)

    def _take_cut(self, size):
        with self._lock:
            self._sent += size
            if self.cuts_left <= 0 or self._sent <= self.cut_after:
                return False
            self._sent = 0
            self.cuts_left -= 1
            self.cuts_made += 1
            self._passing.clear()
            return True

    @staticmethod
    def _copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    @staticmethod
    def _reset(*sockets):
        for one in sockets:
            try:
                # Linger of zero seconds: a RST, not an orderly end.
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                # close() alone doesn't wake another thread's recv.
                one.shutdown(socket.SHUT_RD)
            except OSError:
                pass
            one.close()

    def close(self):
        self._open = False
        self._listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
