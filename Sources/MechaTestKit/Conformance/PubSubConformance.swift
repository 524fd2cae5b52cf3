import MechaCore
import NIOCore

/// The executable form of the ``PubSub`` contract: a table of cases that every broker passes against the real
/// server. Cases use topics and groups of their own; a case that the broker's features or profile do not allow is
/// left out.
public struct PubSubConformance: Sendable {
    let profile: PubSubProfile
    /// Begins every topic and group of this run: a broker may hold those of earlier ones.
    let run = "conformance-\(RandomID.uuid().prefix(8))"

    public init(_ profile: PubSubProfile) { self.profile = profile }

    /// A row of the suite.
    struct Case: Sendable {
        var name: String
        var needs: PubSubFeatures
        var isFor: @Sendable (PubSubProfile) -> Bool
        var body: @Sendable (PubSubCase) async throws -> Void

        init(
            _ name: String, needs: PubSubFeatures = [], when isFor: @escaping @Sendable (PubSubProfile) -> Bool = { _ in true },
            _ body: @escaping @Sendable (PubSubCase) async throws -> Void
        ) {
            self.name = name
            self.needs = needs
            self.isFor = isFor
            self.body = body
        }
    }

    static let cases: [Case] =
        deliveryCases + contentCases + groupCases + redeliveryCases + flowCases + orderCases + publishingCases + featureCases
        + lifeCases

    /// Names of the cases, for ``failures(only:)``.
    public static var caseNames: [String] { cases.map(\.name) }

    /// Runs every case that the broker allows, one after the other, and answers what failed.
    public func failures(only name: String? = nil) async -> [ConformanceFailure] {
        var failures: [ConformanceFailure] = []
        do {
            let broker = try await profile.connect()
            for (index, testCase) in Self.cases.enumerated() where name == nil || name == testCase.name {
                guard broker.features.isSuperset(of: testCase.needs), testCase.isFor(profile) else { continue }
                let scope = PubSubCase(profile, broker, prefix: "\(run)-\(index)")
                do {
                    try await testCase.body(scope)
                } catch let mismatch as Mismatch {
                    failures.append(ConformanceFailure(testCase.name, mismatch.problem))
                } catch {
                    failures.append(ConformanceFailure(testCase.name, "threw: \(error)"))
                }
                await scope.close()
            }
            await broker.close()
        } catch {
            failures.append(ConformanceFailure("the broker is there", "threw: \(error)"))
        }
        return failures
    }
}
