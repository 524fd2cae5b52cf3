import ArgumentParser
import MechaHost
import MechaInvocation

/// `--app-protocol`, compared without case.
struct AppProtocolName: ExpressibleByArgument, Sendable {
    static let allValueStrings = AppProtocol.allCases.map(\.rawValue)

    var value: AppProtocol

    init?(argument: String) {
        guard let value = AppProtocol(rawValue: argument.lowercased()) else { return nil }
        self.value = value
    }
}
