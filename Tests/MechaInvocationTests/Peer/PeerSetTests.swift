import MechaCore
import NIOCore
import Testing

@testable import MechaInvocation

@Suite struct PeerSetTests {
    private func endpoint(_ port: Int) -> PeerEndpoint { PeerEndpoint(host: "h", port: port) }
    private let later = NIODeadline.uptimeNanoseconds(100)

    @Test func `equals take turns`() {
        var peers = PeerSet()
        peers.update([1, 2, 3].map(endpoint), expiry: later)
        var taken: [Int] = []
        for _ in 0..<6 {
            guard let peer = peers.take() else { break }
            taken.append(peer.port)
            peers.ended(peer)
        }
        #expect(taken == [1, 2, 3, 1, 2, 3])
    }

    @Test func `the one with the fewest calls under way is next`() {
        var peers = PeerSet()
        peers.update([1, 2].map(endpoint), expiry: later)
        #expect(peers.take()?.port == 1)
        #expect(peers.take()?.port == 2)
        #expect(peers.take()?.port == 1)
        peers.ended(endpoint(2))
        #expect(peers.take()?.port == 2)
        #expect(peers.take()?.port == 2)
    }

    @Test func `a peer that fails is left out until the addresses come anew`() {
        var peers = PeerSet()
        peers.update([1, 2].map(endpoint), expiry: later)
        #expect(peers.take()?.port == 1)
        peers.failed(endpoint(1))
        #expect(peers.expiry < later)
        #expect(peers.take()?.port == 2)
        peers.failed(endpoint(2))
        #expect(peers.take() == nil)
        peers.ended(endpoint(1))
        peers.update([1, 2].map(endpoint), expiry: later)
        #expect(peers.take()?.port == 1)
    }

    @Test func `fresh addresses keep the count of what is under way`() {
        var peers = PeerSet()
        peers.update([1].map(endpoint), expiry: later)
        _ = peers.take()
        peers.update([1, 2].map(endpoint), expiry: later)
        #expect(peers.take()?.port == 2)
    }
}
