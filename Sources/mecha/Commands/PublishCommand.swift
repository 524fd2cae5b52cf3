import ArgumentParser
import MechaCore
import NIOCore

/// `mecha publish`: publishes an event through a running app's runtime.
struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish an event through a running app's runtime.",
        discussion: """
            Data that is a CloudEvent (with id, source, specversion, type and data) is sent as one.

            Examples:
              mecha publish --publish-app-id shop --pubsub pubsub --topic orders --data '{"id": 1}'
              mecha publish -i shop -p pubsub -t orders -f order.json -m '{"ttlInSeconds": "10"}'
            """)

    @Option(name: [.customShort("i"), .customLong("publish-app-id")], help: "The app through whose runtime to publish.")
    var appID: String

    @Option(name: .shortAndLong, help: "The name of the pub/sub component.")
    var pubsub: String

    @Option(name: .shortAndLong, help: "The topic.")
    var topic: String

    @OptionGroup var payload: PayloadFlags

    @Option(name: .shortAndLong, help: "Metadata of the request as a JSON object of strings.")
    var metadata: String?

    @Option(name: [.customShort("u"), .long], help: "The folder of the runtime's Unix sockets.")
    var unixDomainSocket: String?

    func run() async throws {
        let context = CommandContext.current
        let body = try payload.read()
        let app = try RunningApp.find(appID, in: RunRecordStore(folder: context.folders.runRecords))
        let api = try LocalAPI(of: app, socketDirectory: unixDomainSocket, environment: context.environment)
        let path = "/v1.0/publish/\(PercentCoding.encode(pubsub))/\(PercentCoding.encode(topic, keeping: "/"))\(try query())"
        let answer = try await api.call(.POST, path, headers: ["content-type": Self.contentType(of: body)], body: body)
        guard answer.isSuccess else {
            throw CommandError("Error publishing topic \(topic): \(answer.text.isEmpty ? answer.status.reasonPhrase : answer.text)")
        }
        context.console.success("Event published successfully")
    }

    private func query() throws(CommandError) -> String {
        guard let metadata, !metadata.isEmpty else { return "" }
        guard let members = (try? JSON.parse(metadata))?.objectValue else {
            throw CommandError("--metadata is not a JSON object", hint: "like '{\"ttlInSeconds\": \"10\"}'")
        }
        let pairs = members.map { member in
            "metadata.\(PercentCoding.encode(member.name))=\(PercentCoding.encode(member.value.stringValue ?? member.value.text))"
        }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }

    static func contentType(of body: ByteBuffer?) -> String {
        guard let body, let event = try? JSON.parse(body) else { return "application/json" }
        let isEvent = ["id", "source", "specversion", "type", "data"].allSatisfy { event[$0] != nil }
        return isEvent ? "application/cloudevents+json" : "application/json"
    }
}
