import MechaCore
import NIOCore
import NIOHTTP1
import Testing

@testable import DaprAPI

@Suite struct HTTPRouterTests {
    private let router = HTTPRouter(HTTPRouteTable.all)

    private func template(_ method: HTTPMethod, _ path: Substring) -> String? { router.match(method, path)?.route.fullTemplate }

    @Test func `every route of the table finds itself`() {
        for route in HTTPRouteTable.all {
            let path = route.fullTemplate.split(separator: "/").map { $0.hasPrefix("{") ? "x" : String($0) }.joined(separator: "/")
            for method in route.methods {
                #expect(template(method, Substring("/" + path)) == route.fullTemplate)
            }
        }
    }

    @Test(arguments: [
        ("/v1.0/state/store/key", "/v1.0/state/{store}/{key}"),
        ("//v1.0///state/store/key/", "/v1.0/state/{store}/{key}"),
        ("/v1.0/secrets/store/bulk", "/v1.0/secrets/{store}/bulk"),
        ("/v1.0/healthz/outbound", "/v1.0/healthz/outbound"),
    ])
    func `literals win over placeholders and slashes are passed over`(path: String, expected: String) {
        #expect(template(.GET, path[...]) == expected)
    }

    @Test(arguments: ["", "/", "/v1.0", "/v1.0/state", "/v1.0/state/a/b/c", "/v2.0/state/a/b", "/v1.0/healthz/x"])
    func `what is no route is not found`(path: String) {
        #expect(template(.GET, path[...]) == nil)
    }

    @Test func `a route answers its methods only`() {
        #expect(template(.PATCH, "/v1.0/state/store") == nil)
        #expect(template(.DELETE, "/v1.0/state/store") == nil)
    }

    @Test func `a topic may hold slashes`() throws {
        let match = try #require(router.match(.POST, "/v1.0/publish/bus/a/b/c"))
        #expect(match.parameters == ["bus", "a/b/c"])
    }
}

@Suite struct RequestDecodingTests {
    @Test func `values keep the bytes that came in`() throws {
        let body = ByteBuffer(string: #" [ {"key":"a", "value": {"n": 1.2300e5 , "s":"é"} , "etag":"7"} , {"value":[1, 2],"key":"b"} ] "#)
        let writes = try StateRequestDecoding.writes(body)
        #expect(writes.map(\.key) == ["a", "b"])
        #expect(String(buffer: writes[0].value) == #"{"n": 1.2300e5 , "s":"é"}"#)
        #expect(writes[0].etag == "7")
        #expect(String(buffer: writes[1].value) == "[1, 2]")
    }

    @Test(arguments: [
        "", "{", "{}", "[", "[{}]", #"[{"key":1}]"#, #"[{"key":"a","etag":5}]"#, #"[{"key":"a","metadata":[]}]"#,
        #"[{"key":"a","options":{"concurrency":"sometimes"}}]"#, #"[{"key":"a"}] x"#,
    ])
    func `a body of another form is refused`(body: String) {
        #expect(throws: (any Error).self) { try StateRequestDecoding.writes(ByteBuffer(string: body)) }
    }

    @Test(arguments: [("a%20b", "a b"), ("%C3%A9", "é"), ("plain", "plain"), ("%zz", nil), ("%4", nil), ("%FF", nil)])
    func `escapes are undone or refused`(text: String, expected: String?) {
        #expect(PercentCoding.decode(text) == expected)
    }

    @Test func `tokens are equal only when all of them is`() {
        #expect(constantTimeEqual("secret", "secret"))
        for other in ["", "secre", "secrets", "Secret"] { #expect(!constantTimeEqual(other, "secret")) }
    }
}
