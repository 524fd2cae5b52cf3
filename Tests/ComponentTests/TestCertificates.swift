import MechaTestKit

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Certificates of a test: `ca`, `server` (of the name localhost) and `client`, each `.pem` and `.key`.
enum TestCertificates {
    static func make(in directory: TemporaryDirectory) async throws {
        func openssl(_ arguments: String...) async throws {
            let process = try ServerProcess("openssl", arguments, directory: directory.path)
            guard try await process.waitForExit() == .code(0) else { throw TestKitError("openssl: \(process.output)") }
        }
        try await openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
            "-subj",
            "/CN=test authority", "-days", "2")
        try directory.write("subjectAltName=DNS:localhost,IP:127.0.0.1", to: "extensions")
        for name in ["server", "client"] {
            try await openssl(
                "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "\(name).key", "-out", "\(name).csr",
                "-subj",
                "/CN=\(name)")
            try await openssl(
                "x509", "-req", "-in", "\(name).csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "\(name).pem",
                "-days", "2",
                "-extfile", "extensions")
        }
    }

    static func read(_ path: String) throws -> String {
        guard let stream = fopen(path, "r") else { throw TestKitError("cannot read \(path)") }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, stream)], as: UTF8.self)
    }
}
