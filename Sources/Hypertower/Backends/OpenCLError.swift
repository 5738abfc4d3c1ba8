public import OpenCL

/// What an OpenCL driver reports: the call that failed, its code, and what may help.
public typealias OpenCLError = OpenCL.OpenCLError
