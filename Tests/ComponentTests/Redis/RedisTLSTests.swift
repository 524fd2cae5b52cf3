import MechaCore
import MechaTestKit
import NIOCore
import Testing

@testable import MechaRedis

@Suite struct RedisTLSTests {
    /// A server that speaks TLS only, with certificates made for it.
    private struct Fixture {
        let server: RedisServer
        let port: Int
        let directory: TemporaryDirectory

        init(clients: String) async throws {
            directory = try TemporaryDirectory()
            port = try LoopbackPort.free()
            let script = """
                set -e
                cd "$1"
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.crt
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=other -keyout other.key -out other.crt
                for name in server client; do
                  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=$name -keyout $name.key -out $name.csr
                  printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > $name.ext
                  openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile $name.ext -out $name.crt
                done
                """
            let openssl = try ServerProcess("/bin/sh", ["-c", script, "sh", directory.path])
            guard try await openssl.waitForExit() == .code(0) else { throw TestKitError(openssl.output) }
            server = try await RedisServer(options: [
                "--port", "0", "--tls-port", "\(port)", "--tls-cert-file", directory.file("server.crt"), "--tls-key-file",
                directory.file("server.key"), "--tls-ca-cert-file", directory.file("ca.crt"), "--tls-auth-clients", clients,
            ])
        }

        func pem(_ name: String) throws -> String {
            var bytes: [UInt8] = []
            let stream = try #require(fopen(directory.file(name), "r"))
            defer { fclose(stream) }
            while case let byte = fgetc(stream), byte != EOF { bytes.append(UInt8(byte)) }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private func roundTrip(_ metadata: [String: String]) async throws {
        try await withRedisStore(metadata.merging(["enableTLS": "true"]) { $1 }) { store in
            try await store.set(StateWrite(key: "k", value: ByteBuffer(string: "value")))
            #expect(try await store.get("k", StateReadOptions()).map { String(buffer: $0.value) } == "value")
        }
    }

    @Test func `the server's certificate is checked against the authority and the name`() async throws {
        let fixture = try await Fixture(clients: "no")
        let authority = try fixture.pem("ca.crt")
        for host in ["localhost", "127.0.0.1"] {
            try await roundTrip(["redisHost": "\(host):\(fixture.port)", "caCert": authority])
        }
        for metadata in [["caCert": try fixture.pem("other.crt")], [:]] {
            let error = await #expect(throws: CapabilityError.self) {
                try await roundTrip(metadata.merging(["redisHost": "localhost:\(fixture.port)"]) { $1 })
            }
            #expect(error?.code == .unavailable)
            #expect(error?.message.lowercased().contains("certificate") == true, "\(error?.message ?? "")")
        }
        try await roundTrip(["redisHost": "localhost:\(fixture.port)", "insecureSkipTLSVerify": "true"])
    }

    @Test func `a client certificate opens a server that wants one`() async throws {
        let fixture = try await Fixture(clients: "yes")
        let address = "localhost:\(fixture.port)"
        let authority = try fixture.pem("ca.crt")
        try await roundTrip([
            "redisHost": address, "caCert": authority, "clientCert": try fixture.pem("client.crt"),
            "clientKey": try fixture.pem("client.key"),
        ])
        await #expect(throws: CapabilityError.self) { try await roundTrip(["redisHost": address, "caCert": authority]) }
    }
}

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif
