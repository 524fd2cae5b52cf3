import Foundation
import MechaHost
import MechaTestKit
import NIOPosix
import Testing

@testable import MechaRuntime

@Suite(.timeLimit(.minutes(1))) struct RuntimeTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory(prefix: "mecha-runtime") }

    private func options(_ appIDs: [String]) -> RuntimeOptions {
        let apps = appIDs.map { appID in
            var app = AppOptions(appID: appID)
            app.httpPort = 0
            app.grpcPort = 0
            app.isLogOnConsole = false
            app.logFile = folder.file("\(appID).log")
            return app
        }
        var options = RuntimeOptions(apps: apps, dataDirectory: folder.file("data"))
        options.metricsPort = nil
        options.eventLoopCount = 1
        return options
    }

    private func isOpen(_ port: Int?) async -> Bool {
        guard let port else { return false }
        let channel = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port).get()
        try? await channel?.close()
        return channel != nil
    }

    @Test func `one app may be closed, by several at once, and the others go on`() async throws {
        let runtime = try await Runtime.start(options(["a", "b"]))
        let (a, b) = (runtime.apps[0], runtime.apps[1])
        #expect(await isOpen(a.httpPort))
        async let first: Void = runtime.close(app: "a")
        async let second: Void = runtime.close(app: "a")
        _ = await (first, second)
        for port in [a.httpPort, a.grpcPort, a.internalPort] { #expect(await !isOpen(port)) }
        for port in [b.httpPort, b.grpcPort, b.internalPort] { #expect(await isOpen(port)) }
        await runtime.close(app: "nobody")
        await runtime.shutdown()
        #expect(await !isOpen(b.httpPort))
    }

    @Test func `each app logs to its own file at its own level`() async throws {
        var options = options(["loud", "calm"])
        options.apps[1].logLevel = "error"
        let runtime = try await Runtime.start(options)
        await runtime.shutdown()
        let loud = try String(contentsOfFile: folder.file("loud.log"), encoding: .utf8)
        #expect(loud.contains("app_id=loud") && loud.contains("level=info") && !loud.contains("app_id=calm"))
        #expect(try !String(contentsOfFile: folder.file("calm.log"), encoding: .utf8).contains("level=info"))
    }

    @Test func `a level that is none and a log file that cannot be made end the start`() async throws {
        var wrong = options(["a"])
        wrong.apps[0].logLevel = "chatty"
        await #expect(throws: RuntimeStartError.self) { try await Runtime.start(wrong) }
        wrong = options(["a"])
        wrong.apps[0].logFile = folder.file("missing/a.log")
        await #expect(throws: RuntimeStartError.self) { try await Runtime.start(wrong) }
    }

    @Test func `a start that fails leaves no listener`() async throws {
        var options = options(["a", "b"])
        let running = try await Runtime.start(self.options(["c"]))
        let free = try await Runtime.start(self.options(["d"]))
        options.apps[0].httpPort = try #require(free.apps[0].httpPort)
        await free.shutdown()
        options.apps[1].grpcPort = try #require(running.apps[0].httpPort)
        await #expect(throws: RuntimeStartError.self) { try await Runtime.start(options) }
        #expect(await !isOpen(options.apps[0].httpPort))
        await running.shutdown()
    }
}
