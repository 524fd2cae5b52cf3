/// A channel to something that takes events as requests of HTTP: an HTTP app, a function of this process.
public protocol HTTPEventChannel: AppChannel {}
