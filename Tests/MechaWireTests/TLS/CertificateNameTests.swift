import NIOCore
import Testing

@testable import MechaWire

@Suite(.timeLimit(.minutes(1))) struct CertificateNameTests {
    @Test(arguments: [
        ("example.org", "example.org"), ("EXAMPLE.org", "example.ORG"), ("example.org.", "example.org"), ("example.org", "example.org."),
        ("*.example.org", "a.example.org"), ("*.example.org", "A.EXAMPLE.ORG"), ("*.local", "printer.local"), ("localhost", "localhost"),
    ])
    func `a certified name covers`(certified: String, asked: String) {
        #expect(CertificateName.host(certified).covers(asked))
    }

    @Test(arguments: [
        ("example.org", "example.com"), ("example.org", "a.example.org"), ("a.example.org", "example.org"),
        // A wildcard is one whole first label.
        ("*.example.org", "example.org"), ("*.example.org", "a.b.example.org"), ("*.example.org", ".example.org"),
        ("a*.example.org", "ab.example.org"), ("a.*.org", "a.example.org"), ("*", "localhost"), ("*.*", "example.org"),
        ("", ""), ("", "example.org"), ("example.org", ""), ("example..org", "example..org"),
        // Names are never addresses.
        ("127.0.0.1", "127.0.0.1"), ("*.0.0.1", "127.0.0.1"), ("::1", "::1"),
    ])
    func `a certified name does not cover`(certified: String, asked: String) {
        #expect(!CertificateName.host(certified).covers(asked))
    }

    @Test func `a certified address covers itself alone, however it is written`() {
        let loopback = CertificateName.address([127, 0, 0, 1])
        #expect(loopback.covers("127.0.0.1"))
        for other in ["127.0.0.2", "::1", "::ffff:127.0.0.1", "localhost", ""] { #expect(!loopback.covers(other)) }
        let long = CertificateName.address([0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1])
        #expect(long.covers("2001:db8::1") && long.covers("2001:0DB8:0:0:0:0:0:1"))
        #expect(!long.covers("2001:db8::2"))
        #expect(!CertificateName.address([127, 0, 0]).covers("127.0.0.1"))
    }

    /// The server's certificate is for 127.0.0.1 and other names; what was asked for decides, not where it led.
    @Test(
        arguments: [
            ("127.0.0.1", nil, true), ("127.0.0.1", "other.example", true), ("127.0.0.1", "a.wild.example", true),
            ("localhost", "127.0.0.1", true), ("localhost", "other.example", true),
            // Resolves to an address that the certificate is for.
            ("localhost", nil, false), ("127.0.0.1", "localhost", false), ("127.0.0.1", "example.org", false),
            ("127.0.0.1", "127.0.0.2", false), ("127.0.0.1", "wild.example", false),
        ] as [(String, String?, Bool)])
    func `a client checks the name that it asked for`(host: String, serverName: String?, isRight: Bool) async throws {
        try await ClientFixture.run { fixture in
            var options = ListenerOptions(.tcp(host: "127.0.0.1", port: 0))
            options.tls = ServerTLS(certificateChain: ElsewhereCertificate.chain, privateKey: ElsewhereCertificate.key)
            let listener = try await HTTPListener.start(options, loops: fixture.loops, service: StreamingService())
            var tls = ClientTLS()
            tls.rootCertificates = ElsewhereCertificate.chain
            tls.serverName = serverName
            for version in [Origin.HTTPVersion.http1, .http2, .automatic] {
                let request = ClientRequest(
                    .GET, "/x", at: Origin(.tcp(host: host, port: try #require(listener.port)), version: version, tls: tls))
                #expect(await fixture.failure { try await fixture.client.execute(request) } == (isRight ? nil : .tlsFailed))
            }
            tls.verifiesPeer = false
            let unchecked = ClientRequest(.GET, "/x", at: Origin(.tcp(host: host, port: try #require(listener.port)), tls: tls))
            #expect(try await fixture.client.execute(unchecked).status == .ok)
            await listener.drain(within: .seconds(1))
        }
    }
}
