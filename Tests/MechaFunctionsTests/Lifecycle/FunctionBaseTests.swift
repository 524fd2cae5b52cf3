import Foundation
import MechaCore
import MechaHost
import MechaInvocation
import MechaManifest
import MechaTelemetry
import MechaTestKit
import NIOHTTP1
import Testing

@testable import MechaFunctions

@Suite(.timeLimit(.minutes(1))) struct FunctionBaseTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory(prefix: "mecha-base") }

    private func withHost(_ body: (TestHost) async throws -> Void) async throws {
        let host = TestHost(folder: folder.file("data"))
        do {
            try await body(host)
        } catch {
            await host.close()
            throw error
        }
        await host.close()
    }

    private func until(_ condition: () async throws -> Bool) async throws {
        while try await !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    private func code(_ body: () async throws -> Void) async -> FunctionBaseError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? FunctionBaseError)?.code
        }
    }

    @Test func `a deployment answers, the next takes over, a rollback brings the first back`() async throws {
        try await withHost { host in
            #expect(try await host.deploy("hello", "one").revision.number == 1)
            #expect(try await host.text("hello") == "one")
            #expect(try await host.deploy("hello", "two").revision.number == 2)
            #expect(try await host.text("hello") == "two")
            #expect(try await host.text("hello", ["mecha-revision": "1"]) == "one")
            try await host.base.rollback("prod", of: "hello", to: nil)
            #expect(try await host.text("hello") == "one")
            try await host.base.rollback("prod", of: "hello", to: 2)
            #expect(try await host.text("hello") == "two")
            #expect(await code { try await host.base.rollback("prod", of: "hello", to: 9) } == .notFound)
            #expect(await code { try await host.base.rollback("dev", of: "hello", to: nil) } == .notFound)
            try await until { host.loader.loads.count > host.loader.closes.count }
        }
    }

    @Test func `what cannot be run changes nothing`() async throws {
        try await withHost { host in
            #expect(await code { _ = try await host.deploy("hello", "broken") } == .refused)
            #expect(host.base.functions.isEmpty && host.host.apps[AppAddress(appID: "hello", namespace: "")] == nil)
            _ = try await host.deploy("hello", "one")
            #expect(await code { _ = try await host.deploy("hello", "broken") } == .refused)
            #expect(try await host.text("hello") == "one")
            #expect(try host.base.function("hello").state.lastRevision == 1)
            #expect(
                await code { _ = try await host.deploy("hello", "two") { $0.triggers = [.init(.binding(name: "b"), alias: "dev")] } }
                    == .invalid)
            #expect(try await host.text("hello") == "one")
            #expect(await code { _ = try await host.deploy("No_Name", "x") } == .invalid)
            #expect(await code { _ = try await host.base.deploy("x", digest: String(repeating: "a", count: 64), .init()) } == .notFound)
            #expect(
                await code { try await host.base.set("1x", of: "hello", weights: [1: 1], stickiness: nil, keepsStickiness: true) }
                    == .invalid)
            #expect(
                await code { try await host.base.set("prod", of: "hello", weights: [7: 1], stickiness: nil, keepsStickiness: true) }
                    == .notFound)
            #expect(await code { try await host.base.delete("helo") } == .notFound)
        }
    }

    @Test func `traffic splits by weight and sticks where asked`() async throws {
        try await withHost { host in
            _ = try await host.deploy("hello", "one")
            _ = try await host.deploy("hello", "two") { $0.percent = 10 }
            var counts: [String: Int] = [:]
            for _ in 0..<1_000 { counts[try await host.text("hello"), default: 0] += 1 }
            #expect(abs((counts["two"] ?? 0) - 100) <= 3 && counts.values.reduce(0, +) == 1_000)

            try await host.base.set("prod", of: "hello", weights: [1: 50, 2: 50], stickiness: .header("x-user"), keepsStickiness: false)
            for user in 0..<20 {
                let first = try await host.text("hello", ["x-user": "u\(user)"])
                for _ in 0..<5 { #expect(try await host.text("hello", ["x-user": "u\(user)"]) == first) }
            }
            try await host.base.set("prod", of: "hello", weights: [1: 50, 2: 50], stickiness: .cookie("who"), keepsStickiness: false)
            let answer = try await host.call("hello")
            let cookie = try #require(answer.headers.first(name: "set-cookie"))
            #expect(cookie.hasPrefix("who="))
            let value = String(cookie.prefix { $0 != ";" })
            for _ in 0..<10 {
                let again = try await host.call("hello", ["cookie": "a=b; \(value)"])
                #expect(again.body == answer.body && !again.headers.contains(name: "set-cookie"))
            }
        }
    }

    @Test func `a revision is closed after the last call that began on it`() async throws {
        try await withHost { host in
            _ = try await host.deploy("slow", "wait")
            async let call = host.text("slow")
            try await until { host.loader.waiting == 1 }
            _ = try await host.deploy("slow", "two")
            #expect(try await host.text("slow") == "two")
            #expect(host.loader.closes.isEmpty)
            host.loader.release()
            #expect(try await call == "wait")
            try await until { host.loader.closes == ["slow/1"] }
            #expect(try host.base.function("slow").usage.total.calls == 2)
        }
    }

    @Test func `changes under load fail no call`() async throws {
        try await withHost { host in
            _ = try await host.deploy("hello", "one")
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var calls = 0
                        while !Task.isCancelled {
                            let text = try await host.text("hello")
                            #expect(text == "one" || text == "two", "got \(text)")
                            calls += 1
                            try? await Task.sleep(for: .microseconds(500))
                        }
                        return calls
                    }
                }
                for index in 0..<8 {
                    _ = try await host.deploy("hello", index % 2 == 0 ? "two" : "one") { $0.percent = [100, 10][index % 2] }
                    try await host.base.rollback("prod", of: "hello", to: nil)
                }
                group.cancelAll()
                for try await calls in group { #expect(calls > 0) }
            }
        }
    }

    @Test func `a new process goes on with what was deployed, and loads with the first call`() async throws {
        try await withHost { host in
            _ = try await host.deploy("hello", "one")
            _ = try await host.deploy("hello", "named") { $0.alias = "dev" }
            #expect(try await host.text("hello") == "one")
        }
        try await withHost { host in
            await host.base.start()
            #expect(host.loader.loads.isEmpty && host.base.isHosting)
            #expect(try await host.text("hello") == "one")
            #expect(try await host.text("hello", ["mecha-revision": "dev"]) == "named")
            #expect(host.loader.loads == ["hello/1", "hello/2"])
            #expect(host.base.function(routeID: "id_7")?.name == "hello")
            #expect(try host.base.function("hello").usage.revisions[1]?.calls == 2)
            try await host.base.delete("hello")
            #expect(host.loader.closes.count == 2)
        }
        try await withHost { host in
            await host.base.start()
            #expect(host.base.functions.isEmpty)
            #expect(FunctionFiles.names(in: folder.file("data/functions/modules")).isEmpty)
        }
    }

    @Test func `old revisions go, and with them their modules at the next start`() async throws {
        try await withHost { host in
            for number in 1...15 { _ = try await host.deploy("hello", "v\(number)") }
            #expect(try host.base.function("hello").revisions.keys.sorted() == Array(6...15))
            let answer = try await host.call("hello", ["mecha-revision": "1"])
            guard case .http(.notFound) = answer.outcome else {
                Issue.record("answered \(answer.outcome)")
                return
            }
        }
        try await withHost { host in
            await host.base.start()
            #expect(FunctionFiles.names(in: folder.file("data/functions/modules")).count == 10)
        }
    }

    @Test func `errors are answers, and of connections and bad fields nothing gets out`() async throws {
        try await withHost { host in
            _ = try await host.deploy("trap", "trap")
            let answer = try await host.call("trap")
            guard case .http(let status) = answer.outcome else {
                Issue.record("no HTTP")
                return
            }
            #expect(status == .internalServerError)
            let error = try JSON.parse(answer.body)
            #expect(error["errorCode"] == "ERR_FUNCTION_TRAPPED" && error["message"]?.stringValue?.contains("unreachable") == true)
            _ = try await host.deploy("small", "one") { $0.limits.requestBytes = 3 }
            guard case .http(.payloadTooLarge) = try await host.call("small", body: "1234").outcome else {
                Issue.record("taken")
                return
            }
            _ = try await host.deploy("headers", "headers")
            #expect(try await host.call("headers").headers.map(\.name) == ["x-good"])
            _ = try await host.deploy("echo", "echo")
            let seen = try await host.text(
                "echo", ["mecha-revision": "prod", "dapr-api-token": "secret", "connection": "x-hop", "x-hop": "1", "x-own": "2"])
            #expect(seen.hasPrefix("POST /x\n") && seen.contains("x-own: 2") && seen.contains("dapr-callee-app-id: echo"))
            #expect(!seen.contains("secret") && !seen.contains("x-hop") && !seen.contains("mecha-revision"))
        }
    }

    @Test(arguments: [
        (FunctionError.Code.trapped, 500, 13), (.failed, 500, 13), (.invalidModule, 500, 9), (.missingImport, 500, 9), (.timedOut, 504, 4),
        (.outOfMemory, 507, 8), (.requestTooLarge, 413, 8), (.responseTooLarge, 502, 8), (.busy, 503, 14), (.closed, 503, 14),
        (.engineUnavailable, 503, 14),
    ])
    func `each error has its status`(code: FunctionError.Code, http: Int, grpc: Int) throws {
        let error = FunctionError(code, "why")
        let response = error.response(of: "f", isGRPC: false)
        guard case .http(let status) = response.outcome else {
            Issue.record("no HTTP")
            return
        }
        #expect(Int(status.code) == http && response.headers.contains(name: "retry-after") == (http == 503))
        guard case .grpc(let status) = error.response(of: "f", isGRPC: true).outcome else {
            Issue.record("no gRPC")
            return
        }
        #expect(Int(status.code.rawValue) == grpc)
    }

    @Test func `files are what runs, unless they are broken`() async throws {
        let module = folder.file("hello.wasm")
        func write(_ text: String) throws { try Data(text.utf8).write(to: URL(filePath: module)) }
        func resource(_ spec: String) throws -> FunctionResource {
            let report = ManifestLoader().parse(
                text: "{apiVersion: mecha.io/v1alpha1, kind: Function, metadata: {name: hello}, spec: {source: {file: hello.wasm}\(spec)}}",
                fileName: folder.file("f.yaml"))
            return try #require(report.resources.functions.first, "\(report.errors)")
        }
        try await withHost { host in
            let (plain, directory) = (try resource(""), folder.file(""))
            try write("one")
            #expect(await host.base.apply([plain], workingDirectory: directory).isEmpty)
            #expect(try await host.text("hello") == "one")
            #expect(await host.base.apply([plain], workingDirectory: directory).isEmpty)
            #expect(try host.base.function("hello").state.lastRevision == 1)
            try write("broken")
            #expect(await host.base.apply([plain], workingDirectory: directory).values.first?.contains("env.nothing") == true)
            #expect(try await host.text("hello") == "one")
            try write("two")
            let split = try resource(", aliases: {prod: {weights: {1: 50, latest: 50}}}, triggers: [{http: {path: /x}}]")
            #expect(await host.base.apply([split], workingDirectory: directory).isEmpty)
            #expect(try host.base.function("hello").state.aliases["prod"]?.split.description == "1=50 2=50")
            #expect(host.base.trigger(host: nil, path: "/x/y", method: "GET")?.function.name == "hello")
            #expect(await code { _ = try await host.deploy("hello", "three") } == .conflict)
            #expect(await code { try await host.base.delete("hello") } == .conflict)
            #expect(await host.base.apply([], workingDirectory: directory).isEmpty)
            #expect(host.base.functions.isEmpty)
            #expect(await host.base.apply([split], workingDirectory: directory).isEmpty)
            #expect(try host.base.function("hello").state.lastRevision == 2)
        }
    }

    @Test func `logs keep the last lines only`() {
        let log = FunctionLog()
        for number in 1...2_000 { log.append("line \(number)", level: "info", at: Timestamp(seconds: 0)) }
        #expect(log.lines(after: 0, atMost: 10_000).count == FunctionLog.linesAtMost)
        #expect(log.lines(after: 1_998, atMost: 10).map(\.message) == ["line 1999", "line 2000"])
        for _ in 0..<100 { log.append(String(repeating: "x", count: 10_000), level: "info", at: Timestamp(seconds: 0)) }
        #expect(log.lines(after: 0, atMost: 10_000).reduce(0) { $0 + $1.message.utf8.count } <= FunctionLog.bytesAtMost)
    }

    @Test func `metrics are bounded, and no use is lost`() {
        let rows = (1...1_000).map {
            FunctionMetrics.Row(function: "f\($0)", revision: "1", usage: FunctionUsage(calls: UInt64($0)), instances: 1)
        }
        let text = String(buffer: MetricsText.render([FunctionMetrics.registry(of: rows)], format: MetricsTextFormat(accept: "")))
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("mecha_function_calls_total{") }
        #expect(lines.count == FunctionMetrics.seriesAtMost + 1)
        let sum = lines.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
        #expect(sum == 500_500)
    }
}
