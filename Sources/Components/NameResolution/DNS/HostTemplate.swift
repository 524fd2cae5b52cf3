import MechaCore

/// The host name of an app, made from its id and namespace: `{appID}.{namespace}.svc`.
struct HostTemplate: Sendable, Equatable {
    private enum Piece: Sendable, Equatable {
        case text(String)
        case appID, namespace
    }

    /// RFC 1035 section 2.3.4, in text form.
    static let maximumHostBytes = 253
    /// Stands for the empty namespace, as it does in Kubernetes.
    static let defaultNamespace = "default"

    private let pieces: [Piece]

    /// Throws ``MetadataError`` for `field`. Placeholders are read without case.
    init(_ text: String, field: String) throws {
        var pieces: [Piece] = []
        var rest = Substring(text)
        while let brace = rest.firstIndex(of: "{") {
            if brace > rest.startIndex { pieces.append(.text(String(rest[..<brace]))) }
            guard let end = rest[brace...].firstIndex(of: "}") else {
                throw MetadataError(field: field, problem: "has a { without }", expected: "{appID} or {namespace}")
            }
            switch rest[rest.index(after: brace)..<end].lowercased() {
            case "appid": pieces.append(.appID)
            case "namespace": pieces.append(.namespace)
            case let name: throw MetadataError(field: field, problem: "has {\(name)}", expected: "{appID} or {namespace}")
            }
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        guard pieces.contains(.appID) else {
            throw MetadataError(field: field, problem: "has no {appID}", expected: "a host name with {appID} in it")
        }
        for case .text(let text) in pieces where !text.utf8.allSatisfy({ Self.isLabelByte($0) || $0 == UInt8(ascii: ".") }) {
            throw MetadataError(field: field, problem: "has \"\(text)\"", expected: "letters, digits, dots and hyphens")
        }
        self.pieces = pieces
    }

    /// Throws ``CapabilityError/Code/invalidArgument`` when the app's id or namespace cannot be part of a
    /// host name: they come from a caller, who must not choose another host with them.
    func host(of app: AppAddress) throws(CapabilityError) -> String {
        let namespace = app.namespace.isEmpty ? Self.defaultNamespace : app.namespace
        for part in [app.appID, namespace] where part.isEmpty || !part.utf8.allSatisfy(Self.isLabelByte) {
            throw CapabilityError(.invalidArgument, "an app id or namespace is not made of letters, digits and hyphens")
        }
        let host = pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .appID: app.appID
            case .namespace: namespace
            }
        }.joined()
        guard host.utf8.count <= Self.maximumHostBytes else {
            throw CapabilityError(.invalidArgument, "the host name of an app is longer than \(Self.maximumHostBytes) bytes")
        }
        return host
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
