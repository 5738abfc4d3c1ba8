internal import Glibc

/// The functions of an MPI library that are used, found at run time.
///
/// Handles of communicators, types and requests are pointers in Open MPI and 32-bit integers in MPICH. Either is passed
/// as an `Int`, in a register of which MPICH reads the lower half; arrays of handles are never passed.
struct MPILibrary {
  typealias Handle = Int

  typealias Initialize =
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, Int32, UnsafeMutablePointer<Int32>
    ) -> Int32
  typealias Finalize = @convention(c) () -> Int32
  typealias Abort = @convention(c) (Handle, Int32) -> Int32
  typealias Number = @convention(c) (Handle, UnsafeMutablePointer<Int32>) -> Int32
  typealias Send =
    @convention(c) (
      UnsafeRawPointer?, Int32, Handle, Int32, Int32, Handle, UnsafeMutableRawPointer
    ) -> Int32
  typealias Receive =
    @convention(c) (
      UnsafeMutableRawPointer?, Int32, Handle, Int32, Int32, Handle, UnsafeMutableRawPointer
    ) -> Int32
  typealias Test =
    @convention(c) (UnsafeMutableRawPointer, UnsafeMutablePointer<Int32>, Handle) -> Int32
  typealias SetErrorHandler = @convention(c) (Handle, Handle) -> Int32
  typealias ErrorText =
    @convention(c) (Int32, UnsafeMutablePointer<CChar>, UnsafeMutablePointer<Int32>) -> Int32

  let initialize: Initialize
  let finalize: Finalize
  let abort: Abort
  let rank: Number
  let size: Number
  let send: Send
  let receive: Receive
  let test: Test
  let setErrorHandler: SetErrorHandler
  let errorText: ErrorText

  /// All ranks.
  let world: Handle
  /// The type of a byte.
  let byte: Handle
  /// The handler that lets functions return their errors.
  let returningErrors: Handle
  /// Where a status would go that nobody wants.
  let ignoredStatus: Handle
  /// The library's file.
  let name: String

  /// Loads the library of an implementation.
  ///
  /// - Throws: `RankError` that says what to install.
  init(_ implementation: MPIImplementation) throws {
    var (library, faults): (UnsafeMutableRawPointer?, [String]) = (nil, [])
    var name = ""
    for candidate in implementation.libraryNames where library == nil {
      // Open MPI's own modules look its symbols up among the global ones.
      library = dlopen(candidate, RTLD_NOW | RTLD_GLOBAL)
      name = candidate
      if library == nil { faults.append(dlerror().map { String(cString: $0) } ?? candidate) }
    }
    guard let library else {
      throw RankError(
        "\(implementation.rawValue) has started this process, but its library cannot be loaded: "
          + "\(faults.joined(separator: "; ")); \(implementation.installHint)")
    }
    self.name = name
    func symbol(_ symbolName: String) throws -> UnsafeMutableRawPointer {
      guard let address = dlsym(library, symbolName) else {
        throw RankError(
          "\(name): has no '\(symbolName)': it is no library of \(implementation.rawValue)")
      }
      return address
    }
    func function<Function>(_ name: String, as type: Function.Type) throws -> Function {
      unsafeBitCast(try symbol(name), to: type)
    }
    initialize = try function("MPI_Init_thread", as: Initialize.self)
    finalize = try function("MPI_Finalize", as: Finalize.self)
    abort = try function("MPI_Abort", as: Abort.self)
    rank = try function("MPI_Comm_rank", as: Number.self)
    size = try function("MPI_Comm_size", as: Number.self)
    send = try function("MPI_Isend", as: Send.self)
    receive = try function("MPI_Irecv", as: Receive.self)
    test = try function("MPI_Test", as: Test.self)
    setErrorHandler = try function("MPI_Comm_set_errhandler", as: SetErrorHandler.self)
    errorText = try function("MPI_Error_string", as: ErrorText.self)
    switch implementation {
    case .openMPI:
      // The addresses of the objects that `mpi.h` names.
      world = Int(bitPattern: try symbol("ompi_mpi_comm_world"))
      byte = Int(bitPattern: try symbol("ompi_mpi_byte"))
      returningErrors = Int(bitPattern: try symbol("ompi_mpi_errors_return"))
      ignoredStatus = 0
    case .mpich:
      // The values of MPICH's common binary interface, version 12 of the library.
      world = 0x4400_0000
      byte = 0x4c00_010d
      returningErrors = 0x5400_0001
      ignoredStatus = 1
    }
  }
}
