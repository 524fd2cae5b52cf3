import MechaManifest
import MechaTestKit
import MechaWire
import NIOCore
import NIOHTTP1

extension TestRuntime {
    /// Sends a body whose length is not told, and answers the response's status.
    func chunked(_ target: String, port: Int, pieces: [String]) async throws -> Int {
        let context = loops.contexts[0]
        let status = context.loop.makePromise(of: Int.self)
        context.loop.execute { [client] in
            let exchange = client.start(
                HTTPRequestHead(version: .http1_1, method: .POST, uri: target), to: Origin(.tcp(host: "127.0.0.1", port: port)),
                on: context,
                hasBody: true, sink: StatusSink(status))
            for piece in pieces { exchange.write(ByteBuffer(string: piece)) }
            // The end follows later, so that the head has left without it.
            context.loop.scheduleTask(in: .milliseconds(20)) { exchange.end() }
        }
        return try await status.futureResult.get()
    }
}

private final class StatusSink: ResponseSink {
    private let status: EventLoopPromise<Int>

    init(_ status: EventLoopPromise<Int>) { self.status = status }

    func responseStarted(_ head: HTTPResponseHead) { status.succeed(Int(head.status.code)) }
    func responseBody(_ chunk: ByteBuffer) {}
    func responseEnded(trailers: HTTPHeaders?) {}
    func responseFailed(_ error: WireError) { status.fail(error) }
    func requestWritabilityChanged(_ isWritable: Bool) {}
}

/// The resources that `text` declares.
func manifest(_ text: String) throws -> ManifestReport {
    let folder = try TemporaryDirectory()
    return ManifestLoader(environment: [:]).load(paths: [try folder.write(text, to: "resources.yaml")])
}
