/// Byte counts as Kubernetes quantities write them: `4Mi`, `64Ki`, `1G`, `512`.
public enum ByteSize {
    /// Nil when `text` is not a whole, non-negative count that fits.
    public static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        let scale: Int
        switch text.dropFirst(digits.count) {
        case "", "B": scale = 1
        case "k", "K", "KB": scale = 1_000
        case "M", "MB": scale = 1_000_000
        case "G", "GB": scale = 1_000_000_000
        case "Ki", "KiB": scale = 1 << 10
        case "Mi", "MiB": scale = 1 << 20
        case "Gi", "GiB": scale = 1 << 30
        default: return nil
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: scale)
        return overflow ? nil : bytes
    }
}
