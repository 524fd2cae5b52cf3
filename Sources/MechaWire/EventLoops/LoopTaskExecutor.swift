import NIOCore

/// Runs a task's jobs on an event loop, so that a handler started on a loop never leaves it.
public final class LoopTaskExecutor: TaskExecutor {
    public let loop: any EventLoop

    init(loop: any EventLoop) { self.loop = loop }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
