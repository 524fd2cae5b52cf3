"""HTTP/1.1 at the byte level (RFC 9110, RFC 9112)."""

import socket
import threading

import pytest

from raw import Reader, connect, eventually, exchange

HOST = b"Host: a\r\n"


def status_of(data):
    assert data.startswith(b"HTTP/1.1 "), data[:100]
    return int(data[9:12])


# What two parsers could understand differently. Each line: a name, the request, the status of the refusal.
AMBIGUOUS = {
    "content-length and transfer-encoding": (
        b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", 400),
    "transfer-encoding and content-length": (
        b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG", 400),
    "two different lengths": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "two equal lengths": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", 400),
    "a list of lengths": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 2, 2\r\n\r\nab", 400),
    "a signed length": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: +2\r\n\r\nab", 400),
    "a negative length": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: -2\r\n\r\nab", 400),
    "a hexadecimal length": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 0x2\r\n\r\nab", 400),
    "an empty length": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: \r\n\r\nab", 400),
    "a length that overflows": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 18446744073709551618\r\n\r\nab", 400),
    "chunked not last": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    "gzip before chunked": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked twice": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "two transfer-encodings": (
        b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400),
    "quoted chunked": (b"POST /echo HTTP/1.1\r\n" + HOST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', 400),
    "vertical tab before chunked": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "xchunked": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    "transfer-encoding in HTTP/1.0": (b"POST /echo HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "blank before the colon": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length : 2\r\n\r\nab", 400),
    "tab before the colon": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length\t: 2\r\n\r\nab", 400),
    "a folded line": (b"GET /hello HTTP/1.1\r\n" + HOST + b"X-A: 1\r\n more\r\n\r\n", 400),
    "a folded first line": (b"GET /hello HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "bare line feeds": (b"GET /hello HTTP/1.1\nHost: a\n\n", 400),
    "one bare line feed": (b"GET /hello HTTP/1.1\r\nHost: a\nX-A: 1\r\n\r\n", 400),
    "a bare line feed at the end": (b"GET /hello HTTP/1.1\r\nHost: a\r\n\n", 400),
    "a bare carriage return": (b"GET /hello HTTP/1.1\r\nHost: a\rX-A: 1\r\n\r\n", 400),
    "two carriage returns": (b"GET /hello HTTP/1.1\r\nHost: a\r\r\n\r\n", 400),
    "a null in a value": (b"GET /hello HTTP/1.1\r\nHost: a\r\nX-A: a\x00b\r\n\r\n", 400),
    "a control character in a value": (b"GET /hello HTTP/1.1\r\nHost: a\r\nX-A: a\x01b\r\n\r\n", 400),
    "a delete in a value": (b"GET /hello HTTP/1.1\r\nHost: a\r\nX-A: a\x7fb\r\n\r\n", 400),
    "a null in a name": (b"GET /hello HTTP/1.1\r\nHost: a\r\nX\x00A: ab\r\n\r\n", 400),
    "a name that is not ASCII": (b"GET /hello HTTP/1.1\r\nHost: a\r\nX-\xc3\xa4: ab\r\n\r\n", 400),
    "an empty name": (b"GET /hello HTTP/1.1\r\nHost: a\r\n: ab\r\n\r\n", 400),
    "a line without a colon": (b"GET /hello HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n", 400),
    "no host": (b"GET /hello HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET /hello HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    "two different hosts": (b"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "a list of hosts": (b"GET /hello HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    "a host with a path": (b"GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "a host with user information": (b"GET /hello HTTP/1.1\r\nHost: user@a\r\n\r\n", 400),
    "a target for another host": (b"GET http://b/hello HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a target with user information": (b"GET http://x@a/hello HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a target without a slash": (b"GET hello HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a star for GET": (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "two blanks before the target": (b"GET  /hello HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "two blanks before the version": (b"GET /hello  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a blank in the target": (b"GET /he llo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a tab after the method": (b"GET\t/hello HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a blank at the end of the line": (b"GET /hello HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
    "a blank before the method": (b" GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a null in the target": (b"GET /he\x00llo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a fragment in the target": (b"GET /hello#x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a target that is not UTF-8": (b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a method that is not a token": (b"GE(T /hello HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "no version": (b"GET /hello\r\nHost: a\r\n\r\n", 400),
    "a small version": (b"GET /hello http/1.1\r\nHost: a\r\n\r\n", 400),
    "a version with two digits": (b"GET /hello HTTP/1.10\r\nHost: a\r\n\r\n", 400),
    "version 1.2": (b"GET /hello HTTP/1.2\r\nHost: a\r\n\r\n", 505),
    "version 3.0": (b"GET /hello HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    "version 2.0 without its preface": (b"GET /hello HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    "CONNECT": (b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 501),
    "an unknown expectation": (b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n", 417),
    "TLS in the clear": (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n", 400),
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_ambiguous_requests_are_refused_and_the_connection_is_closed(server, name):
    request, status = AMBIGUOUS[name]
    with connect(server) as connection:
        # A request that follows must not be served, whatever the first was taken for.
        connection.sendall(request + b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        reader = Reader(connection)
        response = reader.response()
        assert response.status == status
        assert response.headers["connection"] == "close"
        assert b"hello" not in response.body
        assert reader.is_closed()


CHUNKS = {
    "no digits": b"\r\nabc\r\n0\r\n\r\n",
    "a sign": b"+3\r\nabc\r\n0\r\n\r\n",
    "a prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
    "a letter beyond f": b"g\r\nabc\r\n0\r\n\r\n",
    "a blank after the size": b"3 \r\nabc\r\n0\r\n\r\n",
    "a blank before the size": b" 3\r\nabc\r\n0\r\n\r\n",
    "a size that overflows": b"fffffffffffffffff\r\nabc",
    "a size of sixteen digits": b"0000000000000003\r\nabc\r\n0\r\n\r\n",
    "a bare line feed after the size": b"3\nabc\r\n0\r\n\r\n",
    "a bare line feed in an extension": b"3;a\nb\r\nabc\r\n0\r\n\r\n",
    "a control character in an extension": b"3;a=\x00\r\nabc\r\n0\r\n\r\n",
    "a long extension": b"3;" + b"a" * 300 + b"\r\nabc\r\n0\r\n\r\n",
    "many extensions": (b"1;" + b"a" * 200 + b"\r\nx\r\n") * 30 + b"0\r\n\r\n",
    "data longer than the size": b"3\r\nabcd\r\n0\r\n\r\n",
    "data without an end": b"3\r\nabc0\r\n\r\n",
    "data that ends in a line feed": b"3\r\nabc\n0\r\n\r\n",
    "a length as trailer": b"3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n",
    "an encoding as trailer": b"3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a host as trailer": b"3\r\nabc\r\n0\r\nHost: b\r\n\r\n",
    "a folded trailer": b"3\r\nabc\r\n0\r\nX-A: b\r\n c\r\n\r\n",
    "a trailer with a bare line feed": b"3\r\nabc\r\n0\r\nX-A: b\n\r\n",
}


@pytest.mark.parametrize("name", CHUNKS)
def test_malformed_chunks_are_refused(server, name):
    with connect(server) as connection:
        connection.sendall(
            b"POST /collect HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS[name]
            + b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        reader = Reader(connection)
        response = reader.response()
        assert response.status == 400
        assert reader.is_closed()


HARMLESS = {
    "an empty line before": b"\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n",
    "an empty host": b"GET /hello HTTP/1.1\r\nHost:\r\n\r\n",
    "blanks around a value": b"GET /hello HTTP/1.1\r\nHost: \t a \t\r\n\r\n",
    "an absolute target": b"GET http://a:80/hello HTTP/1.1\r\nHost: A:80\r\n\r\n",
    "braces in the target": b"GET /hello?{x}|y HTTP/1.1\r\nHost: a\r\n\r\n",
    "UTF-8 in the target": "GET /hello?ü HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
    "Latin-1 in a value": b"GET /hello HTTP/1.1\r\nHost: a\r\nX-A: \xe4\r\n\r\n",
    "an IPv6 host": b"GET /hello HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
    "HTTP/1.0 without a host": b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "a length of zero": b"POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "a chunk extension": b"POST /hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0;c\r\n\r\n",
    "an unknown method": b"BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_unusual_but_clear_requests_are_served(server, name):
    with connect(server) as connection:
        connection.sendall(HARMLESS[name] * 2)
        reader = Reader(connection)
        for _ in range(2):
            response = reader.response()
            assert (response.status, response.body) == (200, b"hello")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_a_request_may_arrive_in_pieces(server, size):
    request = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n3;x\r\nfgh\r\n0\r\nX-T: t\r\n\r\n"
    with connect(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(request), size):
            connection.sendall(request[start:start + size])
        response = Reader(connection).response()
        assert response.body == b"abcdefgh"
        assert response.trailers == {"x-echoed": "8", "x-t": "t"}


def test_trailers_travel_both_ways(server):
    with connect(server) as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")
        response = Reader(connection).response()
        assert response.headers["transfer-encoding"] == "chunked"
        assert response.trailers == {"x-echoed": "3", "x-sum": "1"}


def test_pipelined_requests_are_answered_in_order(server):
    paths = ["/slow/60", "/hello", "/bytes/3", "/slow/1", "/hello-async", "/status/404", "/bytes/0"]
    with connect(server) as connection:
        connection.sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for path in paths))
        reader = Reader(connection)
        answers = [reader.response() for _ in paths]
    assert [answer.status for answer in answers] == [200, 200, 200, 200, 200, 404, 200]
    assert [answer.body for answer in answers] == [b"hello", b"hello", b"bbb", b"hello", b"hello", b"hello", b""]


def test_pipelined_bodies_are_kept_apart(server):
    body = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
    bodies = [b"x" * n for n in (0, 1, 5000, 70000, 3)]
    with connect(server) as connection:
        connection.sendall(b"".join(body % (len(b), b) for b in bodies))
        reader = Reader(connection)
        assert [reader.response().body for _ in bodies] == bodies


def test_a_client_that_reads_nothing_is_not_served_without_end(server):
    request = b"GET /bytes/100000 HTTP/1.1\r\nHost: a\r\n\r\n"
    with connect(server, timeout=2) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 200_000_000:
                sent += connection.send(request * 200)
    # The server stopped reading long before it would have answered all of it.
    assert sent < 50_000_000


def test_half_closed_clients_get_their_answer(server):
    for path in (b"/hello", b"/slow/100", b"/bytes/300000"):
        answer = exchange(server, b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n", half_close=True)
        assert status_of(answer) == 200
        assert answer.endswith(b"hello") or answer.endswith(b"b" * 1000)


def test_half_close_after_pipelined_requests_answers_all(server):
    answer = exchange(server, b"GET /slow/20 HTTP/1.1\r\nHost: a\r\n\r\n" * 3, half_close=True)
    assert answer.count(b"HTTP/1.1 200 OK") == 3


@pytest.mark.parametrize("part", [
    b"GET /hello HTT",
    b"POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
    b"POST /collect HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
])
def test_a_request_cut_off_by_half_close_is_dropped(server, part):
    assert b"200 OK" not in exchange(server, part, half_close=True)


def test_expect_continue_is_answered_when_the_body_is_wanted(server):
    with connect(server) as connection:
        connection.sendall(b"POST /collect HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n")
        reader = Reader(connection)
        assert reader.response().status == 100
        connection.sendall(b"abc")
        assert reader.response().body == b"3"
        connection.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        assert reader.response().body == b"hello"


def test_expect_continue_is_skipped_when_the_body_is_not_wanted(server):
    with connect(server) as connection:
        connection.sendall(b"POST /hello HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        reader = Reader(connection)
        response = reader.response()
        assert (response.status, response.headers["connection"]) == (200, "close")
        assert reader.is_closed()


def test_expect_continue_with_too_large_a_length_is_refused_before_the_body(server):
    with connect(server) as connection:
        connection.sendall(b"POST /collect HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")
        assert Reader(connection).response().status == 413


def test_head_has_the_length_but_no_body(server):
    with connect(server) as connection:
        connection.sendall(b"HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\nHEAD /bytes/100000 HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        reader = Reader(connection)
        assert reader.response(head_only=True).headers["content-length"] == "5"
        assert reader.response(head_only=True).headers["content-length"] == "100000"
        assert reader.response().body == b"hello"


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body_have_none(server, status):
    with connect(server) as connection:
        connection.sendall(b"GET /status/%d HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n" % status)
        reader = Reader(connection)
        response = reader.response()
        assert response.status == status
        assert "content-length" not in response.headers and "transfer-encoding" not in response.headers
        assert reader.response().body == b"hello"


def test_http10_closes_unless_told_otherwise(server):
    with connect(server) as connection:
        connection.sendall(b"GET /hello HTTP/1.0\r\n\r\n")
        reader = Reader(connection)
        assert reader.response().headers["connection"] == "close"
        assert reader.is_closed()
    with connect(server) as connection:
        reader = Reader(connection)
        for _ in range(2):
            connection.sendall(b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert reader.response().headers["connection"] == "keep-alive"


def test_http10_gets_streams_without_chunks(server):
    answer = exchange(server, b"GET /events/3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    head, body = answer.split(b"\r\n\r\n", 1)
    assert b"transfer-encoding" not in head and b"connection: close" in head
    assert body == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"


def test_connection_close_is_obeyed(server):
    answer = exchange(server, b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.count(b"HTTP/1.1") == 1 and b"connection: close" in answer


def test_a_large_unwanted_body_ends_the_connection_after_the_answer(server):
    with connect(server) as connection:
        connection.sendall(b"POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n" + b"x" * 100_000)
        reader = Reader(connection)
        response = reader.response()
        assert (response.status, response.headers["connection"]) == (200, "close")
        assert reader.is_closed()


def test_a_small_unwanted_body_is_read_past(server):
    with connect(server) as connection:
        reader = Reader(connection)
        for _ in range(3):
            connection.sendall(b"POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n")
            assert reader.response().status == 200
            connection.sendall(b"x" * 50000)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_over_the_limit_is_refused(start_probe, framing):
    probe = start_probe("--body-bytes", 1000)
    with connect(probe) as connection:
        if framing == "length":
            connection.sendall(b"POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")
        else:
            connection.sendall(b"POST /collect HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"x" * 1001)
        assert Reader(connection).response().status == 413
    with connect(probe) as connection:
        connection.sendall(b"POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000)
        assert Reader(connection).response().body == b"1000"
    assert probe.stop() == {"open": 0, "running": 0, "bodyBytes": 1}


@pytest.mark.parametrize("request_bytes", [
    b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /hello HTTP/1.1\r\nHost: a\r\n" + b"X-A: b\r\n" * 400 + b"\r\n",
    b"GET /hello HTTP/1.1\r\nHost: a\r\nX-Endless: " + b"a" * 3000,
    b"a" * 3000,
])
def test_headers_over_the_limit_are_refused(start_probe, request_bytes):
    probe = start_probe("--header-bytes", 2000)
    with connect(probe) as connection:
        connection.sendall(request_bytes)
        reader = Reader(connection)
        assert reader.response().status == 431
        assert reader.is_closed()
    assert probe.stop()["headerBytes"] == 1


def test_slow_headers_are_given_up(start_probe):
    probe = start_probe("--header-read-ms", 300)
    with connect(probe) as connection:
        stop = threading.Event()

        def drip():
            connection.send(b"GET /hello HTTP/1.1\r\nHost: a\r\n")
            while not stop.wait(0.05):
                try:
                    connection.send(b"X-A: b\r\n")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            reader = Reader(connection)
            assert reader.response().status == 408
            assert reader.is_closed()
        finally:
            stop.set()
            dripping.join()
    assert probe.stop()["headerReadTimeout"] == 1


def test_idle_connections_are_closed(start_probe):
    probe = start_probe("--idle-ms", 300)
    with connect(probe) as fresh, connect(probe) as used:
        used.sendall(b"GET /slow/600 HTTP/1.1\r\nHost: a\r\n\r\n")
        # A request under way is not idleness, however long it takes.
        reader = Reader(used)
        assert reader.response().body == b"hello"
        assert reader.is_closed()
        assert Reader(fresh).is_closed()
    assert probe.stop()["idleTimeout"] == 2


def test_a_body_that_stops_arriving_is_given_up(start_probe):
    probe = start_probe("--idle-ms", 300)
    with connect(probe) as connection:
        connection.sendall(b"POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        assert Reader(connection).response().status == 408


def test_a_client_that_stops_reading_is_given_up(start_probe):
    probe = start_probe("--idle-ms", 300)
    with connect(probe) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /bytes/100000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        # Watched from another connection, which each look renews.
        assert eventually(lambda: b"running=0" in exchange(probe, b"GET /counters HTTP/1.0\r\n\r\n"))


def test_connections_over_the_limit_are_refused(start_probe):
    probe = start_probe("--connections", 3)
    held = [connect(probe) for _ in range(3)]
    for connection in held:
        connection.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        assert Reader(connection).response().status == 200
    with connect(probe) as connection:
        connection.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        reader = Reader(connection)
        response = reader.response()
        assert (response.status, response.headers["connection"]) == (503, "close")
        assert reader.is_closed()
    held.pop().close()

    def served():
        return b" 200 " in exchange(probe, b"GET /hello HTTP/1.0\r\n\r\n")

    assert eventually(served)
    for connection in held:
        connection.close()
    assert probe.stop()["connections"] >= 1


def test_a_client_that_vanishes_cancels_its_handler(start_probe):
    probe = start_probe()
    with connect(probe) as connection:
        connection.sendall(b"GET /events/100000 HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.recv(10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    assert eventually(lambda: b"running=0" in exchange(probe, b"GET /counters HTTP/1.0\r\n\r\n"))


def test_drain_finishes_what_is_under_way_and_accepts_nothing_new(start_probe):
    probe = start_probe()
    with connect(probe) as busy, connect(probe) as idle:
        idle.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        idle_reader = Reader(idle)
        idle_reader.response()
        busy.sendall(b"GET /slow/400 HTTP/1.1\r\nHost: a\r\n\r\n")
        busy_reader = Reader(busy)
        assert eventually(lambda: b"running=1" in exchange(probe, b"GET /counters HTTP/1.0\r\n\r\n"))
        probe.terminate()
        assert idle_reader.is_closed()
        with pytest.raises(OSError):
            connect(probe)
        response = busy_reader.response()
        assert (response.body, response.headers["connection"]) == (b"hello", "close")
        assert busy_reader.is_closed()


def test_drain_cuts_off_what_takes_too_long(start_probe):
    probe = start_probe("--drain-ms", 200)
    with connect(probe) as connection:
        connection.sendall(b"GET /events/100000 HTTP/1.1\r\nHost: a\r\n\r\n")
        Reader(connection).until(b"data: 0")
        probe.terminate()
        assert probe.stop()["open"] == 0


def test_http2_can_be_switched_off(start_probe):
    probe = start_probe("--http2", 0)
    assert status_of(exchange(probe, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) == 505
