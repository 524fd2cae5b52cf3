/// What a component answers with: set once.
final class ResponseOutparam: @unchecked Sendable {
    enum Answer {
        case response(OutgoingResponse)
        case error(String)
    }

    var answer: Answer?
}
