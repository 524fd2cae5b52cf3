import MechaInvocation
import MechaWasm
import MechaWire
import NIOCore
import NIOHTTP1
import Synchronization

/// One request on its way through a filter, and its response on its way back. It has an instance to itself until it is
/// over, or until nobody knows of it any more.
final class FilterSession: Sendable {
    private let function: WasmFunction
    private let guest: any FilterGuest
    private let started = NIODeadline.now()
    private let isOver = Atomic(false)

    init(_ function: WasmFunction) async throws(FunctionError) {
        self.function = function
        let guest = try await function.borrow()
        guard let filter = guest as? any FilterGuest else {
            function.giveBack(guest, after: .now(), failed: true)
            throw FunctionError(.invalidModule, "the module is no filter")
        }
        self.guest = filter
    }

    /// Nobody will see a response: the guest is told, on its own time.
    deinit {
        guard !isOver.exchange(true, ordering: .relaxed) else { return }
        let (function, guest, started) = (function, guest, started)
        guest.store.budget = function.newBudget(goingOnFrom: guest.store.budget)
        Task.detached {
            do throws(WasmError) {
                try await guest.abandonFilter()
                function.giveBack(guest, after: started, failed: false)
            } catch {
                _ = function.failure(error, guest)
                function.giveBack(guest, after: started, failed: true)
            }
        }
    }

    /// - Returns: the answer that the filter gives itself; nil when the request goes on.
    func request(_ request: inout MiddlewareRequest) async throws(FunctionError) -> MiddlewareAnswer? {
        do throws(WasmError) {
            let answer = try await guest.filterRequest(&request)
            if answer != nil || !guest.wantsResponse {
                try await guest.endFilter()
                end(inOrder: true)
            }
            return answer
        } catch {
            throw failed(error)
        }
    }

    /// What the response must be held for; nil when the filter does not look at it.
    var wants: (response: Bool, body: Bool) { (!isOver.load(ordering: .relaxed) && guest.wantsResponse, guest.wantsResponseBody) }

    func response(_ response: inout ResponseFilter.Response) async throws(FunctionError) {
        guest.store.budget = function.newBudget(goingOnFrom: guest.store.budget)
        do throws(WasmError) {
            try await guest.filterResponse(&response)
            try await guest.endFilter()
            end(inOrder: true)
        } catch {
            throw failed(error)
        }
    }

    private func failed(_ error: WasmError) -> FunctionError {
        let failure = function.failure(error, guest)
        end(inOrder: false)
        return failure
    }

    private func end(inOrder: Bool) {
        guard !isOver.exchange(true, ordering: .relaxed) else { return }
        function.giveBack(guest, after: started, failed: !inOrder)
    }
}

/// A guest that requests of others pass.
protocol FilterGuest: FunctionGuest {
    func filterRequest(_ request: inout MiddlewareRequest) async throws(WasmError) -> MiddlewareAnswer?
    var wantsResponse: Bool { get }
    var wantsResponseBody: Bool { get }
    func filterResponse(_ response: inout ResponseFilter.Response) async throws(WasmError)
    /// The request is over.
    func endFilter() async throws(WasmError)
    /// The request is over, and there was no response to look at.
    func abandonFilter() async throws(WasmError)
}
