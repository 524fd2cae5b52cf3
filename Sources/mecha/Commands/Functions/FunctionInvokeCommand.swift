import ArgumentParser
import MechaCore
import NIOCore
import NIOHTTP1

/// `mecha fn invoke`.
struct FunctionInvokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoke", abstract: "Call a function and print its answer.",
        discussion: """
            Without data it is a GET, with data a POST.

            Examples:
              mecha fn invoke hello
              mecha fn invoke hello /greet?name=Ada
              mecha fn invoke hello /orders -d '{"item": "pen"}'
              mecha fn invoke hello -d @order.json --revision 3
              mecha fn invoke hello --alias dev
            """)

    @Argument(help: "The function.")
    var name: String

    @Argument(help: "The path, with a query perhaps.")
    var path = "/"

    @Option(name: .shortAndLong, help: "The data to send; @FILE reads a file, @- standard input.")
    var data: String?

    @Option(name: [.customShort("X"), .long], help: "The HTTP verb.")
    var verb: String?

    @Option(name: [.customShort("H"), .long], help: "A header, NAME: VALUE; may be given again.")
    var header: [String] = []

    @Option(help: "Call through this alias.")
    var alias: String?

    @Option(help: "Call this revision.")
    var revision: Int?

    @OptionGroup var target: FunctionTarget

    func run() async throws {
        let context = CommandContext.current
        let function = try await target.api().get(FunctionsAPI.path(name))
        guard let url = function["url"]?.stringValue, let port = url.split(separator: "/").dropFirst().first.flatMap(Self.port) else {
            throw CommandError("The runtime serves no functions")
        }
        var headers = HTTPHeaders()
        for field in header {
            guard let colon = field.firstIndex(of: ":") else {
                throw CommandError("--header \(field) is no header", hint: "like -H 'accept: text/plain'")
            }
            headers.add(name: String(field[..<colon]), value: String(field[field.index(after: colon)...].trimmingBlanks()))
        }
        let body = try Self.read(data)
        if body != nil, !headers.contains(name: "content-type") { headers.add(name: "content-type", value: "application/json") }
        let entrance = (revision.map { "@\($0)" } ?? alias.map { "@\($0)" }) ?? ""
        let target = "/\(name)\(entrance)\(path.hasPrefix("/") ? "" : "/")\(PercentCoding.encode(path, keeping: "/?&=%:@,;+!$'()*"))"
        let api = LocalAPI(address: .port(port), environment: [:])
        let answer = try await api.call(
            HTTPMethod(rawValue: (verb ?? (body == nil ? "GET" : "POST")).uppercased()), target, headers: headers, body: body)
        guard answer.isSuccess else {
            let reason = "\(answer.status.code) \(answer.status.reasonPhrase)"
            throw CommandError("\(name) answered \(reason)\(answer.text.isEmpty ? "" : ": \(answer.text)")")
        }
        if answer.body.readableBytes > 0 { context.console.data(answer.text) }
    }

    private static func port(_ authority: Substring) -> Int? { authority.split(separator: ":").last.flatMap { Int($0) } }

    private static func read(_ data: String?) throws(CommandError) -> ByteBuffer? {
        guard let data else { return nil }
        guard data.hasPrefix("@") else { return ByteBuffer(string: data) }
        let file = String(data.dropFirst())
        do {
            return ByteBuffer(bytes: file == "-" ? try Files.read(descriptor: 0, name: "standard input") : try Files.read(file))
        } catch {
            throw CommandError("Cannot read the data from '\(file)': \(error.reason)")
        }
    }
}
