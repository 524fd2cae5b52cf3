import MechaCore
import NIOCore

/// The runtimes that serve one app, and which of them is to get the next call: the one with the fewest
/// under way, in turn among equals.
struct PeerSet {
    private struct Peer {
        var endpoint: PeerEndpoint
        var pending = 0
    }

    private var peers: [Peer] = []
    private var next = 0
    /// When the addresses must be asked for again.
    private(set) var expiry = NIODeadline.uptimeNanoseconds(0)

    var isEmpty: Bool { peers.isEmpty }

    /// Takes over fresh addresses; what is under way stays counted.
    mutating func update(_ endpoints: [PeerEndpoint], expiry: NIODeadline) {
        self.expiry = expiry
        peers = endpoints.map { endpoint in
            Peer(endpoint: endpoint, pending: peers.first { $0.endpoint == endpoint }?.pending ?? 0)
        }
    }

    /// Chooses a peer and counts a call to it; ``ended(_:)`` must follow.
    mutating func take() -> PeerEndpoint? {
        guard !peers.isEmpty else { return nil }
        var best = next % peers.count
        for step in 1..<max(1, peers.count) {
            let index = (next + step) % peers.count
            if peers[index].pending < peers[best].pending { best = index }
        }
        next = (best + 1) % peers.count
        peers[best].pending += 1
        return peers[best].endpoint
    }

    /// A call to the peer is over.
    mutating func ended(_ endpoint: PeerEndpoint) {
        guard let index = peers.firstIndex(where: { $0.endpoint == endpoint }), peers[index].pending > 0 else { return }
        peers[index].pending -= 1
    }

    /// The peer could not be reached: it gets no further call, and the addresses count as old.
    mutating func failed(_ endpoint: PeerEndpoint) {
        peers.removeAll { $0.endpoint == endpoint }
        expiry = .uptimeNanoseconds(0)
    }
}
