import MechaTestKit
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite struct ServerProcessTests {
    @Test func `a program's output and exit code are known`() async throws {
        let process = try ServerProcess("/bin/sh", ["-c", "echo out; echo err >&2; exit 3"])
        #expect(try await process.waitForExit() == .code(3))
        #expect(process.output == "out\nerr\n")
    }

    @Test func `a program that ignores SIGTERM is killed`() async throws {
        let process = try ServerProcess("/bin/sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done"])
        try await process.waitUntil("is ready") { process.output.contains("ready") }
        #expect(process.stop(within: .milliseconds(50)) == .signal(SIGKILL))
    }

    @Test func `a program ends when its value goes out of use`() async throws {
        var process: ServerProcess? = try ServerProcess("/bin/sleep", ["60"])
        let id = try #require(process).processID
        #expect(kill(id, 0) == 0)
        process = nil
        #expect(kill(id, 0) == -1)
    }

    @Test func `a missing program is an error`() {
        #expect(throws: TestKitError.self) { try ServerProcess("/no/such/program") }
    }

    @Test func `a Redis server answers until it is stopped`() async throws {
        let server = try await RedisServer()
        #expect(LoopbackPort.accepts(server.port))
        server.stop()
        #expect(!LoopbackPort.accepts(server.port))
    }
}
