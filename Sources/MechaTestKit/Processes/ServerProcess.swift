import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A real program that a test runs beside itself: a server, or a child to be killed.
///
/// It ends with ``stop(within:)``, when the value goes out of use, and also when the test process dies
/// in any way: a watchdog (a shell that waits for the end of a pipe) kills it then.
public final class ServerProcess: Sendable {
    /// How a program ended.
    public enum Exit: Sendable, Equatable {
        case code(Int32)
        case signal(Int32)
    }

    private struct State {
        var exit: Exit?
        var watchdog: pid_t?
        /// The test's end of the pipe that the watchdog reads; closed when the program is gone.
        var leash: Int32
    }

    public let processID: Int32
    /// Where standard output and standard error went.
    public let outputPath: String
    private let scratch: TemporaryDirectory
    private let state: Mutex<State>

    /// Starts `executable` (a path, or a name that PATH knows).
    ///
    /// - Parameters:
    ///   - environment: the whole environment; nil for the test's own.
    ///   - directory: the working directory; nil for the test's own.
    public init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String]? = nil, directory: String? = nil
    ) throws {
        scratch = try TemporaryDirectory(prefix: "mecha-process")
        outputPath = scratch.file("output")
        processID = try Spawn(executable, arguments)
            .environment(environment).directory(directory).output(outputPath).run()

        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TestKitError("cannot make a pipe: \(String(cString: strerror(errno)))") }
        defer { close(ends[0]) }
        // Another child that held the test's end would keep the watchdog asleep.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let watchdog = try Spawn("/bin/sh", ["-c", "read _; kill -9 \(processID)"]).input(ends[0]).run()
        state = Mutex(State(watchdog: watchdog, leash: ends[1]))
    }

    deinit { end(SIGKILL, within: .seconds(5)) }

    /// What the program has written so far.
    public var output: String {
        guard let stream = fopen(outputPath, "r") else { return "" }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&chunk, 1, chunk.count, stream), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// How the program ended; nil while it runs.
    public var exit: Exit? { reap(blocking: false) }

    public func send(_ signal: Int32) {
        if exit == nil { kill(processID, signal) }
    }

    /// Waits until the program has ended by itself.
    public func waitForExit() async throws -> Exit {
        while true {
            if let exit { return exit }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Asks the program to end (SIGTERM), and kills it when it has not within `grace`.
    @discardableResult
    public func stop(within grace: Duration = .seconds(5)) -> Exit {
        end(SIGTERM, within: grace)
    }

    /// Ends the program at once (SIGKILL), as a power failure would.
    @discardableResult
    public func killNow() -> Exit {
        end(SIGKILL, within: .seconds(5))
    }

    @discardableResult
    private func end(_ signal: Int32, within grace: Duration) -> Exit {
        send(signal)
        let deadline = ContinuousClock.now + grace
        while ContinuousClock.now < deadline {
            if let exit { return exit }
            usleep(2_000)
        }
        send(SIGKILL)
        return reap(blocking: true) ?? .signal(SIGKILL)
    }

    private func reap(blocking: Bool) -> Exit? {
        state.withLock { state in
            if let exit = state.exit { return exit }
            var status: Int32 = 0
            guard waitpid(processID, &status, blocking ? 0 : WNOHANG) == processID else { return nil }
            let exit: Exit = status & 0x7f == 0 ? .code(status >> 8 & 0xff) : .signal(status & 0x7f)
            state.exit = exit
            // The id may be given away again from now on: the watchdog goes before it could strike.
            if let watchdog = state.watchdog {
                kill(watchdog, SIGKILL)
                waitpid(watchdog, nil, 0)
            }
            close(state.leash)
            return exit
        }
    }
}
