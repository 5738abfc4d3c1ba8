import Glibc

/// A terminal that nobody sees: what is written to it is kept, up to what the kernel buffers (4 KiB).
final class PseudoTerminal {
  /// The path by which a program opens it.
  let path: String
  private var primary: Int32 = -1
  /// Kept open, since the kernel drops what was written when the last one closes it.
  private var secondary: Int32 = -1

  init() throws {
    var name = [CChar](repeating: 0, count: 128)
    guard openpty(&primary, &secondary, &name, nil, nil) == 0 else { throw Failure(code: errno) }
    path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
  }

  deinit {
    close(secondary)
    close(primary)
  }

  /// All that was written until now.
  var text: String {
    var bytes = [UInt8](repeating: 0, count: 65536)
    _ = fcntl(primary, F_SETFL, O_NONBLOCK)
    var count = 0
    while count < bytes.count {
      let new = bytes.withUnsafeMutableBytes {
        read(primary, $0.baseAddress! + count, $0.count - count)
      }
      if new <= 0 { break }
      count += new
    }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  struct Failure: Error { let code: Int32 }
}
