/// What connects two machines: each sends one byte after another, and each message takes as long as any to arrive.
public struct Link: Sendable {
  /// The time between the last byte's departure and its arrival.
  public let latency: Duration
  /// What a machine sends, in bytes per second.
  public let bytesPerSecond: Double

  /// - Parameters:
  ///   - latency: the time between the last byte's departure and its arrival.
  ///   - bytesPerSecond: what a machine sends.
  public init(latency: Duration, bytesPerSecond: Double) {
    (self.latency, self.bytesPerSecond) = (latency, bytesPerSecond)
  }
}
