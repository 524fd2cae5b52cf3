import MechaCore
import MechaWire

/// Whom a call is for.
public enum InvocationTarget: Sendable, Hashable {
    case app(AppAddress)
    /// An HTTPEndpoint resource, by name.
    case endpoint(String)
    /// A service outside of the mesh, by URL.
    case url(ServiceURL)

    /// Longest app id, as DNS labels bound it and some more for ids that never meet DNS.
    static let nameBytesAtMost = 256

    /// Reads what stands for the callee in a path or header: `app`, `app.namespace`, the name of an
    /// HTTPEndpoint, or a URL (sections 1.3 and 2.3 of the Dapr surface). Percent-escapes are undone.
    ///
    /// - Parameters:
    ///   - namespace: the caller's, for targets that name none.
    ///   - isEndpoint: whether an HTTPEndpoint of that name exists; it comes before an app of the name.
    public static func parse(
        _ text: String, namespace: String, isEndpoint: (String) -> Bool = { _ in false }
    ) throws(InvocationError) -> InvocationTarget {
        guard let name = PercentCoding.decode(text) else {
            throw InvocationError(.invalidTarget, "the app id has a bad percent-escape")
        }
        if ServiceURL.hasScheme(name) {
            return .url(try ServiceURL(name))
        }
        guard !name.isEmpty else { throw InvocationError(.invalidTarget, "the app id is empty") }
        guard name.utf8.count <= nameBytesAtMost, name.utf8.allSatisfy(isNameByte) else {
            throw InvocationError(
                .invalidTarget, "the app id has characters other than letters, digits, '-', '_' and '.', or is too long")
        }
        if isEndpoint(name) { return .endpoint(name) }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return .app(AppAddress(appID: name, namespace: namespace))
        case 2 where !parts[0].isEmpty && !parts[1].isEmpty:
            return .app(AppAddress(appID: String(parts[0]), namespace: String(parts[1])))
        default:
            throw InvocationError(.invalidTarget, "the app id has more than one dot, expected 'app' or 'app.namespace'")
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
        default: false
        }
    }
}
