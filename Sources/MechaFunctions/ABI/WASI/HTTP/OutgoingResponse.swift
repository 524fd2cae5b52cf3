/// An answer that a component makes.
final class OutgoingResponse: @unchecked Sendable {
    let fields: GuestFields
    let body: OutgoingBody
    var status: UInt16 = 200
    var isBodyTaken = false

    init(_ fields: GuestFields, limit: Int) {
        self.fields = fields
        fields.isImmutable = true
        body = OutgoingBody(limit: limit)
    }
}
