"""Digests as servers tell them: a real XRootD server, a web server, a file system of fsspec."""

from __future__ import annotations

import json
import os
import sys
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import fsspec
import pytest
from xrootd_server import free_port, serving

from cmsml_tasks.tracking.storage.digests import digest_of

CONTENT = b"events"
NEW_YEAR = 1767225600
AT_NEW_YEAR = {"size and time": "6 2026-01-01T00:00:00+00:00"}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("CMSML_CACHE", str(folder))
    return folder


@pytest.fixture(scope="module")
def store():
    with serving() as (folder, url):
        yield folder, url


def put(store, name, content, when=NEW_YEAR):
    folder, url = store
    (folder / name).write_bytes(content)
    (folder / name).chmod(0o644)
    os.utime(folder / name, (when, when))
    return f"{url}/{name}"


def adler32(content):
    return {"adler32": f"{zlib.adler32(content):08x}"}


def test_checksum_of_xrootd(store):
    assert digest_of(put(store, "a", CONTENT)) == adler32(CONTENT)
    assert digest_of(put(store, "a", CONTENT[::-1], NEW_YEAR + 1)) == adler32(CONTENT[::-1])
    assert digest_of(put(store, "a", CONTENT, NEW_YEAR + 2)) == adler32(CONTENT)


def test_equal_files_of_the_shared_store(xrootd_store):
    a, b, broken = (digest_of(f"{xrootd_store}/{name}.root") for name in ("a", "b", "broken"))
    assert a == b != broken


def test_checksum_is_asked_for_once(store, cache):
    url = put(store, "a", CONTENT)
    assert digest_of(url) == adler32(CONTENT)
    (entry,) = cache.rglob("*.json")
    content = json.loads(entry.read_text())
    content["value"]["digest"] = {"adler32": "remembered"}
    entry.write_text(json.dumps(content))
    assert digest_of(url) == {"adler32": "remembered"}
    put(store, "a", CONTENT, NEW_YEAR + 1)
    assert digest_of(url) == adler32(CONTENT)


def test_checksum_of_a_young_file_is_not_remembered(store, cache):
    assert digest_of(put(store, "a", CONTENT, time.time())) == adler32(CONTENT)
    assert not cache.exists()


def test_parameters_of_the_url_are_not_remembered(store, cache):
    url = put(store, "a", CONTENT)
    assert digest_of(f"{url}?authz=secret") == adler32(CONTENT)
    (entry,) = cache.rglob("*.json")
    assert "secret" not in entry.read_text()


def test_xrootd_without_checksums():
    with serving(XRD_CHECKSUM="") as store:
        assert digest_of(put(store, "a", CONTENT)) == AT_NEW_YEAR


def test_what_is_not_there(store):
    with pytest.raises(FileNotFoundError, match=r"No such file or directory: 'root://.*/none'"):
        digest_of(f"{store[1]}/none")
    with pytest.raises(OSError, match=r"root://.*relative path 'store/none' is disallowed"):
        digest_of(f"{store[1].replace('//store', '/store')}/none")
    with pytest.raises(OSError, match=r"root://no\.such\.host\.invalid//a: Invalid address"):
        digest_of("root://no.such.host.invalid//a")


def test_unreachable_server_is_told_soon_and_once():
    server = f"root://localhost:{free_port()}"
    start = time.monotonic()
    with pytest.raises(OSError, match=rf"{server}//a: no answer within 10 s; is the server up"):
        digest_of(f"{server}//a")
    for name in range(100):
        with pytest.raises(OSError, match=f"//{name}: localhost:.* did not answer a moment ago"):
            digest_of(f"{server}//{name}")
    assert time.monotonic() - start < 15


def test_without_the_client(monkeypatch):
    monkeypatch.setitem(sys.modules, "XRootD.client", None)
    with pytest.raises(OSError, match=r"pip install 'cmsml_tasks\[xrootd\]'"):
        digest_of("root://localhost//a")


class Storage(BaseHTTPRequestHandler):
    HEADERS = {
        "/checksum": {"Digest": "md5=abc,ADLER32=ABCDEF1"},
        "/time": {"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "ETag": '"x"'},
        "/tag": {"ETag": '"x"'},
        "/neither": {},
    }

    def do_HEAD(self):
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/checksum")
        elif self.path not in self.HEADERS:
            self.send_response(403 if self.path == "/locked" else 404)
        else:
            assert self.headers["Want-Digest"] == "adler32"
            self.send_response(200)
            self.send_header("Content-Length", "6")
            for name, value in self.HEADERS[self.path].items():
                self.send_header(name, value)
        self.end_headers()

    def do_GET(self):  # what urllib makes of a redirected HEAD before Python 3.13
        self.do_HEAD()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def web():
    with ThreadingHTTPServer(("127.0.0.1", 0), Storage) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("path", "digest"),
    [
        ("checksum", {"adler32": "0abcdef1"}),
        ("moved", {"adler32": "0abcdef1"}),
        ("time", AT_NEW_YEAR),
        ("tag", {"size and time": '6 "x"'}),
    ],
)
def test_web_server(web, path, digest):
    assert digest_of(f"{web}/{path}") == digest
    assert digest_of(f"{web.replace('http', 'dav')}/{path}") == digest


def test_what_a_web_server_does_not_tell(web):
    with pytest.raises(FileNotFoundError, match=r"http.*/none"):
        digest_of(f"{web}/none")
    with pytest.raises(OSError, match=r"http.*/locked: the server answers 403"):
        digest_of(f"{web}/locked")
    with pytest.raises(OSError, match=r"neither: .* tells neither a checksum nor a time of change"):
        digest_of(f"{web}/neither")
    with pytest.raises(OSError, match=r"//a: .*refused; is the server up"):
        digest_of(f"http://127.0.0.1:{free_port()}//a")


def test_file_system_of_fsspec():
    fsspec.filesystem("memory").pipe("/digests/a", CONTENT)
    first = digest_of("memory://digests/a")
    assert first["size and time"].startswith("6 20")
    fsspec.filesystem("memory").pipe("/digests/a", CONTENT)
    assert digest_of("memory://digests/a") != first
    with pytest.raises(FileNotFoundError, match="memory://digests/none"):
        digest_of("memory://digests/none")


def test_unknown_protocol():
    with pytest.raises(OSError, match=r"tape://a: .*\(Protocol not known: tape\).*pip install"):
        digest_of("tape://a")
