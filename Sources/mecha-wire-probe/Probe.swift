// mecha-wire-probe: a small server on MechaWire for tests that talk to it from outside (Tests/Wire) and
// for measuring. Not part of the product. May import MechaWire, MechaProto and NIO.
//
// Prints one line, `ready <port or socket path>`, when it listens; drains and ends on SIGTERM.

import MechaWire
import NIOCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

@main
enum Probe {
    static func main() async {
        catchTermination()
        do {
            let options = try ProbeOptions(CommandLine.arguments.dropFirst())
            let loops = EventLoops(count: options.loops)
            let counters = ProbeCounters()
            let client = HTTPClient(loops: loops)
            let limits = GRPCLimits(messageBytes: options.listener.limits.bodyBytes)
            let grpc = ProbeGRPC.router(limits: limits, client: client, counters: counters)
            let service = ProbeFront(http: ProbeService(counters: counters), grpc: grpc)
            let listener = try await HTTPListener.start(options.listener, loops: loops, service: service, observer: counters)
            say("ready \(listener.port.map(String.init) ?? options.socketPath)")
            await terminationSignal()
            await listener.drain(within: options.drainLimit)
            await client.close()
            await loops.shutdown()
            // What tests compare: nothing may be left over.
            say("drained \(counters.summary)")
        } catch {
            say("failed \(error)")
        }
    }

    private static let isTerminated = Atomic<Bool>(false)

    /// Takes SIGTERM over from here on.
    private static func catchTermination() {
        isTerminated.store(false, ordering: .relaxed)
        signal(SIGTERM) { _ in Probe.isTerminated.store(true, ordering: .relaxed) }
    }

    /// Returns after the first SIGTERM. Looks for it, because nothing that waits may be woken from a handler.
    private static func terminationSignal() async {
        while !isTerminated.load(ordering: .relaxed) { try? await Task.sleep(for: .milliseconds(10)) }
    }

    private static func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}
