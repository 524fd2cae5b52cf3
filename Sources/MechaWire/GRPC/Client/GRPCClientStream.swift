import NIOCore
import NIOHTTP1

/// The stream of one outgoing call: frames out, frames in, with back-pressure both ways.
///
/// Lives on the exchange's event loop, where everything but ``cancelFromAnywhere()`` must be called;
/// hence the unchecked Sendable.
final class GRPCClientStream: ResponseSink, @unchecked Sendable {
    let limits: GRPCLimits
    private let client: HTTPClient
    private let context: LoopContext
    private var exchange: ClientExchange?
    private var machine: GRPCResponseStateMachine
    private var reader: UnsafeContinuation<Void, Never>?
    private var writers: [UnsafeContinuation<Void, Never>] = []
    private var isPaused = false
    private var deadlineTimer: LoopTimer?

    init(client: HTTPClient, context: LoopContext, limits: GRPCLimits) {
        self.client = client
        self.context = context
        self.limits = limits
        machine = GRPCResponseStateMachine(limits: limits)
    }

    var encoding: GRPCEncoding { machine.encoding }
    var metadata: GRPCMetadata { GRPCMetadata(viewing: machine.headers) }
    var trailingMetadata: GRPCMetadata { GRPCMetadata(viewing: machine.trailers) }

    func start(_ head: HTTPRequestHead, to origin: Origin, deadline: NIODeadline?) {
        context.loop.assertInEventLoop()
        guard !machine.isOver else { return }
        exchange = client.start(head, to: origin, on: context, hasBody: true, sink: self)
        guard let deadline else { return }
        deadlineTimer = context.timers.start(at: deadline) { self.fail(.deadlineExceeded) }
    }

    // MARK: - Requests

    /// Sends the only frame.
    func sendLast(_ frame: ByteBuffer) {
        exchange?.write(frame, flush: false)
        exchange?.end()
    }

    /// Sends a frame and waits until the server can take more.
    func send(_ frame: ByteBuffer) async throws(GRPCStatus) {
        exchange?.write(frame)
        while let exchange, !exchange.isWritable {
            await context.wait({ writers.append($0) }, wake: { self.wakeWriters() })
            if Task.isCancelled { throw .cancelled }
        }
        // A server may end a call before it has read all requests; the reader hears with what status.
        if machine.isOver { throw GRPCStatus(.cancelled, "the call is over; its status comes with the responses") }
    }

    /// Sends the head now, for a call whose first request may come later.
    func sendHead() { exchange?.flush() }

    func finishSending() { exchange?.end() }

    // MARK: - Responses

    /// The next response, or nil after the last when the status is OK. Throws any other status.
    func next() async throws(GRPCStatus) -> GRPCFrame? {
        while true {
            switch machine.next() {
            case .frame(let frame): return frame
            case .needsMore:
                if Task.isCancelled { throw .cancelled }
                await waitForMore()
            case .ended(let status):
                settle()
                if status.code == .ok { return nil }
                throw status
            }
        }
    }

    private func waitForMore() async {
        if isPaused {
            isPaused = false
            exchange?.setReading(true)
        }
        await context.wait({ reader = $0 }, wake: { self.wakeReader() })
    }

    // MARK: - The end

    /// Gives the call up, unless it is over already.
    func fail(_ status: GRPCStatus) {
        machine.fail(status)
        settle()
    }

    func cancelFromAnywhere() {
        context.loop.execute { self.fail(.cancelled) }
    }

    /// Once nothing more can matter, lets go of the exchange and wakes who waits.
    private func settle() {
        guard machine.isOver else { return }
        deadlineTimer?.cancel()
        deadlineTimer = nil
        // Nothing where the response has ended, a reset where it has not.
        exchange?.cancel()
        exchange = nil
        wakeReader()
        wakeWriters()
    }

    private func wakeReader() {
        let waiting = reader
        reader = nil
        waiting?.resume()
    }

    private func wakeWriters() {
        guard !writers.isEmpty else { return }
        let waiting = writers
        writers = []
        for writer in waiting { writer.resume() }
    }

    // MARK: - ResponseSink

    func responseStarted(_ head: HTTPResponseHead) {
        machine.headReceived(head)
        settle()
    }

    func responseBody(_ chunk: ByteBuffer) {
        machine.bytesReceived(chunk)
        if reader != nil {
            wakeReader()
        } else if !isPaused, machine.unreadBytes > client.limits.bufferedBodyBytes {
            isPaused = true
            exchange?.setReading(false)
        }
    }

    func responseEnded(trailers: HTTPHeaders?) {
        machine.endReceived(trailers: trailers)
        settle()
    }

    func responseFailed(_ error: WireError) { fail(GRPCStatus(error)) }

    func requestWritabilityChanged(_ isWritable: Bool) {
        if isWritable { wakeWriters() }
    }
}
