import MechaCore
import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A socket that hears and speaks multicast DNS over IPv4 on one interface.
///
/// IPv4 alone is enough: a host that has IPv6 only still has an IPv4 loopback for its own runtimes, and
/// Dapr's resolver prefers IPv4.
struct MDNSLink: Sendable {
    static let defaultPort = 5_353
    static let groupAddress = "224.0.0.251"

    let interface: MDNSInterface
    private let channel: any Channel
    private let group: SocketAddress

    /// Interfaces with an IPv4 address that multicast. The loopback interface counts although Linux does
    /// not mark it: it carries multicast within the host.
    static func interfaces() -> [MDNSInterface] {
        let devices = (try? System.enumerateDevices()) ?? []
        return devices.compactMap { device in
            guard let address = device.address?.ipAddress.flatMap({ IPAddress($0) }), address.isIPv4,
                device.multicastSupported || address.isLoopback
            else { return nil }
            return MDNSInterface(name: device.name, address: address)
        }
    }

    /// Begins to hear; `receive` is called on the channel's event loop.
    static func open(
        _ interface: MDNSInterface, port: Int, on eventLoopGroup: any EventLoopGroup,
        receive: @escaping @Sendable (DNSMessage) -> Void
    ) async throws -> MDNSLink {
        let group = try SocketAddress(ipAddress: groupAddress, port: port)
        // Others on this host (Avahi, further runtimes) share the port.
        let channel = try await DatagramBootstrap(group: eventLoopGroup)
            .channelOption(.socketOption(.so_reuseaddr), value: 1)
            .channelOption(.socketOption(NIOBSDSocket.Option(rawValue: SO_REUSEPORT)), value: 1)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: DNSMessage.maximumBytes))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(MDNSHandler(receive))
                }
            }
            .bind(host: "0.0.0.0", port: port).get()
        do {
            guard let socket = channel as? any SocketOptionProvider else {
                throw CapabilityError(.unsupported, "the channel has no socket options")
            }
            let local = in_addr(s_addr: networkOrder(interface.address.bytes))
            let membership = ip_mreq(
                imr_multiaddr: in_addr(s_addr: networkOrder(IPAddress(groupAddress)?.bytes ?? [])), imr_interface: local)
            try await socket.unsafeSetSocketOption(level: .ip, name: .ip_add_membership, value: membership).get()
            try await socket.setIPMulticastIF(local).get()
            return MDNSLink(interface: interface, channel: channel, group: group)
        } catch {
            try? await channel.close()
            throw error
        }
    }

    private static func networkOrder(_ bytes: [UInt8]) -> UInt32 {
        bytes.reduce(0) { $0 << 8 | UInt32($1) }.bigEndian
    }

    /// Says something to everybody on the interface; what cannot be sent is lost, as datagrams are.
    func send(_ message: DNSMessage) {
        channel.writeAndFlush(AddressedEnvelope(remoteAddress: group, data: message.buffer), promise: nil)
    }

    func close() async { try? await channel.close() }
}

/// Decodes datagrams; those that are no messages are dropped.
private final class MDNSHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let receive: @Sendable (DNSMessage) -> Void

    init(_ receive: @escaping @Sendable (DNSMessage) -> Void) { self.receive = receive }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if let message = DNSMessage(unwrapInboundIn(data).data) { receive(message) }
    }

    /// A network that cannot be reached now is no reason to stop hearing.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
