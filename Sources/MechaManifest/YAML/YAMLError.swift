/// Why a text cannot be read as YAML, and where.
struct YAMLError: Error, Equatable {
    var message: String
    var mark: YAMLMark
}
