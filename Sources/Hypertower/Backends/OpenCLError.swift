public import OpenCL

/// What an OpenCL driver reports: the call that failed, its code, and what may help.
public typealias OpenCLError = OpenCL.OpenCLError

/// A driver that cannot use the folder in which it keeps compiled kernels, and what to do.
public typealias DriverCacheError = OpenCL.DriverCacheError
