import NIOCore
import NIOPosix

extension HTTPClient {
    /// Whether somebody accepts connections at `origin`; nothing is sent.
    public func canConnect(to origin: Origin, timeout: TimeAmount) async -> Bool {
        let bootstrap = ClientBootstrap(group: loops.any().loop).connectTimeout(timeout)
        let connecting: EventLoopFuture<any Channel> =
            switch origin.address {
            case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
            case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
            }
        guard let channel = try? await connecting.get() else { return false }
        channel.close(promise: nil)
        return true
    }
}
