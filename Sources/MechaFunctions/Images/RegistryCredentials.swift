import MechaCore
import NIOCore

/// What Docker's configuration knows of a registry: who to be there, and whose certificates to trust.
package struct RegistryCredentials: Sendable, Equatable {
    /// `user:password`.
    package var userInfo: String?
    /// A token that stands for user and password (`identitytoken`).
    package var identityToken: String?
    /// PEM, from `certs.d/<registry>/ca.crt`.
    package var rootCertificates: String?
    /// A program that has the password, which is not asked here.
    package var helper: String?

    package init() {}

    private static let configurationBytesAtMost = 1 << 20

    /// Reads `config.json` under `DOCKER_CONFIG` or `~/.docker`, and `certs.d` there and under `/etc/docker`. Blocks.
    package static func load(_ registry: String, environment: [String: String]) throws(FunctionBaseError) -> RegistryCredentials {
        let folder = environment["DOCKER_CONFIG"] ?? environment["HOME"].map { "\($0)/.docker" }
        var credentials = RegistryCredentials()
        for folder in [folder, "/etc/docker"].compactMap({ $0 }) where credentials.rootCertificates == nil {
            let bytes = try? FunctionFiles.read("\(folder)/certs.d/\(registry)/ca.crt", atMost: configurationBytesAtMost)
            credentials.rootCertificates = bytes.map { String(decoding: $0, as: UTF8.self) }
        }
        guard let folder, case let path = "\(folder)/config.json", FunctionFiles.exists(path) else { return credentials }
        let bytes: [UInt8]
        do throws(FunctionFiles.Failure) {
            bytes = try FunctionFiles.read(path, atMost: configurationBytesAtMost)
        } catch {
            throw FunctionBaseError(error)
        }
        do {
            try credentials.take(try JSON.parse(ByteBuffer(bytes: bytes)), registry)
        } catch let error as JSONError {
            throw FunctionBaseError(.invalid, "\(path) is not understood: \(error)")
        } catch {
            throw FunctionBaseError(.invalid, "\(path): what it has for \(registry) is not understood; expected auth in Base64")
        }
        return credentials
    }

    private struct NotUnderstood: Error {}

    mutating func take(_ document: JSON, _ registry: String) throws {
        let helpers = document["credHelpers"]?.stringMap ?? [:]
        helper = Self.keys(registry).lazy.compactMap { helpers[$0] }.first ?? document["credsStore"]?.stringValue
        let entries = document["auths"]?.objectValue ?? []
        for key in Self.keys(registry) {
            guard let entry = entries.first(where: { $0.name == key })?.value else { continue }
            if let token = entry["identitytoken"]?.stringValue, !token.isEmpty { identityToken = token }
            if let auth = entry["auth"]?.stringValue, !auth.isEmpty {
                guard let bytes = Base64.decode(auth), case let text = String(decoding: bytes, as: UTF8.self), text.contains(":") else {
                    throw NotUnderstood()
                }
                userInfo = text
            } else if let user = entry["username"]?.stringValue, let password = entry["password"]?.stringValue {
                userInfo = "\(user):\(password)"
            }
            if userInfo != nil || identityToken != nil {
                helper = nil
                return
            }
        }
    }

    /// The names that a registry goes by in the file.
    private static func keys(_ registry: String) -> [String] {
        let names = registry == ImageReference.dockerHub ? ["index.docker.io", "docker.io", "registry-1.docker.io"] : [registry]
        return names.flatMap { [$0, "https://\($0)", "https://\($0)/v1/", "https://\($0)/v2/", "http://\($0)"] }
    }
}
