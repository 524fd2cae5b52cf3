import MechaCore

/// What the JetStream API answers instead of a result: a code as of HTTP, a number of its own, and words.
struct JetStreamError: Error, Equatable {
    var code: Int
    var number: Int
    var text: String

    /// Nil when an answer carries no error.
    init?(_ answer: JSON) {
        guard case .object? = answer["error"], let error = answer["error"] else { return nil }
        code = Self.integer(error["code"])
        number = Self.integer(error["err_code"])
        text = error["description"]?.stringValue ?? "no description"
    }

    private static func integer(_ value: JSON?) -> Int {
        if case .number(let text)? = value { Int(text) ?? 0 } else { 0 }
    }

    var isStreamMissing: Bool { number == 10059 }
    var isConsumerMissing: Bool { number == 10014 }
    /// The stream does not cover what a consumer is to have of it.
    var isSubjectMissing: Bool { number == 10093 }

    var capabilityError: CapabilityError {
        let kind: CapabilityError.Code =
            switch code {
            case 404: .notFound
            case 400: .misconfigured
            case 503: .unavailable
            default: .backend
            }
        return CapabilityError(kind, "JetStream answered with an error: \(text) (\(number))", cause: self)
    }
}
