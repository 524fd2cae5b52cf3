import NIOCore
import NIOPosix

/// One connection of a client and its counterpart at the server. Confined to the loop.
final class FaultLink: @unchecked Sendable {
    private let client: any Channel
    private var server: (any Channel)?
    private unowned let switchboard: FaultSwitchboard
    private var held: [(bytes: ByteBuffer, direction: FaultProxy.Direction)] = []
    private var isClosed = false

    init(client: any Channel, switchboard: FaultSwitchboard) {
        self.client = client
        self.switchboard = switchboard
    }

    func connected(_ server: any Channel) {
        guard !isClosed else { return server.close(promise: nil) }
        self.server = server
        for channel in [client, server] {
            channel.setOption(.autoRead, value: true).whenSuccess { channel.read() }
        }
    }

    func received(_ bytes: ByteBuffer, _ direction: FaultProxy.Direction) {
        guard !isClosed else { return }
        if switchboard.isStalled || !held.isEmpty {
            held.append((bytes, direction))
        } else if switchboard.delay > .zero {
            switchboard.loop.scheduleTask(in: switchboard.delay) { self.pass(bytes, direction) }
        } else {
            pass(bytes, direction)
        }
    }

    func release() {
        let pieces = held
        held = []
        for piece in pieces { pass(piece.bytes, piece.direction) }
    }

    private func pass(_ bytes: ByteBuffer, _ direction: FaultProxy.Direction) {
        guard !isClosed, let server else { return }
        let target = direction == .toServer ? server : client
        guard let allowance = switchboard.allowance(bytes.readableBytes, direction) else {
            return target.writeAndFlush(bytes, promise: nil)
        }
        let part = bytes.getSlice(at: bytes.readerIndex, length: allowance) ?? ByteBuffer()
        target.writeAndFlush(part).whenComplete { _ in self.close() }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        switchboard.links[ObjectIdentifier(self)] = nil
        held = []
        client.close(promise: nil)
        server?.close(promise: nil)
    }
}
