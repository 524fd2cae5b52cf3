import MechaCore
import MechaFunctions
import MechaManifest

extension FunctionsAPI {
    /// Makes a revision. With tests it gets no calls until it has answered them as they say.
    ///
    /// - Returns: what the admin API tells: `revision`, `function` and more.
    func deploy(
        _ name: String, digest: String, _ deployment: FunctionDeployment, tests: [FunctionSpec.Test]
    ) async throws(CommandError) -> JSON {
        var first = deployment
        if !tests.isEmpty {
            first.alias = nil
            first.triggers = nil
        }
        guard case .object(let members) = first.json else { return .null }
        let answer = try await call(.POST, Self.path(name, "/revisions"), .object([.init("digest", .string(digest))] + members))
        guard !tests.isEmpty, let revision = answer["revision"]?.intValue, let url = answer["function"]?["url"]?.stringValue else {
            return answer
        }
        let problems = try await FunctionVerifier(url: url).run(tests, function: name, revision: revision)
        guard problems.isEmpty else {
            throw CommandError(
                "\(name) revision \(revision) gets no calls: \(problems.joined(separator: "; "))", hint: "it answers at \(url)@\(revision)")
        }
        guard let alias = deployment.alias else { return answer }
        var move: [JSON.Member] = [.init("revision", .integer(revision)), .init("percent", .integer(deployment.percent))]
        if let triggers = deployment.triggers { move.append(.init("triggers", .array(triggers.map(\.json)))) }
        let function = try await call(.PUT, Self.path(name, "/aliases/\(PercentCoding.encode(alias))"), .object(move))
        guard case .object(let told) = answer else { return answer }
        return .object(told.filter { $0.name != "function" } + [.init("function", function)])
    }
}
