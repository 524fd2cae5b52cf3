import Testing

@testable import MechaWire

@Suite struct ServerURLTests {
    @Test func `parts are taken apart and unescaped`() throws {
        let url = try #require(ServerURL("AMQPS://us%40er:p%3Aw%25@h.example:123/v%2Fw?x=1#f"))
        #expect(url.scheme == "amqps" && url.username == "us@er" && url.password == "p:w%")
        #expect(url.host == "h.example" && url.port == 123 && url.path == "/v%2Fw")
    }

    @Test(
        arguments: [
            ("tcp://h", nil, nil, "h", nil), ("tcp://u@h", "u", nil, "h", nil), ("tcp://u:@h:1", "u", "", "h", 1),
            ("tcp://:p@h", nil, "p", "h", nil),
            ("tcp://u:a@b@h", "u", "a@b", "h", nil), ("tcp://[::1]:5", nil, nil, "::1", 5), ("tcp://[::1]", nil, nil, "::1", nil),
        ] as [(String, String?, String?, String, Int?)])
    func `logins, hosts and ports`(_ text: String, _ user: String?, _ password: String?, _ host: String, _ port: Int?) {
        let url = ServerURL(text)
        #expect(url?.username == user && url?.password == password && url?.host == host && url?.port == port)
    }

    @Test(arguments: [
        "", "h:1", "://h", "tcp://", "tcp://h:0", "tcp://h:65536", "tcp://h:x", "tcp://[::1", "tcp://[::1]x", "tcp://u%zz@h", "tcp://a b",
    ])
    func `what is no address is refused`(_ text: String) {
        #expect(ServerURL(text) == nil)
    }
}
