/// What guests may write into headers (RFC 9110, section 5), so that none forges another header or response.
enum HeaderText {
    static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    static func isValue(_ value: String) -> Bool { value.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7f) || $0 == 0x09 } }

    /// The runtime frames the message.
    static func isOfConnection(_ name: String) -> Bool {
        [
            "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
        ].contains(name.lowercased())
    }
}
