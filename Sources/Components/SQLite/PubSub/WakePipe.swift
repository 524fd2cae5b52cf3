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

/// A named pipe beside the database by which other processes wake this one: a byte means "look". That somebody has
/// it open for reading is also the sign that its process lives, which the kernel takes back whatever way it ends.
final class WakePipe: Sendable {
    /// The part of the file name that the database notes.
    let name: String
    private let path: String
    private let channel: any Channel

    /// - Parameter onWake: called on an event loop.
    init(beside database: String, group: any EventLoopGroup, onWake: @escaping @Sendable () -> Void) async throws {
        let name = String(RandomID.uuid().prefix(13))
        let path = Self.path(name, beside: database)
        self.name = name
        self.path = path
        guard mkfifo(path, 0o600) == 0 else { throw Self.failure("make", path) }
        // Open for writing too, so that it never ends when another process closes it.
        let descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            defer { unlink(path) }
            throw Self.failure("open", path)
        }
        do {
            channel = try await NIOPipeBootstrap(group: group)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Handler(onWake)) }
                }
                .takingOwnershipOfDescriptor(input: descriptor).get()
        } catch {
            Self.close(descriptor)
            unlink(path)
            throw error
        }
    }

    func close() async {
        try? await channel.close()
        unlink(path)
    }

    static func path(_ name: String, beside database: String) -> String { "\(database)-wake-\(name)" }

    /// Opens another process's pipe for writing; nil when that process is gone.
    static func openForWaking(_ name: String, beside database: String) -> Int32? {
        let descriptor = open(path(name, beside: database), O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        return descriptor >= 0 ? descriptor : nil
    }

    private static func close(_ descriptor: Int32) {
        #if canImport(Glibc)
        _ = Glibc.close(descriptor)
        #elseif canImport(Musl)
        _ = Musl.close(descriptor)
        #else
        _ = Darwin.close(descriptor)
        #endif
    }

    private static func failure(_ verb: String, _ path: String) -> CapabilityError {
        CapabilityError(.unavailable, "cannot \(verb) the pipe \(path): \(String(cString: strerror(errno)))")
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let onWake: @Sendable () -> Void

        init(_ onWake: @escaping @Sendable () -> Void) { self.onWake = onWake }

        func channelReadComplete(context: ChannelHandlerContext) { onWake() }
    }
}
