import NIOCore

/// Stands between the socket and the HTTP/2 codec of a connection.
///
/// Outwards it joins the codec's small writes (each frame is one, often two) into one buffer per flush:
/// one plain `write` instead of a gather list, and the codec may reuse its own buffer. Inwards it can
/// shut: after a connection error nothing more may reach the codec, yet must be read so that the kernel
/// does not reset the connection before the peer has seen our GOAWAY.
final class HTTP2ByteGate: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    /// A write up to this size is copied into the joint buffer.
    private static let joinedWriteBytes = 4 << 10
    /// Size at which the joint buffer is handed on even without a flush.
    private static let jointBufferBytes = 64 << 10

    private let shard: ListenerShard
    private var joint = ByteBuffer()
    private(set) var isShut = false
    private var upgrade: HTTP2UpgradeAdapter?
    private var context: ChannelHandlerContext?

    init(shard: ListenerShard, upgrade: HTTP2UpgradeAdapter? = nil) {
        self.shard = shard
        self.upgrade = upgrade
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Lets nothing more in.
    func shut() { isShut = true }

    /// Writes GOAWAY with the highest stream id and NO_ERROR (RFC 9113 section 6.8), past the codec.
    func sendGoAwayOfHighestStream() {
        guard let context else { return }
        let frame: [UInt8] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]
        write(context: context, data: wrapOutboundOut(.byteBuffer(ByteBuffer(bytes: frame))), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isShut else { return }
        guard upgrade != nil else { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        guard upgrade?.takePreface(from: &bytes) == true else {
            isShut = true
            return context.close(promise: nil)
        }
        if let opening = upgrade?.takeOpening() { context.fireChannelRead(wrapInboundOut(opening)) }
        if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard promise == nil, case .byteBuffer(let bytes) = unwrapOutboundIn(data), bytes.readableBytes <= Self.joinedWriteBytes
        else {
            passJoint(context)
            return context.write(data, promise: promise)
        }
        if upgrade?.swallows(bytes) == true { return }
        if joint.capacity == 0 {
            swap(&joint, &shard.scratch)
            joint.clear()
        }
        joint.writeImmutableBuffer(bytes)
        if joint.readableBytes >= Self.jointBufferBytes { passJoint(context) }
    }

    func flush(context: ChannelHandlerContext) {
        passJoint(context)
        context.flush()
        // Usually the kernel took all of it; then the next connection can build in it.
        if shard.scratch.capacity == 0 { swap(&joint, &shard.scratch) }
        joint = ByteBuffer()
    }

    private func passJoint(_ context: ChannelHandlerContext) {
        guard joint.readableBytes > 0 else { return }
        context.write(wrapOutboundOut(.byteBuffer(joint)), promise: nil)
        joint.clear()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        passJoint(context)
        context.close(mode: mode, promise: promise)
    }
}
