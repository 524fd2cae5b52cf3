import NIOCore
import NIOPosix

/// The connections of a ``FaultProxy`` and what is done to them. Confined to its event loop, hence the
/// unchecked Sendable.
final class FaultSwitchboard: @unchecked Sendable {
    let loop: any EventLoop
    private let serverPort: Int
    var accepted = 0
    var links: [ObjectIdentifier: FaultLink] = [:]
    var isRefusing = false
    var delay = TimeAmount.zero
    private(set) var isStalled = false
    /// What is left to pass in a direction before the cut; nil for no cut.
    private var cut: (bytes: Int, direction: FaultProxy.Direction)?

    init(loop: any EventLoop, serverPort: Int) {
        self.loop = loop
        self.serverPort = serverPort
    }

    func accepted(_ client: any Channel) throws {
        accepted += 1
        guard !isRefusing else {
            client.close(promise: nil)
            return
        }
        let link = FaultLink(client: client, switchboard: self)
        links[ObjectIdentifier(link)] = link
        try client.pipeline.syncOperations.addHandler(FaultPipe(link, .toServer))
        ClientBootstrap(group: loop)
            .channelOption(.autoRead, value: false)
            .channelInitializer { server in
                server.eventLoop.makeCompletedFuture {
                    try server.pipeline.syncOperations.addHandler(FaultPipe(link, .toClient))
                }
            }
            .connect(host: "127.0.0.1", port: serverPort)
            .whenComplete { outcome in
                switch outcome {
                case .success(let server): link.connected(server)
                case .failure: link.close()
                }
            }
    }

    func cutAll() {
        for link in links.values { link.close() }
    }

    func armCut(after bytes: Int, _ direction: FaultProxy.Direction) { cut = (bytes, direction) }

    func setStalled(_ isStalled: Bool) {
        self.isStalled = isStalled
        guard !isStalled else { return }
        for link in links.values { link.release() }
    }

    /// How many of `count` bytes may pass before the connection must be cut; nil for all, without a cut.
    func allowance(_ count: Int, _ direction: FaultProxy.Direction) -> Int? {
        guard let armed = cut, armed.direction == direction else { return nil }
        guard armed.bytes <= count else {
            cut = (armed.bytes - count, direction)
            return nil
        }
        cut = nil
        return armed.bytes
    }
}
