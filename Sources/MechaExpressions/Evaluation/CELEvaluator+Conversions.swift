import MechaCore

extension CELEvaluator {
    mutating func convert(_ value: CELValue, with function: CELFunction, at place: CELPlace) throws(CELError) -> CELValue {
        if case .string(let text) = value { try spend(text.utf8.count / 16, at: place) }
        if case .bytes(let bytes) = value { try spend(bytes.count / 16, at: place) }
        let converted: CELValue?
        switch function {
        case .int: converted = try int(value, at: place)
        case .uint: converted = try uint(value, at: place)
        case .double: converted = try double(value, at: place)
        case .string: converted = try string(value, at: place)
        case .bytes: converted = bytes(value)
        case .bool: converted = try bool(value, at: place)
        case .duration: converted = try duration(value, at: place)
        case .timestamp: converted = try timestamp(value, at: place)
        default: converted = nil
        }
        guard let converted else { throw .noOverload(function.rawValue, [value], at: place) }
        return converted
    }

    private func unreadable(_ type: String, at place: CELPlace) -> CELError {
        CELError(.invalidArgument, "the text is no \(type)", at: place)
    }

    /// Digits only, after a sign: no blanks and no other base.
    private static func isWholeNumber(_ text: String) -> Bool {
        let digits =
            text.utf8.first == UInt8(ascii: "-") || text.utf8.first == UInt8(ascii: "+") ? text.utf8.dropFirst() : text.utf8[...]
        return !digits.isEmpty && digits.allSatisfy { (0x30...0x39).contains($0) }
    }

    private func int(_ value: CELValue, at place: CELPlace) throws(CELError) -> CELValue? {
        switch value {
        case .int: return value
        case .uint(let number):
            guard let whole = Int64(exactly: number) else { throw .overflow("int", at: place) }
            return .int(whole)
        case .double(let number):
            // Exclusive at both ends, where doubles are no longer exact.
            guard number > -0x1p63, number < 0x1p63 else { throw .overflow("int", at: place) }
            return .int(Int64(number))
        case .string(let text):
            guard Self.isWholeNumber(text), let number = Int64(text) else { throw unreadable("int", at: place) }
            return .int(number)
        case .timestamp(let moment): return .int(moment.seconds)
        default: return nil
        }
    }

    private func uint(_ value: CELValue, at place: CELPlace) throws(CELError) -> CELValue? {
        switch value {
        case .uint: return value
        case .int(let number):
            guard let whole = UInt64(exactly: number) else { throw .overflow("uint", at: place) }
            return .uint(whole)
        case .double(let number):
            guard number > -1, number < 0x1p64 else { throw .overflow("uint", at: place) }
            guard number >= 0 else { throw .overflow("uint", at: place) }
            return .uint(UInt64(number))
        case .string(let text):
            guard Self.isWholeNumber(text), let number = UInt64(text) else { throw unreadable("uint", at: place) }
            return .uint(number)
        default: return nil
        }
    }

    private func double(_ value: CELValue, at place: CELPlace) throws(CELError) -> CELValue? {
        switch value {
        case .double: return value
        case .int(let number): return .double(Double(number))
        case .uint(let number): return .double(Double(number))
        case .string(let text):
            guard let number = Double(text) else { throw unreadable("double", at: place) }
            return .double(number)
        default: return nil
        }
    }

    private func string(_ value: CELValue, at place: CELPlace) throws(CELError) -> CELValue? {
        switch value {
        case .string: return value
        case .int(let number): return .string(String(number))
        case .uint(let number): return .string(String(number))
        case .double(let number): return .string(CELNumberText.shortest(number))
        case .bool(let flag): return .string(flag ? "true" : "false")
        case .bytes(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CELError(.invalidArgument, "the bytes are not UTF-8", at: place)
            }
            return .string(text)
        case .timestamp(let moment): return .string(moment.rfc3339)
        case .duration(let duration): return .string(CELTime.format(duration))
        default: return nil
        }
    }

    private func bytes(_ value: CELValue) -> CELValue? {
        switch value {
        case .bytes: value
        case .string(let text): .bytes(Array(text.utf8))
        default: nil
        }
    }

    private func bool(_ value: CELValue, at place: CELPlace) throws(CELError) -> CELValue? {
        switch value {
        case .bool: return value
        case .string(let text):
            switch text {
            case "1", "t", "T", "true", "TRUE", "True": return .bool(true)
            case "0", "f", "F", "false", "FALSE", "False": return .bool(false)
            default: throw unreadable("bool", at: place)
            }
        default: return nil
        }
    }

    private func duration(_ value: CELValue, at place: CELPlace) throws(CELError) -> CELValue? {
        switch value {
        case .duration: return value
        case .string(let text):
            guard let duration = CELTime.parseDuration(text) else { throw unreadable("duration such as 1h30m", at: place) }
            return .duration(duration)
        default: return nil
        }
    }

    private func timestamp(_ value: CELValue, at place: CELPlace) throws(CELError) -> CELValue? {
        switch value {
        case .timestamp: return value
        case .int(let seconds):
            let moment = Timestamp(seconds: seconds)
            guard CELTime.isInRange(moment) else { throw .overflow("timestamp", at: place) }
            return .timestamp(moment)
        case .string(let text):
            guard let moment = Timestamp(rfc3339: text) else { throw unreadable("timestamp in RFC 3339 form", at: place) }
            guard CELTime.isInRange(moment) else { throw .overflow("timestamp", at: place) }
            return .timestamp(moment)
        default: return nil
        }
    }
}
