import Glibc

/// The most memory that this process has had resident so far, MiB (getrusage(2)).
public func peakResidentMegabytes() -> Double {
  var usage = rusage()
  // 0 is RUSAGE_SELF, which Glibc's Swift module gives another type than the function takes.
  getrusage(0, &usage)
  return Double(usage.ru_maxrss) / 1024
}
