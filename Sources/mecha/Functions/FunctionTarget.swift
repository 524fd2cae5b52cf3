import ArgumentParser

/// Which runtime a command about functions speaks with.
struct FunctionTarget: ParsableArguments {
    @Option(name: .customLong("app-id"), help: "The runtime that serves this app (default: the one that hosts functions).")
    var appID: String?

    func api() async throws(CommandError) -> FunctionsAPI { try await FunctionsAPI.find(appID: appID, in: .current) }
}
