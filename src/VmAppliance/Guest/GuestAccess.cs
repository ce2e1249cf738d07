namespace VmAppliance.Guest;

/// <summary>How the owner reaches a machine's sshd.</summary>
/// <param name="Address">IP address.</param>
/// <param name="Port">TCP port.</param>
/// <param name="User">Login name.</param>
/// <param name="PrivateKey">The lease's client key, an OpenSSH PEM file.</param>
/// <param name="HostKeyFingerprint">SHA-256 of the one host key to accept, base64 without padding.</param>
sealed record GuestAccess(string Address, int Port, string User, string PrivateKey, string HostKeyFingerprint)
{
    /// <summary>
    /// The account by which sessions come into a machine. It is not the owner's: sshd starts a user's own shell, which may print, read or end
    /// before the job begins; and what serves the session would be the job's to kill.
    /// </summary>
    public const string SessionUser = "vmappliance-session";
}
