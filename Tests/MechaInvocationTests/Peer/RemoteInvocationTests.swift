import MechaCore
import MechaWire
import NIOCore
import NIOHTTP1
import Testing

@testable import MechaInvocation

@Suite(.timeLimit(.minutes(1))) struct RemoteInvocationTests {
    private let quick = InvocationRetry(retriesAtMost: 3, interval: .milliseconds(20))

    @Test func `a call to an app behind another runtime arrives with all that belongs to it`() async throws {
        try await TestRuntime.run(loops: 2) { test in
            let callee = test.app("callee", port: try await test.listen(DemoApp.service), token: "callee-token")
            test.resolver.set(callee.address, [try await test.peer(callee)])
            let (_, port) = try await test.runtime(of: test.app("caller", port: nil))
            let (status, body, headers) = try await test.request(
                .POST, "/v1.0/invoke/callee/method/headers?a=b", port: port, headers: ["X-Custom": "1", "dapr-api-token": "mine"],
                body: "hello")
            let lines = body.split(separator: "\n").map(String.init)
            #expect(status == 200)
            #expect(lines.first == "/headers?a=b")
            for line in [
                "x-custom: 1", "content-length: 5", "dapr-caller-app-id: caller", "dapr-callee-app-id: callee",
                "dapr-api-token: callee-token", "x-forwarded-for: 10.0.0.9", "x-forwarded-host: me",
                "forwarded: for=10.0.0.9;by=10.0.0.9;host=me",
            ] { #expect(lines.contains(line), "\(line)") }
            #expect(!lines.contains { $0.hasPrefix("mecha-") || $0.contains("mine") })
            #expect(headers["x-app"] == ["yes"])
            #expect(!headers.contains { $0.name.hasPrefix("mecha-") })
            #expect(test.resolver.questions == 1)
            _ = try await test.request("/v1.0/invoke/callee/method/headers", port: port)
        }
    }

    @Test func `statuses, failures and refusals come back as what they are`() async throws {
        try await TestRuntime.run { test in
            let callee = test.app("callee", port: try await test.listen(DemoApp.service))
            let silent = test.app("silent", port: nil)
            let peer = try await test.peer(callee, silent) { caller, callee, call in
                call.method.path == "/secret" ? InvocationError(.denied, "\(caller?.appID ?? "") may not: 100 %") : nil
            }
            for id in ["callee", "silent", "elsewhere"] { test.resolver.set(AppAddress(appID: id), [peer]) }
            let (invoker, port) = try await test.runtime(of: test.app("caller", port: nil))
            #expect(try await test.request("/v1.0/invoke/callee/method/status/404", port: port).status == 404)
            #expect(try await test.request("/v1.0/invoke/silent/method/x", port: port).body == "no-app-channel")
            #expect(try await test.request("/v1.0/invoke/elsewhere/method/x", port: port).body == "app-not-found")
            #expect(try await test.request("/v1.0/invoke/callee/method/secret", port: port).body == "denied")
            do {
                _ = try await invoker.invoke(AppRequest(.GET, try MethodPath("/secret")), at: .app(callee.address))
                Issue.record("the call was let in")
            } catch let error as InvocationError {
                #expect(error.code == .denied)
                #expect(error.message == "caller may not: 100 %")
            }
        }
    }

    @Test func `addresses are asked for several times while nobody knows the app`() async throws {
        try await TestRuntime.run { test in
            let (_, port) = try await test.runtime(of: test.app("caller", port: nil))
            #expect(try await test.request("/v1.0/invoke/nobody/method/x", port: port).body == "app-not-found")
            #expect(test.resolver.questions == 5)
        }
    }

    @Test func `a dead runtime is passed over for a living one`() async throws {
        try await TestRuntime.run { test in
            let callee = test.app("callee", port: try await test.listen(DemoApp.service))
            let alive = try await test.peer(callee)
            test.resolver.set(callee.address, [PeerEndpoint(host: "127.0.0.1", port: 1), alive])
            let (invoker, port) = try await test.runtime(of: test.app("caller", port: nil), retry: quick)
            for _ in 0..<4 {
                #expect(try await test.request(.POST, "/v1.0/invoke/callee/method/count", port: port, body: "abc").body == "3")
                let request = AppRequest(.POST, try MethodPath("/count"), body: ByteBuffer(string: "abcd"))
                #expect(String(buffer: try await invoker.invoke(request, at: .app(callee.address)).body) == "4")
            }
        }
    }

    @Test func `a runtime that comes back is found at its new address`() async throws {
        try await TestRuntime.run { test in
            let callee = test.app("callee", port: try await test.listen(DemoApp.service))
            test.resolver.set(callee.address, [PeerEndpoint(host: "127.0.0.1", port: 1)])
            let patient = InvocationRetry(retriesAtMost: 1_000, interval: .milliseconds(20))
            let (_, port) = try await test.runtime(of: test.app("caller", port: nil), retry: patient)
            async let pending = test.request("/v1.0/invoke/callee/method/status/200", port: port)
            while test.resolver.questions == 0 { await Task.yield() }
            test.resolver.set(callee.address, [try await test.peer(callee)])
            #expect(try await pending.status == 200)
        }
    }

    @Test func `a call to nobody alive fails after its retries`() async throws {
        try await TestRuntime.run { test in
            test.resolver.set(AppAddress(appID: "callee"), [PeerEndpoint(host: "127.0.0.1", port: 1)])
            let (_, port) = try await test.runtime(of: test.app("caller", port: nil), retry: quick)
            #expect(try await test.request("/v1.0/invoke/callee/method/x", port: port).body == "unavailable")
            #expect(test.resolver.questions == 4)
        }
    }

    @Test func `megabytes stream through two runtimes`() async throws {
        try await TestRuntime.run(loops: 2) { test in
            let callee = test.app("callee", port: try await test.listen(DemoApp.service))
            test.resolver.set(callee.address, [try await test.peer(callee)])
            let (_, port) = try await test.runtime(of: test.app("caller", port: nil))
            let body = String(repeating: "0123456789", count: 300_000)
            let (status, echoed, _) = try await test.request(.POST, "/v1.0/invoke/callee/method/echo", port: port, body: body)
            #expect(status == 200)
            #expect(echoed == body)
        }
    }

    @Test func `an HTTPEndpoint is called with its headers below its path, and hears nothing of apps`() async throws {
        try await TestRuntime.run { test in
            let outside = try await test.listen(DemoApp.service)
            let (invoker, port) = try await test.runtime(of: test.app("caller", port: nil)) { name in
                guard name == "weather", let url = try? ServiceURL("http://127.0.0.1:\(outside)/headers/") else { return nil }
                return HTTPEndpoint(name: "weather", url: url, headers: [.init("X-Key", "k")])
            }
            let (status, body, _) = try await test.request(
                "/v1.0/invoke/weather/method/today?q=1", port: port, headers: ["x-key": "forged", "dapr-app-id": "weather"])
            let lines = body.split(separator: "\n").map(String.init)
            #expect(status == 200)
            #expect(lines.first == "/headers/today?q=1")
            #expect(lines.filter { $0.hasPrefix("x-key") } == ["x-key: k"])
            #expect(lines.contains("host: 127.0.0.1:\(outside)"))
            #expect(!lines.contains { $0.hasPrefix("dapr-") })

            let plain = try await test.request("/v1.0/invoke/http://127.0.0.1:\(outside)/method/headers", port: port)
            #expect(plain.body.hasPrefix("/headers\n"))
            let response = try await invoker.invoke(AppRequest(.GET, try MethodPath("/x")), at: .endpoint("weather"))
            #expect(String(buffer: response.body).hasPrefix("/headers/x\n"))
            #expect(try await test.request("/v1.0/invoke/http://127.0.0.1:1/method/x", port: port).body == "unavailable")
        }
    }
}
