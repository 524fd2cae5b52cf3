import NIOCore

extension StateQuery {
    /// Filters nested deeper than this are refused.
    public static let maximumFilterDepth = 32

    /// Reads a query document: `{"filter": {...}, "sort": [...], "page": {...}}`, all parts optional
    /// (section 1.1 of the Dapr surface).
    ///
    /// Throws ``CapabilityError/Code/invalidArgument`` with the place of the fault, never with values.
    public static func decode(_ document: ByteBuffer, keyPrefix: String = "") throws(CapabilityError) -> StateQuery {
        let json: JSON
        do throws(JSONError) { json = try JSON.parse(document) } catch { throw invalid("query", error.description) }
        return try decode(json, keyPrefix: keyPrefix)
    }

    public static func decode(_ json: JSON, keyPrefix: String = "") throws(CapabilityError) -> StateQuery {
        var query = StateQuery(keyPrefix: keyPrefix)
        for (name, value) in try members(of: json, at: "query", allowing: ["filter", "sort", "page"]) {
            switch name {
            case "filter": query.filter = try filter(value, at: "filter", depth: 0)
            case "sort": query.sort = try sorting(value)
            default: try query.readPage(value)
            }
        }
        return query
    }

    // MARK: - Filter

    /// Nil for an empty object, which filters nothing.
    private static func filter(_ json: JSON, at place: String, depth: Int) throws(CapabilityError) -> Filter? {
        guard depth <= maximumFilterDepth else { throw invalid(place, "nested deeper than \(maximumFilterDepth) levels") }
        guard let members = json.objectValue else { throw invalid(place, "expected an object, found \(json.kindName)") }
        guard let member = members.first else { return nil }
        guard members.count == 1 else { throw invalid(place, "expected one operator, found \(members.count)") }
        let place = "\(place).\(member.name)"
        switch member.name {
        case "AND": return .and(try filters(member.value, at: place, depth: depth))
        case "OR": return .or(try filters(member.value, at: place, depth: depth))
        case "EQ": return try condition(member.value, at: place, Filter.equal)
        case "NEQ": return try condition(member.value, at: place, Filter.notEqual)
        case "GT": return try condition(member.value, at: place, Filter.greater)
        case "GTE": return try condition(member.value, at: place, Filter.greaterOrEqual)
        case "LT": return try condition(member.value, at: place, Filter.less)
        case "LTE": return try condition(member.value, at: place, Filter.lessOrEqual)
        case "IN":
            let (path, value) = try condition(member.value, at: place) { ($0, $1) }
            guard let choices = value.arrayValue else {
                throw invalid("\(place).\(path)", "expected an array, found \(value.kindName)")
            }
            return .oneOf(path: path, choices)
        default:
            throw invalid(place, "unknown operator; expected one of EQ, NEQ, GT, GTE, LT, LTE, IN, AND, OR")
        }
    }

    private static func filters(_ json: JSON, at place: String, depth: Int) throws(CapabilityError) -> [Filter] {
        guard let elements = json.arrayValue else { throw invalid(place, "expected an array, found \(json.kindName)") }
        guard !elements.isEmpty else { throw invalid(place, "expected at least one filter") }
        var filters: [Filter] = []
        for (index, element) in elements.enumerated() {
            guard let filter = try filter(element, at: "\(place)[\(index)]", depth: depth + 1) else {
                throw invalid("\(place)[\(index)]", "expected one operator, found none")
            }
            filters.append(filter)
        }
        return filters
    }

    private static func condition<Result>(
        _ json: JSON, at place: String, _ make: (String, JSON) -> Result
    ) throws(CapabilityError) -> Result {
        guard let members = json.objectValue else { throw invalid(place, "expected an object, found \(json.kindName)") }
        guard members.count == 1, let member = members.first else {
            throw invalid(place, "expected one path with its value, found \(members.count)")
        }
        guard !member.name.isEmpty else { throw invalid(place, "the path is empty") }
        return make(member.name, member.value)
    }

    // MARK: - Sort and page

    private static func sorting(_ json: JSON) throws(CapabilityError) -> [Sorting] {
        guard let elements = json.arrayValue else { throw invalid("sort", "expected an array, found \(json.kindName)") }
        var result: [Sorting] = []
        for (index, element) in elements.enumerated() {
            let place = "sort[\(index)]"
            var path: String?
            var descending = false
            for (name, value) in try members(of: element, at: place, allowing: ["key", "order"]) {
                guard let text = value.stringValue else {
                    throw invalid("\(place).\(name)", "expected a string, found \(value.kindName)")
                }
                if name == "key" {
                    path = text
                } else {
                    switch text.uppercased() {
                    case "ASC", "": descending = false
                    case "DESC": descending = true
                    default: throw invalid("\(place).order", "expected ASC or DESC")
                    }
                }
            }
            guard let path, !path.isEmpty else { throw invalid("\(place).key", "expected a path") }
            result.append(Sorting(path: path, descending: descending))
        }
        return result
    }

    private mutating func readPage(_ json: JSON) throws(CapabilityError) {
        for (name, value) in try Self.members(of: json, at: "page", allowing: ["limit", "token"]) {
            if name == "token" {
                guard let text = value.stringValue else {
                    throw Self.invalid("page.token", "expected a string, found \(value.kindName)")
                }
                token = text.isEmpty ? nil : text
            } else {
                guard let number = value.intValue, number >= 0 else {
                    throw Self.invalid("page.limit", "expected a whole number that is not negative")
                }
                limit = number == 0 ? nil : number
            }
        }
    }

    private static func members(
        of json: JSON, at place: String, allowing names: [String]
    ) throws(CapabilityError) -> [(String, JSON)] {
        guard let members = json.objectValue else { throw invalid(place, "expected an object, found \(json.kindName)") }
        for member in members where !names.contains(member.name) {
            throw invalid(place, "unknown member \"\(member.name)\"; expected \(names.joined(separator: ", "))")
        }
        return members.map { ($0.name, $0.value) }
    }

    private static func invalid(_ place: String, _ problem: String) -> CapabilityError {
        CapabilityError(.invalidArgument, "query: \(place): \(problem)")
    }
}
