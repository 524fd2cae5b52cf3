import MechaWasm
import NIOHTTP1

/// A request that a component makes.
final class OutgoingRequest: @unchecked Sendable {
    let fields: GuestFields
    let body: OutgoingBody
    var isBodyTaken = false
    var method = HTTPMethod.GET
    var target: String?
    var scheme: ComponentValue?
    var authority: String?

    init(_ fields: GuestFields, limit: Int) {
        self.fields = fields
        fields.isImmutable = true
        body = OutgoingBody(limit: limit)
    }
}
