import MechaCore
import MechaManifest
import NIOCore
import NIOHTTP1

/// Puts a function's own test requests to one of its revisions.
struct FunctionVerifier {
    /// Where the functions of the runtime answer.
    let api: LocalAPI

    /// - Parameter url: of the function, as the admin API tells it.
    init(url: String) throws(CommandError) {
        guard let port = url.split(separator: "/").dropFirst().first?.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw CommandError("The runtime serves no functions")
        }
        api = LocalAPI(address: .port(port), environment: [:])
    }

    /// What is wrong with the answers; empty when all are as they should be.
    func run(_ tests: [FunctionSpec.Test], function: String, revision: Int) async throws(CommandError) -> [String] {
        var problems: [String] = []
        for (index, test) in tests.enumerated() {
            var headers = HTTPHeaders()
            for (name, value) in test.headers.sorted(by: { $0.key < $1.key }) { headers.add(name: name, value: value) }
            let answer = try await api.call(
                HTTPMethod(rawValue: test.method), "/\(function)@\(revision)\(test.path)", headers: headers,
                body: test.body.map { ByteBuffer(string: $0) })
            let name = test.name.isEmpty ? "test \(index + 1)" : test.name
            for problem in Self.problems(test, answer) { problems.append("\(name): \(problem)") }
        }
        return problems
    }

    static func problems(_ test: FunctionSpec.Test, _ answer: LocalAPI.Answer) -> [String] {
        var problems: [String] = []
        func clipped(_ text: String) -> String { text.count > 200 ? "\(text.prefix(200))..." : text }
        if Int(answer.status.code) != test.status { problems.append("the status is \(answer.status.code); expected \(test.status)") }
        for (name, value) in test.expectedHeaders.sorted(by: { $0.key < $1.key }) {
            let actual = answer.headers.first(name: name)
            if actual != value {
                problems.append("the header \(name) is \(actual.map { "\"\($0)\"" } ?? "missing"); expected \"\(value)\"")
            }
        }
        if let wanted = test.expectedBody, answer.text != wanted {
            problems.append("the body is \"\(clipped(answer.text))\"; expected \"\(clipped(wanted))\"")
        }
        if let part = test.contains, !answer.text.contains(part) {
            problems.append("the body is \"\(clipped(answer.text))\", without \"\(clipped(part))\"")
        }
        return problems
    }
}
