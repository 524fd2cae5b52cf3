import MechaCore
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The thread behind a ``LogWriter`` and the queue in between. It keeps itself alive until what was queued
/// before ``close()`` is written.
final class LogWriterThread: Sendable {
    private struct State {
        var pending = ByteBuffer()
        /// The thread is writing what it took out of `pending`.
        var isWriting = false
        var isClosed = false
        var droppedLines: UInt64 = 0
        /// Drops that the output has not been told about.
        var unreportedDrops: UInt64 = 0
    }

    /// Up to this many bytes one write to a pipe is undivided on Linux (`PIPE_BUF`, pipe(7)).
    private static let undividedBytes = 4_096
    /// An emptied buffer larger than this is given back.
    private static let keptBufferBytes = 65_536
    /// Enough for the few frames of this thread.
    private static let stackBytes = 256 << 10

    private let descriptor: Int32
    private let closesDescriptor: Bool
    private let maximumQueuedBytes: Int
    private let describeDrops: (@Sendable (UInt64) -> ByteBuffer)?
    private let state = Monitor(State())

    init(
        descriptor: Int32, closesDescriptor: Bool, maximumQueuedBytes: Int,
        describeDrops: (@Sendable (UInt64) -> ByteBuffer)?
    ) {
        self.descriptor = descriptor
        self.closesDescriptor = closesDescriptor
        self.maximumQueuedBytes = maximumQueuedBytes
        self.describeDrops = describeDrops
    }

    func append(_ lines: ByteBuffer) {
        let isFirst = state.withLock { state in
            guard !state.isClosed, state.pending.readableBytes + lines.readableBytes <= maximumQueuedBytes else {
                state.droppedLines += 1
                state.unreportedDrops += 1
                return false
            }
            let wasEmpty = state.pending.readableBytes == 0
            state.pending.writeImmutableBuffer(lines)
            return wasEmpty
        }
        if isFirst { state.notify() }
    }

    var droppedLines: UInt64 { state.withLock { $0.droppedLines } }

    func waitUntilWritten(timeoutMilliseconds: Int) -> Bool {
        state.wait(milliseconds: timeoutMilliseconds) { $0.pending.readableBytes == 0 && !$0.isWriting }
    }

    /// Lets the thread end once the queue is written.
    func close() {
        state.withLock { $0.isClosed = true }
        state.notify()
    }

    func start() {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, Self.stackBytes)
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        let work = Unmanaged.passRetained(self)
        #if canImport(Darwin)
        var thread: pthread_t?
        #else
        var thread = pthread_t()
        #endif
        let result = pthread_create(
            &thread, &attributes,
            { (argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? in
                if let argument { Unmanaged<LogWriterThread>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, work.toOpaque())
        if result != 0 {
            // No thread, no output: lines are dropped and counted like those for a reader that is gone.
            work.release()
            close()
        }
    }

    private func run() {
        blockBrokenPipeSignal()
        var buffer = ByteBuffer()
        while true {
            state.wait { $0.pending.readableBytes > 0 || $0.isClosed }
            let drops = state.withLock { state in
                swap(&buffer, &state.pending)
                state.isWriting = buffer.readableBytes > 0
                defer { state.unreportedDrops = 0 }
                return state.unreportedDrops
            }
            if buffer.readableBytes == 0 { break }
            writeAll(&buffer)
            if drops > 0, let describeDrops {
                var notice = describeDrops(drops)
                writeAll(&notice)
            }
            if buffer.capacity > Self.keptBufferBytes { buffer = ByteBuffer() } else { buffer.clear() }
            state.withLock { $0.isWriting = false }
            state.notify()
        }
        if closesDescriptor { FileDescriptor.close(descriptor) }
    }

    /// A reader that is gone then shows as an error of the write, not as a signal that ends the process.
    private func blockBrokenPipeSignal() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    private func writeAll(_ buffer: inout ByteBuffer) {
        while buffer.readableBytes > 0 {
            let length = Self.lengthOfChunk(buffer.readableBytesView)
            let isWritten = buffer.withUnsafeReadableBytes { bytes in
                FileDescriptor.writeAll(UnsafeRawBufferPointer(rebasing: bytes.prefix(length)), to: descriptor)
            }
            if !isWritten {
                let lines = buffer.readableBytesView.prefix(length).count { $0 == UInt8(ascii: "\n") }
                state.withLock { $0.droppedLines += UInt64(lines) }
            }
            buffer.moveReaderIndex(forwardBy: length)
        }
    }

    /// As many whole lines as one undivided write takes, at least one.
    static func lengthOfChunk(_ view: ByteBufferView) -> Int {
        let lineFeed = UInt8(ascii: "\n")
        if view.count <= undividedBytes { return view.count }
        if let last = view.prefix(undividedBytes).lastIndex(of: lineFeed) { return last - view.startIndex + 1 }
        guard let next = view.firstIndex(of: lineFeed) else { return view.count }
        return next - view.startIndex + 1
    }
}
