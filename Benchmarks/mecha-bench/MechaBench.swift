// mecha-bench: the floors that `make bench` measures Mecha against. Each is the least that a server on
// NIO can do for the same bytes: no routing, no headers looked at, no metrics. One event loop.
//
//   mecha-bench http1 <port> <body bytes>          plain ChannelHandler over NIOHTTP1
//   mecha-bench grpc <port> <message bytes>        plain per-stream handler over NIOHTTP2
import NIOCore
import NIOPosix

@main
struct MechaBench {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count == 3, let port = Int(arguments[arguments.startIndex + 1]),
            let size = Int(arguments[arguments.startIndex + 2])
        else {
            print("usage: mecha-bench http1|grpc <port> <bytes>")
            return
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel =
            switch arguments.first {
            case "grpc": try await PlainGRPCServer.start(port: port, messageBytes: size, group: group)
            default: try await PlainHTTP1Server.start(port: port, bodyBytes: size, group: group)
            }
        try await channel.closeFuture.get()
    }
}
