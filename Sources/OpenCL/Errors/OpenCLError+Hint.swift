import COpenCL

extension OpenCLError {
  /// What may help against this error, where something is known to.
  public var hint: String? {
    if isOutOfMemory {
      return "ask for less memory at a time, or choose a device that has more"
    }
    switch code {
    case platformNotFound:
      return "install an OpenCL driver, or name a folder of .icd files in OCL_ICD_VENDORS"
    case CL_DEVICE_NOT_AVAILABLE:
      return "another process may hold the device exclusively"
    case _ where isDeviceLoss:
      return "the device was lost, or a kernel reached outside its buffers; start again, from the"
        + " last checkpoint if there is one"
    case CL_COMPILER_NOT_AVAILABLE, CL_LINKER_NOT_AVAILABLE:
      return "this driver cannot build programs; choose another device"
    case CL_OUT_OF_RESOURCES:
      return "a kernel may need too many registers or too much local memory, or reach outside"
        + " its buffers; a smaller work-group may help"
    case CL_BUILD_PROGRAM_FAILURE:
      return "the build log names the line; drivers differ in what they accept"
    case CL_INVALID_BUILD_OPTIONS:
      return "this driver's compiler does not know one of the options"
    case CL_INVALID_KERNEL_ARGS:
      return "an argument of the kernel was never set"
    case CL_INVALID_WORK_GROUP_SIZE, CL_INVALID_WORK_ITEM_SIZE:
      return "the local size exceeds what the device or this kernel allows"
    case CL_INVALID_CONTEXT, CL_INVALID_MEM_OBJECT:
      return "queue, kernel and buffers must belong to one context"
    case CL_INVALID_ARG_SIZE:
      return "the value's type differs from the one that the kernel declares"
    case CLBlastDatabaseError.rawValue:
      return "CLBlast has no tuning entry for this device"
    default:
      return nil
    }
  }
}
