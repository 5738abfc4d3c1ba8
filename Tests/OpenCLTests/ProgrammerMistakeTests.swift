import OpenCL
import Testing

/// Mistakes of the programmer stop the program and say what was wrong, in optimised builds too.
@Suite struct ProgrammerMistakeTests {
  /// One row a mistake, run in a process of its own.
  enum Mistake: String, CaseIterable, Codable {
    case fourDimensions = "LaunchSize: 4 dimensions, not 1 to 3"
    case negativeSize = "LaunchSize: global size [2, -1]"
    case indivisibleSize = "LaunchSize: local size [4] does not divide global size [10]"
    case readTooFar = "read: 8 bytes at 12 of a buffer of 16"
    case copyTooFar = "enqueueCopy, target: 16 bytes at 4 of a buffer of 16"
    case partialFill = "enqueueFill: 6 bytes at 0 are no whole number of values of 4"
    case negativeBuffer = "DeviceBuffer: -1 bytes"
    case matrixTooLarge = "sgemm: b [2, 2] at 1 with leading dimension 2 ends at 5 of 4 elements"

    func make() throws {
      switch self {
      case .fourDimensions: _ = LaunchSize(global: [1, 1, 1, 1])
      case .negativeSize: _ = LaunchSize(global: [2, -1])
      case .indivisibleSize: _ = LaunchSize(global: [10], local: [4])
      case .readTooFar:
        try withBuffer { _ = try $0.floats($1, count: 2, offset: 12) }
      case .copyTooFar:
        try withBuffer { try $0.enqueueCopy(from: $1, to: $1, targetOffset: 4, byteCount: 16) }
      case .partialFill:
        try withBuffer { try $0.enqueueFill($1, with: Float(0), byteCount: 6) }
      case .negativeBuffer:
        try withBuffer { queue, _ in _ = try DeviceBuffer(byteCount: -1, in: queue.context) }
      case .matrixTooLarge:
        try withBuffer { queue, buffer in
          let matrix = CLBlast.Matrix(buffer, leadingDimension: 2)
          let shifted = CLBlast.Matrix(buffer, offset: 1, leadingDimension: 2)
          try CLBlast.sgemm(m: 2, n: 2, k: 2, a: matrix, b: shifted, c: matrix, on: queue)
        }
      }
    }

    /// A queue of the first device, and a buffer of four floats.
    private func withBuffer(_ body: (CommandQueue, DeviceBuffer) throws -> Void) throws {
      let queue = try CommandQueue(try DeviceContext(device: TestDevices.all[0]))
      try body(queue, try queue.makeBuffer([1, 2, 3, 4]))
    }
  }

  @Test(.enabled(if: !TestDevices.all.isEmpty), arguments: Mistake.allCases)
  func mistakeIsNamed(_ mistake: Mistake) async throws {
    let result = try await #require(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [mistake] in
      try mistake.make()
    }
    let text = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(text.contains("Fatal error: \(mistake.rawValue)"))
  }
}
