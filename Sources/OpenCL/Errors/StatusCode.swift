import COpenCL

/// What the loader returns when no driver is installed (`CL_PLATFORM_NOT_FOUND_KHR`, cl_ext.h).
let platformNotFound: cl_int = -1001

/// The names of the status codes of OpenCL and CLBlast.
enum StatusCode {
  /// The name that the headers give `code`, or nil where they give none.
  static func name(of code: Int32) -> String? {
    core[code] ?? extensions[code] ?? clblast[code]
  }

  /// The codes of cl.h.
  private static let core: [Int32: String] = [
    CL_SUCCESS: "CL_SUCCESS",
    CL_DEVICE_NOT_FOUND: "CL_DEVICE_NOT_FOUND",
    CL_DEVICE_NOT_AVAILABLE: "CL_DEVICE_NOT_AVAILABLE",
    CL_COMPILER_NOT_AVAILABLE: "CL_COMPILER_NOT_AVAILABLE",
    CL_MEM_OBJECT_ALLOCATION_FAILURE: "CL_MEM_OBJECT_ALLOCATION_FAILURE",
    CL_OUT_OF_RESOURCES: "CL_OUT_OF_RESOURCES",
    CL_OUT_OF_HOST_MEMORY: "CL_OUT_OF_HOST_MEMORY",
    CL_PROFILING_INFO_NOT_AVAILABLE: "CL_PROFILING_INFO_NOT_AVAILABLE",
    CL_MEM_COPY_OVERLAP: "CL_MEM_COPY_OVERLAP",
    CL_IMAGE_FORMAT_MISMATCH: "CL_IMAGE_FORMAT_MISMATCH",
    CL_IMAGE_FORMAT_NOT_SUPPORTED: "CL_IMAGE_FORMAT_NOT_SUPPORTED",
    CL_BUILD_PROGRAM_FAILURE: "CL_BUILD_PROGRAM_FAILURE",
    CL_MAP_FAILURE: "CL_MAP_FAILURE",
    CL_MISALIGNED_SUB_BUFFER_OFFSET: "CL_MISALIGNED_SUB_BUFFER_OFFSET",
    CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST: "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST",
    CL_COMPILE_PROGRAM_FAILURE: "CL_COMPILE_PROGRAM_FAILURE",
    CL_LINKER_NOT_AVAILABLE: "CL_LINKER_NOT_AVAILABLE",
    CL_LINK_PROGRAM_FAILURE: "CL_LINK_PROGRAM_FAILURE",
    CL_DEVICE_PARTITION_FAILED: "CL_DEVICE_PARTITION_FAILED",
    CL_KERNEL_ARG_INFO_NOT_AVAILABLE: "CL_KERNEL_ARG_INFO_NOT_AVAILABLE",
    CL_INVALID_VALUE: "CL_INVALID_VALUE",
    CL_INVALID_DEVICE_TYPE: "CL_INVALID_DEVICE_TYPE",
    CL_INVALID_PLATFORM: "CL_INVALID_PLATFORM",
    CL_INVALID_DEVICE: "CL_INVALID_DEVICE",
    CL_INVALID_CONTEXT: "CL_INVALID_CONTEXT",
    CL_INVALID_QUEUE_PROPERTIES: "CL_INVALID_QUEUE_PROPERTIES",
    CL_INVALID_COMMAND_QUEUE: "CL_INVALID_COMMAND_QUEUE",
    CL_INVALID_HOST_PTR: "CL_INVALID_HOST_PTR",
    CL_INVALID_MEM_OBJECT: "CL_INVALID_MEM_OBJECT",
    CL_INVALID_IMAGE_FORMAT_DESCRIPTOR: "CL_INVALID_IMAGE_FORMAT_DESCRIPTOR",
    CL_INVALID_IMAGE_SIZE: "CL_INVALID_IMAGE_SIZE",
    CL_INVALID_SAMPLER: "CL_INVALID_SAMPLER",
    CL_INVALID_BINARY: "CL_INVALID_BINARY",
    CL_INVALID_BUILD_OPTIONS: "CL_INVALID_BUILD_OPTIONS",
    CL_INVALID_PROGRAM: "CL_INVALID_PROGRAM",
    CL_INVALID_PROGRAM_EXECUTABLE: "CL_INVALID_PROGRAM_EXECUTABLE",
    CL_INVALID_KERNEL_NAME: "CL_INVALID_KERNEL_NAME",
    CL_INVALID_KERNEL_DEFINITION: "CL_INVALID_KERNEL_DEFINITION",
    CL_INVALID_KERNEL: "CL_INVALID_KERNEL",
    CL_INVALID_ARG_INDEX: "CL_INVALID_ARG_INDEX",
    CL_INVALID_ARG_VALUE: "CL_INVALID_ARG_VALUE",
    CL_INVALID_ARG_SIZE: "CL_INVALID_ARG_SIZE",
    CL_INVALID_KERNEL_ARGS: "CL_INVALID_KERNEL_ARGS",
    CL_INVALID_WORK_DIMENSION: "CL_INVALID_WORK_DIMENSION",
    CL_INVALID_WORK_GROUP_SIZE: "CL_INVALID_WORK_GROUP_SIZE",
    CL_INVALID_WORK_ITEM_SIZE: "CL_INVALID_WORK_ITEM_SIZE",
    CL_INVALID_GLOBAL_OFFSET: "CL_INVALID_GLOBAL_OFFSET",
    CL_INVALID_EVENT_WAIT_LIST: "CL_INVALID_EVENT_WAIT_LIST",
    CL_INVALID_EVENT: "CL_INVALID_EVENT",
    CL_INVALID_OPERATION: "CL_INVALID_OPERATION",
    CL_INVALID_GL_OBJECT: "CL_INVALID_GL_OBJECT",
    CL_INVALID_BUFFER_SIZE: "CL_INVALID_BUFFER_SIZE",
    CL_INVALID_MIP_LEVEL: "CL_INVALID_MIP_LEVEL",
    CL_INVALID_GLOBAL_WORK_SIZE: "CL_INVALID_GLOBAL_WORK_SIZE",
    CL_INVALID_PROPERTY: "CL_INVALID_PROPERTY",
    CL_INVALID_IMAGE_DESCRIPTOR: "CL_INVALID_IMAGE_DESCRIPTOR",
    CL_INVALID_COMPILER_OPTIONS: "CL_INVALID_COMPILER_OPTIONS",
    CL_INVALID_LINKER_OPTIONS: "CL_INVALID_LINKER_OPTIONS",
    CL_INVALID_DEVICE_PARTITION_COUNT: "CL_INVALID_DEVICE_PARTITION_COUNT",
    CL_INVALID_PIPE_SIZE: "CL_INVALID_PIPE_SIZE",
    CL_INVALID_DEVICE_QUEUE: "CL_INVALID_DEVICE_QUEUE",
    CL_INVALID_SPEC_ID: "CL_INVALID_SPEC_ID",
    CL_MAX_SIZE_RESTRICTION_EXCEEDED: "CL_MAX_SIZE_RESTRICTION_EXCEEDED",
  ]

  /// Codes of the Khronos extensions that a compute program can meet (cl_ext.h).
  private static let extensions: [Int32: String] = [
    platformNotFound: "CL_PLATFORM_NOT_FOUND_KHR",
    -1057: "CL_DEVICE_PARTITION_FAILED_EXT",
    -1058: "CL_INVALID_PARTITION_COUNT_EXT",
    -1059: "CL_INVALID_PARTITION_NAME_EXT",
    -1121: "CL_CONTEXT_TERMINATED_KHR",
    -1138: "CL_INVALID_COMMAND_BUFFER_KHR",
    -1139: "CL_INVALID_SYNC_POINT_WAIT_LIST_KHR",
    -1140: "CL_INCOMPATIBLE_COMMAND_QUEUE_KHR",
    -1141: "CL_INVALID_MUTABLE_COMMAND_KHR",
    -1142: "CL_INVALID_SEMAPHORE_KHR",
  ]

  /// The codes that CLBlast adds to OpenCL's (clblast_c.h).
  private static let clblast: [Int32: String] = [
    code(CLBlastNotImplemented): "CLBlastNotImplemented",
    code(CLBlastInvalidMatrixA): "CLBlastInvalidMatrixA",
    code(CLBlastInvalidMatrixB): "CLBlastInvalidMatrixB",
    code(CLBlastInvalidMatrixC): "CLBlastInvalidMatrixC",
    code(CLBlastInvalidVectorX): "CLBlastInvalidVectorX",
    code(CLBlastInvalidVectorY): "CLBlastInvalidVectorY",
    code(CLBlastInvalidDimension): "CLBlastInvalidDimension",
    code(CLBlastInvalidLeadDimA): "CLBlastInvalidLeadDimA",
    code(CLBlastInvalidLeadDimB): "CLBlastInvalidLeadDimB",
    code(CLBlastInvalidLeadDimC): "CLBlastInvalidLeadDimC",
    code(CLBlastInvalidIncrementX): "CLBlastInvalidIncrementX",
    code(CLBlastInvalidIncrementY): "CLBlastInvalidIncrementY",
    code(CLBlastInsufficientMemoryA): "CLBlastInsufficientMemoryA",
    code(CLBlastInsufficientMemoryB): "CLBlastInsufficientMemoryB",
    code(CLBlastInsufficientMemoryC): "CLBlastInsufficientMemoryC",
    code(CLBlastInsufficientMemoryX): "CLBlastInsufficientMemoryX",
    code(CLBlastInsufficientMemoryY): "CLBlastInsufficientMemoryY",
    code(CLBlastInsufficientMemoryTemp): "CLBlastInsufficientMemoryTemp",
    code(CLBlastInvalidBatchCount): "CLBlastInvalidBatchCount",
    code(CLBlastInvalidOverrideKernel): "CLBlastInvalidOverrideKernel",
    code(CLBlastMissingOverrideParameter): "CLBlastMissingOverrideParameter",
    code(CLBlastInvalidLocalMemUsage): "CLBlastInvalidLocalMemUsage",
    code(CLBlastNoHalfPrecision): "CLBlastNoHalfPrecision",
    code(CLBlastNoDoublePrecision): "CLBlastNoDoublePrecision",
    code(CLBlastInvalidVectorScalar): "CLBlastInvalidVectorScalar",
    code(CLBlastInsufficientMemoryScalar): "CLBlastInsufficientMemoryScalar",
    code(CLBlastDatabaseError): "CLBlastDatabaseError",
    code(CLBlastUnknownError): "CLBlastUnknownError",
    code(CLBlastUnexpectedError): "CLBlastUnexpectedError",
  ]

  private static func code(_ status: CLBlastStatusCode) -> Int32 { status.rawValue }
}
