"""HTTP/2 at the frame level (RFC 9113, RFC 7541); section numbers are RFC 9113's."""

import socket
import struct
import time

import pytest
from hyperframe.frame import (
    ContinuationFrame, DataFrame, GoAwayFrame, HeadersFrame, PingFrame, PriorityFrame, RstStreamFrame, SettingsFrame,
    WindowUpdateFrame)

from frames import (
    CANCEL, COMPRESSION_ERROR, ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, INTERNAL_ERROR, NO_ERROR, PREFACE,
    PROTOCOL_ERROR, REFUSED_STREAM, SETTINGS_TIMEOUT, STREAM_CLOSED, Closed, Peer, request)
from raw import connect, eventually, exchange


def counters(probe):
    return exchange(probe, b"GET /counters HTTP/1.0\r\n\r\n").decode()


# Ordinary exchanges

def test_requests_on_many_streams_are_served(server):
    with Peer(server) as peer:
        for stream in range(1, 41, 2):
            peer.get(stream, "/slow/20")
        answered = set()
        while len(answered) < 20:
            frame = peer.read()
            if isinstance(frame, DataFrame) and "END_STREAM" in frame.flags:
                answered.add(frame.stream_id)


def test_bodies_and_trailers_travel_both_ways(server):
    with Peer(server) as peer:
        peer.send(peer.headers(1, request("/echo", "POST"), end_stream=False), peer.data(1, b"abc"), peer.data(1, b"def"),
                  peer.headers(1, [("x-sum", "9")]))
        status, headers, body, trailers = peer.response(1)
        assert (status, body) == (200, b"abcdef")
        assert trailers == {"x-echoed": "6", "x-sum": "9"}


def test_a_request_and_its_body_in_one_packet(server):
    with Peer(server) as peer:
        peer.send(peer.headers(1, request("/collect", "POST"), end_stream=False), peer.data(1, b"abc", end_stream=True))
        assert peer.response(1)[2] == b"3"


def test_padding_is_taken_off_and_its_window_given_back(server):
    with Peer(server) as peer:
        assert peer.is_alive(1)
        peer.send(peer.headers(3, request("/collect", "POST"), end_stream=False))
        sent, frame = 0, DataFrame(3, b"x", pad_length=255, flags=["PADDED"])
        while sent < 3000 * 257:
            # Window updates arrive before the answer to a later PING.
            while sent + 257 * 100 > 262_144 + peer.windows.get(3, 0):
                peer.send(PingFrame(0, b"12345678"))
                assert isinstance(peer.read(), PingFrame)
            peer.send(*[frame] * 100)
            sent += 257 * 100
        peer.send(peer.data(3, b"", end_stream=True))
        assert peer.response(3)[2] == b"3000"


def test_headers_with_priority_and_padding_are_served(server):
    with Peer(server) as peer:
        frame = peer.headers(1, request("/hello"))
        frame.flags |= {"PRIORITY", "PADDED"}
        frame.pad_length, frame.depends_on, frame.stream_weight, frame.exclusive = 7, 0, 15, False
        peer.send(frame)
        assert peer.response(1)[2] == b"hello"


def test_a_header_block_in_several_frames_is_served(server):
    with Peer(server) as peer:
        block = peer.block(request("/hello", "GET", ("x-a", "b" * 100)))
        peer.send(peer.headers(1, block[:10], end_headers=False), ContinuationFrame(1, block[10:20]),
                  ContinuationFrame(1, block[20:], flags=["END_HEADERS"]))
        assert peer.response(1)[2] == b"hello"


def test_frames_may_arrive_byte_by_byte(server):
    with Peer(server, preface=False) as peer:
        data = PREFACE + SettingsFrame(0).serialize() + peer.headers(1, request("/hello")).serialize()
        for index in range(len(data)):
            peer.socket.sendall(data[index:index + 1])
        assert peer.response(1)[2] == b"hello"


def test_unknown_frames_and_settings_are_ignored(server):
    with Peer(server, settings={0x99: 7}) as peer:
        peer.send_raw(0x77, 0xff, 0, b"anything")
        peer.send_raw(0x78, 0, 1, b"")
        assert peer.is_alive(1)


def test_head_has_the_length_but_no_body(server):
    with Peer(server) as peer:
        for stream, path, length in ((1, "/hello", "5"), (3, "/bytes/100000", "100000")):
            peer.send(peer.headers(stream, request(path, "HEAD")))
            status, headers, body, _ = peer.response(stream)
            assert (status, headers["content-length"], body) == (200, length, b"")


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body_have_none(server, status):
    with Peer(server) as peer:
        peer.get(1, f"/status/{status}")
        assert peer.response(1)[0::2] == (status, b"")


def test_expect_continue_is_answered(server):
    with Peer(server) as peer:
        peer.send(peer.headers(1, request("/collect", "POST", ("expect", "100-continue")), end_stream=False))
        frame = peer.read()
        assert dict(peer.decoder.decode(frame.data)) == {":status": "100"}
        peer.send(peer.data(1, b"abcd", end_stream=True))
        assert peer.response(1)[2] == b"4"


def test_a_ping_is_answered(server):
    with Peer(server) as peer:
        peer.send(PingFrame(0, b"12345678"))
        frame = peer.read()
        assert isinstance(frame, PingFrame) and frame.opaque_data == b"12345678" and "ACK" in frame.flags


def test_an_early_answer_tells_the_client_to_stop_sending(server):
    with Peer(server) as peer:
        peer.send(peer.headers(1, request("/hello", "POST"), end_stream=False))
        assert peer.response(1)[2] == b"hello"
        peer.expect_reset(1, NO_ERROR)
        assert peer.is_alive(3)


def test_cancelling_a_stream_cancels_its_handler(start_probe):
    probe = start_probe()
    with Peer(probe) as peer:
        peer.get(1, "/slow/60000")
        assert eventually(lambda: "running=1" in counters(probe))
        peer.send(RstStreamFrame(1, CANCEL))
        assert eventually(lambda: "running=0" in counters(probe))
        assert peer.is_alive(3)


def test_closing_the_connection_cancels_all_handlers(start_probe):
    probe = start_probe()
    with Peer(probe) as peer:
        for stream in range(1, 21, 2):
            peer.get(stream, "/slow/60000")
        assert eventually(lambda: "running=10" in counters(probe))
    assert eventually(lambda: "running=0" in counters(probe))


# Malformed messages (8.1.1): the stream is reset, the connection goes on

MALFORMED = {
    "no method": [(":scheme", "http"), (":path", "/hello")],
    "no path": [(":method", "GET"), (":scheme", "http")],
    "no scheme": [(":method", "GET"), (":path", "/hello")],
    "an empty path": request("", "GET"),
    "two methods": request("/hello") + [(":method", "GET")],
    "a pseudo-header after a field": [(":method", "GET"), (":scheme", "http"), ("x-a", "b"), (":path", "/hello")],
    "an unknown pseudo-header": request("/hello") + [(":status", "200")],
    "an upper-case name": request("/hello", "GET", ("X-A", "b")),
    "a blank in a name": request("/hello", "GET", ("x a", "b")),
    "connection": request("/hello", "GET", ("connection", "keep-alive")),
    "transfer-encoding": request("/hello", "POST", ("transfer-encoding", "chunked")),
    "upgrade": request("/hello", "GET", ("upgrade", "h2c")),
    "keep-alive": request("/hello", "GET", ("keep-alive", "1")),
    "te with more than trailers": request("/hello", "GET", ("te", "gzip")),
    "a line feed in a value": request("/hello", "GET", ("x-a", "b\nx-b: c")),
    "a carriage return in a value": request("/hello", "GET", ("x-a", "b\r")),
    "a null in a value": request("/hello", "GET", ("x-a", "b\0")),
    "a blank in the path": request("/hello /x", "GET"),
    "a line feed in the path": request("/hello\r\nx: y", "GET"),
    "a fragment in the path": request("/hello#x", "GET"),
    "a blank in the method": request("/hello", "GE T"),
    "a slash in the authority": [(":method", "GET"), (":scheme", "http"), (":authority", "a/b"), (":path", "/hello")],
    "a host that differs": request("/hello", "GET", ("host", "b")),
    "two hosts": request("/hello", "GET", ("host", "a"), ("host", "a")),
    "two equal hosts": [(":method", "GET"), (":scheme", "http"), (":path", "/hello"), ("host", "a"), ("host", "a")],
    "a slash in the host": [(":method", "GET"), (":scheme", "http"), (":path", "/hello"), ("host", "a/b")],
    "user information in the authority": [(":method", "GET"), (":scheme", "http"), (":authority", "x@a"), (":path", "/hello")],
    "two authorities": request("/hello") + [(":authority", "a")],
    "two paths": request("/hello") + [(":path", "/hello")],
    "two schemes": request("/hello") + [(":scheme", "http")],
    "a path without a slash": request("hello"),
    "a path that is a URL": request("http://a/hello"),
    "a path that starts with a question mark": request("?x=/hello"),
    "an asterisk for GET": request("*"),
    "an asterisk and more": request("*/hello", "OPTIONS"),
    "a tab in the path": request("/hello\tx"),
    "a null in the path": request("/hello\0"),
    "a URL as scheme": [(":method", "GET"), (":scheme", "http://b/x?"), (":authority", "a"), (":path", "/hello")],
    "an empty scheme": [(":method", "GET"), (":scheme", ""), (":authority", "a"), (":path", "/hello")],
    "an empty method": request("/hello", ""),
    "a request line as method": request("/hello", "GET / HTTP/1.1\r\nx: y\r\n\r\nGET"),
    "a line feed in the authority": [(":method", "GET"), (":scheme", "http"), (":authority", "a\nb"), (":path", "/hello")],
    "a line feed in a name": request("/hello", "GET", ("x-a\nx-b", "c")),
    "a colon in a name": request("/hello", "GET", ("x-a: b\r\nx-c", "d")),
    "a name that is not ASCII": request("/hello", "GET", ("x-\u00e4", "b")),
    "proxy-connection": request("/hello", "GET", ("proxy-connection", "close")),
    "transfer-encoding with another value": request("/hello", "GET", ("transfer-encoding", "identity")),
    "te with trailers and more": request("/hello", "GET", ("te", "trailers, gzip")),
    "a blank before a value": request("/hello", "GET", ("x-a", " b")),
    "a blank after a value": request("/hello", "GET", ("x-a", "b ")),
    "a tab before a value": request("/hello", "GET", ("x-a", "\tb")),
    "a control character in a value": request("/hello", "GET", ("x-a", "a\x01b")),
    "a delete in a value": request("/hello", "GET", ("x-a", "a\x7fb")),
    "CONNECT without an authority": [(":method", "CONNECT")],
    "CONNECT to a path": [(":method", "CONNECT"), (":authority", "a/b")],
    "extended CONNECT": request("/hello", "CONNECT", (":protocol", "websocket")),
    "CONNECT with a path": [(":method", "CONNECT"), (":authority", "a"), (":path", "/"), (":scheme", "http")],
    "a length that is not a number": request("/hello", "GET", ("content-length", "x")),
    "a negative length": request("/hello", "GET", ("content-length", "-1")),
    "a signed length": request("/hello", "GET", ("content-length", "+0")),
    "a length of minus zero": request("/hello", "GET", ("content-length", "-0")),
    "a hexadecimal length": request("/hello", "GET", ("content-length", "0x0")),
    "an empty length": request("/hello", "GET", ("content-length", "")),
    "a length with a blank": request("/hello", "GET", ("content-length", " 0")),
    "a list of lengths": request("/hello", "GET", ("content-length", "0, 0")),
    "a length that overflows": request("/hello", "GET", ("content-length", "18446744073709551616")),
    "two equal lengths": request("/hello", "GET", ("content-length", "0"), ("content-length", "0")),
    "two lengths": request("/hello", "GET", ("content-length", "0"), ("content-length", "1")),
    "a length without a body": request("/hello", "GET", ("content-length", "1")),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_requests_reset_their_stream(server, name):
    with Peer(server) as peer:
        peer.send(peer.headers(1, MALFORMED[name]))
        peer.expect_reset(1, PROTOCOL_ERROR)
        assert peer.is_alive(3)


HARMLESS = {
    "an absent authority": ([(":method", "GET"), (":scheme", "http"), (":path", "/head"), ("host", "a")], b"GET /head\nhost: a\n"),
    "the same host and authority": (request("/head", "GET", ("host", "a")), b"GET /head\nhost: a\n"),
    "an IPv6 authority": ([(":method", "GET"), (":scheme", "http"), (":authority", "[::1]:80"), (":path", "/head")], b"GET /head\nhost: [::1]:80\n"),
    "te with trailers": (request("/head", "GET", ("te", "trailers")), b"GET /head\nte: trailers\nhost: a\n"),
    "an empty value": (request("/head", "GET", ("x-a", "")), b"GET /head\nx-a: \nhost: a\n"),
    "blanks within a value": (request("/head", "GET", ("x-a", "b \t c")), b"GET /head\nx-a: b \t c\nhost: a\n"),
    "another scheme": ([(":method", "GET"), (":scheme", "grpc+x"), (":authority", "a"), (":path", "/head")], b"GET /head\nhost: a\n"),
    "UTF-8 in the path": (request("/head?\u00fc"), "GET /head?\u00fc\nhost: a\n".encode()),
    "a cookie in parts": (
        request("/head", "GET", ("cookie", "a=1"), ("x-a", "b"), ("cookie", "b=2"), ("cookie", "c=3")),
        b"GET /head\nx-a: b\ncookie: a=1; b=2; c=3\nhost: a\n"),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_a_service_sees_of_an_unusual_request(server, name):
    fields, seen = HARMLESS[name]
    with Peer(server) as peer:
        peer.send(peer.headers(1, fields))
        assert peer.response(1)[2] == seen


def test_options_may_ask_about_the_server_itself(server):
    with Peer(server) as peer:
        peer.send(peer.headers(1, request("*", "OPTIONS")))
        # No route of the probe; what counts is that the service was asked.
        assert peer.response(1)[0] == 404


TRAILERS = {
    "a pseudo-header": (":path", "/x"),
    "content-length": ("content-length", "3"),
    "host": ("host", "b"),
    "te": ("te", "trailers"),
    "transfer-encoding": ("transfer-encoding", "chunked"),
    "connection": ("connection", "close"),
    "an upper-case name": ("X-A", "b"),
    "a line feed": ("x-a", "b\nc"),
    "a control character": ("x-a", "b\x01c"),
    "a blank at the end": ("x-a", "b "),
}


@pytest.mark.parametrize("name", TRAILERS)
def test_malformed_trailers_reset_the_stream(server, name):
    with Peer(server) as peer:
        peer.send(peer.headers(1, request("/collect", "POST"), end_stream=False), peer.data(1, b"abc"),
                  peer.headers(1, [("x-fine", "1"), TRAILERS[name]]))
        peer.expect_reset(1, PROTOCOL_ERROR)
        assert peer.is_alive(3)


def test_a_length_that_trailers_cut_short_resets_the_stream(server):
    with Peer(server) as peer:
        peer.send(peer.headers(1, request("/collect", "POST", ("content-length", "4")), end_stream=False), peer.data(1, b"abc"),
                  peer.headers(1, [("x-fine", "1")]))
        peer.expect_reset(1, PROTOCOL_ERROR)
        assert peer.is_alive(3)


@pytest.mark.parametrize("body", [b"abc", b"abcde"])
def test_a_body_of_another_length_than_declared_resets_the_stream(server, body):
    with Peer(server) as peer:
        peer.send(peer.headers(1, request("/collect", "POST", ("content-length", "4")), end_stream=False), peer.data(1, body, end_stream=True))
        peer.expect_reset(1, PROTOCOL_ERROR)
        assert peer.is_alive(3)


def test_a_second_header_block_must_end_the_stream(server):
    with Peer(server) as peer:
        peer.send(peer.headers(1, request("/collect", "POST"), end_stream=False), peer.headers(1, [("x-a", "b")], end_stream=False))
        frame = peer.read()
        assert isinstance(frame, (RstStreamFrame, GoAwayFrame)) and frame.error_code == PROTOCOL_ERROR


def test_connect_is_not_offered(server):
    with Peer(server) as peer:
        peer.send(peer.headers(1, [(":method", "CONNECT"), (":authority", "a:80")], end_stream=False))
        assert peer.response(1)[0] == 501


# Connection errors: GOAWAY with the code of the rule, then the end

def goaway_cases():
    def case(send, *codes):
        return send, codes

    settings = lambda identifier, value: struct.pack("!HL", identifier, value)  # noqa: E731
    return {
        "DATA on stream 0 (6.1)": case(lambda p: p.send_raw(0, 0, 0, b"x"), PROTOCOL_ERROR),
        "DATA on an idle stream (5.1)": case(lambda p: p.send(p.data(1, b"x")), PROTOCOL_ERROR, STREAM_CLOSED),
        "DATA with more padding than payload (6.1)": case(
            lambda p: (p.send(p.headers(1, request("/collect", "POST"), end_stream=False)), p.send_raw(0, 8, 1, b"\x05abc")), PROTOCOL_ERROR),
        "HEADERS on stream 0 (6.2)": case(lambda p: p.send_raw(1, 5, 0, p.block(request("/hello"))), PROTOCOL_ERROR),
        "HEADERS on an even stream (5.1.1)": case(lambda p: p.send_raw(1, 5, 2, p.block(request("/hello"))), PROTOCOL_ERROR),
        "HEADERS with too much padding (6.2)": case(lambda p: p.send_raw(1, 13, 1, b"\xff" + p.block(request("/hello"))), PROTOCOL_ERROR),
        "HEADERS on a lower stream (5.1.1)": case(
            lambda p: p.send(p.headers(5, request("/slow/5000")), p.headers(3, request("/hello"))), PROTOCOL_ERROR, STREAM_CLOSED),
        "HEADERS that depend on themselves (RFC 7540 5.3.1)": case(
            lambda p: p.send_raw(1, 0x25, 1, b"\0\0\0\1\x0f" + p.block(request("/hello"))), PROTOCOL_ERROR),
        "PRIORITY on stream 0 (6.3)": case(lambda p: p.send_raw(2, 0, 0, b"\0\0\0\1\x0f"), PROTOCOL_ERROR),
        "RST_STREAM on stream 0 (6.4)": case(lambda p: p.send_raw(3, 0, 0, b"\0\0\0\0"), PROTOCOL_ERROR),
        "RST_STREAM on an idle stream (6.4)": case(lambda p: p.send_raw(3, 0, 1, b"\0\0\0\0"), PROTOCOL_ERROR),
        "RST_STREAM of 3 bytes (6.4)": case(
            lambda p: (p.get(1, "/slow/5000"), p.send_raw(3, 0, 1, b"\0\0\0")), FRAME_SIZE_ERROR),
        "SETTINGS on a stream (6.5)": case(lambda p: p.send_raw(4, 0, 1, b""), PROTOCOL_ERROR),
        "SETTINGS of 5 bytes (6.5)": case(lambda p: p.send_raw(4, 0, 0, b"12345"), FRAME_SIZE_ERROR),
        "SETTINGS ACK with a payload (6.5)": case(lambda p: p.send_raw(4, 1, 0, b"123456"), FRAME_SIZE_ERROR),
        "ENABLE_PUSH of 2 (6.5.2)": case(lambda p: p.send_raw(4, 0, 0, settings(2, 2)), PROTOCOL_ERROR),
        "a window of 2^31 (6.5.2)": case(lambda p: p.send_raw(4, 0, 0, settings(4, 1 << 31)), FLOW_CONTROL_ERROR),
        "a frame size of 2^14 - 1 (6.5.2)": case(lambda p: p.send_raw(4, 0, 0, settings(5, (1 << 14) - 1)), PROTOCOL_ERROR),
        "a frame size of 2^24 (6.5.2)": case(lambda p: p.send_raw(4, 0, 0, settings(5, 1 << 24)), PROTOCOL_ERROR),
        "PUSH_PROMISE from a client (8.4)": case(
            lambda p: (p.get(1, "/slow/5000"), p.send_raw(5, 4, 1, b"\0\0\0\2" + p.block(request("/hello")))), PROTOCOL_ERROR),
        "PING on a stream (6.7)": case(lambda p: p.send_raw(6, 0, 1, b"12345678"), PROTOCOL_ERROR),
        "PING of 7 bytes (6.7)": case(lambda p: p.send_raw(6, 0, 0, b"1234567"), FRAME_SIZE_ERROR),
        "GOAWAY on a stream (6.8)": case(lambda p: p.send_raw(7, 0, 1, b"\0" * 8), PROTOCOL_ERROR),
        "WINDOW_UPDATE of 0 on the connection (6.9)": case(lambda p: p.send_raw(8, 0, 0, b"\0\0\0\0"), PROTOCOL_ERROR),
        "WINDOW_UPDATE of 3 bytes (6.9)": case(lambda p: p.send_raw(8, 0, 0, b"\0\0\1"), FRAME_SIZE_ERROR),
        "WINDOW_UPDATE on an idle stream (5.1)": case(lambda p: p.send_raw(8, 0, 1, b"\0\0\0\1"), PROTOCOL_ERROR),
        "a connection window over 2^31 (6.9.1)": case(lambda p: p.send_raw(8, 0, 0, b"\x7f\xff\xff\xff"), FLOW_CONTROL_ERROR),
        "CONTINUATION out of nothing (6.10)": case(lambda p: p.send_raw(9, 4, 1, b""), PROTOCOL_ERROR),
        "another frame within a header block (6.10)": case(
            lambda p: p.send(p.headers(1, request("/hello"), end_headers=False), PingFrame(0, b"12345678")), PROTOCOL_ERROR),
        "CONTINUATION of another stream (6.10)": case(
            lambda p: p.send(p.headers(1, request("/hello"), end_headers=False), ContinuationFrame(3, b"", flags=["END_HEADERS"])), PROTOCOL_ERROR),
        "an unknown frame within a header block (6.10)": case(
            lambda p: (p.send(p.headers(1, request("/hello"), end_headers=False)), p.send_raw(0x77, 0, 1, b"")), PROTOCOL_ERROR),
        "a frame over the frame size (4.2)": case(lambda p: p.send_raw(0x0, 0, 1, b"x" * 16385), FRAME_SIZE_ERROR),
        "a header block that is no HPACK (4.3)": case(lambda p: p.send_raw(1, 5, 1, b"\xff\xff\xff\xff\xff\xff\xff\xff"), COMPRESSION_ERROR),
        "an HPACK index that is not there (RFC 7541 2.3.3)": case(lambda p: p.send_raw(1, 5, 1, b"\xff\x80\x01"), COMPRESSION_ERROR),
        "HPACK index 0 (RFC 7541 6.1)": case(lambda p: p.send_raw(1, 5, 1, b"\x80"), COMPRESSION_ERROR),
        "an HPACK table larger than allowed (RFC 7541 6.3)": case(lambda p: p.send_raw(1, 5, 1, b"\x3f\xff\xff\x7f"), COMPRESSION_ERROR),
        "an HPACK table change within a block (RFC 7541 4.2)": case(
            lambda p: p.send_raw(1, 5, 1, p.block(request("/hello")) + b"\x20"), COMPRESSION_ERROR),
        "an empty name": case(lambda p: p.send(p.headers(1, request("/hello", "GET", ("", "b")))), PROTOCOL_ERROR, COMPRESSION_ERROR),
        "an HPACK string cut short (RFC 7541 5.2)": case(lambda p: p.send_raw(1, 5, 1, b"\x00\x03ab"), COMPRESSION_ERROR),
        "Huffman padding of 8 bits (RFC 7541 5.2)": case(lambda p: p.send_raw(1, 5, 1, b"\x00\x01a\x82\x1f\xff"), COMPRESSION_ERROR),
        "Huffman end of string (RFC 7541 5.2)": case(lambda p: p.send_raw(1, 5, 1, b"\x00\x01a\x84\xff\xff\xff\xff"), COMPRESSION_ERROR),
    }


GOAWAY = goaway_cases()


@pytest.mark.parametrize("name", GOAWAY)
def test_connection_errors_end_the_connection_with_their_code(server, name):
    send, codes = GOAWAY[name]
    with Peer(server) as peer:
        send(peer)
        peer.expect_goaway(*codes)


def test_a_preface_that_breaks_off_ends_the_connection(server):
    with connect(server) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
        connection.settimeout(5)
        while connection.recv(1000):
            pass


def test_settings_must_come_first(server):
    with Peer(server, preface=False) as peer:
        peer.socket.sendall(PREFACE)
        peer.send(PingFrame(0, b"12345678"))
        peer.expect_goaway(PROTOCOL_ERROR)


# Stream states (5.1)

@pytest.mark.parametrize("frame", ["data", "headers"])
def test_sending_on_a_half_closed_stream_is_an_error(server, frame):
    with Peer(server) as peer:
        peer.get(1, "/slow/5000")
        peer.send(peer.data(1, b"x") if frame == "data" else peer.headers(1, [("x-a", "b")]))
        while True:
            answer = peer.read()
            if isinstance(answer, (RstStreamFrame, GoAwayFrame)):
                # The codec looks at a second block as trailers first, which these are not.
                assert answer.error_code == STREAM_CLOSED or (frame == "headers" and answer.error_code == PROTOCOL_ERROR)
                return


def test_sending_on_a_finished_stream_is_an_error(server):
    with Peer(server) as peer:
        peer.get(1, "/hello")
        peer.response(1)
        peer.send(peer.data(1, b"x"))
        answer = peer.read()
        assert isinstance(answer, (RstStreamFrame, GoAwayFrame)) and answer.error_code == STREAM_CLOSED


def test_frames_that_cross_a_reset_are_ignored(server):
    with Peer(server) as peer:
        # The body is declared too short, so the server resets; what was on its way must do no harm.
        peer.send(peer.headers(1, request("/collect", "POST", ("content-length", "1")), end_stream=False))
        peer.send(*[peer.data(1, b"x" * 1000) for _ in range(50)], peer.data(1, b"", end_stream=True))
        peer.expect_reset(1, PROTOCOL_ERROR)
        assert peer.is_alive(3)


def test_window_updates_and_resets_after_the_end_are_harmless(server):
    with Peer(server) as peer:
        peer.get(1, "/hello")
        peer.response(1)
        peer.send(WindowUpdateFrame(1, window_increment=5), RstStreamFrame(1, CANCEL), PriorityFrame(1, depends_on=3))
        assert peer.is_alive(3)


def test_streams_over_the_limit_are_refused(start_probe):
    probe = start_probe("--streams", 4)
    with Peer(probe) as peer:
        peer.is_alive(1)
        assert peer.server_settings[SettingsFrame.MAX_CONCURRENT_STREAMS] == 4
        for stream in range(3, 13, 2):
            peer.get(stream, "/slow/500")
        answer = peer.read()
        if isinstance(answer, RstStreamFrame):
            assert (answer.stream_id, answer.error_code) == (11, REFUSED_STREAM)
        else:
            assert isinstance(answer, GoAwayFrame) and answer.error_code in (PROTOCOL_ERROR, REFUSED_STREAM)


# Flow control (5.2, 6.9)

def test_nothing_is_sent_into_a_window_of_zero(server):
    with Peer(server, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 0}) as peer:
        peer.get(1, "/hello")
        assert isinstance(peer.read(), HeadersFrame)
        peer.send(PingFrame(0, b"12345678"))
        assert isinstance(peer.read(), PingFrame)
        for byte in b"hello":
            peer.send(WindowUpdateFrame(1, window_increment=1))
            assert peer.read().data == bytes([byte])


def test_windows_grow_and_shrink_with_the_settings(server):
    with Peer(server, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 10}) as peer:
        peer.get(1, "/bytes/30")
        assert isinstance(peer.read(), HeadersFrame)
        assert peer.read().data == b"b" * 10
        # Shrinking below what is used makes the window negative; it must be filled up first.
        peer.send(SettingsFrame(0, {SettingsFrame.INITIAL_WINDOW_SIZE: 5}))
        peer.send(WindowUpdateFrame(1, window_increment=5), PingFrame(0, b"12345678"))
        assert isinstance(peer.read(), PingFrame)
        peer.send(WindowUpdateFrame(1, window_increment=3))
        assert peer.read().data == b"bbb"
        peer.send(SettingsFrame(0, {SettingsFrame.INITIAL_WINDOW_SIZE: 100}))
        assert peer.read().data == b"b" * 17


def test_the_connection_window_is_shared(server):
    with Peer(server, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 1 << 20}) as peer:
        peer.get(1, "/bytes/60000")
        peer.get(3, "/bytes/60000")
        received = 0
        while received < 65535:
            frame = peer.read()
            received += len(frame.data) if isinstance(frame, DataFrame) else 0
        peer.send(PingFrame(0, b"12345678"))
        assert isinstance(peer.read(), PingFrame)
        peer.send(WindowUpdateFrame(0, window_increment=100_000))
        while received < 120_000:
            frame = peer.read()
            received += len(frame.data) if isinstance(frame, DataFrame) else 0


def test_a_stream_window_over_the_limit_resets_the_stream(server):
    with Peer(server) as peer:
        peer.get(1, "/slow/5000")
        peer.send(WindowUpdateFrame(1, window_increment=0x7fffffff))
        peer.expect_reset(1, FLOW_CONTROL_ERROR)
        assert peer.is_alive(3)


def test_a_stream_window_update_of_zero_resets_the_stream(server):
    with Peer(server) as peer:
        peer.get(1, "/slow/5000")
        peer.send_raw(8, 0, 1, b"\0\0\0\0")
        answer = peer.read()
        assert isinstance(answer, (RstStreamFrame, GoAwayFrame)) and answer.error_code == PROTOCOL_ERROR


def test_sending_beyond_the_stream_window_is_an_error(server):
    with Peer(server) as peer:
        # The handler sleeps and takes nothing, so the window is not given back.
        peer.send(peer.headers(1, request("/slow/5000", "POST"), end_stream=False))
        peer.is_alive(3)
        window = peer.server_settings[SettingsFrame.INITIAL_WINDOW_SIZE]
        try:
            for _ in range(window // 16384 * 4):
                peer.send(peer.data(1, b"x" * 16384))
        except OSError:
            pass
        while True:
            answer = peer.read()
            if isinstance(answer, (RstStreamFrame, GoAwayFrame)):
                assert answer.error_code == FLOW_CONTROL_ERROR
                return


def test_a_body_that_nobody_takes_is_held_back_at_the_window(server):
    with Peer(server) as peer:
        peer.send(peer.headers(1, request("/slow/300", "POST"), end_stream=False))
        peer.is_alive(3)
        window = peer.server_settings[SettingsFrame.INITIAL_WINDOW_SIZE]
        for _ in range(window // 16384):
            peer.send(peer.data(1, b"x" * 16384))
        peer.response(1)
        # Up to half a window may have been given back before the buffer was full; then no more.
        assert peer.windows.get(1, 0) <= window


def test_large_bodies_pass_while_windows_are_returned(server):
    with Peer(server, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 100_000}) as peer:
        peer.get(1, "/bytes/3000000")
        received = 0
        while received < 3_000_000:
            frame = peer.read()
            if isinstance(frame, DataFrame):
                received += len(frame.data)
                if frame.data:
                    peer.send(WindowUpdateFrame(0, window_increment=len(frame.data)), WindowUpdateFrame(1, window_increment=len(frame.data)))


def test_a_stream_that_stands_still_is_reset(start_probe):
    probe = start_probe("--idle-ms", 300)
    with Peer(probe, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 0}) as peer:
        peer.get(1, "/bytes/1000")
        assert isinstance(peer.read(), HeadersFrame)
        peer.expect_reset(1, CANCEL)
    assert probe.stop()["idleTimeout"] >= 1


def test_a_request_body_that_stops_arriving_is_given_up(start_probe):
    probe = start_probe("--idle-ms", 300)
    with Peer(probe) as peer:
        peer.send(peer.headers(1, request("/collect", "POST"), end_stream=False), peer.data(1, b"abc"))
        assert peer.response(1)[0] == 408


def test_answers_that_nobody_reads_do_not_pile_up(start_probe):
    probe = start_probe()
    with Peer(probe, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 0}) as peer:
        peer.send(peer.headers(1, request("/status/204")))
        assert peer.response(1)[0] == 204
        for stream in range(3, 1999, 2):
            peer.get(stream, "/bytes/10000000")
        resident = lambda: int(open(f"/proc/{probe.process.pid}/statm").read().split()[1]) * 4096  # noqa: E731
        # Some are served as far as they may be held back, the rest is refused and may be sent again.
        peer.expect_reset(1997, REFUSED_STREAM)
        assert resident() < 150 << 20
        peer.send(SettingsFrame(0, {SettingsFrame.INITIAL_WINDOW_SIZE: 1 << 20}))
        assert isinstance(peer.read(), DataFrame)
    assert probe.stop()["pendingConnectionBytes"] > 500


def test_large_bodies_take_turns(server):
    with Peer(server, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 1 << 20}) as peer:
        received, order = 0, []

        def more_frames():
            nonlocal received
            if isinstance(frame := peer.read(), DataFrame):
                assert len(frame.data) <= 16384
                received += len(frame.data)
                order.append(frame.stream_id)

        # The first has used up the connection's window before the second one begins.
        peer.get(1, "/bytes/400000")
        while received < 65535:
            more_frames()
        peer.get(3, "/bytes/400000")
        peer.send(PingFrame(0, b"12345678"))
        while not isinstance(peer.read(), PingFrame):
            pass
        order.clear()
        peer.send(WindowUpdateFrame(0, window_increment=1 << 20))
        while len(order) < 6:
            more_frames()
        # What waits goes out a frame of each in turn.
        assert order in ([1, 3] * 3, [3, 1] * 3)


# Header compression (RFC 7541)

def test_fields_are_read_while_the_table_forgets_others(server):
    with Peer(server) as peer:
        for stream in range(1, 121, 2):
            more = [(f"x-{stream % 7}", f"{stream}" * 40), ("x-same", "value that is always there"), ("x-turn", str(stream % 3))]
            peer.send(peer.headers(stream, request("/head", "GET", *more)))
            seen = peer.response(stream)[2].decode()
            assert all(f"{name}: {value}\n" in seen for name, value in more)


@pytest.mark.parametrize("sizes", [[0], [64], [0, 4096], [100], [1 << 20]])
def test_a_table_of_another_size_is_kept_to(server, sizes):
    with Peer(server) as peer:
        assert peer.is_alive(1)
        peer.decoder.max_allowed_table_size = min(sizes[-1], 4096) if sizes[-1] else 0
        peer.send(SettingsFrame(0, {SettingsFrame.HEADER_TABLE_SIZE: sizes[0]}))
        for size in sizes[1:]:
            peer.send(SettingsFrame(0, {SettingsFrame.HEADER_TABLE_SIZE: size}))
        for stream in (3, 5, 7):
            assert peer.is_alive(stream)
        # The table is what both agreed on, and the decoder would refuse one that is larger.
        assert peer.decoder.header_table_size <= max(sizes[-1], 0)


def test_a_response_head_larger_than_a_frame_goes_on_in_others(server):
    with Peer(server) as peer:
        more = [(f"x-{index}", chr(97 + index) * 9000) for index in range(5)]
        message = b"\0\0\0\0\2\x0a\0"
        fields = request("/mecha.probe.Echo/Unary", "POST", ("content-type", "application/grpc"), ("te", "trailers"), *more)
        block = peer.block(fields)
        parts = [block[index:index + 16384] for index in range(0, len(block), 16384)]
        peer.send(peer.headers(1, parts[0], end_stream=False, end_headers=len(parts) == 1))
        for part in parts[1:]:
            peer.send(ContinuationFrame(1, part, flags=["END_HEADERS"] if part is parts[-1] else []))
        peer.send(peer.data(1, message, end_stream=True))
        head, frame = b"", peer.read()
        assert isinstance(frame, HeadersFrame) and "END_HEADERS" not in frame.flags and len(frame.data) == 16384
        while True:
            head += frame.data
            if "END_HEADERS" in frame.flags:
                break
            frame = peer.read()
            assert isinstance(frame, ContinuationFrame) and frame.stream_id == 1
        found = dict(peer.decoder.decode(head))
        assert all(found[name] == value for name, value in more)


# Floods

def test_answers_to_pings_that_nobody_reads_do_not_pile_up(start_probe):
    probe = start_probe()
    with Peer(probe) as peer:
        peer.is_alive(1)
        resident = lambda: int(open(f"/proc/{probe.process.pid}/statm").read().split()[1]) * 4096  # noqa: E731
        before = resident()
        frames = PingFrame(0, b"12345678").serialize() * 100
        with pytest.raises(OSError):
            peer.socket.settimeout(20)
            while True:
                # Below the rate that is a flood of its own.
                peer.socket.sendall(frames)
                time.sleep(0.011)
                assert resident() - before < 30 << 20
    assert probe.stop()["controlFrames"] == 1


def test_continuation_floods_end_the_connection(server):
    with Peer(server) as peer:
        peer.send(peer.headers(1, request("/hello"), end_headers=False))
        with pytest.raises((OSError, Closed, AssertionError)):
            for _ in range(10_000):
                peer.send(ContinuationFrame(1, b""))
            peer.expect_goaway(ENHANCE_YOUR_CALM)
            raise Closed


def test_continuation_floods_are_told_to_calm_down(server):
    with Peer(server) as peer:
        peer.send(peer.headers(1, request("/hello"), end_headers=False), *[ContinuationFrame(1, b"") for _ in range(20)])
        peer.expect_goaway(ENHANCE_YOUR_CALM)


def test_rapid_resets_end_the_connection(start_probe):
    probe = start_probe("--resets", 100)
    with Peer(probe) as peer:
        try:
            for stream in range(1, 2001, 2):
                peer.send(peer.headers(stream, request("/slow/60000")), RstStreamFrame(stream, CANCEL))
        except OSError:
            pass
        peer.expect_goaway(ENHANCE_YOUR_CALM)
    assert eventually(lambda: "running=0" in counters(probe))
    assert probe.stop()["resets"] == 1


def test_a_few_resets_among_many_requests_are_allowed(start_probe):
    probe = start_probe("--resets", 10)
    with Peer(probe) as peer:
        for stream in range(1, 401, 2):
            if stream % 10 == 1:
                peer.send(peer.headers(stream, request("/slow/60000")), RstStreamFrame(stream, CANCEL))
            else:
                assert peer.is_alive(stream)


def test_resets_provoked_from_the_server_end_the_connection(server):
    with Peer(server) as peer:
        try:
            for stream in range(1, 2001, 2):
                peer.send(peer.headers(stream, request("/slow/60000")), WindowUpdateFrame(stream, window_increment=0x7fffffff))
        except OSError:
            pass
        peer.expect_goaway(ENHANCE_YOUR_CALM)


@pytest.mark.parametrize("flood", ["ping", "settings", "priority", "empty data"])
def test_floods_of_control_frames_end_the_connection(server, flood):
    with Peer(server) as peer:
        frame = {
            "ping": PingFrame(0, b"12345678"),
            "settings": SettingsFrame(0),
            "priority": PriorityFrame(1, depends_on=0),
            "empty data": DataFrame(1, b""),
        }[flood]
        if flood == "empty data":
            peer.send(peer.headers(1, request("/collect", "POST"), end_stream=False))
        try:
            peer.socket.sendall(frame.serialize() * 20_000)
        except OSError:
            pass
        peer.expect_goaway(ENHANCE_YOUR_CALM)


def test_an_hpack_bomb_is_refused(server):
    """A large field is put into the table once and then referred to thousands of times."""
    with Peer(server) as peer:
        block = peer.block(request("/hello"))
        name, value = b"x", b"y" * 3500
        bomb = block + b"\x40" + bytes([len(name)]) + name + b"\x7f" + bytes([0x80 | (3500 - 127) & 0x7f, (3500 - 127) >> 7]) + value
        bomb += b"\xbe" * 10_000
        peer.send(peer.headers(1, bomb))
        peer.expect_goaway(PROTOCOL_ERROR, ENHANCE_YOUR_CALM, COMPRESSION_ERROR)


def test_headers_over_the_limit_are_answered_with_431(start_probe):
    probe = start_probe("--header-bytes", 2000)
    with Peer(probe) as peer:
        assert peer.is_alive(1)
        assert peer.server_settings[SettingsFrame.MAX_HEADER_LIST_SIZE] >= 2000
        peer.send(peer.headers(3, request("/hello", "GET", ("x-a", "b" * 2500))))
        assert peer.response(3)[0] == 431
        assert peer.is_alive(5)
    assert probe.stop()["headerBytes"] == 1


def test_bodies_over_the_limit_are_answered_with_413(start_probe):
    probe = start_probe("--body-bytes", 1000)
    with Peer(probe) as peer:
        peer.send(peer.headers(1, request("/collect", "POST", ("content-length", "1001")), end_stream=False))
        assert peer.response(1)[0] == 413
        peer.send(peer.headers(3, request("/collect", "POST"), end_stream=False), peer.data(3, b"x" * 1001))
        assert peer.response(3)[0] == 413
    assert probe.stop()["bodyBytes"] == 2


# Ends

def test_a_client_that_never_sends_settings_is_given_up(start_probe):
    probe = start_probe("--header-read-ms", 300)
    with Peer(probe, preface=False) as peer:
        peer.socket.sendall(PREFACE)
        while not isinstance(frame := peer.any_frame(), GoAwayFrame):
            pass
        assert frame.error_code == SETTINGS_TIMEOUT


def test_idle_connections_are_closed_with_goaway(start_probe):
    probe = start_probe("--idle-ms", 300)
    with Peer(probe) as peer:
        assert peer.is_alive(1)
        peer.expect_goaway(NO_ERROR)


def test_what_is_sent_before_the_client_saw_the_first_goaway_is_answered(start_probe):
    probe = start_probe("--drain-ms", 10_000)
    with Peer(probe) as peer:
        assert peer.is_alive(1)
        probe.terminate()
        while not isinstance(frame := peer.any_frame(), GoAwayFrame):
            pass
        assert (frame.last_stream_id, frame.error_code) == (2**31 - 1, NO_ERROR)
        # No stream is open, and the PING that follows is not answered yet: for the server, this crossed its GOAWAY.
        peer.get(3, "/hello")
        while not isinstance(ping := peer.any_frame(), PingFrame) or "ACK" in ping.flags:
            pass
        assert peer.response(3)[2] == b"hello"
        answer = PingFrame(0, ping.opaque_data)
        answer.flags.add("ACK")
        peer.send(answer)
        while not isinstance(frame := peer.any_frame(), GoAwayFrame):
            pass
        assert (frame.last_stream_id, frame.error_code) == (3, NO_ERROR)
        with pytest.raises(Closed):
            peer.any_frame()


def test_a_client_that_does_not_answer_the_drain_ping_is_closed_all_the_same(start_probe):
    probe = start_probe()
    with Peer(probe) as peer:
        assert peer.is_alive(1)
        probe.terminate()
        with pytest.raises(Closed):
            while True:
                peer.any_frame()


# Upgrade: h2c (RFC 7540 3.2)

UPGRADE = (b"%s /%s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
           b"HTTP2-Settings: %s\r\n%s\r\n")


def upgrade(server, path=b"hello", settings=b"AAMAAABkAAQAAP__", more=b""):
    peer = Peer(server, preface=False)
    peer.socket.sendall(UPGRADE % (b"GET", path, settings, more))
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += peer.socket.recv(1)
    return peer, head


def test_an_upgraded_request_is_answered_on_stream_1(server):
    peer, head = upgrade(server)
    with peer:
        assert head.startswith(b"HTTP/1.1 101 ") and b"upgrade: h2c" in head
        peer.socket.sendall(PREFACE)
        peer.send(SettingsFrame(0))
        assert peer.response(1)[2] == b"hello"
        assert peer.is_alive(3)
        # The settings of the request are acknowledged by the 101 response, so one ACK is all there is.


def test_nothing_of_the_answer_is_sent_before_the_clients_preface(server):
    peer, head = upgrade(server, path=b"bytes/60000")
    with peer:
        frame = peer.any_frame()
        assert isinstance(frame, SettingsFrame)
        for index in range(len(PREFACE)):
            peer.socket.sendall(PREFACE[index:index + 1])
        peer.send(SettingsFrame(0))
        assert peer.response(1)[2] == b"b" * 60000


def test_an_upgrade_without_a_preface_is_given_up(start_probe):
    probe = start_probe("--header-read-ms", 300)
    peer, head = upgrade(probe)
    with peer:
        peer.socket.sendall(PREFACE[:10])
        with pytest.raises(Closed):
            while True:
                peer.any_frame()
    assert probe.stop()["headerReadTimeout"] == 1


def test_settings_are_acknowledged_once_after_an_upgrade(server):
    peer, _ = upgrade(server)
    with peer:
        peer.socket.sendall(PREFACE)
        peer.send(SettingsFrame(0), PingFrame(0, b"12345678"))
        acknowledgements = 0
        while not isinstance(frame := peer.any_frame(), PingFrame):
            acknowledgements += isinstance(frame, SettingsFrame) and "ACK" in frame.flags
        assert acknowledgements == 1


def test_the_settings_of_the_upgrade_count(server):
    # INITIAL_WINDOW_SIZE 2
    peer, _ = upgrade(server, settings=b"AAQAAAAC")
    with peer:
        peer.socket.sendall(PREFACE)
        peer.send(SettingsFrame(0))
        assert isinstance(peer.read(), HeadersFrame)
        assert peer.read().data == b"he"


def test_header_compression_starts_afresh_after_an_upgrade(server):
    peer, _ = upgrade(server, more=b"X-Long: " + b"z" * 100 + b"\r\n")
    with peer:
        peer.socket.sendall(PREFACE)
        peer.send(SettingsFrame(0))
        for stream in (3, 5):
            peer.send(peer.headers(stream, request("/head", "GET", ("x-b", "1"), ("x-c", "2"))))
            body = peer.response(stream)[2]
            assert b"x-b: 1\nx-c: 2\n" in body


@pytest.mark.parametrize("settings", [b"AAM", b"!!!!", b""])
def test_an_upgrade_with_unusable_settings_is_served_over_http1(server, settings):
    peer, head = upgrade(server, settings=settings)
    with peer:
        assert head.startswith(b"HTTP/1.1 200 ") or (settings == b"" and head.startswith(b"HTTP/1.1 101 "))


def test_an_upgrade_with_a_body_is_served_over_http1(server):
    with connect(server) as connection:
        connection.sendall(UPGRADE % (b"POST", b"collect", b"AAMAAABk", b"Content-Length: 3\r\n") + b"abc")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_an_upgrade_followed_by_something_else_is_closed(server):
    peer, _ = upgrade(server)
    with peer:
        peer.socket.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        with pytest.raises(Closed):
            while True:
                peer.any_frame()
