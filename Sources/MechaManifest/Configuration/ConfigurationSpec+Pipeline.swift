extension ConfigurationSpec {
    /// A middleware component in a pipeline.
    public struct Handler: Sendable, Equatable {
        public let name: String
        public let type: String
        public let version: String
        /// Requests that the handler is limited to; empty for all.
        public let selector: [SelectorField]
    }

    public struct SelectorField: Sendable, Equatable {
        public let field: String
        public let value: String
    }
}

extension ConfigurationSpec.Handler {
    init(_ fields: FieldReader) {
        name = fields.required("name", expected: "the name of a middleware component")
        type = fields.required("type", expected: "a component type such as middleware.http.ratelimit")
        version = fields.string("version") ?? "v1"
        selector = fields.section("selector") { selector in
            selector.list("fields") { field in
                ConfigurationSpec.SelectorField(field: field.required("field"), value: field.string("value") ?? "")
            }
        }
    }
}
