import MechaWasm
import NIOCore

extension WASIHTTP {
    static let fieldsFunctions: [String: ComponentFunction] = [
        "[constructor]fields": .immediate { call in try call.give(GuestFields(), Kind.fields) },
        "[static]fields.from-list": .immediate { call in
            let fields = GuestFields()
            return try changing {
                for entry in try call[0].list {
                    let pair = try entry.list
                    guard pair.count == 2 else { throw ComponentTypeError("pair") }
                    try fields.append(try pair[0].string, try pair[1].bytes)
                }
                return try call.give(fields, Kind.fields)
            }
        },
        "[method]fields.get": .immediate { call in
            .list(try call.object(0, as: GuestFields.self).values(try call[1].string).map { .bytes($0) })
        },
        "[method]fields.has": .immediate { call in
            .bool(try !call.object(0, as: GuestFields.self).values(try call[1].string).isEmpty)
        },
        "[method]fields.set": .immediate { call in
            try changing {
                try call.object(0, as: GuestFields.self).set(try call[1].string, try call[2].list.map { try $0.bytes })
                return nil
            }
        },
        "[method]fields.delete": .immediate { call in
            try changing {
                try call.object(0, as: GuestFields.self).delete(try call[1].string)
                return nil
            }
        },
        "[method]fields.append": .immediate { call in
            try changing {
                try call.object(0, as: GuestFields.self).append(try call[1].string, try call[2].bytes)
                return nil
            }
        },
        "[method]fields.entries": .immediate { call in
            .list(try call.object(0, as: GuestFields.self).entries.map { .tuple([.string($0.name), .bytes($0.value)]) })
        },
        "[method]fields.clone": .immediate { call in
            try call.give(GuestFields(try call.object(0, as: GuestFields.self).entries), Kind.fields)
        },
    ]

    private static func changing(_ body: () throws -> ComponentValue?) throws -> ComponentValue {
        do {
            return .ok(try body())
        } catch let problem as GuestFields.Problem {
            return .failure(.variant(problem.rawValue, nil))
        }
    }
}
