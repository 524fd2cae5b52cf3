import MechaTestKit
import Synchronization
import Testing

@testable import mecha

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Real processes under the real guard, which is the `mecha` binary beside the tests.
@Suite(.timeLimit(.minutes(1))) struct AppProcessTests {
    private static let binary: String = {
        var folder = CommandLine.arguments.first(where: { $0.contains("/debug/") || $0.contains("/release/") }) ?? ""
        folder = String(folder[..<(folder.lastIndex(of: "/") ?? folder.endIndex)])
        // The test bundle may lie deeper than the products.
        while !folder.isEmpty, FileStatus(path: "\(folder)/mecha")?.isExecutable != true {
            folder = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
        }
        return "\(folder)/mecha"
    }()

    private struct Run {
        let reports: AsyncStream<AppProcess.Report>
        let output = LineSink()
        let process: AppProcess

        init(_ script: String, carried: Bool = false) throws {
            try self.init(words: ["sh", "-c", script], carried: carried)
        }

        init(words: [String], carried: Bool = false) throws {
            let (reports, send) = AsyncStream<AppProcess.Report>.makeStream()
            self.reports = reports
            let command = AppCommand(words: words, environment: ["PATH": "/usr/bin:/bin"], isOutputCarried: carried)
            process = try AppProcess.launch(command, binary: AppProcessTests.binary) { report in
                send.yield(report)
                if report == .cleared { send.finish() }
            } line: { [output] line in
                output.append(line)
            }
        }

        func all() async -> [AppProcess.Report] {
            var all: [AppProcess.Report] = []
            for await report in reports { all.append(report) }
            return all
        }

        /// The first line that the app prints, as a process id.
        func printedPID() async throws -> Int32 {
            while output.all.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            return try #require(Int32(output.all[0]))
        }
    }

    private final class LineSink: Sendable {
        private let lines = Mutex<[String]>([])
        func append(_ line: [UInt8]) { lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
        var all: [String] { lines.withLock { $0 } }
    }

    /// Whether no such process runs; one that has ended and was not collected yet does not run.
    private func isGone(_ pid: Int32) -> Bool {
        guard let status = try? Files.read("/proc/\(pid)/stat"), let end = status.lastIndex(of: UInt8(ascii: ")")) else { return true }
        return status[(end + 2)...].first == UInt8(ascii: "Z")
    }

    @Test func `the app's exit code is told`() async throws {
        let reports = try await Run("exit 3").all()
        #expect(reports.count == 3)
        #expect(reports[1...] == [.exited(.code(3)), .cleared])
    }

    @Test func `a command that does not exist is told in words`() async throws {
        let run = try Run(words: ["no-such-program-here"])
        #expect(await run.all() == [.notStarted("No such file or directory"), .cleared])
    }

    @Test func `what the app prints comes line by line before the news of its end`() async throws {
        let run = try Run("echo one; echo two >&2; printf three", carried: true)
        _ = await run.all()
        #expect(run.output.all.sorted() == ["one", "three", "two"])
    }

    @Test func `a stop ends the app and what it has started`() async throws {
        let run = try Run("sleep 300 & echo $!; trap 'exit 0' TERM; wait", carried: true)
        var iterator = run.reports.makeAsyncIterator()
        guard case .started(let leader) = await iterator.next() else {
            Issue.record("the app did not start")
            return
        }
        let child = try await run.printedPID()
        run.process.stop()
        #expect(await iterator.next() == .exited(.code(0)))
        #expect(await iterator.next() == .cleared)
        #expect(isGone(leader))
        #expect(isGone(child))
    }

    @Test func `what the app leaves behind in its group ends with it`() async throws {
        let run = try Run("sleep 300 & echo $!", carried: true)
        let reports = await run.all()
        #expect(reports[1...] == [.exited(.code(0)), .cleared])
        #expect(isGone(try await run.printedPID()))
    }

    @Test func `an app that ignores the request can be killed`() async throws {
        let run = try Run("trap '' TERM; echo $$; while :; do sleep 300; done", carried: true)
        _ = try await run.printedPID()
        run.process.kill()
        let reports = await run.all()
        #expect(reports[1...] == [.exited(.signal(9)), .cleared])
    }

    @Test func `an app that was asked to end can still be killed`() async throws {
        let patient = try Run("trap '' TERM; echo $$; while :; do sleep 300; done", carried: true)
        let hurried = try Run("trap '' TERM; echo $$; while :; do sleep 300; done", carried: true)
        let waiting = try await patient.printedPID()
        _ = try await hurried.printedPID()
        patient.process.stop()
        hurried.process.stop()
        hurried.process.kill()
        let reports = await hurried.all()
        #expect(reports[1...] == [.exited(.signal(9)), .cleared])
        // The one that was only asked still has its time.
        #expect(!isGone(waiting))
        patient.process.kill()
        _ = await patient.all()
    }

    @Test func `when the guard is killed its app does not stay behind`() async throws {
        let run = try Run("echo $PPID; sleep 300", carried: true)
        var iterator = run.reports.makeAsyncIterator()
        guard case .started(let leader) = await iterator.next() else {
            Issue.record("the app did not start")
            return
        }
        kill(try await run.printedPID(), SIGKILL)
        #expect(await iterator.next() == .exited(.signal(9)))
        #expect(await iterator.next() == .cleared)
        while !isGone(leader) { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test func `the app has default signals and no descriptors of ours`() async throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        let run = try Run("grep SigBlk /proc/self/status; ls -l /proc/self/fd", carried: true)
        _ = await run.all()
        let text = run.output.all.joined(separator: "\n")
        #expect(text.contains("SigBlk:\t0000000000000000"))
        #expect(text.contains(" 2 -> "))
        #expect(!text.contains("socket:"), Comment(rawValue: text))
        #expect(!text.contains(" 4 -> "), Comment(rawValue: text))
    }
}
