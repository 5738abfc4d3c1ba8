import COpenCL
import Synchronization

/// Matrix products by CLBlast, a tuned library of linear algebra.
package enum CLBlast {
  /// A row-major float32 matrix in a buffer.
  package struct Matrix {
    package let buffer: DeviceBuffer
    /// The index of the first element in the buffer.
    package let offset: Int
    /// The distance from one row, as stored, to the next, in elements.
    package let leadingDimension: Int
    /// Whether the product takes the transpose of what is stored.
    package let isTransposed: Bool

    package init(
      _ buffer: DeviceBuffer, offset: Int = 0, leadingDimension: Int, isTransposed: Bool = false
    ) {
      self.buffer = buffer
      self.offset = offset
      self.leadingDimension = leadingDimension
      self.isTransposed = isTransposed
    }
  }

  // Releases before 1.6.1 look programs up in a shared cache without a lock of their own.
  private static let lock = Mutex(())

  /// Enqueues C = α·A·B + β·C, [m, k] · [k, n] → [m, n].
  ///
  /// The first call for a device builds CLBlast's kernels.
  ///
  /// - Precondition: The matrices lie within their buffers; `c` is not transposed.
  /// - Throws: `OpenCLError` with a code of OpenCL's or CLBlast's, as for sizes of 0 or a leading
  ///   dimension smaller than a row.
  package static func sgemm(
    m: Int, n: Int, k: Int, alpha: Float = 1, a: Matrix, b: Matrix, beta: Float = 0, c: Matrix,
    on queue: CommandQueue
  ) throws {
    require(m >= 0 && n >= 0 && k >= 0, "sgemm: [\(m), \(k)] · [\(k), \(n)]")
    require(!c.isTransposed, "sgemm: the result cannot be transposed")
    a.requireExtent(rows: m, columns: k, "a")
    b.requireExtent(rows: k, columns: n, "b")
    c.requireExtent(rows: m, columns: n, "c")
    var queueHandle: cl_command_queue? = queue.handle
    let status = lock.withLock { _ in
      CLBlastSgemm(
        CLBlastLayoutRowMajor, a.transpose, b.transpose, m, n, k, alpha,
        a.buffer.handle, a.offset, a.leadingDimension,
        b.buffer.handle, b.offset, b.leadingDimension, beta,
        c.buffer.handle, c.offset, c.leadingDimension, &queueHandle, nil)
    }
    try check(
      status.rawValue, "CLBlastSgemm", device: queue.context.device.name,
      detail: "[\(m), \(k)] · [\(k), \(n)], leading dimensions \(a.leadingDimension),"
        + " \(b.leadingDimension), \(c.leadingDimension)")
    queue.enqueuedKernels += 1
  }
}

extension CLBlast.Matrix {
  fileprivate var transpose: CLBlastTranspose {
    isTransposed ? CLBlastTransposeYes : CLBlastTransposeNo
  }

  /// Stops unless op(matrix) = [rows, columns] lies within the buffer. CLBlast's own check would
  /// take the padding after the end for part of the buffer.
  fileprivate func requireExtent(rows: Int, columns: Int, _ name: String) {
    let (rows, columns) = isTransposed ? (columns, rows) : (rows, columns)
    guard rows > 0, columns > 0 else { return }
    let end = offset + (rows - 1) * leadingDimension + columns
    let count = buffer.byteCount / MemoryLayout<Float>.stride
    require(
      offset >= 0 && leadingDimension >= 0 && end <= count,
      "sgemm: \(name) [\(rows), \(columns)] at \(offset) with leading dimension"
        + " \(leadingDimension) ends at \(end) of \(count) elements")
  }
}
