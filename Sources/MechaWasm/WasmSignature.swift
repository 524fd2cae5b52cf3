import CWasmtime

/// What a function takes and gives.
package struct WasmSignature: Sendable, Hashable, CustomStringConvertible {
    package var parameters: [WasmType]
    package var results: [WasmType]

    package init(_ parameters: [WasmType] = [], _ results: [WasmType] = []) {
        self.parameters = parameters
        self.results = results
    }

    package var description: String {
        let parameters = parameters.map(\.description).joined(separator: ", ")
        return results.isEmpty ? "(\(parameters))" : "(\(parameters)) -> \(results.map(\.description).joined(separator: ", "))"
    }

    /// - Parameter type: borrowed.
    init(_ type: OpaquePointer) {
        func types(_ vector: UnsafePointer<wasm_valtype_vec_t>?) -> [WasmType] {
            guard let vector = vector?.pointee, let data = vector.data else { return [] }
            return UnsafeBufferPointer(start: data, count: vector.size).map { WasmType(rawValue: wasm_valtype_kind($0)) ?? .other }
        }
        self.init(types(wasm_functype_params(type)), types(wasm_functype_results(type)))
    }

    /// A description of its own for the library; the caller frees it.
    func makeFunctionType() -> OpaquePointer? {
        func vector(_ types: [WasmType]) -> wasm_valtype_vec_t {
            let values: [OpaquePointer?] = types.map { wasm_valtype_new($0.rawValue) }
            var vector = wasm_valtype_vec_t()
            wasm_valtype_vec_new(&vector, values.count, values)
            return vector
        }
        var (parameters, results) = (vector(parameters), vector(results))
        return wasm_functype_new(&parameters, &results)
    }
}
