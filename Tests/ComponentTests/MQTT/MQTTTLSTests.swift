import MechaCore
import MechaTestKit
import Testing

@testable import MechaMQTT

@Suite struct MQTTTLSTests {
    private func certificates() async throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        let script = """
            set -e
            cd "$1"
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.crt
            for name in server client; do
              openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=$name -keyout $name.key -out $name.csr
              printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > $name.ext
              openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile $name.ext -out $name.crt
            done
            """
        let openssl = try ServerProcess("/bin/sh", ["-c", script, "sh", directory.path])
        guard try await openssl.waitForExit() == .code(0) else { throw TestKitError(openssl.output) }
        return directory
    }

    private func text(_ path: String) async throws -> String {
        let cat = try ServerProcess("cat", [path])
        _ = try await cat.waitForExit()
        return cat.output
    }

    @Test func `the server's certificate is checked, and ours is shown`() async throws {
        let directory = try await certificates()
        let server = try await MosquittoServer(listener: [
            "cafile \(directory.file("ca.crt"))", "certfile \(directory.file("server.crt"))", "keyfile \(directory.file("server.key"))",
            "require_certificate true",
        ])
        let authority = try await text(directory.file("ca.crt"))
        let own = [
            "caCert": authority, "clientCert": try await text(directory.file("client.crt")),
            "clientKey": try await text(directory.file("client.key")),
        ]
        for url in ["ssl://localhost:\(server.port)", "mqtts://127.0.0.1:\(server.port)"] {
            try await withMQTT(server.port, own.merging(["url": url]) { $1 }) { pubsub in
                let received = Received()
                let feed = try await pubsub.collect("t", into: received)
                try await pubsub.publish("t", "x")
                try await received.wait(for: ["x"])
                await feed.close()
            }
        }
        for metadata in [["caCert": authority], [:]] {
            try await withMQTT(server.port, metadata.merging(["url": "ssl://localhost:\(server.port)"]) { $1 }) { pubsub in
                let error = await #expect(throws: CapabilityError.self) { try await pubsub.publish("t", "x") }
                #expect(error?.code == .unavailable)
            }
        }
    }
}
