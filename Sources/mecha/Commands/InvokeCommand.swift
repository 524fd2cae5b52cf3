import ArgumentParser
import MechaCore
import NIOCore
import NIOHTTP1

/// `mecha invoke`: calls a method of a running app.
struct InvokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoke",
        abstract: "Call a method of a running app.",
        discussion: """
            Prints the app's answer.

            Examples:
              mecha invoke --app-id orders --method create --data '{"item": "pen"}'
              mecha invoke --app-id orders --method status --verb GET
            """)

    @Option(name: [.customShort("a"), .customLong("app-id")], help: "The app to call.")
    var appID: String

    @Option(name: .shortAndLong, help: "The method to call.")
    var method: String

    @OptionGroup var payload: PayloadFlags

    @Option(name: .shortAndLong, help: "The HTTP verb.")
    var verb = "POST"

    @Option(name: [.customShort("u"), .long], help: "The folder of the runtime's Unix sockets.")
    var unixDomainSocket: String?

    func run() async throws {
        let context = CommandContext.current
        let body = try payload.read()
        let app = try RunningApp.find(appID, in: RunRecordStore(folder: context.folders.runRecords))
        let api = try LocalAPI(of: app, socketDirectory: unixDomainSocket, environment: context.environment)
        // The method may carry a query and more path.
        let target = PercentCoding.encode(method, keeping: "/?&=%:@,;+!$'()*")
        let path = "/v1.0/invoke/\(PercentCoding.encode(appID))/method/\(target)"
        let answer = try await api.call(
            HTTPMethod(rawValue: verb.uppercased()), path, headers: ["content-type": "application/json"], body: body)
        guard answer.isSuccess else {
            let reason = "\(answer.status.code) \(answer.status.reasonPhrase)"
            throw CommandError("error invoking app \(appID): \(reason)\(answer.text.isEmpty ? "" : ": \(answer.text)")")
        }
        if answer.body.readableBytes > 0 { context.console.data(answer.text) }
        context.console.success("App invoked successfully")
    }
}
