import ArgumentParser
import MechaCore
import NIOCore

/// `mecha redrive`: puts the messages of a dead letter topic back.
struct RedriveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redrive",
        abstract: "Put the messages of a dead letter topic back where they came from.",
        discussion: """
            Each is published again before it leaves the dead letter topic, so none is lost on the way.

            Examples:
              mecha redrive --app-id shop --pubsub pubsub --topic letters
              mecha redrive -a shop -p pubsub -t letters --to orders --limit 10
            """)

    @Option(name: [.customShort("a"), .customLong("app-id")], help: "The app through whose runtime to go.")
    var appID: String

    @Option(name: .shortAndLong, help: "The name of the pub/sub component.")
    var pubsub: String

    @Option(name: .shortAndLong, help: "The dead letter topic.")
    var topic: String

    @Option(help: "The topic that they go to; by default the one that each came from.")
    var to: String?

    @Option(help: "Messages at most.")
    var limit: Int?

    @Option(name: [.customShort("u"), .long], help: "The folder of the runtime's Unix sockets.")
    var unixDomainSocket: String?

    func run() async throws {
        let context = CommandContext.current
        let app = try RunningApp.find(appID, in: RunRecordStore(folder: context.folders.runRecords))
        let api = try LocalAPI(of: app, socketDirectory: unixDomainSocket, environment: context.environment)
        let query = [to.map { "to=\(PercentCoding.encode($0))" }, limit.map { "limit=\($0)" }].compactMap { $0 }
        let path = "/v1.0-alpha1/redrive/\(PercentCoding.encode(pubsub))/\(PercentCoding.encode(topic, keeping: "/"))"
        let answer = try await api.call(.POST, path + (query.isEmpty ? "" : "?" + query.joined(separator: "&")), headers: [:], body: nil)
        guard answer.isSuccess, let outcome = try? JSON.parse(answer.body) else {
            throw CommandError("error redriving \(topic): \(answer.text.isEmpty ? answer.status.reasonPhrase : answer.text)")
        }
        let left = outcome["left"]?.intValue ?? 0
        context.console.success("\(outcome["redriven"]?.intValue ?? 0) messages put back\(left > 0 ? ", \(left) left" : "")")
    }
}
