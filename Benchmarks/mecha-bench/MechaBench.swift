// mecha-bench: the floors that `make bench` measures Mecha against. Each is the least that a server on
// NIO can do for the same bytes: no routing, no headers looked at, no metrics. One event loop.
//
//   mecha-bench http1 <port> <body bytes>                   plain ChannelHandler over NIOHTTP1
//   mecha-bench grpc <port> <message bytes>                 plain per-stream handler over NIOHTTP2
//   mecha-bench xadd <port> <message bytes> <redis port>    the first, answering when Redis has taken a message
import NIOCore
import NIOPosix

@main
struct MechaBench {
    static func main() async throws {
        let arguments = CommandLine.arguments
        let numbers = arguments.dropFirst(2).compactMap { Int($0) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel: any Channel
        switch (arguments.dropFirst().first, numbers.count) {
        case ("http1", 2): channel = try await PlainHTTP1Server.start(port: numbers[0], bodyBytes: numbers[1], group: group)
        case ("grpc", 2): channel = try await PlainGRPCServer.start(port: numbers[0], messageBytes: numbers[1], group: group)
        case ("xadd", 3):
            channel = try await PlainStreamPublisher.start(
                port: numbers[0], redisPort: numbers[2], messageBytes: numbers[1], group: group)
        default:
            print("usage: mecha-bench http1|grpc <port> <bytes> | xadd <port> <bytes> <redis port>")
            return
        }
        try await channel.closeFuture.get()
    }
}
