/// Doubles as text, in the spelling that other implementations of the language use.
enum CELNumberText {
    /// The fewest digits that read back as the same number; with an exponent below 1e-4 and from 1e6 on.
    static func shortest(_ number: Double) -> String {
        guard number.isFinite else { return number.isNaN ? "NaN" : number < 0 ? "-Inf" : "+Inf" }
        if number == 0 { return number.sign == .minus ? "-0" : "0" }
        // Swift's own shortest form, taken apart into its digits and the place of the point.
        let text = number.magnitude.description
        let parts = text.split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        var exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + mantissa[0].utf8.count
        var digits = mantissa.joined()
        while digits.first == "0" {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.last == "0" { digits.removeLast() }
        let sign = number < 0 ? "-" : ""
        if exponent < -3 || exponent > 6 {
            let rest = digits.dropFirst()
            let power = exponent - 1
            let padded = power.magnitude < 10 ? "0\(power.magnitude)" : "\(power.magnitude)"
            return "\(sign)\(digits.prefix(1))\(rest.isEmpty ? "" : ".\(rest)")e\(power < 0 ? "-" : "+")\(padded)"
        }
        if exponent <= 0 { return "\(sign)0.\(String(repeating: "0", count: -exponent))\(digits)" }
        if digits.utf8.count <= exponent { return sign + digits + String(repeating: "0", count: exponent - digits.utf8.count) }
        return "\(sign)\(digits.prefix(exponent)).\(digits.dropFirst(exponent))"
    }
}
