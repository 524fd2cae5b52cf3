import MechaCore
import MechaTestKit
import Testing

@testable import MechaInvocation

@Suite struct InvocationTargetTests {
    private func parse(_ text: String) throws(InvocationError) -> InvocationTarget {
        try InvocationTarget.parse(text, namespace: "own") { $0 == "weather" || $0 == "api.example" }
    }

    @Test(arguments: [
        ("orders", InvocationTarget.app(AppAddress(appID: "orders", namespace: "own"))),
        ("orders.prod", .app(AppAddress(appID: "orders", namespace: "prod"))),
        ("Orders-1_a", .app(AppAddress(appID: "Orders-1_a", namespace: "own"))),
        ("weather", .endpoint("weather")),
        ("api.example", .endpoint("api.example")),
    ])
    func `a name is an app or an endpoint`(text: String, expected: InvocationTarget) throws {
        #expect(try parse(text) == expected)
    }

    @Test(arguments: [
        ("http://example.org", false, "example.org", 80, ""), ("https://example.org", true, "example.org", 443, ""),
        ("HTTPS://example.org:8443/api/v1/", true, "example.org", 8443, "/api/v1"),
        ("http%3A%2F%2Fexample.org%3A81", false, "example.org", 81, ""), ("http:/example.org", false, "example.org", 80, ""),
        ("http://[::1]:5000/x", false, "::1", 5000, "/x"), ("http://a.b/c/../d//e", false, "a.b", 80, "/d/e"),
    ])
    func `a URL is taken apart`(text: String, isSecure: Bool, host: String, port: Int, basePath: String) throws {
        guard case .url(let url) = try parse(text) else {
            Issue.record("not a URL")
            return
        }
        #expect(url.isSecure == isSecure)
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.basePath == basePath)
    }

    @Test(arguments: [
        "", "a.b.c", ".a", "a.", "a b", "a/b", "a%", "a%2", "a%zz", "ä", String(repeating: "a", count: 300), "http://", "http://:80",
        "http://user@host", "http://host:0", "http://host:99999", "http://host:8x", "http://host?x", "http://host#x", "http://ho st",
        "http://[::1", "http://[::1]x", "http://host:+80",
    ])
    func `what is neither is refused`(text: String) {
        #expect(throws: InvocationError.self) { try parse(text) }
    }

    @Test func `random text never does more than fail`() {
        var generator = SeededGenerator(seed: 7)
        let alphabet = Array("ahtp:/.%25[]?#@\\\0 é-_2F".unicodeScalars)
        for _ in 0..<5_000 {
            var text = Bool.random(using: &generator) ? "http://" : ""
            for _ in 0..<Int.random(in: 0...20, using: &generator) {
                text.unicodeScalars.append(alphabet.randomElement(using: &generator)!)
            }
            guard let target = try? parse(text) else { continue }
            if case .url(let url) = target {
                #expect(!url.host.isEmpty && !url.host.contains(where: { " /?#@\0".contains($0) }))
                #expect(url.basePath.isEmpty || url.basePath.hasPrefix("/"))
            }
        }
    }
}
