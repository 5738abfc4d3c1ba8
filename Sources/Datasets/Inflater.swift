import CZlib
import Hypertower

/// Decompresses a gzip file, or deflated data alone, chunk by chunk.
final class Inflater {
  private let contents: UnsafeRawBufferPointer
  private let name: String
  /// On the heap, because zlib keeps a pointer to it.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private let chunk: UnsafeMutableBufferPointer<UInt8>
  /// How much of `contents` zlib was given.
  private var given = 0
  private var isAtEnd = false
  private let isRaw: Bool

  /// - Parameters:
  ///   - contents: Must stay in place as long as the inflater is used.
  ///   - isRaw: Whether they are deflated data (RFC 1951) without a header.
  init(
    _ contents: UnsafeRawBufferPointer, name: String, chunkSize: Int = 1 << 18, isRaw: Bool = false
  ) {
    self.contents = contents
    self.name = name
    self.isRaw = isRaw
    chunk = .allocate(capacity: chunkSize)
    stream.initialize(to: z_stream())
    let gzipOnly: Int32 = 16
    let status = inflateInit2_(
      stream, isRaw ? -MAX_WBITS : MAX_WBITS + gzipOnly, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib cannot start: status \(status)")
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    chunk.deallocate()
  }

  /// The next bytes, valid until the next call, or nil after the last.
  ///
  /// - Throws: `InputError` of kind `.badData` when the file is cut short, damaged, or followed by
  ///   anything except another gzip member or zeros.
  func next() throws -> UnsafeBufferPointer<UInt8>? {
    stream.pointee.next_out = chunk.baseAddress
    stream.pointee.avail_out = uInt(chunk.count)
    while !isAtEnd && stream.pointee.avail_out > 0 {
      giveInput()
      let status = inflate(stream, Z_NO_FLUSH)
      switch status {
      case Z_OK: continue
      case Z_STREAM_END: try endMember()
      case Z_BUF_ERROR: throw fault("the \(format) data ends early: the file is cut short")
      default:
        let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)"
        throw fault("the \(format) data is damaged (\(reason))")
      }
    }
    let count = chunk.count - Int(stream.pointee.avail_out)
    return count == 0 ? nil : UnsafeBufferPointer(rebasing: chunk[..<count])
  }

  private var format: String { isRaw ? "deflated" : "gzip" }

  private var position: Int { given - Int(stream.pointee.avail_in) }

  /// Lets zlib, whose counts have 32 bits, see more of the contents once it has used up the last.
  private func giveInput() {
    guard stream.pointee.avail_in == 0, given < contents.count else { return }
    let part = contents[given...].prefix(1 << 30)
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: UnsafeRawBufferPointer(rebasing: part).assumingMemoryBound(to: UInt8.self)
        .baseAddress)
    stream.pointee.avail_in = uInt(part.count)
    given += part.count
  }

  /// Goes on to the member that follows the one that ended, if any.
  ///
  /// Zeros up to the end are ignored, as gzip does: some tools and devices fill up a last block.
  private func endMember() throws {
    let rest = UnsafeRawBufferPointer(rebasing: contents[position...])
    guard !isRaw, !rest.allSatisfy({ $0 == 0 }) else {
      isAtEnd = true
      return
    }
    guard Gzip.isGzip(rest) else {
      throw fault("\(rest.count) bytes follow the gzip data: the file is damaged")
    }
    inflateReset(stream)
  }

  private func fault(_ message: String) -> InputError {
    InputError(.badData, "\(name): at byte \(position): \(message); fetch it again")
  }
}
