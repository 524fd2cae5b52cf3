import MechaCore
import MechaTestKit
import Testing

@testable import MechaInvocation

@Suite struct MethodPathTests {
    @Test(arguments: [
        ("/orders", "", "/orders"), ("orders", "", "/orders"), ("", "", "/"), ("/", "", "/"), ("//a///b/", "", "/a/b"),
        ("/a/./b", "", "/a/b"), ("/a/../b", "", "/b"), ("/../../etc", "", "/etc"), ("/a/%2e%2E/b", "", "/b"), ("/a%20b", "", "/a%20b"),
        ("/a%2Fb", "", "/a%2Fb"), ("/ü", "", "/ü"), ("/.well-known/x", "", "/.well-known/x"), ("/a", "x=1&y=%23", "/a?x=1&y=%23"),
        ("/a%E9", "", "/a%E9"), ("/a", "q=?", "/a?q=?"), ("/a/\u{301}/../b", "", "/a/b"), ("/\u{301}", "x", "/\u{301}?x"),
        ("/a/b/", "x=1", "/a/b?x=1"),
    ])
    func `a path is cleaned and keeps its escapes`(path: String, query: String, target: String) throws {
        let method = try MethodPath(path, query: query)
        #expect(method.target == target)
        #expect(method.path == target.prefix { $0 != "?" })
        #expect(method.query == query)
    }

    @Test(arguments: ["/a#b", "/a%23b", "/a?b", "/a%3Fb", "/a\0", "/a%00", "/a%0ab", "/a%7f", "/a\tb", "/a b", "/a%", "/a%2", "/a%gg"])
    func `a path with what would change its meaning is refused`(path: String) {
        #expect(throws: InvocationError.self) { try MethodPath(path) }
    }

    @Test(arguments: ["a b", "a#b", "a\r\nb", "\u{7f}"])
    func `a query that would break the request line is refused`(query: String) {
        #expect(throws: InvocationError.self) { try MethodPath("/a", query: query) }
    }

    @Test func `cleaning twice changes nothing, and nothing climbs out`() throws {
        var generator = SeededGenerator(seed: 7)
        let parts = ["a", "..", ".", "", "%2e", "%2E%2e", "b%20c", "...", "%2f"]
        for _ in 0..<2_000 {
            let text = (0..<Int.random(in: 0...8, using: &generator)).map { _ in parts.randomElement(using: &generator)! }
                .joined(separator: "/")
            let once = try MethodPath(text)
            #expect(try MethodPath(target: once.target) == once)
            #expect(!once.target.split(separator: "/").contains { PercentCoding.decode(String($0)) == ".." })
            #expect(once.target.hasPrefix("/") && !once.target.contains("//"))
        }
    }
}
