import MechaCore
import MechaTelemetry
import NIOHTTP1
import Testing

@testable import MechaInvocation

@Suite struct RequestHeadersTests {
    private func fields(_ incoming: [(String, String)], _ additions: RequestHeaders.Additions = .init()) -> [String] {
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/in", headers: HTTPHeaders(incoming))
        return RequestHeaders.head(head, target: "/out", additions).headers.map { "\($0.name): \($0.value)" }
    }

    @Test func `end-to-end headers pass in their order and case`() {
        #expect(fields([("X-B", "1"), ("Accept", "a"), ("x-b", "2")]) == ["X-B: 1", "Accept: a", "x-b: 2"])
    }

    @Test(arguments: [
        "Connection", "keep-alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "HTTP2-Settings", "Host", "DAPR-API-TOKEN", "dapr-callee-app-id", "Mecha-Call-Kind",
        "mecha-callee-namespace", "mecha-failure", "mecha-type-url", "mecha-grpc-status",
    ])
    func `what concerns one hop or one runtime only is dropped`(name: String) {
        #expect(fields([(name, "trailers"), ("a", "b")]) == ["a: b"])
    }

    @Test func `headers that Connection names are dropped wherever they stand`() {
        #expect(fields([("x-secret", "1"), ("connection", "close, X-Secret"), ("Connection", "y"), ("y", "2"), ("z", "3")]) == ["z: 3"])
    }

    @Test func `a caller's word about itself is replaced`() {
        let additions = RequestHeaders.Additions(
            caller: AppAddress(appID: "a", namespace: "ns"), callee: AppAddress(appID: "b"), appToken: "t")
        #expect(
            fields([("dapr-caller-app-id", "evil"), ("Dapr-Caller-Namespace", "evil"), ("dapr-api-token", "client")], additions) == [
                "dapr-caller-app-id: a", "dapr-caller-namespace: ns", "dapr-callee-app-id: b", "dapr-api-token: t",
            ])
    }

    @Test(arguments: [(0, ["a: b"]), (12, ["a: b", "content-length: 12"])])
    func `the length of a known body replaces the one that came in`(bytes: Int, expected: [String]) {
        var additions = RequestHeaders.Additions()
        additions.bodyBytes = bytes
        #expect(fields([("Content-Length", "7"), ("a", "b"), ("content-length", "8")], additions) == expected)
        #expect(fields([("Content-Length", "7")]) == ["Content-Length: 7"])
    }

    @Test func `forwarding is told by appending`() {
        let additions = RequestHeaders.Additions(forwarder: Forwarder(address: "10.0.0.1", hostName: "me"))
        #expect(
            fields([("X-Forwarded-For", "1.1.1.1"), ("x-forwarded-host", "old"), ("Forwarded", "for=1.1.1.1")], additions) == [
                "x-forwarded-for: 1.1.1.1, 10.0.0.1", "x-forwarded-host: me",
                "forwarded: for=1.1.1.1, for=10.0.0.1;by=10.0.0.1;host=me",
            ])
        #expect(fields([("X-Forwarded-For", "1.1.1.1")]) == ["X-Forwarded-For: 1.1.1.1"])
        let six = RequestHeaders.Additions(forwarder: Forwarder(address: "::1", hostName: "me"))
        #expect(fields([], six).last == "forwarded: for=\"[::1]\";by=\"[::1]\";host=me")
    }

    @Test func `trace headers are replaced when the runtime has its own`() throws {
        let incoming = [("traceparent", "00-x"), ("tracestate", "a=b")]
        #expect(fields(incoming) == ["traceparent: 00-x", "tracestate: a=b"])
        let trace = try #require(TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        #expect(fields(incoming, .init(trace: trace)) == ["traceparent: \(trace.traceparent)"])
    }

    @Test func `callees outside of the mesh hear nothing of apps`() {
        let additions = RequestHeaders.Additions(
            caller: AppAddress(appID: "a"), callee: AppAddress(appID: "b"), more: [("authorization", "x")], isInsideMesh: false)
        #expect(fields([("dapr-app-id", "b"), ("a", "b")], additions) == ["a: b", "authorization: x"])
    }

    @Test func `gRPC keeps its TE`() {
        #expect(fields([("te", "trailers")], .init(keepsTE: true)) == ["te: trailers"])
        #expect(fields([("te", "gzip")], .init(keepsTE: true)) == [])
    }

    @Test func `a response loses what concerns one hop and keeps its length`() {
        let head = HTTPResponseHead(
            version: .http1_1, status: .ok,
            headers: HTTPHeaders([
                ("Connection", "close, x-hop"), ("x-hop", "1"), ("Content-Length", "3"), ("Keep-Alive", "5"), ("A", "b"),
                ("mecha-failure", "forged"),
            ]))
        let fields = ResponseHeaders.head(head, adding: ["traceparent": "t", "a": "not this"]).headers.map { "\($0.name): \($0.value)" }
        #expect(fields == ["Content-Length: 3", "A: b", "traceparent: t"])
    }

    @Test func `metadata and headers turn into each other`() {
        let metadata = HTTPHeaders([
            (":authority", "a"), ("grpc-timeout", "1S"), ("x-bin", "AA=="), ("content-type", "application/grpc"), ("te", "trailers"),
            ("Custom", "1"),
        ])
        #expect(
            MetadataRules.httpHeaders(fromMetadata: metadata).map { "\($0.name)=\($0.value)" } == [
                "dapr-authority=a", "dapr-grpc-timeout=1S", "custom=1",
            ])
        let headers = HTTPHeaders([("Accept", "a"), ("Cookie", "c"), ("X-Custom", "1"), ("grpc-foo", "2"), ("User-Agent", "u")])
        #expect(
            MetadataRules.metadata(fromHTTPHeaders: headers).map { "\($0.name)=\($0.value)" } == [
                "dapr-accept=a", "dapr-cookie=c", "x-custom=1", "dapr-grpc-foo=2", "user-agent=u",
            ])
    }
}
