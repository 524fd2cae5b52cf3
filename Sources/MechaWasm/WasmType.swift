/// The type of a parameter or a result.
package enum WasmType: UInt8, Sendable, Hashable, CustomStringConvertible {
    case i32 = 0
    case i64 = 1
    case f32 = 2
    case f64 = 3
    /// Vectors and references, which no interface of ours uses.
    case other = 255

    package var description: String {
        switch self {
        case .i32: "i32"
        case .i64: "i64"
        case .f32: "f32"
        case .f64: "f64"
        case .other: "reference"
        }
    }
}
