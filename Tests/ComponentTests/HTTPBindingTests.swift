import Logging
import MechaCore
import MechaTestKit
import MechaWire
import NIOCore
import NIOHTTP1
import Testing

@testable import MechaHTTPBinding

/// Says what it was asked; `/status/<n>` answers with that status, `/redirect/<n>` with n redirects,
/// `/to?<url>` with one to a URL, `/many/<n>` with n bytes, `/never` not at all.
private struct EchoService: HTTPService {
    func handle(_ exchange: ServerExchange) {
        exchange.run { exchange in
            var body = ByteBuffer()
            while let chunk = try? await exchange.nextBodyChunk() { body.writeImmutableBuffer(chunk) }
            let parts = exchange.head.uri.split(separator: "/").map(String.init)
            switch parts.first {
            case "status":
                exchange.respond(
                    status: .init(statusCode: Int(parts[1]) ?? 500), headers: ["x-many": "1", "X-Many": "2"],
                    body: ByteBuffer(string: "said"))
            case "redirect":
                let left = Int(parts[1]) ?? 0
                let code = parts.count > 2 ? Int(parts[2]) ?? 302 : 302
                let next = left > 1 ? "/redirect/\(left - 1)/\(code)" : "/end"
                exchange.respond(status: .init(statusCode: code), headers: ["location": next])
            case "many": exchange.respond(status: .ok, body: ByteBuffer(repeating: 0x61, count: Int(parts[1]) ?? 0))
            case "never": try? await Task.sleep(for: .seconds(60))
            case let first? where first.hasPrefix("to?"):
                exchange.respond(status: .temporaryRedirect, headers: ["location": String(exchange.head.uri.dropFirst(4))])
            default:
                let headers = exchange.head.headers.map { "\($0.name.lowercased()): \($0.value)" }.sorted().joined(separator: "\n")
                exchange.respond(
                    status: .ok, headers: ["content-type": "text/plain"],
                    body: ByteBuffer(string: "\(exchange.head.method) \(exchange.head.uri)\n\(headers)\n\n\(String(buffer: body))"))
            }
        }
    }
}

@Suite struct HTTPBindingTests {
    private static let loops = EventLoops(count: 2)

    private func listen(_ tls: ServerTLS? = nil) async throws -> HTTPListener {
        var options = ListenerOptions(.tcp(host: "127.0.0.1", port: 0))
        options.tls = tls
        return try await HTTPListener.start(options, loops: Self.loops, service: EchoService())
    }

    private func with(
        _ metadata: [String: String] = [:], path: String = "", _ body: (HTTPBinding, Int) async throws -> Void
    ) async throws {
        let listener = try await listen()
        let port = listener.port ?? 0
        let binding = try make(["url": "http://127.0.0.1:\(port)\(path)"].merging(metadata) { $1 })
        try await binding.start()
        do {
            try await body(binding, port)
        } catch {
            await binding.close()
            await listener.close()
            throw error
        }
        await binding.close()
        await listener.close()
    }

    private func make(_ metadata: [String: String]) throws -> HTTPBinding {
        let environment = ComponentEnvironment(
            name: "http", eventLoopGroup: Self.loops.group, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            dataDirectory: "/nonexistent", appID: "app")
        return try #require(try HTTPBinding.descriptor.make(ComponentMetadata(metadata), environment) as? HTTPBinding)
    }

    private func invoke(
        _ binding: HTTPBinding, _ operation: String, _ metadata: [String: String] = [:], data: String = ""
    ) async throws -> (text: String, metadata: [String: String]) {
        let response = try await binding.invoke(BindingRequest(operation: operation, data: ByteBuffer(string: data), metadata: metadata))
        return (response.data.map { String(buffer: $0) } ?? "", response.metadata)
    }

    private func failure(_ binding: HTTPBinding, _ operation: String, _ metadata: [String: String] = [:]) async -> CapabilityError? {
        await #expect(throws: CapabilityError.self) { _ = try await invoke(binding, operation, metadata) }
    }

    @Test(arguments: [
        ("create", "POST", true), ("post", "POST", true), ("put", "PUT", true), ("patch", "PATCH", true), ("get", "GET", false),
        ("delete", "DELETE", false), ("options", "OPTIONS", false), ("trace", "TRACE", false), ("GET", "GET", false),
    ])
    func `every operation is its verb`(_ operation: String, _ verb: String, _ hasBody: Bool) async throws {
        try await with(path: "/base") { binding, _ in
            let (text, metadata) = try await invoke(binding, operation, data: "payload")
            #expect(text.hasPrefix("\(verb) /base\n"))
            #expect(text.hasSuffix(hasBody ? "\n\npayload" : "\n\n"))
            #expect(text.contains("accept: application/json; charset=utf-8"))
            #expect(text.contains("content-type: application/json; charset=utf-8") == hasBody)
            #expect(metadata["statusCode"] == "200" && metadata["status"] == "200 OK" && metadata["Content-Type"] == "text/plain")
        }
    }

    @Test func `a head request has a status and no body`() async throws {
        try await with { binding, _ in
            let (text, metadata) = try await invoke(binding, "head")
            #expect(text.isEmpty && metadata["statusCode"] == "200")
        }
    }

    @Test(arguments: [
        ("", "", "/"), ("", "a/b", "/a/b"), ("/base/", "/x", "/base/x"), ("/base", "x?q=1", "/base/x?q=1"), ("/base?q=1", "", "/base?q=1"),
    ])
    func `the path follows the url`(_ base: String, _ path: String, _ target: String) async throws {
        try await with(path: base) { binding, _ in
            let (text, _) = try await invoke(binding, "get", ["path": path])
            #expect(text.hasPrefix("GET \(target)\n"))
        }
    }

    @Test func `capital letters make headers and the runtime's trace goes before`() async throws {
        try await with(["securityToken": "t0ken", "securityTokenHeader": "X-Token"]) { binding, _ in
            let (text, _) = try await invoke(
                binding, "post",
                [
                    "Content-Type": "text/csv", "X-Own": "1", "ignored": "2", "Traceparent": "app", "traceparent": "runtime",
                    "tracestate": "state",
                    "baggage": "k=v",
                ])
            #expect(text.contains("content-type: text/csv\n") && text.contains("x-own: 1\n") && text.contains("x-token: t0ken\n"))
            #expect(text.contains("traceparent: runtime\n") && text.contains("tracestate: state") && text.contains("baggage: k=v\n"))
            #expect(!text.contains("ignored") && !text.contains("traceparent: app"))
        }
    }

    @Test func `a user in the url logs in`() async throws {
        let listener = try await listen()
        let binding = try make(["url": "http://me:p%40ss@127.0.0.1:\(listener.port ?? 0)"])
        try await binding.start()
        let (text, _) = try await invoke(binding, "get")
        #expect(text.contains("authorization: Basic \(Base64.encode("me:p@ss".utf8))\n"))
        await binding.close()
        await listener.close()
    }

    @Test func `other statuses are errors unless that is turned off`() async throws {
        try await with { binding, _ in
            let error = await failure(binding, "get", ["path": "status/404"])
            #expect(error?.message == "received status code 404")
            let (text, metadata) = try await invoke(binding, "get", ["path": "status/404", "errorIfNot2XX": "false"])
            #expect(text == "said" && metadata["statusCode"] == "404" && metadata["status"] == "404 Not Found")
            #expect(metadata["X-Many"] == "1, 2")
            let (_, created) = try await invoke(binding, "get", ["path": "status/201"])
            #expect(created["statusCode"] == "201")
            #expect(await failure(binding, "get", ["errorIfNot2XX": "perhaps"])?.code == .invalidArgument)
        }
        try await with(["errorIfNot2XX": "false"]) { binding, _ in
            let (_, metadata) = try await invoke(binding, "get", ["path": "status/500"])
            #expect(metadata["statusCode"] == "500")
            #expect(await failure(binding, "get", ["path": "status/500", "errorIfNot2XX": "true"])?.code == .backend)
        }
    }

    @Test func `redirects are followed, ten of them`() async throws {
        try await with { binding, port in
            let (text, _) = try await invoke(binding, "post", ["path": "redirect/10"], data: "x")
            #expect(text.hasPrefix("GET /end\n"))
            #expect(await failure(binding, "get", ["path": "redirect/11"])?.message.contains("redirected") == true)
            let (kept, _) = try await invoke(binding, "post", ["path": "redirect/1/307"], data: "body")
            #expect(kept.hasPrefix("POST /end\n") && kept.hasSuffix("\n\nbody"))
            let (elsewhere, _) = try await invoke(
                binding, "get", ["path": "to?http://localhost:\(port)/other", "Authorization": "secret", "X-Own": "1"])
            #expect(elsewhere.hasPrefix("GET /other\n") && !elsewhere.contains("secret") && elsewhere.contains("x-own: 1"))
            #expect(await failure(binding, "get", ["path": "to?ftp://x"])?.code == .backend)
        }
    }

    @Test func `time and size of a response are bounded`() async throws {
        try await with(["responseTimeout": "100ms", "maxResponseBodySize": "1Ki"]) { binding, _ in
            #expect(await failure(binding, "get", ["path": "never"])?.code == .timeout)
            let (text, _) = try await invoke(binding, "get", ["path": "many/1024"])
            #expect(text.utf8.count == 1024)
            #expect(await failure(binding, "get", ["path": "many/1025"])?.code == .resourceExhausted)
        }
        try await with(["maxResponseBodySize": "0"]) { binding, _ in
            let (text, _) = try await invoke(binding, "get", ["path": "many/6000000"])
            #expect(text.utf8.count == 6_000_000)
        }
    }

    @Test func `requests that make no sense are refused`() async throws {
        try await with { binding, _ in
            #expect(await failure(binding, "fetch")?.code == .unsupported)
            #expect(await failure(binding, "get", ["X-Bad": "a\r\nInjected: 1"])?.code == .invalidArgument)
            #expect(await failure(binding, "get", ["Bad Name": "1"])?.code == .invalidArgument)
            #expect(await failure(binding, "get", ["path": "a b"])?.code == .invalidArgument)
            await binding.close()
            #expect(await failure(binding, "get")?.code == .closed)
        }
    }

    @Test func `an endpoint that is away is unavailable`() async throws {
        let binding = try make(["url": "http://127.0.0.1:\(try LoopbackPort.free())"])
        try await binding.start()
        #expect(await failure(binding, "get")?.code == .unavailable)
        await binding.close()
    }

    @Test func `certificates are shown and checked`() async throws {
        let directory = try TemporaryDirectory()
        try await TestCertificates.make(in: directory)
        func pem(_ name: String) throws -> String { try TestCertificates.read(directory.file(name)) }
        let listener = try await listen(
            ServerTLS(certificateChain: try pem("server.pem"), privateKey: try pem("server.key"), clientRoots: try pem("ca.pem")))
        let url = "https://localhost:\(listener.port ?? 0)"
        // As paths and as text.
        for client in [(directory.file("client.pem"), directory.file("client.key")), (try pem("client.pem"), try pem("client.key"))] {
            let binding = try make([
                "url": url, "MTLSRootCA": directory.file("ca.pem"), "MTLSClientCert": client.0, "MTLSClientKey": client.1,
            ])
            try await binding.start()
            let (text, _) = try await invoke(binding, "get")
            #expect(text.hasPrefix("GET /\n"))
            await binding.close()
        }
        for metadata in [["url": url], ["url": url, "MTLSRootCA": directory.file("ca.pem")]] {
            let binding = try make(metadata)
            try await binding.start()
            #expect(await failure(binding, "get")?.code == .unavailable)
            await binding.close()
        }
        await listener.close()
    }

    @Test(
        arguments: [
            (["url": "ftp://x"], "url"), (["url": "http://"], "url"), (["url": "http://h:99999"], "url"), ([:], "url"),
            (["url": "http://h", "responseTimeout": "0"], "responseTimeout"),
            (["url": "http://h", "maxResponseBodySize": "big"], "maxResponseBodySize"),
            (["url": "http://h", "MTLSRootCA": "/nowhere"], "MTLSRootCA"),
            (["url": "http://h", "MTLSClientKey": "-----BEGIN X"], "MTLSClientCert"),
            (["url": "http://h", "MTLSRenegotiation": "RenegotiateFreelyAsClient"], "MTLSRenegotiation"),
        ] as [([String: String], String)])
    func `metadata that makes no sense is refused by name`(_ metadata: [String: String], _ field: String) {
        let error = #expect(throws: MetadataError.self) { try make(metadata) }
        #expect(error?.field == field)
    }

    @Test(arguments: [
        ("/x", "http://h:80/x"), ("x", "http://h:80/a/x"), ("//other/y", "http://other:80/y"), ("https://o", "https://o:443/"),
        ("http://[::1]:8/z?q#f", "http://[::1]:8/z?q"),
    ])
    func `locations are relative to their url`(_ location: String, _ expected: String) throws {
        let base = try #require(WebURL("http://h/a/b?q=/c/"))
        let found = try #require(base.resolved(location))
        #expect(found.origin + found.target == expected)
    }
}
