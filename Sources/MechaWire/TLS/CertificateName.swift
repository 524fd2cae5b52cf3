import NIOCore
import NIOSSL

/// Whom a certificate is for (RFC 9525): DNS names and IP addresses of its `subjectAltName`.
package enum CertificateName: Equatable, Sendable {
    case host(String)
    /// 4 or 16 bytes, in network order.
    case address([UInt8])

    /// Whether `certificate` is one of the host name or IP address `name`. A certificate without any alternative
    /// name is judged by its common name alone, by NIOSSL.
    static func isCertified(_ name: String, by certificate: NIOSSLCertificate) -> Bool {
        let names = certificate._subjectAlternativeNames()
        if names.isEmpty { return addressBytes(name) == nil }
        return names.lazy.compactMap(CertificateName.init).contains { $0.covers(name) }
    }

    /// Nil for other kinds of names.
    private init?(_ name: _SubjectAlternativeName) {
        let bytes = name.contents.withUnsafeBufferPointer { Array($0) }
        switch name.nameType {
        case .dnsName: self = .host(String(decoding: bytes, as: UTF8.self))
        case .ipAddress: self = .address(bytes)
        default: return nil
        }
    }

    /// Whether who asked for `name` may take this for it. A wildcard stands for one whole first label.
    package func covers(_ name: String) -> Bool {
        switch self {
        case .address(let bytes): return Self.addressBytes(name) == bytes
        case .host(let pattern):
            guard Self.addressBytes(name) == nil else { return false }
            let labels = Self.labels(name)
            let wanted = Self.labels(pattern)
            guard labels.count == wanted.count, !labels.contains(where: \.isEmpty) else { return false }
            guard wanted[0] == "*" else { return labels == wanted }
            return labels.count > 1 && labels.dropFirst() == wanted.dropFirst()
        }
    }

    private static func labels(_ name: String) -> [Substring] {
        let name = name.last == "." ? name.dropLast() : name[...]
        return name.lowercased()[...].split(separator: ".", omittingEmptySubsequences: false)
    }

    /// The bytes of an IP address in text; nil for other texts.
    private static func addressBytes(_ text: String) -> [UInt8]? {
        switch try? SocketAddress(ipAddress: text, port: 0) {
        case .v4(let address)?: withUnsafeBytes(of: address.address.sin_addr) { Array($0) }
        case .v6(let address)?: withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
        default: nil
        }
    }
}
