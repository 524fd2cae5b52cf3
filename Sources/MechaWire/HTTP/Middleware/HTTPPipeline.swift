import NIOCore
import NIOHTTP1

/// The steps that requests go through in order (`httpPipeline`, `appHttpPipeline` of a Configuration).
public struct HTTPPipeline: Sendable {
    /// A middleware under its component's name.
    public struct Step: Sendable {
        public let name: String
        let middleware: any HTTPMiddleware
        /// Kept alive for as long as a request may use the step.
        private let lease: (any AnyObject & Sendable)?

        public init(name: String, _ middleware: any HTTPMiddleware, lease: (any AnyObject & Sendable)? = nil) {
            self.name = name
            self.middleware = middleware
            self.lease = lease
        }
    }

    public let steps: [Step]

    public init(_ steps: [Step]) { self.steps = steps }

    /// Where a request is on its way.
    private enum Progress {
        case passed
        case answered(MiddlewareAnswer)
        case waits(at: Int, @Sendable (inout MiddlewareRequest) async -> MiddlewareVerdict)
    }

    private func advance(_ request: inout MiddlewareRequest, from first: Int) -> Progress {
        for index in first..<steps.count {
            switch steps[index].middleware.judge(&request) {
            case .pass: continue
            case .answer(let answer): return .answered(answer)
            case .later(let operation): return .waits(at: index, operation)
            }
        }
        return .passed
    }

    /// Goes on from a step that waits.
    private func resume(
        _ request: inout MiddlewareRequest, at index: Int, _ operation: @Sendable (inout MiddlewareRequest) async -> MiddlewareVerdict
    ) async -> MiddlewareAnswer? {
        var verdict = await operation(&request)
        var index = index
        while true {
            switch verdict {
            case .answer(let answer): return answer
            case .later(let operation): verdict = await operation(&request)
            case .pass:
                switch advance(&request, from: index + 1) {
                case .passed: return nil
                case .answered(let answer): return answer
                case .waits(let next, let operation):
                    index = next
                    verdict = await operation(&request)
                }
            }
        }
    }

    /// Sends a request through all steps. Nil when it goes on, else its answer.
    package func run(_ request: inout MiddlewareRequest) async -> MiddlewareAnswer? {
        switch advance(&request, from: 0) {
        case .passed: return nil
        case .answered(let answer): return answer
        case .waits(let index, let operation): return await resume(&request, at: index, operation)
        }
    }

    /// Sends a request through all steps: `then` is called at once where no step waits, else later on the same
    /// loop. Must be called on `context`'s loop.
    package func run(
        _ request: MiddlewareRequest, on context: LoopContext,
        then: @escaping @Sendable (_ request: MiddlewareRequest, _ answer: MiddlewareAnswer?) -> Void
    ) {
        var request = request
        switch advance(&request, from: 0) {
        case .passed: then(request, nil)
        case .answered(let answer): then(request, answer)
        case .waits(let index, let operation):
            context.run { [request] in
                var request = request
                let answer = await resume(&request, at: index, operation)
                then(request, answer)
            }
        }
    }
}
