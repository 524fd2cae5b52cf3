// mecha-bench: the floors that `make bench` measures Mecha against. Each is the least that a server on
// NIO can do for the same bytes: no routing, no headers looked at, no metrics. One event loop.
//
//   mecha-bench http1 <port> <body bytes>                   plain ChannelHandler over NIOHTTP1
//   mecha-bench grpc <port> <message bytes>                 plain per-stream handler over NIOHTTP2
//   mecha-bench xadd <port> <message bytes> <redis port>    the first, answering when Redis has taken a message
//   mecha-bench sqlite-bus <file> <messages> <bytes>            durable publish and delivery on pubsub.sqlite
//   mecha-bench sqlite-raw <file> <messages> <bytes> <batch>    the same rows by the C library alone
//   mecha-bench sqlite-receive <file>                           consumes and says each message's latency
//   mecha-bench sqlite-send <file> <messages>                   publishes for it, with pauses
import NIOCore
import NIOPosix

@main
struct MechaBench {
    static func main() async throws {
        let arguments = CommandLine.arguments
        let numbers = arguments.dropFirst(2).compactMap { Int($0) }
        switch (arguments.dropFirst().first, numbers.count) {
        case ("sqlite-bus", 2): return try await SQLiteBusBench.throughput(arguments[2], messages: numbers[0], size: numbers[1])
        case ("sqlite-raw", 3): return RawSQLite.insert(arguments[2], messages: numbers[0], size: numbers[1], batch: numbers[2])
        case ("sqlite-receive", 0) where arguments.count == 3: return try await SQLiteBusBench.receive(arguments[2])
        case ("sqlite-send", 1): return try await SQLiteBusBench.send(arguments[2], messages: numbers[0])
        default: break
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel: any Channel
        switch (arguments.dropFirst().first, numbers.count) {
        case ("http1", 2): channel = try await PlainHTTP1Server.start(port: numbers[0], bodyBytes: numbers[1], group: group)
        case ("grpc", 2): channel = try await PlainGRPCServer.start(port: numbers[0], messageBytes: numbers[1], group: group)
        case ("xadd", 3):
            channel = try await PlainStreamPublisher.start(
                port: numbers[0], redisPort: numbers[2], messageBytes: numbers[1], group: group)
        default:
            print("usage: mecha-bench http1|grpc <port> <bytes> | xadd <port> <bytes> <redis port> | sqlite-... (see MechaBench.swift)")
            return
        }
        try await channel.closeFuture.get()
    }
}
