import MechaCore
import MechaWire
import NIOCore
import NIOHTTP1
import Testing

@testable import MechaInvocation

@Suite(.timeLimit(.minutes(1))) struct LocalInvocationTests {
    @Test(arguments: [AppProtocol.http, .h2c])
    func `a call to the own app arrives as it was made and is answered as the app answers`(form: AppProtocol) async throws {
        try await TestRuntime.run { test in
            let app = test.app("me", port: try await test.listen(DemoApp.service), protocol: form, token: "app-token")
            let (_, port) = try await test.runtime(of: app)
            let (status, body, headers) = try await test.request(
                .PUT, "/v1.0/invoke/me/method/headers/x%20y?q=1", port: port,
                headers: ["X-Custom": "1", "dapr-api-token": "client-token"], body: "abc")
            let lines = body.split(separator: "\n").map(String.init)
            #expect(status == 200)
            #expect(lines.first == "/headers/x%20y?q=1")
            #expect(lines.contains("x-custom: 1"))
            #expect(lines.contains("content-length: 3"))
            #expect(lines.contains("dapr-caller-app-id: me"))
            #expect(lines.contains("dapr-callee-app-id: me"))
            #expect(lines.contains("dapr-api-token: app-token"))
            #expect(!lines.contains { $0.contains("client-token") || $0.hasPrefix("x-forwarded") })
            #expect(headers["x-app"] == ["yes"])
            #expect(headers["keep-alive"] == [])
            #expect(test.observer.log == ["app me->me PUT /headers/x%20y?q=1 200 3/\(body.utf8.count)"])
        }
    }

    @Test func `another app of the process is called without a detour and told who forwarded`() async throws {
        try await TestRuntime.run { test in
            let apps = LocalApps()
            apps.add(test.app("other", port: try await test.listen(DemoApp.service)))
            let (_, port) = try await test.runtime(of: test.app("me", port: nil), apps: apps)
            let (status, body, _) = try await test.request("/v1.0/invoke/other/method/headers", port: port)
            #expect(status == 200)
            #expect(body.contains("dapr-caller-app-id: me\n"))
            #expect(body.contains("forwarded: for=10.0.0.9;by=10.0.0.9;host=me"))
            #expect(test.resolver.questions == 0)
        }
    }

    @Test(arguments: [204, 304, 404, 500])
    func `the app's own status passes through`(code: Int) async throws {
        try await TestRuntime.run { test in
            let (_, port) = try await test.runtime(of: test.app("me", port: try await test.listen(DemoApp.service)))
            let (status, body, _) = try await test.request("/v1.0/invoke/me/method/status/\(code)", port: port)
            #expect(status == code)
            #expect(body == (code == 204 || code == 304 ? "" : "from the app"))
        }
    }

    @Test func `HEAD has the length of the body that GET would have`() async throws {
        try await TestRuntime.run { test in
            let (_, port) = try await test.runtime(of: test.app("me", port: try await test.listen(DemoApp.service)))
            let (status, body, headers) = try await test.request(.HEAD, "/v1.0/invoke/me/method/status/200", port: port)
            #expect(status == 200)
            #expect(body == "")
            #expect(headers["content-length"] == ["12"])
        }
    }

    @Test func `what cannot be called is told by its code`() async throws {
        try await TestRuntime.run { test in
            let (_, silent) = try await test.runtime(of: test.app("me", port: nil))
            #expect(try await test.request("/v1.0/invoke/me/method/x", port: silent).body == "no-app-channel")
            #expect(try await test.request("/v1.0/invoke/a.b.c/method/x", port: silent).body == "invalid-target")
            #expect(try await test.request("/v1.0/invoke/me/method/a%00b", port: silent).body == "invalid-method")
            #expect(try await test.request("/v1.0/invoke/nobody/method/x", port: silent).body == "app-not-found")
            let (_, dead) = try await test.runtime(of: test.app("me", port: 1))
            #expect(try await test.request("/v1.0/invoke/me/method/x", port: dead).body == "unavailable")
        }
    }

    @Test func `an unhealthy app is not called`() async throws {
        try await TestRuntime.run { test in
            var probes = AppProbeOptions()
            probes.isEnabled = true
            probes.threshold = 1
            let address = AppAddress(appID: "me")
            let port = try await test.listen(DemoApp.service)
            let app = LocalApp(
                address: address, channel: HTTPAppChannel(AppEndpoint(app: address, port: port), client: test.client), probes: probes)
            let (invoker, runtime) = try await test.runtime(of: app)
            #expect(try await test.request("/v1.0/invoke/me/method/status/200", port: runtime).body == "app-unhealthy")
            app.health?.note(isHealthy: true)
            #expect(try await test.request("/v1.0/invoke/me/method/status/200", port: runtime).status == 200)
            app.health?.note(isHealthy: false)
            await #expect(throws: InvocationError.self) {
                try await invoker.invoke(AppRequest(.GET, try MethodPath("/status/200")), at: .app(address))
            }
        }
    }

    @Test func `a caller that leaves ends the call to the app`() async throws {
        try await TestRuntime.run { test in
            let began = test.loops.contexts[0].loop.makePromise(of: Void.self)
            let ended = test.loops.contexts[0].loop.makePromise(of: Void.self)
            let appPort = try await test.listen(
                TestService { exchange in
                    exchange.run { exchange in
                        began.succeed()
                        try? await Task.sleep(for: .seconds(30))
                        if exchange.failure != nil { ended.succeed() }
                    }
                })
            let (_, port) = try await test.runtime(of: test.app("me", port: appPort, protocol: .h2c))
            let caller = Task { try await test.request("/v1.0/invoke/me/method/hang", port: port) }
            try await began.futureResult.get()
            caller.cancel()
            try await ended.futureResult.get()
            #expect(test.observer.log.last?.hasSuffix("cancelled") == true)
        }
    }

    @Test func `a body beyond its limit is refused while it streams`() async throws {
        try await TestRuntime.run { test in
            let (_, port) = try await test.runtime(
                of: test.app("me", port: try await test.listen(DemoApp.service)), bodyBytesAtMost: 10)
            let large = String(repeating: "x", count: 100)
            #expect(try await test.request(.POST, "/v1.0/invoke/me/method/count", port: port, body: large).body == "too-large")
            #expect(try await test.request(.POST, "/v1.0/invoke/me/method/count", port: port, body: "0123456789").body == "10")
        }
    }

    @Test func `calls beyond the app's concurrency wait and are all served`() async throws {
        try await TestRuntime.run(loops: 2) { test in
            let inside = test.loops.contexts[0].loop.makePromise(of: Void.self)
            let release = test.loops.contexts[0].loop.makePromise(of: Void.self)
            let appPort = try await test.listen(
                TestService { exchange in
                    inside.succeed()
                    exchange.run { exchange in
                        try? await release.futureResult.get()
                        exchange.respond(status: .ok, body: ByteBuffer(string: "served"))
                    }
                })
            let app = test.app("me", port: appPort, maxConcurrency: 1)
            let (invoker, port) = try await test.runtime(of: app)
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<5 { group.addTask { try await test.request("/v1.0/invoke/me/method/x", port: port).body } }
                group.addTask {
                    let response = try await invoker.invoke(AppRequest(.GET, try MethodPath("/x")), at: .app(app.address))
                    return String(buffer: response.body)
                }
                try await inside.futureResult.get()
                release.succeed()
                for try await body in group { #expect(body == "served") }
            }
        }
    }

    @Test func `a call in memory brings back what the app says`() async throws {
        try await TestRuntime.run { test in
            let app = test.app("me", port: try await test.listen(DemoApp.service), token: "t")
            let (invoker, _) = try await test.runtime(of: app)
            let request = AppRequest(
                .POST, try MethodPath("headers", query: "a=b"), headers: ["grpc-timeout": "1S", "x": "y"], carriesMetadata: true,
                contentType: "text/plain", body: ByteBuffer(string: "abc"))
            let response = try await invoker.invoke(request, at: .app(app.address))
            let lines = String(buffer: response.body).split(separator: "\n").map(String.init)
            #expect(lines.first == "/headers?a=b")
            #expect(lines.contains("dapr-grpc-timeout: 1S"))
            #expect(lines.contains("content-type: text/plain"))
            #expect(lines.contains("dapr-api-token: t"))
            #expect(response.headers["x-app"] == ["yes"])
            await #expect(throws: InvocationError.self) {
                try await invoker.invoke(AppRequest(nil, try MethodPath("/x")), at: .app(app.address))
            }
        }
    }
}
