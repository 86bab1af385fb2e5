/// What this build calls itself.
public enum Version {
  public static let daemon = "0.1.0"
}
