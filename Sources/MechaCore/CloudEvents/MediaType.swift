/// What a Content-Type says of a body, as far as events care. Parameters and letter case do not count.
public enum MediaType {
    public static func isCloudEvent(_ contentType: String) -> Bool {
        contentType == "application/cloudevents+json" || !isPlainJSON(contentType) && essence(contentType) == "application/cloudevents+json"
    }

    /// What most messages are, word for word.
    private static func isPlainJSON(_ contentType: String) -> Bool { contentType == "application/json" }

    /// `application/json` and every `+json`.
    public static func isJSON(_ contentType: String) -> Bool {
        if isPlainJSON(contentType) { return true }
        let essence = essence(contentType)
        return essence == "application/json" || essence.hasSuffix("+json")
    }

    /// Bytes without a form that JSON could hold as they are.
    public static func isBinary(_ contentType: String) -> Bool {
        !isPlainJSON(contentType) && essence(contentType) == "application/octet-stream"
    }

    /// Type and subtype in lower case.
    private static func essence(_ contentType: String) -> String {
        let head = contentType.prefix { $0 != ";" }
        return head.split(separator: " ").joined().lowercased()
    }
}
