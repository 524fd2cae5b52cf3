import MechaCore
import NIOCore
import Testing

@testable import MechaTelemetry

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct LogWriterTests {
    @Test func `lines come out in order and whole`() {
        let capture = LogCapture()
        for index in 0..<500 { capture.writer.write(ByteBuffer(string: "line \(index)\n")) }
        #expect(capture.text() == (0..<500).map { "line \($0)\n" }.joined())
    }

    @Test func `a reader that does not read makes lines drop, not callers wait`() {
        let capture = LogCapture(maximumQueuedBytes: 10_000)
        capture.fill()
        let line = ByteBuffer(string: String(repeating: "x", count: 999) + "\n")
        for _ in 0..<1_000 { capture.writer.write(line) }
        #expect(!capture.writer.flush(timeoutMilliseconds: 1))
        let dropped = capture.writer.droppedLines
        #expect(dropped >= 980)
        var lines = 0
        while !capture.writer.flush(timeoutMilliseconds: 1) { lines += capture.take().count { $0 == "\n" } }
        lines += capture.take().count { $0 == "\n" }
        #expect(UInt64(lines) + dropped == 1_000)
        #expect(capture.writer.droppedLines == dropped)
    }

    @Test func `a reader that is gone ends neither the process nor the caller`() {
        let capture = LogCapture()
        capture.closeReader()
        capture.writer.write(ByteBuffer(string: "a\nb\n"))
        #expect(capture.writer.flush())
        #expect(capture.writer.droppedLines == 2)
        let registry = MetricRegistry()
        LogWriter.observe([capture.writer], in: registry)
        #expect(String(buffer: MetricsText.render([registry])).contains("mecha_log_lines_dropped_total 2\n"))
    }

    @Test func `a dropped line is told about once there is room`() {
        let identity = LogIdentity(appID: "a", instance: "i", version: "v")
        let capture = LogCapture(
            maximumQueuedBytes: 20, describeDrops: LogFormat.text.describeDrops(identity, clock: FixedClock()))
        capture.writer.write(ByteBuffer(string: String(repeating: "y", count: 30) + "\n"))
        capture.writer.write(ByteBuffer(string: "next\n"))
        let text = capture.text()
        #expect(text.hasPrefix("next\ntime=") && text.contains("level=warning msg=\"1 log lines dropped"))
    }

    @Test func `one write carries whole lines only`() {
        let short = ByteBuffer(string: String(repeating: "a\n", count: 3_000))
        #expect(LogWriterThread.lengthOfChunk(short.readableBytesView) == 4_096)
        let uneven = ByteBuffer(string: String(repeating: String(repeating: "b", count: 999) + "\n", count: 6))
        #expect(LogWriterThread.lengthOfChunk(uneven.readableBytesView) == 4_000)
        let long = ByteBuffer(string: String(repeating: "c", count: 9_000) + "\nrest\n")
        #expect(LogWriterThread.lengthOfChunk(long.readableBytesView) == 9_001)
        var moved = ByteBuffer(string: "skip" + String(repeating: "d", count: 5_000) + "\n")
        moved.moveReaderIndex(forwardBy: 4)
        #expect(LogWriterThread.lengthOfChunk(moved.readableBytesView) == 5_001)
    }

    @Test func `a log file is appended to and readable by its owner only`() throws {
        let path = "/tmp/mecha-log-test-\(RandomID.uuid()).log"
        defer { unlink(path) }
        for line in ["one\n", "two\n"] {
            let writer = try LogWriter.file(path: path)
            writer.write(ByteBuffer(string: line))
            #expect(writer.flush())
        }
        #expect(FileDescriptor.contents(of: path) == Array("one\ntwo\n".utf8))
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func `a log file that cannot be opened says which and why`() {
        let error = #expect(throws: LogFileError.self) { _ = try LogWriter.file(path: "/no/such/dir/x.log") }
        #expect(error?.description == "cannot open log file /no/such/dir/x.log: No such file or directory")
    }
}
