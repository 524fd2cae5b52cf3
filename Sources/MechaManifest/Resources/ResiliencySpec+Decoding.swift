import MechaCore
import MechaExpressions

extension ResiliencySpec: DecodableSpec {
    static let apiVersions = ["dapr.io/v1alpha1"]
    static let envelope: ResourceEnvelope = [.scopes]

    init(_ fields: FieldReader, apiVersion: String) {
        let policies = fields.object("policies") { policies in
            (
                timeouts: policies.durations("timeouts"),
                retries: policies.objects("retries") { Retry($0) },
                circuitBreakers: policies.objects("circuitBreakers") { CircuitBreaker($0) }
            )
        }
        timeouts = policies?.timeouts ?? [:]
        retries = policies?.retries ?? [:]
        circuitBreakers = policies?.circuitBreakers ?? [:]
        let targets = fields.object("targets") { targets in
            (
                apps: targets.objects("apps") { AppTarget($0) },
                actors: targets.objects("actors") { ActorTarget($0) },
                components: targets.objects("components") { ComponentTarget($0) }
            )
        }
        apps = targets?.apps ?? [:]
        actors = targets?.actors ?? [:]
        components = targets?.components ?? [:]
    }
}

extension ResiliencySpec.Retry {
    init(_ fields: FieldReader) {
        kind = fields.choice("policy", of: ResiliencySpec.RetryKind.self) ?? .constant
        duration = fields.duration("duration") ?? .seconds(5)
        maximumInterval = fields.duration("maxInterval") ?? .seconds(60)
        let retries = fields.integer("maxRetries", in: -1...Int.max) ?? -1
        maximumRetries = retries < 0 ? nil : retries
        let matching = fields.object("matching") { matching in
            (
                http: matching.ranges("httpStatusCodes", within: 100...599, example: "429,500-599"),
                grpc: matching.ranges("gRPCStatusCodes", within: 0...16, example: "1,4-6")
            )
        }
        httpStatusCodes = matching?.http
        grpcStatusCodes = matching?.grpc
    }
}

extension ResiliencySpec.CircuitBreaker {
    init(_ fields: FieldReader) {
        maximumRequests = fields.integer("maxRequests", in: 1...Int.max) ?? 1
        interval = fields.duration("interval").flatMap { $0 == .zero ? nil : $0 }
        let timeout = fields.duration("timeout") ?? .zero
        self.timeout = timeout == .zero ? .seconds(60) : timeout
        trip = fields.string("trip").flatMap { $0.isEmpty ? nil : $0 }
        guard let trip else { return }
        do throws(TripCondition.Problem) {
            _ = try TripCondition(trip)
        } catch {
            fields.error(
                "trip", "is no condition (\(error))", expected: "a CEL expression over \(TripCondition.variables.joined(separator: ", "))")
        }
    }
}

extension ResiliencySpec.PolicyNames {
    init(_ fields: FieldReader) {
        timeout = fields.policyName("timeout")
        retry = fields.policyName("retry")
        circuitBreaker = fields.policyName("circuitBreaker")
    }
}

extension ResiliencySpec.AppTarget {
    init(_ fields: FieldReader) {
        policies = ResiliencySpec.PolicyNames(fields)
        circuitBreakerCacheSize = fields.cacheSize(default: 100)
    }
}

extension ResiliencySpec.ActorTarget {
    init(_ fields: FieldReader) {
        policies = ResiliencySpec.PolicyNames(fields)
        let scope = fields.choice("circuitBreakerScope", of: ResiliencySpec.CircuitBreakerScope.self)
        if policies.circuitBreaker != nil, scope == nil, fields.value("circuitBreakerScope") == nil {
            fields.error("circuitBreakerScope", "is missing", expected: "one of type, id, both, as circuitBreaker is given")
        }
        circuitBreakerScope = scope ?? .both
        circuitBreakerCacheSize = fields.cacheSize(default: 5_000)
    }
}

extension ResiliencySpec.ComponentTarget {
    init(_ fields: FieldReader) {
        inbound = fields.object("inbound") { ResiliencySpec.PolicyNames($0) }
        outbound = fields.object("outbound") { ResiliencySpec.PolicyNames($0) }
    }
}

extension FieldReader {
    fileprivate func policyName(_ name: String) -> String? {
        guard let policy = string(name), !policy.isEmpty else { return nil }
        // Whether it exists is known when all resources are.
        problems.note(mark(of: name), of: path(to: name))
        return policy
    }

    fileprivate func cacheSize(default fallback: Int) -> Int {
        let size = integer("circuitBreakerCacheSize", in: 0...1_000_000) ?? 0
        return size == 0 ? fallback : size
    }

    fileprivate func ranges(_ name: String, within bounds: ClosedRange<Int>, example: String) -> NumberRanges? {
        guard let text = string(name), !text.isEmpty else { return nil }
        guard let ranges = NumberRanges(parsing: text, within: bounds) else {
            error(
                name, "is \"\(text.clipped)\"",
                expected: "codes and ranges from \(bounds.lowerBound) to \(bounds.upperBound) such as \(example)")
            return nil
        }
        return ranges
    }
}
