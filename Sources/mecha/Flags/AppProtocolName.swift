import ArgumentParser
import MechaHost

/// `--app-protocol`, compared without case.
struct AppProtocolName: ExpressibleByArgument, Sendable {
    static let allValueStrings = AppOptions.AppProtocol.allCases.map(\.rawValue)

    var value: AppOptions.AppProtocol

    init?(argument: String) {
        guard let value = AppOptions.AppProtocol(rawValue: argument.lowercased()) else { return nil }
        self.value = value
    }
}
