/// The name of an image in a registry: `registry/repository:tag@sha256:digest`, as Docker reads it. Without a registry
/// it is Docker's own, without a tag and a digest `latest`.
public struct ImageReference: Sendable, Hashable, CustomStringConvertible {
    /// Host, with a port where one is named.
    public var registry: String
    public var repository: String
    public var tag: String?
    /// `sha256:` and 64 hexadecimal digits.
    public var digest: String?

    package static let dockerHub = "docker.io"

    /// Throws for what cannot be a name of an image, saying why.
    public init(_ text: String) throws(FunctionBaseError) {
        func failure(_ problem: String) -> FunctionBaseError {
            FunctionBaseError(
                .invalid,
                "\"\(text.prefix(200))\" is no name of an image: \(problem); expected registry/repository:tag or ...@sha256:digest")
        }
        var rest = Self.withoutScheme(text)[...]
        if let at = rest.firstIndex(of: "@") {
            let digest = String(rest[rest.index(after: at)...])
            guard ImageDigest.isValid(digest) else { throw failure("the digest is not sha256: and 64 hexadecimal digits in lower case") }
            self.digest = digest
            rest = rest[..<at]
        }
        let afterSlash = rest.lastIndex(of: "/").map { rest.index(after: $0) } ?? rest.startIndex
        if let colon = rest[afterSlash...].firstIndex(of: ":") {
            let tag = String(rest[rest.index(after: colon)...])
            guard Self.isTag(tag) else { throw failure("the tag is not up to 128 letters, digits, _, . and -") }
            self.tag = tag
            rest = rest[..<colon]
        }
        var parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.count > 1, parts[0].contains(where: { $0 == "." || $0 == ":" }) || parts[0] == "localhost" {
            registry = parts.removeFirst()
            guard Self.isAuthority(registry) else { throw failure("the registry is no host with a port") }
        } else {
            registry = Self.dockerHub
        }
        if registry == "index.docker.io" { registry = Self.dockerHub }
        if registry == Self.dockerHub, parts.count == 1 { parts.insert("library", at: 0) }
        repository = parts.joined(separator: "/")
        guard repository.utf8.count <= 255, parts.allSatisfy(Self.isRepositoryPart) else {
            throw failure("the repository is not of lower-case letters and digits, with . _ - between them and / between its parts")
        }
    }

    /// `oci://` and `docker://` say that no file is meant.
    package static func withoutScheme(_ text: String) -> String {
        for scheme in ["oci://", "docker://"] where text.hasPrefix(scheme) { return String(text.dropFirst(scheme.count)) }
        return text
    }

    /// What the registry is asked for: the digest, else the tag.
    var selector: String { digest ?? tag ?? "latest" }

    public var description: String {
        "\(registry)/\(repository)\(tag.map { ":\($0)" } ?? (digest == nil ? ":latest" : ""))\(digest.map { "@\($0)" } ?? "")"
    }

    private static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, first != 0x2e, first != 0x2d else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || (0x41...0x5a).contains($0) || [0x2e, 0x2d, 0x5f].contains($0) }
    }

    private static func isRepositoryPart(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, isAlphanumeric(first), isAlphanumeric(last) else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || [0x2e, 0x2d, 0x5f].contains($0) }
    }

    private static func isAuthority(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                isAlphanumeric(byte) || (0x41...0x5a).contains(byte) || [0x2e, 0x2d, 0x3a, 0x5b, 0x5d].contains(byte)
            }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte) }
}
