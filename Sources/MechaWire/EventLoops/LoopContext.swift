import NIOCore
import NIOPosix
import Synchronization

/// One event loop of the process and what belongs to it.
public final class LoopContext: Sendable {
    public let loop: any EventLoop
    public let executor: LoopTaskExecutor
    /// 0 ..< ``EventLoops/count``; lets per-loop state live in plain arrays.
    public let index: Int
    /// For deadlines. To be used on the loop.
    public let timers: LoopTimers

    /// Calls of ``start(_:)`` that run inside each other at most; deeper ones wait for the loop's next turn, so that
    /// handlers that set off handlers never use up the stack.
    static let maximumNestedStarts = 4
    private let nestedStarts = Atomic(0)

    init(loop: any EventLoop, index: Int) {
        self.loop = loop
        self.executor = LoopTaskExecutor(loop: loop)
        self.index = index
        timers = LoopTimers(loop: loop)
    }

    private static let threadSpecific = ThreadSpecificVariable<LoopContext>()

    /// The context of the loop whose thread this is; nil on other threads.
    public static var current: LoopContext? { threadSpecific.currentValue }

    func bindToThread() { Self.threadSpecific.currentValue = self }

    /// Starts `body` here and now on this loop; it returns to this loop after every suspension.
    /// Must be called on the loop.
    @discardableResult
    public func run(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        loop.assertInEventLoop()
        return Task.immediate(executorPreference: executor) { await body() }
    }

    /// Starts `body` on this loop in a task that has nothing of the calling one; here and now unless many such calls
    /// are nested already. Must be called on the loop.
    package func start(_ body: @escaping @Sendable () async -> Void) {
        loop.assertInEventLoop()
        let depth = nestedStarts.load(ordering: .relaxed)
        guard depth < Self.maximumNestedStarts else {
            Task.detached(executorPreference: executor) { await body() }
            return
        }
        nestedStarts.store(depth + 1, ordering: .relaxed)
        Task.immediateDetached(executorPreference: executor) { await body() }
        nestedStarts.store(depth, ordering: .relaxed)
    }

    /// Suspends a task of this loop until the continuation that `keep` got is resumed. When the task is
    /// cancelled, `wake` is called on the loop and must resume it: the caller finds out what has changed.
    func wait(
        _ keep: (UnsafeContinuation<Void, Never>) -> Void, wake: @escaping @Sendable () -> Void
    ) async {
        await withTaskCancellationHandler {
            guard !Task.isCancelled else { return }
            await withUnsafeContinuation { keep($0) }
        } onCancel: {
            loop.execute(wake)
        }
    }
}
