import MechaCore
import NIOCore

/// The bytes that a request wants stored. The API hands data over as JSON, so a text comes with its quotes.
enum LocalStorageData {
    static func bytes(of request: BindingRequest, _ settings: LocalStorageSettings) throws(CapabilityError) -> ByteBuffer {
        var data = request.data
        if case .string(let text)? = try? JSON.parse(data) { data = ByteBuffer(string: text) }
        var decoding = settings.decoding
        if let text = request.value("decodeBase64"), !text.isEmpty {
            guard let choice = LocalStorageSettings.Decoding(rawValue: text.lowercased()) else {
                throw CapabilityError(.invalidArgument, "metadata decodeBase64 is \"\(text)\"; expected true, false or auto")
            }
            decoding = choice
        }
        guard decoding != .never else { return data }
        if let decoded = Base64.decode(String(buffer: data)) { return ByteBuffer(bytes: decoded) }
        guard decoding == .auto else { throw CapabilityError(.invalidArgument, "the data is no base 64 text (decodeBase64)") }
        return data
    }
}
