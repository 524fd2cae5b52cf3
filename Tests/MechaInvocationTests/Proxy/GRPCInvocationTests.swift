import MechaCore
import MechaProto
import MechaWire
import NIOCore
import NIOHTTP1
import SwiftProtobuf
import Testing

@testable import MechaInvocation

@Suite(.timeLimit(.minutes(1))) struct GRPCInvocationTests {
    /// An app that serves AppCallback and, as a service of its own, the health service.
    private func app(_ test: TestRuntime, _ id: String, token: String? = nil) async throws -> LocalApp {
        var router = GRPCRouter()
        router.unary(AppCallbackMethods.onInvoke) { request, call in
            if request.method == "fail" {
                var status = GRPCStatus(.notFound, "no such thing")
                status.attach(Google_Rpc_ErrorInfo.with { $0.reason = "GONE" })
                throw status
            }
            var metadata = GRPCMetadata()
            metadata.add("x-answer", "42")
            call.responseMetadata = metadata
            let names = call.metadata.map { "\($0.name)=\($0.value)" }.filter { !$0.hasPrefix("user-agent") }.sorted()
            let text = """
                \(request.method)|\(request.httpExtension.verb)|\(request.httpExtension.querystring)|\(request.contentType)|\
                \(request.data.typeURL)|\(String(decoding: request.data.value, as: UTF8.self))|\(names.joined(separator: ","))
                """
            return .with {
                $0.contentType = "text/plain"
                $0.data.typeURL = request.data.typeURL
                $0.data.value = .init(text.utf8)
            }
        }
        router.unary(AppCallbackHealthCheckMethods.healthCheck) { _, _ in .init() }
        router.unary(HealthMethods.check) { request, call in
            var trailing = GRPCMetadata()
            trailing.add("caller", call.metadata["dapr-caller-app-id"] ?? "")
            trailing.add("token", call.metadata["dapr-api-token"] ?? "")
            call.trailingMetadata = trailing
            if request.service == "none" { throw GRPCStatus(.notFound, "unknown service") }
            return .with { $0.status = .serving }
        }
        return test.app(id, port: try await test.listen(router), protocol: .grpc, token: token)
    }

    @Test func `an HTTP caller reaches a gRPC app by OnInvoke`() async throws {
        try await TestRuntime.run { test in
            let (_, port) = try await test.runtime(of: try await app(test, "me", token: "t"))
            let (status, body, headers) = try await test.request(
                .PUT, "/v1.0/invoke/me/method/orders/new?a=b", port: port,
                headers: ["Content-Type": "text/x", "Accept": "a", "x-custom": "1", "grpc-foo": "2"], body: "hello")
            #expect(status == 200)
            #expect(
                body == "orders/new|put|a=b|text/x||hello|"
                    + "dapr-accept=a,dapr-api-token=t,dapr-callee-app-id=me,dapr-caller-app-id=me,dapr-content-length=5,"
                    + "dapr-content-type=text/x,dapr-grpc-foo=2,x-custom=1")
            #expect(headers["content-type"] == ["text/plain"])
            #expect(headers["x-answer"] == ["42"])
        }
    }

    @Test func `a gRPC app's status becomes one of HTTP, with the status as JSON`() async throws {
        try await TestRuntime.run { test in
            let (_, port) = try await test.runtime(of: try await app(test, "me"))
            let (status, body, headers) = try await test.request("/v1.0/invoke/me/method/fail", port: port)
            #expect(status == 404)
            #expect(headers["content-type"] == ["application/json"])
            let json = try JSON.parse(body)
            #expect(json["code"] == .number("5"))
            #expect(json["message"] == .string("no such thing"))
        }
    }

    @Test(arguments: [false, true])
    func `InvokeService reaches a gRPC app with its metadata and type, near and far`(isRemote: Bool) async throws {
        try await TestRuntime.run { test in
            let callee = try await app(test, "callee")
            let apps = LocalApps()
            if isRemote { test.resolver.set(callee.address, [try await test.peer(callee)]) } else { apps.add(callee) }
            let (invoker, _) = try await test.runtime(of: test.app("caller", port: nil), apps: apps)
            let request = AppRequest(
                nil, try MethodPath("do"), headers: ["x-bin": "AQI=", "accept": "kept"], carriesMetadata: true, contentType: "app/x",
                body: ByteBuffer(string: "bytes"), typeURL: "type.test/T")
            let response = try await invoker.invoke(request, at: .app(callee.address))
            guard case .grpc(let status) = response.outcome else {
                Issue.record("not a gRPC outcome")
                return
            }
            #expect(status.code == .ok)
            #expect(response.typeURL == "type.test/T")
            #expect(response.contentType == "text/plain")
            let fields = String(buffer: response.body).split(separator: "|", omittingEmptySubsequences: false)
            #expect(fields.prefix(6).joined(separator: "|") == "do|\(isRemote ? "none" : "none")||app/x|type.test/T|bytes")
            let metadata = fields[6].split(separator: ",")
            for expected in ["x-bin=AQI=", "accept=kept", "dapr-caller-app-id=caller"] {
                #expect(metadata.contains { $0 == expected }, "\(expected)")
            }
            let failed = try await invoker.invoke(AppRequest(.GET, try MethodPath("fail")), at: .app(callee.address))
            guard case .grpc(let failure) = failed.outcome else {
                Issue.record("not a gRPC outcome")
                return
            }
            #expect(failure.code == .notFound)
            #expect(failure.message == "no such thing")
            #expect(failure.details.count == 1)
        }
    }

    @Test(arguments: [false, true])
    func `calls of the app's own services pass through with status and trailers, near and far`(isRemote: Bool) async throws {
        try await TestRuntime.run { test in
            let callee = try await app(test, "callee", token: "t")
            let apps = LocalApps()
            if isRemote { test.resolver.set(callee.address, [try await test.peer(callee)]) } else { apps.add(callee) }
            let (invoker, _) = try await test.runtime(of: test.app("caller", port: nil), apps: apps)
            let proxy = try await test.listen(
                TestService { exchange in
                    guard let method = try? MethodPath(target: exchange.head.uri) else { return exchange.respond(status: .badRequest) }
                    let call = StreamedCall(exchange, kind: .grpcProxy, method: method) { exchange, error in
                        exchange.respond(status: .internalServerError, body: ByteBuffer(string: "\(error.code)"))
                    }
                    invoker.forward(call, to: .app(callee.address))
                })
            let client = GRPCClient(test.client, origin: Origin(.tcp(host: "127.0.0.1", port: proxy)))
            let response = try await client.unary(HealthMethods.check, .init())
            #expect(response.message.status == .serving)
            #expect(response.trailingMetadata["caller"] == "caller")
            #expect(response.trailingMetadata["token"] == "t")
            do {
                _ = try await client.unary(HealthMethods.check, .with { $0.service = "none" })
                Issue.record("the call succeeded")
            } catch let status as GRPCStatus {
                #expect(status.code == .notFound)
                #expect(status.message == "unknown service")
            }
        }
    }

    @Test func `an HTTP app cannot serve gRPC calls`() async throws {
        try await TestRuntime.run { test in
            let app = test.app("me", port: try await test.listen(DemoApp.service))
            let failed = test.loops.contexts[0].loop.makePromise(of: InvocationError.Code.self)
            let port = try await test.listen(
                TestService { exchange in
                    guard let method = try? MethodPath("/a.B/C") else { return }
                    app.forward(
                        StreamedCall(exchange, kind: .grpcProxy, method: method) { exchange, error in
                            failed.succeed(error.code)
                            exchange.respond(status: .badGateway)
                        })
                })
            _ = try await test.request("/", port: port)
            #expect(try await failed.futureResult.get() == .protocolMismatch)
        }
    }

    @Test func `a gRPC app is probed by its health RPC`() async throws {
        try await TestRuntime.run { test in
            let healthy = try await app(test, "me")
            #expect(await healthy.channel?.probe(path: "/healthz", timeout: .seconds(5)) == 200)
            #expect(await healthy.channel?.isReachable(timeout: .seconds(5)) == true)
            let without = test.app("other", port: try await test.listen(GRPCRouter()), protocol: .grpc)
            #expect(await without.channel?.probe(path: "/healthz", timeout: .seconds(5)) == 503)
            let gone = test.app("gone", port: 1, protocol: .grpc)
            #expect(await gone.channel?.probe(path: "/healthz", timeout: .seconds(5)) == nil)
            #expect(await gone.channel?.isReachable(timeout: .seconds(5)) == false)
        }
    }
}
