import NIOCore
import NIOHTTP1

@testable import MechaWire

/// Keeps what a response brings as text, and lets a test wait for it. Used on one loop, read off it
/// through its futures only.
final class RecordingSink: ResponseSink, @unchecked Sendable {
    private(set) var log: [String] = []
    private(set) var bodyBytes = 0
    private let done: EventLoopPromise<[String]>
    private let started: EventLoopPromise<Void>
    var onBody: ((ByteBuffer) -> Void)?
    var onWritability: ((Bool) -> Void)?

    init(loop: any EventLoop) {
        done = loop.makePromise()
        started = loop.makePromise()
    }

    /// The log once the response has ended or failed.
    var finished: EventLoopFuture<[String]> { done.futureResult }
    var head: EventLoopFuture<Void> { started.futureResult }

    func responseStarted(_ head: HTTPResponseHead) {
        log.append("head \(head.status.code)")
        started.succeed()
    }

    func responseBody(_ chunk: ByteBuffer) {
        bodyBytes += chunk.readableBytes
        if chunk.readableBytes < 100 { log.append("body \(String(buffer: chunk))") }
        onBody?(chunk)
    }

    func responseEnded(trailers: HTTPHeaders?) {
        log.append("end" + (trailers?.map { " \($0.name)=\($0.value)" }.joined() ?? ""))
        finish()
    }

    func responseFailed(_ error: WireError) {
        log.append("failed \(error.code)")
        finish()
    }

    func requestWritabilityChanged(_ isWritable: Bool) { onWritability?(isWritable) }

    private func finish() {
        started.succeed()
        done.succeed(log)
    }
}
