import MechaCore
import NIOHPACK
import NIOHTTP1

/// The metadata of a call, as its headers carry it: names in lower case, values in ASCII, or bytes under
/// names that end in `-bin`. A name may have several values.
///
/// Fields that belong to HTTP/2 or to gRPC itself are not shown by iteration.
public struct GRPCMetadata: Sendable {
    /// May hold fields that are not metadata, when it is a view of a whole header block.
    private(set) var fields: HPACKHeaders

    public init() { fields = HPACKHeaders() }

    init(viewing fields: HPACKHeaders) { self.fields = fields }

    /// A view of the fields of a response, as the HTTP client gives them.
    init(viewing fields: HTTPHeaders) { self.init(viewing: HPACKHeaders(httpHeaders: fields, normalizeHTTPHeaders: true)) }

    public var isEmpty: Bool { !contains { _ in true } }

    /// The first value of `name`.
    public subscript(name: String) -> String? { fields.first(name: name) }

    public func values(of name: String) -> [String] { fields[name] }

    /// The first value of a `-bin` name, decoded; nil when absent or not base64.
    public func binary(_ name: String) -> [UInt8]? { binaryValues(of: name).first }

    /// All values of a `-bin` name. Peers may join several with commas.
    public func binaryValues(of name: String) -> [[UInt8]] {
        fields[canonicalForm: name].compactMap { Base64.decode($0) }
    }

    /// Adds a value; false, and nothing added, when headers cannot carry the name or the value
    /// (names: `0-9 a-z _ - .`, made lower-case; values: printable ASCII).
    @discardableResult
    public mutating func add(_ name: String, _ value: String) -> Bool {
        guard let name = Self.normalized(name), value.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else { return false }
        fields.add(name: name, value: value)
        return true
    }

    /// Adds bytes under a name that ends in `-bin`; false for any other.
    @discardableResult
    public mutating func add(_ name: String, binary value: some Sequence<UInt8>) -> Bool {
        guard name.hasSuffix("-bin") else { return false }
        return add(name, Base64.encode(value))
    }

    public mutating func remove(_ name: String) { fields.remove(name: name) }

    /// Nil when `name` is empty, reserved or has other characters than a name may have.
    private static func normalized(_ name: String) -> String? {
        let name = name.utf8.contains { (0x41...0x5a).contains($0) } ? name.lowercased() : name
        let isName = name.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f || $0 == 0x2d || $0 == 0x2e
        }
        return isName && !name.isEmpty && !isReserved(name) ? name : nil
    }

    /// Names with a meaning of their own in the protocol.
    static func isReserved(_ name: String) -> Bool {
        switch name {
        case "content-type", "te", "content-length", "grpc-timeout", "grpc-encoding", "grpc-accept-encoding", "grpc-status",
            "grpc-message", "grpc-status-details-bin", "grpc-message-type":
            true
        default: name.utf8.first == UInt8(ascii: ":")
        }
    }
}

extension GRPCMetadata: Sequence {
    public struct Iterator: IteratorProtocol {
        fileprivate var base: HPACKHeaders.Iterator

        public mutating func next() -> (name: String, value: String)? {
            while let (name, value, _) = base.next() {
                if !GRPCMetadata.isReserved(name) { return (name, value) }
            }
            return nil
        }
    }

    public func makeIterator() -> Iterator { Iterator(base: fields.makeIterator()) }
}
