"""A web server on this machine that serves files properly, or misbehaves by a script."""

import contextlib
import gzip
import http.server
import threading
import time
from collections import defaultdict


class Server:
    """Serves `files` by path, with ETags and ranges.

    `script[path]` lists the actions for the next requests of a path instead: the name of a `do_` method of Handler and
    its value, as in "status 503". `requested` lists the paths of all requests, `sent` counts the bytes of all bodies.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.script: dict[str, list[str]] = defaultdict(list)
        self.requested: list[str] = []
        self.sent = 0
        self.headers: list[dict[str, str]] = []
        self.stalled = threading.Event()

    def __enter__(self) -> "Server":
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.site = self
        self.server.daemon_threads, self.server.block_on_close = True, False
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the files and the script of its server."""

    protocol_version = "HTTP/1.1"

    @property
    def site(self) -> "Server":
        return self.server.site

    def do_GET(self) -> None:
        self.site.requested.append(self.path)
        self.site.headers.append(dict(self.headers))
        script = self.site.script[self.path]
        action, _, value = (script.pop(0) if script else "serve").partition(" ")
        self.close_connection = True
        getattr(self, f"do_{action}")(value)

    def answer(self, code: int, body: bytes = b"", promised: int | None = None, **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if promised is None else promised))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.site.sent += len(body)

    def answer_part(self, content: bytes, start: int, body: bytes) -> None:
        """Answer a request for `content` from `start` on; `body` may be less than that."""
        last = len(content) - 1
        headers = {"Content_Range": f"bytes {start}-{last}/{len(content)}", "ETag": f'"{hash(content)}"'}
        self.answer(206, body, promised=len(content) - start, Content_Type="text/plain", **headers)

    def do_serve(self, value: str) -> None:
        content = self.site.files.get(self.path)
        if content is None:
            self.answer(404)
            return
        start, tag = 0, f'"{hash(content)}"'
        wanted = self.headers.get("Range", "")
        if wanted and self.headers.get("If-Range") == tag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        if start >= len(content) and start:
            self.answer(416, Content_Range=f"bytes */{len(content)}")
        elif start:
            self.answer_part(content, start, content[start:])
        else:
            self.answer(200, content, ETag=tag, Content_Type="text/plain")

    def do_drop(self, value: str) -> None:
        """Half of the body, then the connection closes."""
        content = self.site.files[self.path]
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        half = content[start : start + (len(content) - start) // 2]
        if start:
            self.answer_part(content, start, half)
        else:
            self.answer(200, half, promised=len(content), ETag=f'"{hash(content)}"')

    def do_nameless(self, value: str) -> None:
        """Half of the body, and no ETag by which the rest could be requested."""
        content = self.site.files[self.path]
        self.answer(200, content[: len(content) // 2], promised=len(content))

    def do_hangup(self, value: str) -> None:
        self.connection.close()

    def do_stall(self, value: str) -> None:
        self.answer(200, b"The", promised=1000)
        self.site.stalled.set()
        time.sleep(float(value))

    def do_status(self, value: str) -> None:
        code, _, retry = value.partition(" ")
        self.answer(int(code), **({"Retry_After": retry} if retry else {}))

    def do_redirect(self, value: str) -> None:
        self.answer(302, Location=value)

    def do_endless_redirect(self, value: str) -> None:
        """A redirect with a body that never ends."""
        self.send(f"Location: {value}", code=302)
        while True:
            self.wfile.write(b"x" * 1000)
            time.sleep(0.001)

    def do_html(self, value: str) -> None:
        self.answer(200, b"<!DOCTYPE html><title>Sorry</title>", Content_Type=value or "text/html")

    def do_body(self, value: str) -> None:
        self.answer(200, value.encode(), Content_Type="text/plain")

    def send(self, *headers: str, body: bytes = b"", code: int = 200) -> None:
        """Answer with `headers` as they are, however wrong, and `body` until the connection closes."""
        self.send_response(code)
        for header in (*headers, "Connection: close"):
            name, _, value = header.partition(": ")
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.site.sent += len(body)

    def do_header(self, value: str) -> None:
        """The whole body with a length, unless the headers in `value`, separated by `|`, have another."""
        headers = value.split("|")
        content = self.site.files[self.path]
        if not any(header.lower().startswith(("content-length", "transfer-encoding")) for header in headers):
            headers.append(f"Content-Length: {len(content)}")
        self.send(*headers, body=content)

    def do_part(self, value: str) -> None:
        """The whole body as a part with the Content-Range `value`, whatever was requested."""
        content = self.site.files[self.path]
        self.send(f"Content-Range: {value}", f"Content-Length: {len(content)}", body=content, code=206)

    def do_rest(self, value: str) -> None:
        """If a part was requested, the rest with the Content-Range `value`; else half of the body."""
        if "Range" not in self.headers:
            self.do_drop("")
            return
        rest = self.site.files[self.path][int(self.headers["Range"][6:-1]) :]
        self.send(f"Content-Range: {value}", f"Content-Length: {len(rest)}", body=rest, code=206)

    def do_gzip(self, value: str) -> None:
        """The body with the encoding gzip, although none was accepted; of its bytes, all but the last `value`."""
        body = gzip.compress(self.site.files[self.path])
        body = body[: len(body) - int(value)]
        self.send("Content-Encoding: gzip", f"Content-Length: {len(body)}", body=body)

    def do_unmeasured(self, value: str) -> None:
        """A body without a length and all but its last `value` bytes; the connection then closes."""
        content = self.site.files[self.path]
        self.send(body=content[: len(content) - int(value)])

    def do_chunked(self, value: str) -> None:
        """A body in chunks; without the last chunk, which ends it, if `value` is "cut"."""
        content = self.site.files[self.path]
        chunks = [content[i : i + 1000] for i in range(0, len(content), 1000)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
        self.send("Transfer-Encoding: chunked", body=body + (b"" if value == "cut" else b"0\r\n\r\n"))

    def do_drip(self, value: str) -> None:
        """The body byte by byte, with `value` seconds between two."""
        content = self.site.files[self.path]
        self.answer(200, promised=len(content))
        self.trickle(content, float(value))

    def do_drip_headers(self, value: str) -> None:
        """Headers byte by byte, with `value` seconds between two."""
        self.trickle(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000, float(value))

    def trickle(self, content: bytes, seconds: float) -> None:
        for i in range(len(content)):
            self.wfile.write(content[i : i + 1])
            time.sleep(seconds)

    def do_slow(self, value: str) -> None:
        """The whole body, but its second half only after `value` seconds."""
        content = self.site.files[self.path]
        self.answer(200, content[: len(content) // 2], promised=len(content), ETag=f'"{hash(content)}"')
        self.site.stalled.set()
        time.sleep(float(value))
        self.wfile.write(content[len(content) // 2 :])

    def do_garbage(self, value: str) -> None:
        """Bytes that are not HTTP."""
        self.wfile.write(b"\x00\xff\r\n\r\n" * 20)

    def do_endless(self, value: str) -> None:
        """A long body without a Content-Length."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"x" * int(value))

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the client left, or was left
            super().handle()
